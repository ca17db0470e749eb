"""Forms of records give the JSON that was filled in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract import parse_schema
from streamcontract.console.forms import controls_of, document_of, headers_of, with_faults
from streamcontract.console.pages.fields import field_rows
from streamcontract.errors import DecodeError
from streamcontract.json_codec import JsonCodec
from streamcontract.schema.logical import LOGICAL_TYPES
from streamcontract.schema.model import RecordType
from streamcontract.testing.strategies import from_schema, schemas

if TYPE_CHECKING:
    from streamcontract.schema import Schema

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
_ORDER: dict[str, Any] = {
    "id": "7",
    "count": 1,
    "price": 2.5,
    "paid": True,
    "status": "NEW",
    "place": {"city": "Graz", "code": 8010},
}
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
        "note": st.none() | _TEXT,
        "tags": st.lists(_TEXT, max_size=3),
    },
)


def _filled(record: dict[str, Any]) -> dict[str, str]:
    """What a person fills in for a record."""
    form: dict[str, str] = {}
    flat = {**record, **{f"place.{name}": each for name, each in record["place"].items()}}
    del flat["place"]
    for path, value in flat.items():
        if value is None:
            form[f"null:{path}"] = "1"
        elif value == "":
            form[f"empty:{path}"] = "1"
        else:
            form[f"field:{path}"] = value if isinstance(value, str) else json.dumps(value)
    return form


@given(_RECORDS)
def test_a_filled_in_form_is_the_record(record: dict[str, Any]) -> None:
    """And the record fits its schema."""
    document, faults = document_of(_SCHEMA, _filled(record))
    assert (document, faults) == (record, [])
    JsonCodec[Any](_SCHEMA).encode(document)


def _filled_in(schema: Schema, document: Any) -> dict[str, str]:
    """What a person fills in for a document of any schema."""
    form: dict[str, str] = {}
    for control in controls_of(schema, {}):
        value = document
        for name in control.path.split(".") if isinstance(schema.root, RecordType) else ():
            value = value[name]
        path = control.name.removeprefix("field:")
        if value is None and control.is_nullable:
            form[f"null:{path}"] = "1"
        elif value == "" and control.takes_empty:
            form[f"empty:{path}"] = "1"
        elif control.kind != "group":
            is_text = control.kind != "json" and isinstance(value, str)
            form[control.name] = value if is_text else json.dumps(value)
    return form


@given(st.data())
def test_any_value_of_any_schema_can_be_filled_in(data: st.DataObject) -> None:
    """And is sent as it is."""
    schema = data.draw(schemas())
    codec: JsonCodec[Any] = JsonCodec(schema)
    document = codec.dump(data.draw(from_schema(schema)))
    found, faults = document_of(schema, _filled_in(schema, document))
    assert faults == []
    assert codec.encode(found) == codec.encode(document)


def _nested(width: int, depth: int) -> Any:
    """A record of fields of the same record, and so on; the text grows with both, not a power."""
    fields: list[Any] = [{"name": "f0", "type": _nested(width, depth - 1) if depth else "int"}]
    inner = f"R{depth - 1}" if depth else "int"
    fields += ({"name": f"f{each}", "type": inner} for each in range(1, width))
    return {"type": "record", "name": f"R{depth}", "fields": fields}


@pytest.mark.parametrize(("width", "depth", "levels"), [(2, 9, 5), (6, 9, 3), (40, 9, 1)])
def test_a_short_schema_has_no_endless_form(width: int, depth: int, levels: int) -> None:
    """Nor an endless table: inner records are opened as deep as a page can bear."""
    schema = parse_schema(_nested(width, depth))
    controls = controls_of(schema, {})
    assert len(controls) == sum(width**level for level in range(1, levels + 1))
    assert max(each.depth for each in controls) == levels - 1
    assert width < len(field_rows(schema)) <= 2_000
    assert {each.kind for each in controls if each.depth == levels - 1} == {"json"}


def test_a_wide_record_is_shown_whole() -> None:
    """Its own fields are what the page is for."""
    fields = [{"name": f"f{each}", "type": "int"} for each in range(2_100)]
    schema = parse_schema({"type": "record", "name": "R", "fields": fields})
    assert [each.path for each in field_rows(schema)] == [each["name"] for each in fields]
    assert len(controls_of(schema, {})) == len(fields)


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
    assert faults == []
    JsonCodec[Any](schema).encode(document)


def test_no_example_is_as_large_as_the_largest_fixed() -> None:
    """It would need the memory that it asks for."""
    huge = {"type": "fixed", "name": "F", "size": 2**31 - 1}
    fields = [{"name": "a", "type": huge}, {"name": "b", "type": {"type": "array", "items": "F"}}]
    schema = parse_schema({"type": "record", "name": "R", "fields": fields})
    assert [each.example for each in controls_of(schema, {})] == ["", ""]


def test_what_is_no_json_is_said_with_its_path() -> None:
    """Arrays, maps and flags are filled in as JSON."""
    form = {**_filled(_ORDER), "field:tags": "[1", "field:paid": "maybe"}
    _, faults = document_of(_SCHEMA, form)
    assert [(each.path, each.control) for each in faults] == [
        ("Order.paid", "field:paid"),
        ("Order.tags", "field:tags"),
    ]
    assert "Expecting ',' delimiter, at column 3" in faults[1].text


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
    _, faults = document_of(_SCHEMA, {**_filled(_ORDER), "field:tags": deep})
    assert ["nested too deeply" in each.text for each in faults] == [True]


@given(_RECORDS, st.data())
def test_what_is_left_empty_is_refused_unless_it_has_a_default(
    record: dict[str, Any], data: st.DataObject
) -> None:
    """Nothing is sent as an empty text, or as the first choice, that a person has not chosen."""
    form = _filled(record)
    gone = data.draw(st.sets(st.sampled_from(sorted(form))))
    _, faults = document_of(_SCHEMA, {each: form[each] for each in form if each not in gone})
    required = {each.partition(":")[2] for each in gone} - {"note", "tags"}
    assert {each.path for each in faults} == {f"Order.{each}" for each in required}
    assert all(each.text.startswith("required") for each in faults)


@pytest.mark.parametrize(
    ("form", "document", "said"),
    [
        ({}, None, "required: fill it in or choose null or choose empty"),
        ({"null:a": "1"}, None, ""),
        ({"empty:a": "1"}, "", ""),
        ({"null:a": "1", "field:a": "x"}, None, "null chosen, and more: choose one"),
        ({"empty:a": "1", "field:a": "x"}, None, "empty chosen, and more: choose one"),
        ({"null:a": "1", "empty:a": "1"}, None, "null and empty chosen, and more: choose one"),
    ],
)
def test_null_and_the_empty_text_are_chosen(form: dict[str, str], document: Any, said: str) -> None:
    """Two choices at a time would leave one of them out in silence."""
    fields = [{"name": "a", "type": ["null", "string"]}]
    schema = parse_schema({"type": "record", "name": "R", "fields": fields})
    assert document_of(schema, form)[0] == {"a": document}
    assert [each.text for each in document_of(schema, form)[1]] == ([said] if said else [])


def test_a_record_with_a_default_is_left_out_as_a_whole() -> None:
    """A field that is filled in makes the others of its record required."""
    fields = [{"name": "x", "type": "int"}, {"name": "y", "type": "int"}]
    inner = {"type": "record", "name": "Point", "fields": fields}
    field = {"name": "at", "type": inner, "default": {"x": 1, "y": 2}}
    schema = parse_schema({"type": "record", "name": "R", "fields": [field]})
    assert document_of(schema, {}) == ({}, [])
    document, faults = document_of(schema, {"field:at.x": "5"})
    assert document == {"at": {"x": 5, "y": None}}
    assert [each.path for each in faults] == ["R.at.y"]


def test_a_key_of_a_map_that_comes_twice_is_refused() -> None:
    """One of its values would be lost."""
    fields = [{"name": "a", "type": {"type": "map", "values": "int"}}]
    schema = parse_schema({"type": "record", "name": "R", "fields": fields})
    _, faults = document_of(schema, {"field:a": '{"k": 1, "k": 2}'})
    assert ["has the key 'k' twice" in each.text for each in faults] == [True]


@given(st.dictionaries(st.sampled_from(["id", "count", "paid", "tags", "place.code"]), _TEXT))
def test_every_fault_is_at_its_control(wrong: dict[str, str]) -> None:
    """Those of the form and those of the check, each once."""
    form = {**_filled(_ORDER), **{f"field:{path}": f"x{text}" for path, text in wrong.items()}}
    document, known = document_of(_SCHEMA, form)
    try:
        JsonCodec[Any](_SCHEMA).encode(document)
    except DecodeError as error:
        found = {each.path: str(each) for each in error.faults}
    else:
        found = {}
    faults = with_faults(_SCHEMA, controls_of(_SCHEMA, form), found, known)
    assert sorted(each.control for each in faults) == sorted(
        f"field:{each}"
        for each in wrong
        if each != "id"  # any text is a string
    )
    assert not [each for each in faults if each.text.startswith("Order")]


@pytest.mark.parametrize(
    ("path", "control"),
    [
        ("Order.tags[3]", "field:tags"),
        ("Order.place.code", "field:place.code"),
        ("Order.placement", ""),
        ("key", "key"),
        ("headers[0].value", "headers"),
        ("line", ""),
    ],
)
def test_a_fault_inside_a_value_is_at_its_control(path: str, control: str) -> None:
    """The control with the longest path that leads there."""
    (fault,) = with_faults(_SCHEMA, controls_of(_SCHEMA, {}), {path: f"{path}: wrong"}, [])
    assert (fault.path, fault.text, fault.control) == (path, "wrong", control)


@pytest.mark.parametrize("root", ["string", {"type": "enum", "name": "a.E", "symbols": ["A"]}])
def test_a_value_that_is_no_record_has_its_fault(root: Any) -> None:
    """By the path that the check has, the name of the type."""
    schema = parse_schema(root)
    _, (known,) = document_of(schema, {})
    with pytest.raises(DecodeError) as caught:
        JsonCodec[Any](schema).encode(None)
    found = {each.path: str(each) for each in caught.value.faults}
    assert known.path in found
    assert with_faults(schema, controls_of(schema, {}), found, [known]) == [known]


_NAMES = st.text(st.characters(codec="utf-8", exclude_characters=":\r\n"), min_size=1).filter(
    lambda name: name == name.strip()
)
_VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"))


@given(st.lists(st.tuples(_NAMES, _VALUES)), st.sampled_from(["\n", "\r\n"]))
def test_headers_are_lines(headers: list[tuple[str, str]], end: str) -> None:
    """A browser ends them with both characters; spaces of a value stay."""
    assert headers_of(end.join(f"{name}: {value}" for name, value in headers)) == (headers, [])
