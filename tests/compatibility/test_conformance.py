"""The verdicts, rules and paths of other implementations' compatibility suites."""

from __future__ import annotations

from typing import Any

from tests.compatibility.disagreements import PATHS, VERDICTS
from tests.schema.conformance import every_case

from streamcontract import check_level, find_incompatibilities, parse_schema

Case = dict[str, Any]


@every_case("compat_cases.json")
def test_pair_gets_the_verdict_of_the_suite(case: Case) -> None:
    """Data are readable just where the suite says so, and the rules and paths are the same."""
    reader, writer = parse_schema(case["reader"]), parse_schema(case["writer"])
    findings = find_incompatibilities(reader=reader, writer=writer)
    listed = VERDICTS.get(case["id"])
    if listed is not None:
        assert listed.compatible is not case["compatible"], "no longer a disagreement"
    expected = case["compatible"] if listed is None else listed.compatible
    assert (not findings) is expected, findings
    if case.get("incompatibilities") and listed is None:
        suite = sorted((found["type"], found["path"]) for found in case["incompatibilities"])
        ours = sorted((finding.rule, finding.path) for finding in findings)
        assert ours == PATHS.get(case["id"], suite)


@every_case("level_cases.json")
def test_level_is_kept_where_the_suite_says_so(case: Case) -> None:
    """A candidate keeps a level against a history just where the suite says so."""
    findings = check_level(
        case["level"],
        candidate=parse_schema(case["candidate"]),
        history=[parse_schema(earlier) for earlier in case["history"]],
    )
    assert (not findings) is case["compatible"], findings
