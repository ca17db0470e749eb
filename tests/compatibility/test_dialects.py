"""Registries' verdicts: each known difference on its own, and none where none is known."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from tests.compatibility.mutations import changed_pairs
from tests.compatibility.test_evolution_properties import many
from tests.in_one_test import in_one_test
from tests.schema.conformance import every_case

from streamcontract import find_incompatibilities, parse_schema
from streamcontract.compatibility import LEVELS
from streamcontract.compatibility.dialects import (
    DIALECTS,
    DIFFERENCES,
    dialect_findings,
    dialect_level,
)
from streamcontract.compatibility.dialects.walk import compare
from streamcontract.errors import ConfigurationError
from streamcontract.schema import Schema
from streamcontract.testing.strategies.shape import recurring

FOLDER = Path(__file__).parent / "golden_dialects"
CASES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}
PAIRS = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted((*FOLDER.glob("*.json"), *FOLDER.with_name("golden").glob("*.json")))
}
OF_LEVELS = {"full-order", "versions-down-to"}
"""Rows about several versions, which have their test below."""


def _schema(case: dict[str, Any], side: str) -> Schema:
    """The schema of a side, with those that it refers to, each known to those after it."""
    references: list[Schema] = []
    for each in case.get(f"{side}_references", ()):
        references.append(parse_schema(each, references=references))
    return parse_schema(case[side], references=references)


def _list_of(kind: str) -> dict[str, Any]:
    record = {"type": "record", "name": "In", "fields": [{"name": "x", "type": kind}]}
    return {"type": "array", "items": record}


@pytest.mark.parametrize("name", CASES)
def test_a_difference_alone(name: str) -> None:
    """The registry's verdict, the specification's, and that this row is named as the reason."""
    case: dict[str, Any] = CASES[name]
    verdict = dialect_findings(
        case["dialect"],
        reader=_schema(case, "reader"),
        writer=_schema(case, "writer"),
    )
    assert [
        {"type": each.type, "path": each.path, "detail": each.detail}
        for each in verdict.incompatibilities
    ] == case["incompatibilities"]
    assert (not verdict.findings) is case["readable"]
    assert [row.id for row in verdict.rows] == case["rows"]
    assert name.partition(".")[0] in case["rows"]
    if case["readable"]:
        assert "will refuse this although" in verdict.meaning
    elif verdict.is_compatible:
        assert "consumers will break" in verdict.meaning


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("writer", "reader", "found"),
    [
        ("int", "long", []),
        ("string", "int", [("TYPE_MISMATCH", "/")]),
        (["string", "int"], ["int", "null"], [("MISSING_UNION_BRANCH", "/0")]),
        (_list_of("int"), _list_of("string"), [("TYPE_MISMATCH", "/items/fields/0/type")]),
    ],
    ids=["readable", "another type", "unions with a branch in common", "inside a definition"],
)
def test_where_no_difference_matters(
    dialect: Any, writer: Any, reader: Any, found: list[tuple[str, str]]
) -> None:
    """The registry reports what the specification finds, and no row is named."""
    verdict = dialect_findings(dialect, reader=parse_schema(reader), writer=parse_schema(writer))
    assert [(each.type, each.path) for each in verdict.incompatibilities] == found
    assert [(each.rule, each.path) for each in verdict.findings] == found
    assert (verdict.rows, verdict.meaning) == ((), "")


ADDRESS = {"type": "record", "name": "Address", "fields": [{"name": "city", "type": "string"}]}


def _order(city: Any, *names: str) -> Schema:
    address = {**ADDRESS, "fields": [{"name": "city", "type": city}]}
    fields = [{"name": name, "type": "Address"} for name in names]
    order = {"type": "record", "name": "Order", "fields": fields}
    return parse_schema(order, references=[parse_schema(address)])


@pytest.mark.parametrize("release", ["", "@26.1", "@26.1.0", "@26", "@27.1", "@v26.2"])
def test_a_reference_is_compared_in_full_where_it_is_used_first(release: str) -> None:
    """As the specification does, from Redpanda 26.1 on: issue 29611 of its tracker."""
    reader, writer = _order("int", "address", "other"), _order("string", "address", "other")
    verdict = dialect_findings(f"redpanda{release}", reader=reader, writer=writer)
    path = "/fields/0/type/fields/0/type"
    assert [(each.type, each.path) for each in verdict.incompatibilities] == [
        ("TYPE_MISMATCH", path)
    ]
    assert (verdict.is_compatible, verdict.rows) == (False, ())


@pytest.mark.parametrize("release", ["22.1", "24.3", "25.2", "25.3.7", "25.3", "25", "26.0.9"])
def test_a_schema_is_judged_by_its_first_reference_before_26_1(release: str) -> None:
    """The newest of a line of releases is meant where numbers are left out."""
    reader, writer = _order("string", "address", "other"), _order("string", "address")
    verdict = dialect_findings(f"redpanda@{release}", reader=reader, writer=writer)
    assert verdict.is_compatible
    assert verdict.meaning.startswith(f"Redpanda {release} will accept this; your consumers will")
    assert [row.id for row in verdict.rows] == ["first-reference"]
    levels = dialect_level(
        f"redpanda@{release}", "FULL_TRANSITIVE", candidate=reader, history=[writer, writer]
    )
    assert [each.is_compatible for each in levels] == [True] * 4


def test_a_row_says_the_release_it_was_seen_in() -> None:
    """For each registry, and those that later releases lack say so."""
    for row in DIFFERENCES:
        assert re.search(r"\d+\.\d+|of 20\d\d", row.seen), row.id
        assert row.holds_in(None) is (row.until is None)


def test_every_difference_has_a_case() -> None:
    """No row goes without."""
    assert {row.id for row in DIFFERENCES} == {name.partition(".")[0] for name in CASES} | OF_LEVELS


@in_one_test(PAIRS)
def test_without_its_differences_the_model_finds_what_the_rules_name(name: str) -> None:
    """On every golden pair of these and of the specification's rules."""
    reader, writer = (_schema(PAIRS[name], side) for side in ("reader", "writer"))
    findings = find_incompatibilities(reader=reader, writer=writer)
    ours = {(each.rule, each.path, each.fault.detail) for each in findings if each.fault}
    model = {(each.type, each.path, each.detail) for each in compare(reader, writer, frozenset())}
    assert ours == model


def _are_recursive(*schemas: Schema) -> bool:
    return any(recurring(schema.root)[1] for schema in schemas)


@given(changed_pairs())
@many
def test_without_its_differences_the_model_is_the_specification(pair: Any) -> None:
    """So that whatever a registry's model says otherwise comes from a row of the table."""
    writer, reader = pair
    findings = find_incompatibilities(reader=reader, writer=writer)
    ours = {(each.rule, each.path, each.fault.detail) for each in findings if each.fault}
    model = {(each.type, each.path, each.detail) for each in compare(reader, writer, frozenset())}
    assert bool(ours) is bool(model)
    # In a recursive type a branch may be judged while the type it leads back to still is: the
    # verdict is the same, but one fault more or less may be told along with the others.
    assert _are_recursive(writer, reader) or ours == model


@given(changed_pairs())
@many
def test_a_verdict_that_parts_has_a_row(pair: Any) -> None:
    """No parting without a known difference that explains it."""
    writer, reader = pair
    for dialect in DIALECTS:
        verdict = dialect_findings(dialect, reader=reader, writer=writer)
        if verdict.is_compatible is not (not verdict.findings):
            assert verdict.rows
        assert bool(verdict.meaning) is bool(verdict.rows)


@every_case("compat_cases.json")
def test_confluent_judges_as_avro_does(case: dict[str, Any]) -> None:
    """But for fields that match twice, Confluent's registry decides as the specification does."""
    verdict = dialect_findings(
        "confluent", reader=parse_schema(case["reader"]), writer=parse_schema(case["writer"])
    )
    if not verdict.rows:
        assert verdict.is_compatible is (not verdict.findings)


def test_full_reports_the_new_schema_first_in_redpanda_and_last_in_confluent() -> None:
    """The row full-order."""
    new, old = parse_schema("boolean"), parse_schema("string")
    ways = {
        dialect: [
            verdict.direction
            for verdict in dialect_level(dialect, "FULL", candidate=new, history=[old])
        ]
        for dialect in DIALECTS
    }
    assert ways == {
        "redpanda": ["backward", "forward"],
        "confluent": ["forward", "backward"],
    }


@pytest.mark.parametrize(
    ("dialect", "level", "version", "asked"),
    [
        ("redpanda", "BACKWARD", None, [3]),
        ("redpanda", "BACKWARD", 1, [3, 2]),
        ("confluent", "BACKWARD", 1, [1]),
        ("redpanda", "BACKWARD_TRANSITIVE", None, [3, 2]),
        ("confluent", "BACKWARD_TRANSITIVE", None, [3, 2]),
        ("redpanda", "NONE", None, []),
    ],
)
def test_versions_asked(dialect: Any, level: str, version: int | None, asked: list[int]) -> None:
    """The row versions-down-to: newest first, up to the first that fails, here the second."""
    history = [parse_schema(name) for name in ("int", "string", "long")]
    verdicts = dialect_level(
        dialect, level, candidate=parse_schema("double"), history=history, version=version
    )
    assert [verdict.version for verdict in verdicts] == asked


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("level", LEVELS)
def test_a_level_that_is_kept_asks_what_the_specifications_does(dialect: Any, level: str) -> None:
    """Every version and every way, newest first; the row full-order says in which order."""
    schema = parse_schema("int")
    asked, _, transitive = level.partition("_")
    both = ["backward", "forward"] if dialect == "redpanda" else ["forward", "backward"]
    ways = [way for way in both if asked in ("FULL", way.upper())]
    verdicts = dialect_level(dialect, level, candidate=schema, history=[schema] * 3)
    assert [(each.version, each.direction) for each in verdicts] == [
        (version, way) for version in ([3, 2, 1] if transitive else [3]) for way in ways
    ]
    assert dialect_level(dialect, level, candidate=schema, history=[]) == []


@pytest.mark.parametrize(
    ("level", "is_kept"), [("BACKWARD", False), ("FORWARD", True), ("FULL", False)]
)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_candidate_reads_backward_and_is_read_forward(
    dialect: Any, level: str, is_kept: bool
) -> None:
    """A long cannot be read as an int, an int as a long."""
    new, old = parse_schema("int"), parse_schema("long")
    verdicts = dialect_level(dialect, level, candidate=new, history=[old])
    assert all(each.is_compatible for each in verdicts) is is_kept
    for each in verdicts:
        assert each.is_compatible is (each.direction == "forward")


def test_unknown_names_are_refused() -> None:
    """A dialect is one of those there are, and so is a level."""
    schema = parse_schema("int")
    for name in ("karapace", "redpanda@", "redpanda@25.", "redpanda@1.2.3.4", "Redpanda", "@25"):
        with pytest.raises(ConfigurationError, match="redpanda, confluent"):
            dialect_findings(name, reader=schema, writer=schema)
    with pytest.raises(ConfigurationError, match=f"there are {', '.join(LEVELS)}"):
        dialect_level("redpanda", "full", candidate=schema, history=[schema])
