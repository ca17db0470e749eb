"""Every rule against a schema that breaks it and one that does not: tests/lint/golden."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from tests.searching import examples

from streamcontract.lint import RULES, TIERS, Rule, Settings, Tier, lint_schema
from streamcontract.schema import STORED, Schema, parse_schema
from streamcontract.schema.positions import locate
from streamcontract.testing.strategies import schemas

GOLDEN = Path(__file__).parent / "golden"

ALL = Settings(tier="standard")

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


@every_rule
def test_what_breaks_a_rule(rule: Rule) -> None:
    """Its findings, and no other rule's, with line, column, pointer and message as written down."""
    findings = lint_schema(parse_schema(GOLDEN / rule.id / "bad.avsc", leniency=STORED), ALL)
    shown = [
        f"{finding.line}:{finding.column} {finding.pointer} {finding.rule}: {finding.message}"
        for finding in findings
    ]
    assert shown == (GOLDEN / rule.id / "expected.txt").read_text("utf-8").splitlines()
    assert {finding.rule for finding in findings} == {rule.id}
    assert {finding.severity for finding in findings} == {rule.severity}


@every_rule
def test_what_keeps_a_rule(rule: Rule) -> None:
    """The better schema has no finding at all."""
    assert lint_schema(parse_schema(GOLDEN / rule.id / "good.avsc"), ALL) == []


@every_rule
def test_every_rule_says_why(rule: Rule) -> None:
    """A row is complete; ids can stand as bare keys in TOML."""
    assert rule.id == rule.id.lower()
    assert rule.id.replace("-", "").isalnum()
    assert rule.summary.endswith(".")
    assert len(rule.rationale.split()) > 10


def test_rules_and_golden_cases_are_one_to_one() -> None:
    """No id stands twice, and no folder is left of a rule that is gone."""
    assert sorted(folder.name for folder in GOLDEN.iterdir()) == sorted(rule.id for rule in RULES)


@settings(max_examples=examples(150))
@given(schemas())
def test_any_schema_can_be_linted(schema: Schema) -> None:
    """No rule crashes, and every finding lies where the text has something."""
    for style in ("snake_case", "camelCase"):
        findings = lint_schema(schema, Settings(tier="standard", field_names=style))
        for finding in findings:
            assert locate(schema.json, finding.pointer) == (finding.line, finding.column)
        places = [(finding.line, finding.column) for finding in findings]
        assert places == sorted(places)


@settings(max_examples=examples(50))
@given(schemas())
def test_all_rules_off_find_nothing(schema: Schema) -> None:
    """Each finding is one that its rule's id switches off."""
    everything = frozenset(rule.id for rule in RULES)
    assert lint_schema(schema, Settings(tier="standard", off=everything)) == []
    found = {finding.rule for finding in lint_schema(schema, ALL)}
    assert lint_schema(schema, Settings(tier="standard", off=frozenset(found))) == []


@settings(max_examples=examples(50))
@given(schemas())
def test_each_tier_has_the_findings_of_those_before_it(schema: Schema) -> None:
    """A tier finds what its rules, and those of no later tier, find in all."""
    everything = lint_schema(schema, ALL)
    tiers = {rule.id: rule.tier for rule in RULES}
    for n, tier in enumerate(TIERS):
        expected = [each for each in everything if tiers[each.rule] in TIERS[: n + 1]]
        assert lint_schema(schema, Settings(tier=tier)) == expected


@pytest.mark.parametrize("tier", TIERS)
def test_switches_are_used_whatever_the_tier(tier: Tier) -> None:
    """A switch-off of a rule that is not asked for is none too many."""
    schema = parse_schema(
        {
            "type": "record",
            "name": "Order",
            "fields": [],
            "streamcontract.lint": {"record-doc": "a draft", "namespace-missing": "a draft"},
        }
    )
    assert lint_schema(schema, Settings(tier=tier)) == []


def test_a_finding_as_text() -> None:
    """Place, severity, message and rule in one line, for whoever prints it."""
    [finding] = lint_schema(parse_schema(["string"]), ALL)
    assert str(finding) == (
        "schema:1:1: warning: a union of one type chooses nothing; write the type without the"
        " union [union-too-small]"
    )
