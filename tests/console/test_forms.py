"""Forms of records give the JSON that was filled in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract import parse_schema
from streamcontract.console.forms import controls_of, document_of
from streamcontract.json_codec import JsonCodec
from streamcontract.schema.logical import LOGICAL_TYPES

_SCHEMA: Any = parse_schema(
    {
        "type": "record",
        "name": "Order",
        "fields": [
            {"name": "id", "type": "string"},
            {"name": "count", "type": "int"},
            {"name": "price", "type": "double"},
            {"name": "paid", "type": "boolean"},
            {"name": "status", "type": {"type": "enum", "name": "S", "symbols": ["NEW", "OLD"]}},
            {
                "name": "place",
                "type": {
                    "type": "record",
                    "name": "Place",
                    "fields": [
                        {"name": "city", "type": "string"},
                        {"name": "code", "type": "long"},
                    ],
                },
            },
            {"name": "note", "type": ["null", "string"], "default": None},
            {"name": "tags", "type": {"type": "array", "items": "string"}, "default": ["a"]},
        ],
    }
)
_TEXT = st.text(st.characters(codec="utf-8"), max_size=9)
_RECORDS = st.fixed_dictionaries(
    {
        "id": _TEXT,
        "count": st.integers(-(2**31), 2**31 - 1),
        "price": st.floats(allow_nan=False, allow_infinity=False),
        "paid": st.booleans(),
        "status": st.sampled_from(["NEW", "OLD"]),
        "place": st.fixed_dictionaries({"city": _TEXT, "code": st.integers(-(2**63), 2**63 - 1)}),
    },
    optional={
        "note": st.none() | _TEXT.filter(bool),
        "tags": st.lists(_TEXT, max_size=3),
    },
)


def _filled(record: dict[str, Any]) -> dict[str, str]:
    """What a person fills in for a record."""
    form: dict[str, str] = {}
    flat = {**record, **{f"place.{name}": each for name, each in record["place"].items()}}
    del flat["place"]
    for path, value in flat.items():
        if path == "note" and value is None:
            form["null:note"] = "1"
        else:
            form[f"field:{path}"] = value if isinstance(value, str) else json.dumps(value)
    return form


@given(_RECORDS)
def test_a_filled_in_form_is_the_record(record: dict[str, Any]) -> None:
    """And the record fits its schema."""
    document, faults = document_of(_SCHEMA, _filled(record))
    assert (document, faults) == (record, {})
    JsonCodec[Any](_SCHEMA).encode(document)


def test_what_was_filled_in_stays_in_the_form() -> None:
    """So that a refused record can be corrected."""
    controls = {
        each.path: each for each in controls_of(_SCHEMA, {"field:id": "7", "null:note": "1"})
    }
    assert controls["id"].value == "7"
    assert controls["note"].is_null
    assert [each for each in controls if controls[each].depth] == ["place.city", "place.code"]
    assert controls["status"].choices == ("NEW", "OLD")


@pytest.mark.parametrize(
    "each",
    [row.example(base) for row in LOGICAL_TYPES.values() for base in row.bases]
    + [
        "bytes",
        {"type": "fixed", "name": "F", "size": 3},
        {"type": "array", "items": ["null", "bytes"]},
        {"type": "map", "values": "int"},
        ["null", {"type": "int", "logicalType": "date"}],
        ["int", "string"],
    ],
    ids=json.dumps,
)
def test_the_example_of_a_control_can_be_filled_in(each: Any) -> None:
    """It shows how values of its type are written, and fits the schema."""
    fields = [{"name": "a", "type": each}]
    schema = parse_schema({"type": "record", "name": "R", "fields": fields})
    (control,) = controls_of(schema, {})
    assert control.example
    document, faults = document_of(schema, {control.name: control.example})
    assert faults == {}
    JsonCodec[Any](schema).encode(document)


def test_no_example_is_as_large_as_the_largest_fixed() -> None:
    """It would need the memory that it asks for."""
    huge = {"type": "fixed", "name": "F", "size": 2**31 - 1}
    fields = [{"name": "a", "type": huge}, {"name": "b", "type": {"type": "array", "items": "F"}}]
    schema = parse_schema({"type": "record", "name": "R", "fields": fields})
    assert [each.example for each in controls_of(schema, {})] == ["", ""]


def test_what_is_no_json_is_said_with_its_path() -> None:
    """Arrays, maps and flags are filled in as JSON."""
    _, faults = document_of(_SCHEMA, {"field:tags": "[1", "field:paid": "maybe"})
    assert set(faults) == {"tags", "paid"}


@given(_RECORDS)
def test_a_required_record_takes_the_defaults_of_its_fields(record: dict[str, Any]) -> None:
    """Where none of them is filled in."""
    fields = [
        {"name": name, "type": "string", "default": text}
        for name, text in [("city", record["id"]), ("note", "")]
    ]
    inner = {"type": "record", "name": "Place", "fields": fields}
    outer = [{"name": "place", "type": inner}, {"name": "id", "type": "string"}]
    schema = parse_schema({"type": "record", "name": "R", "fields": outer})
    document, _ = document_of(schema, {"field:id": "7"})
    assert document == {"place": {}, "id": "7"}
    JsonCodec[Any](schema).encode(document)


def test_json_of_any_depth_has_an_answer() -> None:
    """A fault at its field, and a key is text."""
    deep = "[" * 100_000
    _, faults = document_of(_SCHEMA, {"field:tags": deep})
    assert "nested too deeply" in faults["tags"]
