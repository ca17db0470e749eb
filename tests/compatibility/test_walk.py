"""Where findings are, and in which order they come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streamcontract import parse_schema
from streamcontract.compatibility.walk import order, walk
from streamcontract.resolution import resolve

PATHS = [
    *("/", "/name", "/size", "/symbols", "/fields/0", "/fields/0/type", "/fields/0/type/name"),
    *("/fields/0/type/symbols", "/fields/0/type/items", "/fields/0/type/items/fields/9/type/1"),
    *("/fields/0/type/items/fields/9/type/3", "/fields/0/type/items/fields/9/type/20"),
    *("/fields/0/type/items/fields/10", "/fields/2", "/fields/2/type/values", "/fields/11"),
]
"""Paths in the order in which a schema that has them all is written."""


@given(st.permutations(PATHS))
def test_paths_are_sorted_as_a_schema_is_written(paths: list[str]) -> None:
    """Numbers count, a type's own attributes come before what is inside it, parents first."""
    assert sorted(paths, key=order) == PATHS


def test_every_action_has_its_place_in_both_schemas() -> None:
    """Each side has its own order of fields; branches of unions are counted on their side."""
    record = {"type": "record", "name": "R"}
    inner = {"type": "record", "name": "In", "fields": [{"name": "x", "type": "int"}]}
    writer = [
        {"name": "items", "type": {"type": "array", "items": inner}},
        {"name": "gone", "type": "int"},
        {"name": "values", "type": {"type": "map", "values": "string"}},
        {"name": "union", "type": ["null", "long"]},
        {"name": "into", "type": "int"},
        {"name": "again", "type": "In"},
    ]
    reader = [
        {"name": "again", "type": inner},
        {"name": "union", "type": ["string", "long", "null"]},
        {"name": "values", "type": {"type": "map", "values": "bytes"}},
        {"name": "new", "type": "int", "default": 0},
        {"name": "items", "type": {"type": "array", "items": "In"}},
        {"name": "into", "type": ["string", "int"]},
    ]
    plan = resolve(
        parse_schema({**record, "fields": writer}), parse_schema({**record, "fields": reader})
    )
    found = [
        (type(place.action).__name__, place.reader_path, place.writer_path) for place in walk(plan)
    ]
    assert found == [
        ("ReadRecord", "", ""),
        ("ReadArray", "/fields/4/type", "/fields/0/type"),
        ("ReadRecord", "/fields/4/type/items", "/fields/0/type/items"),
        (
            "ReadPrimitive",
            "/fields/4/type/items/fields/0/type",
            "/fields/0/type/items/fields/0/type",
        ),
        ("ReadMap", "/fields/2/type", "/fields/2/type"),
        ("ReadPrimitive", "/fields/2/type/values", "/fields/2/type/values"),
        ("ReadUnion", "/fields/1/type", "/fields/3/type"),
        ("IntoUnion", "/fields/1/type/0", "/fields/3/type/0"),
        ("ReadPrimitive", "/fields/1/type/0/2", "/fields/3/type/0"),
        ("IntoUnion", "/fields/1/type/1", "/fields/3/type/1"),
        ("ReadPrimitive", "/fields/1/type/1/1", "/fields/3/type/1"),
        ("IntoUnion", "/fields/5/type", "/fields/4/type"),
        ("ReadPrimitive", "/fields/5/type/1", "/fields/4/type"),
    ]
