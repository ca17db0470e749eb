"""A bad schema says where, what is wrong and what would be right, for all of its faults at once."""

from __future__ import annotations

import inspect
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from streamcontract.errors import SchemaFault, SchemaParseError
from streamcontract.schema import parse_schema
from streamcontract.schema.document import MAX_DEPTH, OUT_OF_STACK

if TYPE_CHECKING:
    from pathlib import Path


def _faults(source: Any, **options: Any) -> tuple[SchemaFault, ...]:
    with pytest.raises(SchemaParseError) as caught:
        parse_schema(source, **options)
    return caught.value.faults


def _record(*fields: object, **attributes: object) -> str:
    return json.dumps({"type": "record", "name": "a.R", "fields": fields, **attributes})


def _field(type_: object, **attributes: object) -> str:
    return _record({"name": "f", "type": type_, **attributes})


ORDER = """\
{
  "type": "record",
  "name": "shop.Order",
  "fields": [
    {"name": "id", "type": "uuid"},
    {"name": "2nd", "type": "long"},
    {"name": "customer", "type": "Custmer"},
    {"name": "count", "type": "int", "default": 2147483648},
    {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["NEW", "NEW"]}},
    {"name": "buyer", "type": {"type": "record", "name": "Customer", "fields": []}},
    {"name": "count", "type": "integer"}
  ]
}
"""


def test_all_faults_of_a_file_are_reported_in_the_order_of_its_text(tmp_path: Path) -> None:
    """One error names every fault with file, line, column, pointer, mistake and remedy."""
    path = tmp_path / "order.avsc"
    path.write_text(ORDER)
    with pytest.raises(SchemaParseError) as caught:
        parse_schema(path)
    assert str(caught.value).replace(str(path), "order.avsc").splitlines() == [
        "7 faults:",
        (
            '  - order.avsc:5:28: at /fields/0/type: unknown type "uuid"; as a logical type it is '
            '{"type": "string", "logicalType": "uuid"}'
        ),
        (
            '  - order.avsc:6:14: at /fields/1/name: "2nd" cannot name a field: names have the '
            "characters A-Z, a-z, 0-9 and _ and do not start with a digit"
        ),
        (
            '  - order.avsc:7:34: at /fields/2/type: unknown type "Custmer"; did you mean '
            '"shop.Customer"?'
        ),
        (
            "  - order.avsc:8:49: at /fields/3/default: the default 2147483648 is not an int: a "
            "JSON integer from -2**31 to 2**31 - 1"
        ),
        (
            '  - order.avsc:9:84: at /fields/4/type/symbols/1: the symbol "NEW" is given twice; '
            "keep one"
        ),
        '  - order.avsc:11:14: at /fields/6/name: shop.Order has a field "count" already',
        '  - order.avsc:11:31: at /fields/6/type: unknown type "integer"; did you mean "int"?',
    ]
    first = caught.value.faults[0]
    assert (first.source, first.line, first.column) == (str(path), 5, 28)
    assert first.pointer == "/fields/0/type"


def test_values_have_pointers_but_no_lines() -> None:
    """A schema given as Python values has no text to point into, and is still in order."""
    faults = _faults(json.loads(ORDER))
    assert [fault.pointer for fault in faults][:2] == ["/fields/0/type", "/fields/1/name"]
    assert {(fault.source, fault.line, fault.column) for fault in faults} == {(None, None, None)}


TEXT_FAULTS = {
    "": (1, 1, 'the schema is empty; the smallest one is a type\'s name in quotes: "string"'),
    "strin": (1, 1, 'not JSON: a type\'s name is in quotes: "strin"'),
    "schemas/a.avsc": (1, 1, "not JSON but a file's name; give it as a pathlib.Path"),
    '["int",\n "long",\n]': (2, 8, "not JSON: a comma before a closing bracket; remove it"),
    '{"type": "int", }': (1, 15, "not JSON: a comma before a closing bracket; remove it"),
    '{"type": "int" // a comment\n}': (
        1,
        16,
        'not JSON: JSON has no comments; use a "doc" attribute',
    ),
    '"int" "long"': (
        1,
        7,
        "not JSON: something follows the end of the schema; give one schema only",
    ),
    '{"type" "int"}': (1, 9, "not JSON: expecting ':' delimiter"),
    f'{{"type": "fixed", "name": "F", "size": 1{"0" * 5000}}}': (
        None,
        None,
        "a number with thousands of digits fits no Avro type",
    ),
}


@pytest.mark.parametrize("text", TEXT_FAULTS, ids=lambda text: text[:20])
def test_text_that_is_no_json(text: str) -> None:
    """What is not JSON is refused with line, column and a likely remedy."""
    line, column, message = TEXT_FAULTS[text]
    if line is None and sys.get_int_max_str_digits() == 0:
        pytest.skip("this Python reads numbers of any length")
    (fault,) = _faults(text)
    assert (fault.line, fault.column, fault.message) == (line, column, message)


SCHEMA_FAULTS: dict[str, tuple[str, str]] = {
    '{"type": "int", "type": "long"}': ("/type", 'the key "type" is given twice; keep one'),
    '{"type": "int", "x": {"y": [1, NaN]}}': (
        "/x/y/1",
        "NaN, Infinity and numbers beyond a double are no JSON numbers",
    ),
    _field("double").replace('"f"', '"f", "default": 1e999'): (
        "/fields/0/default",
        "NaN, Infinity and numbers beyond a double are no JSON numbers",
    ),
    "17": ("", "a schema is a type's name, an object with a type, or a union"),
    "{}": ("", 'the object has no "type"; give one, such as "type": "record"'),
    '{"type": 1}': ("/type", "a type is named by a string"),
    '{"type": {"type": "int"}}': (
        "/type",
        "an object's type is a name; put this schema in its place",
    ),
    '{"type": "array"}': ("", 'an array needs "items": a schema'),
    '{"type": "map"}': ("", 'a map needs "values": a schema'),
    _record({"name": "f"}): ("/fields/0", 'a field needs "type": a schema'),
    _record({"type": "int"}): ("/fields/0", 'a field needs "name": a string'),
    _record("int"): ("/fields/0", 'a field is an object: {"name": ..., "type": ...}'),
    _record(doc=1): ("/doc", "a doc is a string"),
    _record(namespace=1, name="R"): ("/namespace", 'a namespace is a string, "" for none'),
    _record(namespace="a..b", name="R"): (
        "/namespace",
        (
            '"a..b" cannot name a namespace: names have the characters A-Z, a-z, 0-9 and _ and do '
            "not start with a digit; dots go between such names"
        ),
    ),
    _record(name=".R"): (
        "/name",
        (
            '".R" cannot name a record: names have the characters A-Z, a-z, 0-9 and _ and do not '
            "start with a digit; dots go between such names"
        ),
    ),
    _record(aliases=["b", "b"]): ("/aliases/1", 'the alias "b" is given twice; keep one'),
    _record(aliases=[1]): ("/aliases/0", "an alias is a string"),
    _record(aliases="b"): ("/aliases", "aliases are an array of strings"),
    _record({"name": "f", "type": "int"}, {"name": "g", "type": "int", "aliases": ["f"]}): (
        "/fields/1/aliases",
        'the alias "f" belongs to f too',
    ),
    _field({"type": "enum", "name": "E", "symbols": []}, default="A"): (
        "/fields/0/default",
        'the default "A" is not a symbol of a.E: ',
    ),
    _field({"type": "fixed", "name": "b.F", "size": 1, "aliases": ["a.R"]}): (
        "/fields/0/type/aliases",
        'the alias "a.R" belongs to a.R too',
    ),
    _field("int", order="up"): (
        "/fields/0/order",
        "the order is one of ascending, descending, ignore",
    ),
    '{"type": "fixed", "name": "F", "size": true}': (
        "/size",
        'a fixed needs "size": its number of bytes, an integer from 0',
    ),
    '[["int"]]': ("/0", "a union directly in a union; list its branches in the outer one"),
    '["int", {"type": "int", "logicalType": "date"}]': (
        "/1",
        "the union has int already; keep one",
    ),
    _field("array"): (
        "/fields/0/type",
        'unknown type "array"; in full it is {"type": "array", "items": ...}',
    ),
    _field("String"): ("/fields/0/type", 'unknown type "String"; did you mean "string"?'),
    _field("b.R"): ("/fields/0/type", 'unknown type "b.R"; did you mean "a.R"?'),
    _field(["null", "Zebra"]): ("/fields/0/type/1", 'unknown type "Zebra"'),
    _field("Zebra"): ("/fields/0/type", 'unknown type "Zebra"'),
    _field({"type": "R"}): (
        "/fields/0/type/type",
        'a named type is used by its name alone: "R", no object',
    ),
    _field({"type": "enum", "name": "R", "symbols": ["A"]}): (
        "/fields/0/type/name",
        "a.R is defined already, at /; use its name alone to refer to it, or choose another name",
    ),
}


@pytest.mark.parametrize("text", SCHEMA_FAULTS, ids=lambda text: text[:60])
def test_a_fault_has_one_message_at_its_place(text: str) -> None:
    """Each fault is reported once, at the value that is wrong, and entails no others."""
    (fault,) = _faults(text)
    assert (fault.pointer, fault.message) == SCHEMA_FAULTS[text]


DEFAULT_FAULTS: list[tuple[object, object, str, str]] = [
    ("null", 0, "", "the default 0 is not null"),
    ("boolean", 1, "", "the default 1 is not a boolean: true or false"),
    ("int", True, "", "the default true is not an int: a JSON integer from -2**31 to 2**31 - 1"),
    (
        "long",
        2**63,
        "",
        f"the default {2**63} is not a long: a JSON integer from -2**63 to 2**63 - 1",
    ),
    ("float", 1e39, "", "the default 1e+39 is not a float: a JSON number in its range"),
    ("double", "NaN", "", 'the default "NaN" is not a double: a JSON number in its range'),
    (
        "double",
        10**400,
        "",
        f"the default 1{'0' * 59}... is not a double: a JSON number in its range",
    ),
    ("string", 1, "", "the default 1 is not a string of Unicode"),
    ("string", "\ud800", "", 'the default "\\ud800" is not a string of Unicode'),
    (
        "bytes",
        "\u0100",
        "",
        'the default "\\u0100" is not bytes: a string of the code points \\u0000 to \\u00FF',
    ),
    (
        {"type": "fixed", "name": "F", "size": 2},
        "\u00ff",
        "",
        (
            'the default "\\u00ff" is not of a.F: 2 bytes, as a string of the code points \\u0000 '
            "to \\u00FF"
        ),
    ),
    (
        {"type": "enum", "name": "E", "symbols": ["RED", "GREEN"]},
        "Red",
        "",
        'the default "Red" is not a symbol of a.E: RED, GREEN; did you mean "RED"?',
    ),
    (
        {"type": "array", "items": "int"},
        [1, "2"],
        "/1",
        'the default "2" is not an int: a JSON integer from -2**31 to 2**31 - 1',
    ),
    ({"type": "array", "items": "int"}, {}, "", "the default {} is not an array"),
    (
        {"type": "map", "values": "boolean"},
        {"a/b": 1},
        "/a~1b",
        "the default 1 is not a boolean: true or false",
    ),
    (
        {"type": "map", "values": "null"},
        {"\udfff": None},
        "",
        'the key "\\udfff" has half a surrogate pair',
    ),
    (["int", "string"], None, "", "the default null fits no branch of the union [int, string]"),
    (["null", "int"], [1], "", "the default [1] fits no branch of the union [null, int]"),
    (
        [{"type": "array", "items": "null"}, {"type": "map", "values": "null"}],
        [0],
        "/0",
        "the default 0 is not null",
    ),
    (
        ["null", "int"],
        2**31,
        "",
        f"the default {2**31} is not an int: a JSON integer from -2**31 to 2**31 - 1",
    ),
    (
        ["null", {"type": "record", "name": "S", "fields": [{"name": "x", "type": "int"}]}],
        {"x": "1"},
        "/x",
        'the default "1" is not an int: a JSON integer from -2**31 to 2**31 - 1',
    ),
    (
        {"type": "record", "name": "S", "fields": [{"name": "x", "type": "int"}]},
        {},
        "",
        'the default lacks "x", a field of a.S without a default of its own',
    ),
    (
        {"type": "record", "name": "S", "fields": [{"name": "price", "type": "int", "default": 0}]},
        {"prize": 1},
        "/prize",
        'a.S has no field "prize"; did you mean "price"?',
    ),
    (
        {"type": "record", "name": "S", "fields": []},
        [],
        "",
        "the default [] is not a record a.S: a JSON object",
    ),
    (["null", "R"], {}, "", "the default never ends: filling it in needs it again"),
]


@pytest.mark.parametrize(
    ("type_", "default", "below", "message"), DEFAULT_FAULTS, ids=range(len(DEFAULT_FAULTS))
)
def test_a_default_that_does_not_fit(
    type_: object, default: object, below: str, message: str
) -> None:
    """A default is checked in depth against its type, and the fault is where it does not fit."""
    (fault,) = _faults(_field(type_, default=default))
    assert (fault.pointer, fault.message) == (f"/fields/0/default{below}", message)


def test_a_default_of_a_faulty_type_is_not_judged() -> None:
    """The mistake in a type is reported once, not again at each default."""
    schema = _record(
        {"name": "a", "type": ["null", "Strng"], "default": "x"},
        {"name": "b", "type": {"type": "enum", "name": "E", "symbols": ["A", "1"]}, "default": "1"},
        {"name": "c", "type": "E", "default": "1"},
        {"name": "d", "type": {"type": "record", "name": "S", "fields": [{}]}, "default": {"x": 1}},
        {"name": "e", "type": {"type": "fixed", "name": "F", "size": -1}, "default": "1"},
    )
    assert [fault.pointer for fault in _faults(schema)] == [
        "/fields/0/type/1",
        "/fields/1/type/symbols/1",
        "/fields/3/type/fields/0",
        "/fields/3/type/fields/0",
        "/fields/4/type/size",
    ]


def test_each_use_of_an_unknown_type_is_reported() -> None:
    """The same unknown name is a fault wherever it stands."""
    faults = _faults(
        '["null", {"type": "array", "items": "nul"}, {"type": "map", "values": "nul"}]'
    )
    assert [fault.pointer for fault in faults] == ["/1/items", "/2/values"]
    assert {fault.message for fault in faults} == {'unknown type "nul"; did you mean "null"?'}


def test_use_before_definition_points_at_the_definition() -> None:
    """A name must be defined before it is used; the message says where the definition is."""
    schema = _record(
        {"name": "x", "type": "S"},
        {"name": "y", "type": {"type": "record", "name": "S", "fields": []}},
    )
    (fault,) = _faults(schema)
    assert fault.pointer == "/fields/0/type"
    assert fault.message == (
        "a.S is used before its definition at /fields/1/type; move the definition here and leave "
        "the name there"
    )


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 5_000, 200_000])
def test_bottomless_nesting_is_a_fault(depth: int) -> None:
    """Nesting beyond the limit is a fault at the bracket that goes too deep, at any depth."""
    (fault,) = _faults("[" * depth + "]" * depth)
    assert (fault.line, fault.column) == (1, MAX_DEPTH + 1)
    assert "nested more than 200 levels deep" in fault.message


def test_nesting_up_to_the_limit_is_read() -> None:
    """The deepest schema allowed is parsed, and all that is made from it."""
    schema: object = "int"
    for _ in range(MAX_DEPTH):
        schema = {"type": "array", "items": schema}
    parsed = parse_schema(json.dumps(schema))
    assert parsed.canonical_form.count("array") == MAX_DEPTH
    assert parse_schema(parsed.canonical_form) == parsed


def test_a_used_up_stack_is_a_fault() -> None:
    """What Python's recursion limit no longer allows is a SchemaParseError too."""

    def dig(levels: int) -> tuple[SchemaFault, ...]:
        return dig(levels - 1) if levels else _faults(schema)

    schema: object = "int"
    for _ in range(MAX_DEPTH):
        schema = {"type": "array", "items": schema}
    schema = json.dumps(schema)
    levels = sys.getrecursionlimit() - len(inspect.stack())
    for spare in (100, 300):  # not enough to read the JSON, not enough to build the model
        (fault,) = dig(levels - spare)
        assert fault.message == OUT_OF_STACK


def test_hard_to_match_unions_do_not_take_exponential_time() -> None:
    """Each part of a default is matched once with each type, however unions nest."""
    inner = {"type": "record", "name": "B", "fields": [{"name": "n", "type": ["null", "A", "B"]}]}
    outer = {"type": "record", "name": "A", "fields": [{"name": "n", "type": ["null", "A", inner]}]}
    default: object = 1
    for _ in range(60):  # 2**60 attempts, if each level tried both records anew
        default = {"n": default}
    (fault,) = _faults(_field(["null", outer], default=default))
    assert fault.pointer == "/fields/0/default/n"


VALUE_FAULTS: list[tuple[Any, str, str]] = [
    ({"type": "array", "items": {"int"}}, "/items", "a set is no JSON value"),
    ({"type": "int", "x": {1: 2}}, "/x", "the key 1 is no string, as JSON's keys are"),
    (["null", b"int"], "/1", "a bytes is no JSON value"),
    (
        {"type": "int", "x": float("nan")},
        "/x",
        "NaN, Infinity and numbers beyond a double are no JSON numbers",
    ),
]


@pytest.mark.parametrize(("source", "pointer", "message"), VALUE_FAULTS)
def test_values_that_are_no_json(source: Any, pointer: str, message: str) -> None:
    """Python values that JSON does not have are refused, not converted."""
    (fault,) = _faults(source)
    assert (fault.pointer, fault.message) == (pointer, message)


def test_a_value_that_holds_itself_is_refused() -> None:
    """A circle of Python values is found out, not walked for ever."""
    circle: dict[str, Any] = {"type": "array"}
    circle["items"] = circle
    assert "nested more than" in _faults(circle)[0].message


def test_other_sources_are_a_type_error() -> None:
    """A source that is no schema at all is a mistake of the program."""
    with pytest.raises(TypeError, match=r"a str, dict, list or pathlib\.Path, not bytes"):
        parse_schema(b'"int"')  # type: ignore[arg-type]
