"""Each rule's golden cases: a reader, a writer, and the findings they are to have, in order."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import avro.io
import avro.schema
import fastavro
import pytest

from streamcontract import find_incompatibilities, parse_schema
from streamcontract.compatibility import DRIFT_RULES, Counterexample


def by_fastavro(data: bytes, writer: Any, reader: Any) -> Any:
    """What fastavro reads."""
    schemas = fastavro.parse_schema(writer), fastavro.parse_schema(reader)
    return fastavro.schemaless_reader(io.BytesIO(data), *schemas)


def by_apache(data: bytes, writer: Any, reader: Any) -> Any:
    """What Apache avro reads."""
    schemas = (avro.schema.parse(json.dumps(each)) for each in (writer, reader))
    return avro.io.DatumReader(*schemas).read(avro.io.BinaryDecoder(io.BytesIO(data)))


FOLDER = Path(__file__).parent / "golden"
CASES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}
BREAKING = {
    *("NAME_MISMATCH", "FIXED_SIZE_MISMATCH", "MISSING_ENUM_SYMBOLS", "TYPE_MISMATCH"),
    *("READER_FIELD_MISSING_DEFAULT_VALUE", "MISSING_UNION_BRANCH"),
}
WHERE_IT_SHOWS: dict[str, str] = {
    "LOGICAL_UNIT_CHANGED-finer": "elsewhere",
    "UNION_BRANCH_CHANGED-first": "elsewhere",
    "LOGICAL_UNIT_CHANGED-coarser": "error",
    "DECIMAL_SCALE_CHANGED": "error",
    "DECIMAL_PRECISION_REDUCED": "error",
    "STRING_BYTES_PROMOTED": "error",
}
"""Drift that shows by an error or in other implementations; all other by another value."""


@pytest.mark.parametrize("name", CASES)
def test_findings(name: str) -> None:
    """Rule, severity and path of every finding, and no other finding."""
    case: dict[str, Any] = CASES[name]
    found = find_incompatibilities(
        reader=parse_schema(case["reader"]), writer=parse_schema(case["writer"]), drift=True
    )
    assert [
        {"severity": each.severity, "rule": each.rule, "path": each.path} for each in found
    ] == case["findings"]


@pytest.mark.parametrize("name", CASES)
def test_counterexample(name: str) -> None:
    """Each finding's counterexample shows it in the way that its rule says."""
    case: dict[str, Any] = CASES[name]
    [finding] = find_incompatibilities(
        reader=parse_schema(case["reader"]), writer=parse_schema(case["writer"]), drift=True
    )
    example = finding.counterexample
    assert example is not None
    shows = "error" if finding.severity == "breaking" else WHERE_IT_SHOWS.get(name, "value")
    assert (example.error is not None) is (shows == "error")
    assert (example.after != example.before) is (shows != "elsewhere")
    assert example.differs_elsewhere is (
        shows == "elsewhere" or "LOGICAL_UNIT" in name or "SCALE" in name
    )


def test_every_rule_has_a_case() -> None:
    """No rule goes without."""
    rules = {finding["rule"] for case in CASES.values() for finding in case["findings"]}
    assert rules == BREAKING | set(DRIFT_RULES)


def _example(name: str) -> Counterexample:
    case: dict[str, Any] = CASES[name]
    [finding] = find_incompatibilities(
        reader=parse_schema(case["reader"]), writer=parse_schema(case["writer"]), drift=True
    )
    assert finding.counterexample is not None
    return finding.counterexample


def test_fastavro_takes_the_first_branch() -> None:
    """What a counterexample shows of fastavro is what fastavro reads from its bytes."""
    name = "UNION_BRANCH_CHANGED-first"
    example = _example(name)
    assert example.elsewhere is not None
    theirs = by_fastavro(example.data, CASES[name]["writer"], CASES[name]["reader"])
    assert theirs == example.elsewhere.outcome.value == {"volume": 0.0}
    assert isinstance(theirs["volume"], float)
    assert isinstance(example.after["volume"], int)


@pytest.mark.parametrize("name", ["LOGICAL_UNIT_CHANGED-coarser", "LOGICAL_TYPE_CHANGED"])
@pytest.mark.parametrize("read", [by_fastavro, by_apache], ids=["fastavro", "apache"])
def test_avro_in_python_keeps_the_writers_logical_type(name: str, read: Callable[..., Any]) -> None:
    """Neither looks at the reader's logical type, as the drift rules and their docs say."""
    example = _example(name)
    theirs = read(example.data, CASES[name]["writer"], CASES[name]["reader"])
    assert theirs == example.before
