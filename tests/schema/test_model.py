"""What the model holds: names, namespaces, logical types, defaults and attributes, as declared."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.errors import SchemaParseError
from streamcontract.schema import (
    MISSING,
    ArrayType,
    EnumType,
    FixedType,
    LogicalType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
    branch_name,
    parse_schema,
)
from streamcontract.schema.defaults import first_fitting_branch
from streamcontract.schema.logical import most_digits
from streamcontract.schema.model import PRIMITIVE_NAMES


def _root(source: Any) -> Any:
    return parse_schema(source).root


@pytest.mark.parametrize("name", PRIMITIVE_NAMES)
def test_primitive_types_in_all_their_spellings(name: str) -> None:
    """A primitive type is known by its bare name, as JSON string and as an object."""
    for source in (name, f" {name}\n", f'"{name}"', {"type": name}):
        root = _root(source)
        assert isinstance(root, PrimitiveType)
        assert (root.name, root.logical, dict(root.attributes)) == (name, None, {})
    assert json.loads(parse_schema(name).json) == name


FITTING = [
    ({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}, ("decimal", 4, 2)),
    ({"type": "bytes", "logicalType": "decimal", "precision": 4}, ("decimal", 4, 0)),
    ({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 4}, ("decimal", 4, 4)),
    (
        {"type": "fixed", "name": "F", "size": 4, "logicalType": "decimal", "precision": 9},
        ("decimal", 9, 0),
    ),
    ({"type": "bytes", "logicalType": "big-decimal"}, ("big-decimal", None, None)),
    ({"type": "string", "logicalType": "uuid"}, ("uuid", None, None)),
    ({"type": "fixed", "name": "F", "size": 16, "logicalType": "uuid"}, ("uuid", None, None)),
    ({"type": "int", "logicalType": "date"}, ("date", None, None)),
    ({"type": "int", "logicalType": "time-millis"}, ("time-millis", None, None)),
    ({"type": "long", "logicalType": "time-micros"}, ("time-micros", None, None)),
    *(
        (
            {"type": "long", "logicalType": f"{kind}timestamp-{unit}"},
            (f"{kind}timestamp-{unit}", None, None),
        )
        for kind in ("", "local-")
        for unit in ("millis", "micros", "nanos")
    ),
    (
        {"type": "fixed", "name": "F", "size": 12, "logicalType": "duration"},
        ("duration", None, None),
    ),
]


@pytest.mark.parametrize(("source", "expected"), FITTING)
def test_logical_type_that_fits(source: Any, expected: tuple[str, int | None, int | None]) -> None:
    """Every logical type of Avro 1.12 is recognised on the types it annotates."""
    root = _root(source)
    assert root.logical == LogicalType(*expected)
    assert dict(root.attributes) == {}


ILL_FITTING = [
    {"type": "int", "logicalType": "unheard-of"},
    {"type": "int", "logicalType": 7},
    {"type": "long", "logicalType": "date"},
    {"type": "string", "logicalType": "decimal", "precision": 4},
    {"type": "bytes", "logicalType": "decimal"},
    {"type": "bytes", "logicalType": "decimal", "precision": 0},
    {"type": "bytes", "logicalType": "decimal", "precision": True},
    {"type": "bytes", "logicalType": "decimal", "precision": 4.0},
    {"type": "bytes", "logicalType": "decimal", "precision": "4"},
    {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 5},
    {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": -1},
    {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": None},
    {"type": "fixed", "name": "F", "size": 4, "logicalType": "decimal", "precision": 10},
    {"type": "fixed", "name": "F", "size": 0, "logicalType": "decimal", "precision": 1},
    {"type": "fixed", "name": "F", "size": 15, "logicalType": "uuid"},
    {"type": "fixed", "name": "F", "size": 16, "logicalType": "duration"},
    {"type": "fixed", "name": "F", "size": 4, "logicalType": "date"},
    {"type": "array", "items": "int", "logicalType": "date"},
]


@pytest.mark.parametrize("source", ILL_FITTING)
def test_logical_type_that_does_not_fit_is_an_attribute(source: Any) -> None:
    """An unknown or ill-fitting logical type leaves the base type, and is kept as it was given."""
    root = _root(source)
    assert getattr(root, "logical", None) is None
    declared = {"type", "name", "size", "items"}
    assert dict(root.attributes) == {k: v for k, v in source.items() if k not in declared}


@given(st.integers(1, 3_000))
def test_digits_of_a_fixed(size: int) -> None:
    """The precision that fits a fixed is the specification's formula, computed exactly."""
    largest = 2 ** (8 * size - 1) - 1
    assert 10 ** most_digits(size) - 1 <= largest < 10 ** (most_digits(size) + 1) - 1


def test_names_and_namespaces() -> None:
    """Full names follow the example of the specification's section on names."""
    schema = parse_schema(
        {
            "type": "record",
            "name": "Example",
            "fields": [
                {"name": "a", "type": {"type": "enum", "name": "Simple", "symbols": ["a"]}},
                {
                    "name": "b",
                    "type": {
                        "type": "fixed",
                        "name": "Simple",
                        "namespace": "explicit",
                        "size": 12,
                    },
                },
                {
                    "name": "c",
                    "type": {
                        "type": "record",
                        "name": "a.full.Name",
                        "namespace": "ignored",
                        "fields": [
                            {"name": "d", "type": {"type": "enum", "name": "E", "symbols": ["x"]}},
                            {"name": "e", "type": "E"},
                            {"name": "f", "type": {"type": "map", "values": "explicit.Simple"}},
                        ],
                    },
                },
            ],
        }
    )
    assert list(schema.named_types) == [
        "Example",
        "Simple",
        "explicit.Simple",
        "a.full.Name",
        "a.full.E",
    ]
    inner = schema.named_types["a.full.Name"]
    assert isinstance(inner, RecordType)
    assert (inner.name, inner.namespace) == ("Name", "a.full")
    assert inner.fields[1].type is schema.named_types["a.full.E"]
    assert schema.named_types["Example"].namespace is None


def test_a_simple_name_may_mean_the_null_namespace() -> None:
    """Inside a namespace that has no such name, a simple one means the null namespace's type."""
    root = _root(
        {
            "type": "record",
            "name": "x.Y",
            "fields": [
                {"name": "a", "type": {"type": "fixed", "name": "Z", "namespace": "", "size": 1}},
                {"name": "b", "type": "Z"},
                {"name": "c", "type": {"type": "fixed", "name": "Z", "size": 2}},
                {"name": "d", "type": "Z"},
            ],
        }
    )
    assert [branch_name(field.type) for field in root.fields] == ["Z", "Z", "x.Z", "x.Z"]


def test_null_as_namespace_is_none_given() -> None:
    """``"namespace": null`` leaves the enclosing namespace in force."""
    inner = {"type": "fixed", "name": "F", "namespace": None, "size": 1}
    root = _root({"type": "record", "name": "a.R", "fields": [{"name": "f", "type": inner}]})
    assert root.fields[0].type.full_name == "a.F"


def test_aliases_are_qualified_and_may_be_any_string() -> None:
    """Type aliases are full names, relative ones in the type's namespace; fields' stay as given."""
    root = _root(
        {
            "type": "record",
            "name": "a.b",
            "aliases": ["c", "x.y", "il-legal"],
            "fields": [{"name": "f", "type": "int", "aliases": ["2nd", "f"]}],
        }
    )
    assert root.aliases == ("a.c", "x.y", "a.il-legal")
    assert root.fields[0].aliases == ("2nd", "f")


def test_fields_keep_all_that_is_declared() -> None:
    """Doc, order, default and attributes that Avro does not know are kept; null is a default."""
    root = _root(
        {
            "type": "record",
            "name": "R",
            "doc": "what it is",
            "owner": {"team": "market"},
            "fields": [
                {"name": "a", "type": ["null", "int"], "default": None, "order": "ignore"},
                {"name": "b", "type": "int", "doc": "b", "logicalType": "date"},
            ],
        }
    )
    a, b = root.fields
    assert (root.doc, dict(root.attributes)) == ("what it is", {"owner": {"team": "market"}})
    assert (a.has_default, a.default, a.order) == (True, None, "ignore")
    assert (b.has_default, b.default, b.order, b.doc) == (False, MISSING, "ascending", "b")
    assert dict(b.attributes) == {"logicalType": "date"}
    assert (root.pointer, b.pointer, b.type.pointer) == ("", "/fields/1", "/fields/1/type")


def test_no_schema_has_the_same_field_or_type_twice() -> None:
    """Schemas share equal fields at equal places; within one, a node is one place."""
    field = {"name": "f", "type": ["null", {"type": "array", "items": "int"}], "default": None}
    inner = {"type": "record", "name": "Inner", "fields": [field, {**field, "name": "g"}]}
    schema = {"type": "record", "name": "R", "fields": [field, {"name": "i", "type": inner}]}
    one, two = _root(schema), _root(schema)
    assert one.fields[0] is two.fields[0]
    assert one.fields[1] is not two.fields[1]
    below = one.fields[1].type.fields
    assert [one.fields[0].pointer, below[0].pointer, below[1].pointer] == [
        *("/fields/0", "/fields/1/type/fields/0", "/fields/1/type/fields/1")
    ]
    assert len({id(each.type) for each in (one.fields[0], *below)}) == 3


def test_a_faulty_field_is_reported_however_often_it_is_parsed() -> None:
    """Only sound fields are shared between schemas; a default that one parse ignored, too."""
    schema = {
        "type": "record",
        "name": "R",
        "fields": [{"name": "f", "type": "int", "default": ""}],
    }
    for _ in range(2):
        lenient: Any = parse_schema(schema, ignore_bad_defaults=True).root
        assert not lenient.fields[0].has_default
        with pytest.raises(SchemaParseError, match="the default"):
            parse_schema(schema)


def test_recursive_records_are_cyclic_graphs() -> None:
    """A reference to the record being defined is the very node of it."""
    root = _root(
        {
            "type": "record",
            "name": "LongList",
            "fields": [
                {"name": "value", "type": "long"},
                {"name": "next", "type": ["null", "LongList"]},
            ],
        }
    )
    assert root.fields[1].type.branches[1] is root


def test_complex_types() -> None:
    """Enums, maps, arrays, unions, fixed and errors hold what they declare."""
    root = _root(
        [
            {"type": "enum", "name": "map", "symbols": ["A", "B"], "default": "B"},
            {"type": "map", "values": "int", "default": {}},
            {"type": "array", "items": []},
            {"type": "error", "name": "array", "fields": []},
            {"type": "fixed", "name": "union", "size": 0},
        ]
    )
    assert isinstance(root, UnionType)
    enum, mapping, array, error, fixed = root.branches
    assert isinstance(enum, EnumType)
    assert (enum.symbols, enum.default) == (("A", "B"), "B")
    assert isinstance(mapping, MapType)
    assert dict(mapping.attributes) == {"default": {}}
    assert isinstance(array, ArrayType)
    assert isinstance(array.items, UnionType)
    assert array.items.branches == ()
    assert isinstance(error, RecordType)
    assert error.is_error
    assert isinstance(fixed, FixedType)
    assert fixed.size == 0


def test_primitive_names_in_a_namespace_are_no_primitives() -> None:
    """``ns.int`` is a name like others; ``int`` inside that namespace is still the primitive."""
    root = _root(
        {
            "type": "record",
            "name": "ns.int",
            "fields": [{"name": "a", "type": "int"}, {"name": "b", "type": ["null", "ns.int"]}],
        }
    )
    assert isinstance(root.fields[0].type, PrimitiveType)
    assert root.fields[1].type.branches[1] is root


GOOD_DEFAULTS: list[tuple[object, object]] = [
    ("null", None),
    ("boolean", False),
    ("int", -(2**31)),
    ("long", 2**63 - 1),
    ("float", 3.4028234663852886e38),
    ("double", 7),
    ("string", "\U0001f600"),
    ("bytes", "\u0000\u00ff"),
    ({"type": "fixed", "name": "F", "size": 2}, "\u00ff\u0000"),
    ({"type": "enum", "name": "E", "symbols": ["A"]}, "A"),
    ({"type": "array", "items": ["null", "int"]}, [1, None]),
    ({"type": "map", "values": {"type": "array", "items": "R"}}, {"": []}),
    (["int", "string"], "second branch"),
    (["null", "R"], None),
    (["null", "R"], {"f": {"f": None}}),
]


@pytest.mark.parametrize(("type_", "default"), GOOD_DEFAULTS)
def test_default_that_fits(type_: object, default: object) -> None:
    """A default of the right type is taken and kept as JSON."""
    schema = {
        "type": "record",
        "name": "R",
        "fields": [{"name": "f", "type": type_, "default": default}],
    }
    assert _root(schema).fields[0].default == default


def test_a_default_may_lean_on_defaults_of_a_record_further_down() -> None:
    """Gaps in a record's default are filled by the fields' own, wherever the record stands."""
    root = _root(
        {
            "type": "record",
            "name": "Tree",
            "fields": [
                {"name": "left", "type": ["null", "Tree"], "default": None},
                {"name": "right", "type": ["null", "Tree"], "default": {"value": 1, "right": None}},
                {"name": "value", "type": "int"},
            ],
        }
    )
    assert root.fields[1].default == {"value": 1, "right": None}


def test_first_fitting_branch_of_a_default() -> None:
    """A union's default stands for the first branch that it fits, or for none."""
    union = _root(["int", "long", {"type": "map", "values": "int"}])
    assert first_fitting_branch(union, 1) is union.branches[0]
    assert first_fitting_branch(union, 2**31) is union.branches[1]
    assert first_fitting_branch(union, {}) is union.branches[2]
    assert first_fitting_branch(union, None) is None


def test_nothing_changes_a_schema() -> None:
    """Neither the model nor the values it was made of can change a schema afterwards."""
    source: dict[str, Any] = {"type": "map", "values": "int", "x": [1]}
    schema = parse_schema(source)
    source["x"].append(2)
    assert isinstance(schema.root, MapType)
    assert schema.root.attributes["x"] == [1]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        schema.root.values = schema.root  # type: ignore[misc]
    with pytest.raises(TypeError):
        schema.root.attributes["x"] = 1  # type: ignore[index]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        schema.json = ""  # type: ignore[misc]
