"""Values drawn for a schema fit it, reach all of it, end, and shrink to readable ones."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import json
import math
import struct
import uuid
from typing import Any

import attrs
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from tests.searching import examples

from streamcontract.codec import Contract, Duration
from streamcontract.schema import Schema
from streamcontract.testing.strategies import from_schema, records, schemas

SEEK = settings(max_examples=3000, deadline=None, database=None)
# Where only the existence of an example counts, it need not be made small.
SEEK_ANY = settings(SEEK, phases=[Phase.generate])

TREE: dict[str, Any] = {
    "type": "record",
    "name": "Tree",
    "fields": [
        {"name": "label", "type": "string"},
        {"name": "children", "type": {"type": "array", "items": "Tree"}},
        {"name": "index", "type": {"type": "map", "values": "Tree"}},
        {"name": "next", "type": ["Tree", "null"]},
    ],
}

CONTRACT = Contract(
    json.dumps(
        {
            "type": "record",
            "name": "Order",
            "namespace": "shop",
            "fields": [
                {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
                {
                    "name": "class",
                    "type": {"type": "enum", "name": "Kind", "symbols": ["sale", "return"]},
                },
                {
                    "name": "lines",
                    "type": {
                        "type": "array",
                        "items": {
                            "type": "record",
                            "name": "Line",
                            "fields": [{"name": "count", "type": "int"}],
                        },
                    },
                },
            ],
        }
    )
)


@CONTRACT.enum("shop.Kind")
class Kind(enum.Enum):
    """An enum as generated code has it."""

    SALE = "sale"
    RETURN = "return"


@CONTRACT.record("shop.Line")
@attrs.frozen
class Line:
    """A nested record as generated code has it."""

    count: int


@CONTRACT.record("shop.Order")
@attrs.frozen(kw_only=True)
class Order:
    """A record as generated code has it, with a field renamed for Python."""

    id: uuid.UUID
    class_: Kind
    lines: list[Line]


def depth_of(tree: dict[str, Any]) -> int:
    """How many trees stand inside one another."""
    inner = [*tree["children"], *tree["index"].values()]
    if tree["next"] is not None:
        inner.append(tree["next"])
    return 1 + max((depth_of(child) for child in inner), default=0)


@settings(deadline=None, max_examples=examples(50))
@given(schemas().flatmap(from_schema))
def test_every_schema_has_values(value: Any) -> None:
    """Drawing a value works for any schema, with no health check failing."""
    del value


@settings(deadline=None, max_examples=examples(50))
@given(from_schema(TREE))
def test_recursive_values_end(tree: dict[str, Any]) -> None:
    """A tree is drawn to a few levels and no further."""
    assert depth_of(tree) <= 4


def test_recursive_values_recur() -> None:
    """Trees inside trees do appear."""
    find(from_schema(TREE), lambda tree: depth_of(tree) >= 3, settings=SEEK_ANY)


def test_no_finite_value() -> None:
    """A record that holds itself unconditionally is refused by name."""
    endless: dict[str, Any] = {
        "type": "record",
        "name": "Endless",
        "fields": [{"name": "e", "type": "Endless"}],
    }
    with pytest.raises(InvalidArgument, match="Endless"):
        from_schema(endless)


def test_endless_parts_are_left_out() -> None:
    """What has no finite value is avoided where something else is possible."""
    endless: dict[str, Any] = {
        "type": "record",
        "name": "Endless",
        "fields": [{"name": "e", "type": "Endless"}],
    }
    schema: list[Any] = ["string", {"type": "array", "items": endless}]
    assert find(from_schema(schema), lambda value: value != "", settings=SEEK) in ("0", [])
    assert find(from_schema(schema), lambda value: isinstance(value, list), settings=SEEK) == []


NOTHING: list[Any] = [
    {"type": "enum", "name": "Nothing", "symbols": []},
    {"type": "record", "name": "Nothing", "fields": [{"name": "n", "type": []}]},
]


@pytest.mark.parametrize("nothing", NOTHING)
def test_parts_without_a_value_are_left_out(nothing: Any) -> None:
    """An enum without symbols, a union without branches: alone refused, elsewhere avoided."""
    with pytest.raises(InvalidArgument, match="Nothing"):
        from_schema(nothing)
    assert find(from_schema(["null", nothing]), lambda _: True) is None
    assert find(from_schema({"type": "array", "items": nothing}), lambda _: True) == []
    assert find(from_schema({"type": "map", "values": nothing}), lambda _: True) == {}


BRANCHES: list[Any] = [
    "double",
    "null",
    "string",
    {"type": "enum", "name": "E", "symbols": ["e"]},
    {"type": "fixed", "name": "ns.F", "size": 2},
    {"type": "array", "items": "int"},
    {"type": "map", "values": "int"},
    {"type": "long", "logicalType": "timestamp-millis"},
]


@pytest.mark.parametrize("name", ["double", "null", "string", "E", "ns.F", "array", "map", "long"])
def test_every_branch_appears(name: str) -> None:
    """Tagged values of a union show each branch by its full name."""
    strategy = from_schema(BRANCHES, tag_unions=True)
    find(strategy, lambda pair: bool(pair[0] == name), settings=SEEK_ANY)


def logical(base: str, name: str, **attributes: int) -> dict[str, Any]:
    """A type with a logical type."""
    return {"type": base, "logicalType": name, **attributes}


@given(from_schema(logical("bytes", "decimal", precision=4, scale=2)))
def test_decimals(value: decimal.Decimal) -> None:
    """Decimals have the type's scale exactly, and no more digits than its precision."""
    assert value.as_tuple().exponent == -2
    assert abs(value) <= decimal.Decimal("99.99")


@given(from_schema({"name": "F", "size": 1, **logical("fixed", "decimal", precision=2)}))
def test_fixed_decimals(value: decimal.Decimal) -> None:
    """Decimals of a fixed fit its size."""
    assert abs(value) <= 99


@given(from_schema(logical("long", "timestamp-millis")))
def test_timestamps(value: dt.datetime) -> None:
    """Timestamps are aware, in UTC, and cut to the unit's resolution."""
    assert value.tzinfo is dt.timezone.utc
    assert value.microsecond % 1000 == 0


@given(from_schema(logical("long", "local-timestamp-micros")))
def test_local_timestamps(value: dt.datetime) -> None:
    """Local timestamps are naive."""
    assert value.tzinfo is None


@given(from_schema(logical("int", "time-millis")))
def test_times(value: dt.time) -> None:
    """Times are cut to the unit's resolution."""
    assert value.microsecond % 1000 == 0


@given(from_schema("float"))
def test_floats(value: float) -> None:
    """Floats have 32 bits; NaN and infinities are among them."""
    assert math.isnan(value) or struct.unpack("<f", struct.pack("<f", value))[0] == value


@pytest.mark.parametrize("extreme", [math.inf, -math.inf])
@pytest.mark.parametrize("name", ["float", "double"])
def test_infinities_appear(name: str, extreme: float) -> None:
    """Infinities are values too."""
    find(from_schema(name), lambda value: bool(value == extreme), settings=SEEK_ANY)


@settings(deadline=None, max_examples=examples(50))
@given(from_schema({"type": "fixed", "name": "F", "size": 5000}))
def test_long_fixed(value: bytes) -> None:
    """A long fixed is filled without exhausting Hypothesis."""
    assert len(value) == 5000


def test_shrinks_to_readable_values() -> None:
    """The smallest value is one of empty strings, zeros and nulls."""
    schema: dict[str, Any] = {
        "type": "record",
        "name": "R",
        "fields": [
            {"name": "text", "type": "string"},
            {"name": "flag", "type": "boolean"},
            {"name": "price", "type": logical("bytes", "decimal", precision=9, scale=2)},
            {"name": "at", "type": logical("long", "timestamp-micros")},
            {"name": "span", "type": {"name": "D", "size": 12} | logical("fixed", "duration")},
            {"name": "maybe", "type": ["int", "null"]},
            {"name": "tree", "type": TREE},
        ],
    }
    assert find(from_schema(schema), lambda _: True) == {
        "text": "",
        "flag": False,
        "price": decimal.Decimal("0.00"),
        "at": dt.datetime(2000, 1, 1, tzinfo=dt.timezone.utc),
        "span": Duration(0, 0, 0),
        "maybe": None,
        "tree": {"label": "", "children": [], "index": {}, "next": None},
    }


@settings(deadline=None, max_examples=examples(50))
@given(records(Order))
def test_records_are_instances(order: Order) -> None:
    """Records of a class are instances, down to nested classes and enum members."""
    assert isinstance(order, Order)
    assert isinstance(order.id, uuid.UUID)
    assert isinstance(order.class_, Kind)
    assert all(isinstance(line, Line) for line in order.lines)


@settings(deadline=None, max_examples=examples(50))
@given(records(Order, class_=st.just(Kind.RETURN), lines=st.just([])))
def test_overrides(order: Order) -> None:
    """Single fields take what they are told, by their names in Python."""
    assert order.class_ is Kind.RETURN
    assert order.lines == []


def test_smallest_record() -> None:
    """Records shrink as plain values do."""
    assert find(records(Order), lambda _: True) == Order(
        id=uuid.UUID(int=0), class_=Kind.SALE, lines=[]
    )


def test_override_of_no_field() -> None:
    """An override that names no field is refused, with the right name if one is close."""
    with pytest.raises(InvalidArgument, match=r"no field 'line'; did you mean 'lines'"):
        records(Order, line=st.none())
    with pytest.raises(InvalidArgument, match="it has id, class_, lines"):
        records(Order, zzz=st.none())


@pytest.mark.parametrize("unbound", [int, Kind])
def test_no_record_class(unbound: type) -> None:
    """A class that no contract binds to a record is refused."""
    with pytest.raises(InvalidArgument, match="bound"):
        records(unbound)


@settings(deadline=None, max_examples=examples(50))
@given(st.data(), schemas())
def test_tagged_and_bare_agree_without_unions(data: st.DataObject, schema: Schema) -> None:
    """Tags change unions only."""
    if "[" not in schema.canonical_form:
        value = data.draw(from_schema(schema, tag_unions=True))
        assert not isinstance(value, tuple)


@settings(deadline=None, max_examples=examples(30))
@given(records(Order, {"lines.count": st.integers(1, 9)}, class_=st.just(Kind.SALE)))
def test_overrides_by_path(order: Order) -> None:
    """Paths pass through lists; the same fields elsewhere, and all others, are left alone."""
    assert all(1 <= line.count <= 9 for line in order.lines)
    assert order.class_ is Kind.SALE


@settings(deadline=None, max_examples=examples(30))
@given(from_schema(TREE, {"next.label": st.just("x"), "index.label": st.just("y")}))
def test_overrides_inside_unions_and_maps(tree: dict[str, Any]) -> None:
    """Paths pass through unions and maps, one level of a recursive record at a time."""
    assert tree["next"] is None or tree["next"]["label"] == "x"
    assert all(inner["label"] == "y" for inner in tree["index"].values())


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ({"lines.cuont": st.none()}, r"lines has no field 'cuont'; did you mean 'count'"),
        ({"id.x": st.none()}, r"id has no field 'x': it contains no record"),
        ({"lines": st.none(), "lines.count": st.none()}, r"lines.count is overridden, and so is"),
        ({"lines.count": st.none(), "lines": st.none()}, r"lines is overridden, and so is"),
        ({"id": 7}, r"id is overridden by 7, which is not a strategy"),
    ],
)
def test_wrong_overrides(paths: Any, message: str) -> None:
    """An override that could have no effect, or no clear one, is refused."""
    with pytest.raises(InvalidArgument, match=message):
        records(Order, paths)


def test_override_given_twice() -> None:
    """A field is overridden by path or by keyword."""
    with pytest.raises(InvalidArgument, match="id is overridden twice"):
        records(Order, {"id": st.none()}, id=st.none())
