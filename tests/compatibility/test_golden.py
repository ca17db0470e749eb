"""Each rule's golden cases: a reader, a writer, and the findings they are to have, in order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from streamcontract import find_incompatibilities, parse_schema
from streamcontract.compatibility import DRIFT_RULES

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
