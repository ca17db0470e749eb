"""Each rule's golden cases: a reader, a writer, and the findings they are to have, in order.

``STREAMCONTRACT_WRITE_GOLDEN=1 pytest tests/compatibility/test_golden.py`` writes the findings
anew; what they say then has to be read before it is committed.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import avro.io
import avro.schema
import fastavro
import pytest
from tests.in_one_test import in_one_test

from streamcontract import find_incompatibilities, parse_schema
from streamcontract.compatibility import DRIFT_RULES, Counterexample, Finding


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
WITHOUT_EXAMPLE = {
    # No value of the writer's is finite.
    *("FIELD_RENAMED_WITHOUT_ALIAS-infinite", "NAMESPACE_CHANGED-infinite"),
    *("READER_FIELD_MISSING_DEFAULT_VALUE-infinite", "UNION_BRANCH_CHANGED-infinite"),
    # There was no schema without the field: another field's default gives it a value.
    "DEFAULT_CHANGED-held-by-another",
}


def _found(case: dict[str, Any]) -> list[Finding]:
    return find_incompatibilities(
        reader=parse_schema(case["reader"]), writer=parse_schema(case["writer"]), drift=True
    )


def _told(finding: Finding) -> dict[str, Any]:
    """All that a finding says, as the golden files hold it."""
    parts = ("severity", "rule", "path", "writer_path", "message")
    return {
        **{name: getattr(finding, name) for name in parts},
        "counterexample": _shown(finding, finding.counterexample),
    }


def _shown(finding: Finding, example: Counterexample | None) -> dict[str, Any] | None:
    if example is None:
        return None
    shown = {name: repr(getattr(example, name)) for name in ("value", "before", "after")}
    shown["data"] = example.data.hex()
    if example.error is not None:
        shown["error"] = str(example.error)
    if example.elsewhere is not None:
        outcome = example.elsewhere.outcome
        shown["rule elsewhere"] = example.elsewhere.rule
        shown["elsewhere"] = repr(outcome.value) if outcome.error is None else str(outcome.error)
    for side in ("writer", "reader"):
        schema = getattr(example, side)
        if schema != getattr(finding, side):  # the types alone
            shown[side] = schema.json
    return shown


@in_one_test(CASES)
def test_findings(name: str) -> None:
    """Every finding word for word, what its counterexample shows, and no other finding."""
    case: dict[str, Any] = CASES[name]
    found = _found(case)
    told = [_told(each) for each in found]
    if os.environ.get("STREAMCONTRACT_WRITE_GOLDEN"):
        case["findings"] = told
        (FOLDER / f"{name}.json").write_text(json.dumps(case, indent=2) + "\n", "utf-8")
    assert told == case["findings"]
    schemas = parse_schema(case["reader"]), parse_schema(case["writer"])
    assert all((each.reader, each.writer) == schemas for each in found)


@in_one_test(CASES)
def test_counterexample(name: str) -> None:
    """Breaking ones raise; drift shows by an error, another value, or in other implementations."""
    for finding in _found(CASES[name]):
        example = finding.counterexample
        assert (example is None) is (name in WITHOUT_EXAMPLE)
        if example is not None and finding.severity == "breaking":
            assert example.error is not None
        elif example is not None:
            assert example.is_changed or example.differs_elsewhere


def test_every_rule_has_a_case() -> None:
    """No rule goes without."""
    rules = {finding["rule"] for case in CASES.values() for finding in case["findings"]}
    assert rules == BREAKING | set(DRIFT_RULES)


def _example(name: str) -> Counterexample:
    [finding] = _found(CASES[name])
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
