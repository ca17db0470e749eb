"""A bare value goes to the branch that holds it as it is; a tag chooses any."""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import pytest

from streamcontract import Codec
from streamcontract.errors import EncodeError

UTC = dt.timezone.utc


def record(name: str, **fields: Any) -> dict[str, Any]:
    """A record; a field given as a pair has a default."""
    return {
        "type": "record",
        "name": name,
        "fields": [
            {"name": key, "type": each[0], "default": each[1]}
            if isinstance(each, tuple)
            else {"name": key, "type": each}
            for key, each in fields.items()
        ],
    }


def logical(base: str, name: str, **attributes: int) -> dict[str, Any]:
    """A type with a logical type."""
    return {"type": base, "logicalType": name, **attributes}


def array(items: str) -> dict[str, Any]:
    """An array."""
    return {"type": "array", "items": items}


ENUM = {"type": "enum", "name": "E", "symbols": ["a", "b"]}
NEXT = ["null", "A", {"type": "map", "values": "string"}]
CHOSEN: list[tuple[list[Any], Any, str]] = [
    (["float", "double"], 0.5, "float"),
    (["float", "double"], 0.1, "double"),
    (["float", "double"], 1e300, "double"),
    (["null", "float"], 0.1, "float"),
    (["double", "long"], 5, "long"),
    (["null", "double"], 5, "double"),
    (["int", "long"], 2**31 - 1, "int"),
    (["int", "long"], 2**31, "long"),
    (["long", "int"], 5, "long"),
    (["long", "double"], 2**70, "double"),
    (["boolean", "int"], 1, "int"),
    (["int", "boolean"], True, "boolean"),
    (["string", ENUM], "a", "string"),
    ([ENUM, "string"], "a", "E"),
    ([ENUM, "string"], "c", "string"),
    (["bytes", {"type": "fixed", "name": "F", "size": 1}], b"a", "bytes"),
    ([{"type": "fixed", "name": "F", "size": 1}, "bytes"], b"ab", "bytes"),
    ([logical("int", "date"), logical("long", "timestamp-millis")], dt.date(2024, 1, 1), "int"),
    (
        [logical("int", "date"), logical("long", "timestamp-millis")],
        dt.datetime(2024, 1, 1, tzinfo=UTC),
        "long",
    ),
    (
        [logical("int", "time-millis"), logical("long", "time-micros")],
        dt.time(0, 0, 0, 1),
        "long",
    ),
    (
        [logical("bytes", "decimal", precision=3, scale=1), logical("string", "uuid")],
        decimal.Decimal("9.5"),
        "bytes",
    ),
    ([record("A", x="int"), record("B", x="int")], {"x": 1}, "A"),
    ([record("A", x="int"), record("B", x="string")], {"x": "1"}, "B"),
    ([record("A", x="float"), record("B", x="double")], {"x": 0.1}, "B"),
    ([record("A", x=("int", 0)), record("B")], {}, "B"),
    ([record("A", x=("int", 0)), record("B", y="int")], {}, "A"),
    ([record("A", x="int"), {"type": "map", "values": "int"}], {"y": 1}, "map"),
    ([record("A", x=[ENUM, "int"]), record("B", x=["int", "string"])], {"x": "c"}, "B"),
    (
        [
            record("A", x={"type": "array", "items": "int"}),
            record("B", x={"type": "array", "items": "string"}),
        ],
        {"x": ["1"]},
        "B",
    ),
]


@pytest.mark.parametrize(("schema", "value", "branch"), CHOSEN, ids=str)
def test_bare_value(schema: list[Any], value: Any, branch: str) -> None:
    """The first branch that holds the value as it is, else the first that it fits."""
    data = Codec(schema).encode(value)
    assert Codec(schema, tag_unions=True).decode(data)[0] == branch


@pytest.mark.parametrize(("schema", "value", "branch"), CHOSEN, ids=str)
def test_tag(schema: list[Any], value: Any, branch: str) -> None:
    """A tag chooses a branch by its full name, whatever comes before it."""
    turned = schema[::-1]
    data = Codec(turned).encode((branch, value))
    assert Codec(turned, tag_unions=True).decode(data)[0] == branch
    with pytest.raises(EncodeError, match="branch"):
        Codec(turned).encode(("no.such", value))


def test_tag_inside() -> None:
    """Inside a value whose branch is searched, tags count too."""
    schema: list[Any] = [record("A", x=["int", "string"]), record("B", x=["long", "string"])]
    data = Codec(schema).encode({"x": ("long", 1)})
    assert Codec(schema, tag_unions=True).decode(data) == ("B", {"x": ("long", 1)})


def test_tag_with_a_value_that_does_not_fit() -> None:
    """The branch chosen by a tag is the one that refuses."""
    with pytest.raises(EncodeError, match=r"value: expected an int .*, found 'a'"):
        Codec(["null", "int", "string"]).encode(("int", "a"))


def test_nothing_fits() -> None:
    """Where no branch fits, all of them are named."""
    with pytest.raises(EncodeError, match="null, int, A"):
        Codec(["null", "int", record("A", x="int")]).encode(1.5)


def test_unions_inside_unions() -> None:
    """Searching takes no more than a look at each level, however deep the value."""
    codec = Codec(record("A", next=NEXT))
    value: dict[str, Any] = {"next": None}
    for _ in range(100):
        value = {"next": value}
    assert codec.decode(codec.encode(value)) == value


def test_same_shapes_inside_same_shapes() -> None:
    """The same where two branches fit at each level, and at the bottom none."""
    inner = ["null", "A", "B", "string"]
    codec = Codec([record("A", x=["null", record("B", x=inner), "A"]), "B"])
    value: dict[str, Any] = {"x": 1.5}
    for _ in range(60):
        value = {"x": value}
    with pytest.raises(EncodeError):
        codec.encode(value)


def test_value_inside_itself() -> None:
    """A value without end is refused."""
    codec = Codec(record("A", next=NEXT))
    value: dict[str, Any] = {}
    value["next"] = value
    with pytest.raises(EncodeError, match="nested"):
        codec.encode(value)
