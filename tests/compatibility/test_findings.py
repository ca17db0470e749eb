"""What findings say, and that a verdict and the codec cannot disagree."""

from __future__ import annotations

from typing import Any

import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.schema import parse as avro_parse
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.searching import examples

from streamcontract import Codec, check_level, find_incompatibilities, parse_schema
from streamcontract.compatibility import LEVELS, rollout
from streamcontract.errors import ConfigurationError, ResolutionError
from streamcontract.resolution import resolve
from streamcontract.testing.strategies import from_schema, schemas


def _record(*fields: dict[str, Any], **more: Any) -> Any:
    return parse_schema({"type": "record", "name": "R", "fields": list(fields), **more})


def _field(name: str, kind: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **more}


def _enum(*symbols: str, **more: Any) -> dict[str, Any]:
    return {"type": "enum", "name": "E", "symbols": list(symbols), **more}


def test_all_findings_are_reported_in_the_readers_order() -> None:
    """Nothing stops at the first fault, however deep the next one is."""
    writer = _record(
        _field("a", "string"),
        _field("e", _enum("X", "Y", "Z")),
        _field("items", {"type": "array", "items": ["null", "long"]}),
        _field("f", {"type": "fixed", "name": "F", "size": 4}),
    )
    reader = _record(
        _field("new", "int"),
        _field("a", "int"),
        _field("e", _enum("X")),
        _field("items", {"type": "array", "items": ["null", "string"]}),
        _field("f", {"type": "fixed", "name": "G", "size": 8}),
    )
    found = find_incompatibilities(reader=reader, writer=writer)
    assert [(finding.rule, finding.path) for finding in found] == [
        ("READER_FIELD_MISSING_DEFAULT_VALUE", "/fields/0"),
        ("TYPE_MISMATCH", "/fields/1/type"),
        ("MISSING_ENUM_SYMBOLS", "/fields/2/type/symbols"),
        ("MISSING_UNION_BRANCH", "/fields/3/type/items/1"),
        ("NAME_MISMATCH", "/fields/4/type/name"),
        ("FIXED_SIZE_MISMATCH", "/fields/4/type/size"),
    ]
    assert all(finding.severity == "breaking" for finding in found)
    assert "Y, Z" in found[2].message


def test_a_breaking_finding_has_its_fault_and_drift_has_to_be_asked_for() -> None:
    """The fault is the plan's own; what only drifts is no finding without ``drift=True``."""
    reader, writer = _record(_field("a", "double")), _record(_field("a", "string"))
    [finding] = find_incompatibilities(reader=reader, writer=writer)
    assert (finding.fault,) == resolve(writer, reader).faults
    reader, writer = parse_schema("double"), parse_schema("long")
    assert find_incompatibilities(reader=reader, writer=writer) == []
    [drift] = find_incompatibilities(reader=reader, writer=writer, drift=True)
    assert drift.fault is None


def test_message_names_the_field_and_the_fix() -> None:
    """A newcomer reads what to do."""
    [finding] = find_incompatibilities(
        reader=_record(_field("exchange", "string")), writer=_record()
    )
    assert "'exchange'" in finding.message
    assert "add a default" in finding.message


def test_union_finding_says_why_the_branch_meant_does_not_fit() -> None:
    """A branch of the right name that cannot take the record is named with its own fault."""
    inner = {"type": "record", "name": "In", "fields": [_field("x", "string")]}
    other = {"type": "record", "name": "In", "fields": [_field("x", "int")]}
    [finding] = find_incompatibilities(
        reader=_record(_field("u", ["null", other])), writer=_record(_field("u", inner))
    )
    assert finding.rule == "MISSING_UNION_BRANCH"
    assert "/fields/0/type/1/fields/0/type" in finding.message


def test_unknown_level_is_refused_with_the_levels_there_are() -> None:
    """A level is one of the registry's seven."""
    schema = parse_schema("int")
    with pytest.raises(ConfigurationError, match=f"there are {', '.join(LEVELS)}"):
        check_level("backward", candidate=schema, history=[schema])


def test_levels_look_the_right_way_and_as_far_back_as_they_say() -> None:
    """Each level against int -> long -> double, where only old data can be read by new readers."""
    steps = [parse_schema(name) for name in ("int", "long", "double")]
    kept = {
        level: not check_level(level, candidate=steps[2], history=steps[:2]) for level in LEVELS
    }
    assert kept == {
        "NONE": True,
        "BACKWARD": True,
        "BACKWARD_TRANSITIVE": True,
        "FORWARD": False,
        "FORWARD_TRANSITIVE": False,
        "FULL": False,
        "FULL_TRANSITIVE": False,
    }
    # The step back to long is safe for readers of long, not for those of int.
    history = [parse_schema("int"), parse_schema("double")]
    assert not check_level("FORWARD", candidate=steps[1], history=history)
    assert check_level("FORWARD_TRANSITIVE", candidate=steps[1], history=history)


def test_a_level_that_is_not_transitive_asks_the_latest_version_only() -> None:
    """However many there are."""
    history = [parse_schema(name) for name in ("string", "string", "int")]
    assert not check_level("BACKWARD", candidate=parse_schema("long"), history=history)
    assert not check_level("FORWARD", candidate=parse_schema("int"), history=history)
    assert not check_level("FULL", candidate=parse_schema("int"), history=[])


def test_a_levels_findings_say_which_way_and_against_which_version() -> None:
    """The newest version first, and of each first whether the candidate reads."""
    found = check_level(
        "FULL_TRANSITIVE",
        candidate=parse_schema("double"),
        history=[parse_schema("int"), parse_schema("long")],
        drift=True,
    )
    assert [(each.version, each.direction, each.severity, each.rule) for each in found] == [
        (2, "backward", "drift", "PRECISION_LOSS"),
        (2, "forward", "breaking", "TYPE_MISMATCH"),
        (1, "forward", "breaking", "TYPE_MISMATCH"),
    ]


@pytest.mark.parametrize(
    ("new", "old", "first", "advice"),
    [
        ("int", "int", "either", "in any order"),
        ("long", "int", "consumers", "roll out every consumer first"),
        ("int", "long", "producers", "roll out every producer first"),
        ("int", "string", "neither", "no order is safe"),
    ],
)
def test_who_goes_first(new: str, old: str, first: str, advice: str) -> None:
    """Consumers if only the new schema reads the other's data, producers if only the old does."""
    ours, theirs = parse_schema(new), parse_schema(old)
    found = rollout(new=ours, old=theirs)
    assert found.first == first
    assert advice in found.advice
    assert list(found.backward) == find_incompatibilities(reader=ours, writer=theirs)
    assert list(found.forward) == find_incompatibilities(reader=theirs, writer=ours)


@pytest.mark.parametrize(
    ("writer", "reader"),
    [
        pytest.param("int", "double", id="every int is a double"),
        pytest.param("float", "double", id="every float is a double"),
        pytest.param(
            {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
            {"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2},
            id="more digits",
        ),
        pytest.param(
            _enum("A", "B"), _enum("A", "B", "C", default="C"), id="a default that nobody needs"
        ),
        pytest.param(
            _enum("A", namespace="n"),
            _enum("A", namespace="m", aliases=["n.E"]),
            id="an alias names the other namespace",
        ),
        pytest.param(
            {"type": "record", "name": "R", "fields": [_field("a", "int"), _field("b", "long")]},
            {"type": "record", "name": "R", "fields": [_field("b", "long", default=1)]},
            id="a field that is gone, a default where there was none",
        ),
        pytest.param(
            {"type": "record", "name": "R", "fields": [_field("close", "int")]},
            {"type": "record", "name": "R", "fields": [_field("closes", "string", default="")]},
            id="a name alike, but another type",
        ),
        pytest.param(
            {
                "type": "record",
                "name": "R",
                "fields": [_field("volume", "int"), _field("b", "long")],
            },
            {
                "type": "record",
                "name": "R",
                "fields": [_field("b", "long"), _field("exchange", "int", default=0)],
            },
            id="the same type, but neither name nor place alike",
        ),
        pytest.param(
            ["null", "double", "long"], ["null", "double", "long"], id="a union as it was"
        ),
        pytest.param(["int", "string"], ["string", "int"], id="branches that swap places"),
    ],
)
def test_what_is_no_drift(writer: Any, reader: Any) -> None:
    """What arrives as it was meant is no finding."""
    schemas = {"writer": parse_schema(writer), "reader": parse_schema(reader)}
    assert find_incompatibilities(**schemas, drift=True) == []


def test_a_fault_in_a_branch_is_met_only_by_data_of_that_branch() -> None:
    """The rest of a union can be read; what cannot names the path and why."""
    writer = parse_schema(["null", "string", "int"])
    codec: Codec[Any] = Codec(["null", "int"])
    encode: Codec[Any] = Codec(writer)
    assert codec.decode(encode.encode(None), writer=writer) is None
    assert codec.decode(encode.encode(3), writer=writer) == 3
    with pytest.raises(ResolutionError, match="reader union lacking writer type: STRING"):
        codec.decode(encode.encode("x"), writer=writer)


@given(st.data())
@settings(max_examples=examples(200))
def test_a_schema_reads_its_own_data(data: st.DataObject) -> None:
    """No schema has a finding against itself, at any level."""
    schema = data.draw(schemas())
    assert check_level("FULL_TRANSITIVE", candidate=schema, history=[schema, schema]) == []


@given(st.data())
@settings(max_examples=examples(300))
def test_no_finding_means_that_every_value_decodes(data: st.DataObject) -> None:
    """What is compatible is decodable, for pairs that have a chance to be."""
    writer, reader = data.draw(_near_pairs())
    if find_incompatibilities(reader=reader, writer=writer):
        return
    value = data.draw(from_schema(writer))
    encoder: Codec[Any] = Codec(writer)
    decoder: Codec[Any] = Codec(reader)
    decoder.decode(encoder.encode(value), writer=writer)


_LEAVES = st.sampled_from(["null", "boolean", "int", "long", "float", "double", "string"])


def _types(name: str) -> st.SearchStrategy[Any]:
    """Types that often differ by a promotion, a branch, a symbol or a default."""
    enums = st.lists(st.sampled_from("ABC"), min_size=1, unique=True).flatmap(
        lambda symbols: st.sampled_from([None, symbols[0]]).map(
            lambda default: {
                "type": "enum",
                "name": name,
                "symbols": symbols,
                **({} if default is None else {"default": default}),
            }
        )
    )
    unions = st.lists(_LEAVES, min_size=1, max_size=4, unique=True)
    arrays = st.builds(lambda items: {"type": "array", "items": items}, _LEAVES | unions)
    maps = st.builds(lambda values: {"type": "map", "values": values}, _LEAVES | unions)
    return _LEAVES | enums | unions | arrays | maps


@st.composite
def _near_pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    """A writer and a reader record that share most of their fields."""

    def record() -> Any:
        names = draw(st.lists(st.sampled_from("abcd"), unique=True, max_size=3))
        return _record(*(_field(name, draw(_types(f"E{name}"))) for name in names))

    return record(), record()


@given(_near_pairs())
@settings(max_examples=examples(300))
def test_verdict_is_that_of_apache_avro(pair: tuple[Any, Any]) -> None:
    """Avro's own checker for Python agrees on every pair of the kinds drawn here."""
    writer, reader = pair
    theirs = (
        ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call] # avro has no types
        .get_compatibility(avro_parse(reader.json), avro_parse(writer.json))
        .compatibility
        is SchemaCompatibilityType.compatible
    )
    ours = not find_incompatibilities(reader=reader, writer=writer)
    assert ours is theirs
