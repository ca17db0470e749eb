"""From a finding's paths to the text."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.searching import examples

from streamcontract.compatibility import find_incompatibilities
from streamcontract.errors import SchemaParseError
from streamcontract.evolution.places import Spot, locate, spots
from streamcontract.schema import Schema, parse_schema
from streamcontract.schema.model import EnumType, FixedType, RecordType, UnionType
from streamcontract.schema.positions import offsets
from streamcontract.testing.strategies import schema_documents

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")


def value_at(spot: Spot) -> Any:
    """The JSON value at a place."""
    value = json.loads(spot.schema.json)
    for token in spot.pointer.split("/")[1:]:
        value = value[int(token) if isinstance(value, list) else token]
    return value


def both_spots(reader: Schema, writer: Schema) -> list[tuple[str, Any, Any]]:
    """For each finding its rule, and the values in both texts."""
    found: list[tuple[str, Any, Any]] = []
    for finding in find_incompatibilities(reader=reader, writer=writer):
        assert finding.fault is not None
        read, written = spots(
            reader=reader,
            writer=writer,
            reader_path=finding.path,
            writer_path=finding.fault.writer_path,
        )
        found.append((finding.rule, value_at(read), value_at(written)))
    return found


def record(*fields: object, name: str = "R") -> dict[str, Any]:
    """A record whose fields are named a, b, c..."""
    return {
        "type": "record",
        "name": name,
        "fields": [
            {"name": letter, "type": kind} for letter, kind in zip("abcdef", fields, strict=False)
        ],
    }


def test_a_writers_union_is_no_part_of_the_readers_text() -> None:
    """The index of a writer's branch in the reader's path leads nowhere in the reader's text."""
    reader = parse_schema(record("int", ["int", "string"]))
    writer = parse_schema(
        record(["boolean", "int"], ["int", "bytes", {"type": "map", "values": "int"}])
    )
    assert both_spots(reader, writer) == [
        ("TYPE_MISMATCH", "int", "boolean"),
        ("MISSING_UNION_BRANCH", ["int", "string"], {"type": "map", "values": "int"}),
    ]


def test_behind_a_name_the_path_goes_on_where_the_type_is_defined() -> None:
    """A finding inside a type of another file lies in that file's text."""
    inner = {"type": "fixed", "name": "Hash", "size": 16}
    old, new = parse_schema(inner), parse_schema({**inner, "size": 20})
    reader = parse_schema(record({"type": "array", "items": "Hash"}), references=[new])
    writer = parse_schema(record({"type": "array", "items": "Hash"}), references=[old])
    [finding] = find_incompatibilities(reader=reader, writer=writer)
    assert finding.fault is not None
    read, written = spots(
        reader=reader,
        writer=writer,
        reader_path=finding.path,
        writer_path=finding.fault.writer_path,
    )
    assert (read, written) == (
        Spot(schema=new, pointer="/size"),
        Spot(schema=old, pointer="/size"),
    )


def test_a_type_that_is_used_by_name_is_found_where_it_is_used() -> None:
    """Where a named type stands in for another type, its use is at fault and not its definition."""
    reader = parse_schema(record(record("int", name="S"), "int"))
    writer = parse_schema(record(record("int", name="S"), "S"))
    assert both_spots(reader, writer) == [("TYPE_MISMATCH", "int", "S")]


@pytest.mark.parametrize("path", ["/fields/0/default", "/fields/9/type", "/nothing/at/all", "/"])
def test_what_is_not_there_is_the_nearest_place(path: str) -> None:
    """A path to an attribute that is missing gives the line of what lacks it."""
    schema = parse_schema(json.dumps(record("int"), indent=1))
    read, written = spots(reader=schema, writer=schema, reader_path=path, writer_path=path)
    assert locate(read) == locate(written)
    line = schema.json.splitlines()[locate(read)[0] - 1]
    assert line.strip() == ('"fields": [' if path == "/fields/9/type" else "{")


def _mutations(document: Any, draw: st.DrawFn) -> Any:
    """The document with one value changed somewhere: a type, a name, a size, a field, a symbol."""
    text = json.dumps(document)
    # Of two places the deeper one, since shallow faults hide the deep ones.
    where = max((draw(st.sampled_from(sorted(offsets(text)))) for _ in range(2)), key=len)
    changed = [copy.deepcopy(document)]
    parent: Any = changed
    key: int | str = 0
    for token in where.split("/")[1:]:
        parent = parent[key]
        key = int(token) if isinstance(parent, list) else token
    value = parent[key]
    if isinstance(value, list) and value:
        del value[draw(st.integers(0, len(value) - 1))]
    elif isinstance(value, int) and not isinstance(value, bool):
        parent[key] = value + 1
    elif isinstance(value, str):
        parent[key] = draw(st.sampled_from([*PRIMITIVES, f"{value}X"]))
    else:
        parent[key] = draw(st.sampled_from([*PRIMITIVES, ["null", value]]))
    return changed[0]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Schema, Schema]:
    """A schema of some depth and a mutation of it that is valid too, else the same again."""
    array = {"type": "array", "items": draw(schema_documents())}
    # Without a namespace, as around it: a name in it may be one of no namespace.
    document = record("int", ["null", array], name="TheOutermostRecord")
    changed = document
    for _ in range(draw(st.integers(1, 3))):
        changed = _mutations(changed, draw)
    try:
        return parse_schema(json.dumps(document)), parse_schema(json.dumps(changed))
    except SchemaParseError:
        return parse_schema(json.dumps(document)), parse_schema(json.dumps(document))


@settings(max_examples=examples(150))
@given(pairs())
def test_every_finding_lies_at_the_type_it_is_about(pair: tuple[Schema, Schema]) -> None:
    """Both places hold what the plan's fault says is there, for any schema and a change of it."""
    for reader, writer in (pair, pair[::-1]):
        for finding in find_incompatibilities(reader=reader, writer=writer):
            assert finding.fault is not None
            read, written = spots(
                reader=reader,
                writer=writer,
                reader_path=finding.path,
                writer_path=finding.fault.writer_path,
            )
            assert _is_about(finding.fault.reader, finding.fault.field, read), finding
            assert _is_about(finding.fault.writer, None, written), finding


def _is_about(node: Any, field: Any, spot: Spot) -> bool:
    value = value_at(spot)
    if field is not None:
        return bool(value["name"] == field.name)
    match spot.pointer.rpartition("/")[2], node:
        case "symbols", EnumType():
            return bool(value == list(node.symbols))
        case "size", FixedType():
            return bool(value == node.size)
        case "name", RecordType() | EnumType() | FixedType():
            return bool(value.rpartition(".")[2] == node.name)
        case _, UnionType():
            return isinstance(value, list) and len(value) == len(node.branches)
        case _, RecordType() | EnumType() | FixedType():
            name = value if isinstance(value, str) else value["name"]
            return bool(name.rpartition(".")[2] == node.name)
        case _:
            kind = value if isinstance(value, str) else value["type"]
            return bool(kind == getattr(node, "name", kind))
