"""What the fuzzers decode with: readers, each with the schema its bytes were written with."""

from __future__ import annotations

import functools
import json
from typing import Any

import attrs

from streamcontract import Codec, Contract, Limits, Schema, Stock, parse_schema
from streamcontract.schema.logical import LOGICAL_TYPES

__all__ = ["POOL", "Pair"]


_LOW = Limits(depth=40, empty_items=500)


@attrs.frozen
class Pair:
    """A reader and the writer schema of the bytes it is given.

    Attributes:
        name: What it is for.
        reader: A record class, or a schema.
        written: The writer schema if it is another than the reader's.
        tag_unions: Whether values of unions are decoded with their branch: then every value that
            was decoded must come back exactly as it was.
        start: Bytes in front of the payload.
        limits: Low ones, so that few bytes reach them.
    """

    name: str
    reader: Any
    written: Any = None
    tag_unions: bool = True
    start: int = 0
    limits: Limits = _LOW

    @functools.cached_property
    def writer(self) -> Schema:
        """The schema of the bytes."""
        if self.written is not None:
            return parse_schema(self.written)
        codec: Codec[Any] = Codec(self.reader)
        return codec.schema


def _record(name: str, /, **types: Any) -> dict[str, Any]:
    """A record; a type given in a tuple has the default behind it."""
    fields = []
    for field, kind in types.items():
        with_default = isinstance(kind, tuple)
        fields.append(
            {"name": field, "type": kind[0], "default": kind[1]}
            if with_default
            else {"name": field, "type": kind}
        )
    return {"type": "record", "name": name, "fields": fields}


def _array(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _map(values: Any) -> dict[str, Any]:
    return {"type": "map", "values": values}


def _enum(name: str, *symbols: str, **attributes: str) -> dict[str, Any]:
    return {"type": "enum", "name": name, "symbols": list(symbols), **attributes}


def _fixed(name: str, size: int) -> dict[str, Any]:
    return {"type": "fixed", "name": name, "size": size}


def _logical(base: str, name: str, **attributes: int) -> dict[str, Any]:
    return {"type": base, "logicalType": name, **attributes}


_PRIMITIVES = _record(
    "Primitives",
    **{f"a_{name}": name for name in ("null", "boolean", "int", "long", "float", "double")},
    text="string",
    data="bytes",
    fixed=_fixed("Four", 4),
    enum=_enum("Suit", "SPADES", "HEARTS"),
)
_LIST = _record("Node", value="int", next=["null", "Node"])
_TREE = _record("Tree", name="string", inner=_array("Tree"), named=_map(["null", "Tree"]))
_UNION = [
    *("null", "boolean", "int", "double", "string", "bytes"),
    _record("Point", x="int", y=("int", 0)),
    _record("Pixel", x="int", y="int", color=("string", "black")),
    _enum("Kind", "A", "B"),
    _fixed("Two", 2),
    _array(["null", "long"]),
    _map("string"),
]


def _logical_types(*, on_integers: bool) -> dict[str, Any]:
    """A record with every logical type, on all that it annotates."""
    fields = {}
    for row in LOGICAL_TYPES.values():
        for base in row.bases:
            if (row.limits is not None) is on_integers:
                name = f"{row.name}_on_{base.type}".replace("-", "_")
                fields[name] = row.example(base, name=name.title())
    return _record("Moments" if on_integers else "Others", **fields)


_MOMENTS = _logical_types(on_integers=True)
_OTHERS = _logical_types(on_integers=False)
_NOTHINGS = _record(
    "Nothings",
    nulls=_array("null"),
    empties=_array(_record("Empty")),
    zero=_array(_fixed("Zero", 0)),
    named=_map("null"),
    rows=_array(_array("null")),
)
_DEEP = _array(_map(_array(["null", _array(_map(_array("int")))])))

# What was written, and what reads it: fields gone, new, moved; types promoted; faults.
_OLD = _record(
    "Event",
    gone=_record(
        "Gone",
        *(),
        texts=_array("string"),
        named=_map(_array("bytes")),
        more=["null", "Gone", _fixed("Seven", 7), "double"],
        kind=_enum("Gender", "F", "M"),
    ),
    id="int",
    price="float",
    name="string",
    note="bytes",
    when=_logical("long", "timestamp-millis"),
    either=["null", "int", "string"],
    state=_enum("State", "NEW", "OLD", "LOST"),
    lines=_array(_record("Line", sku="string", amount="int")),
    maybe="long",
)
_NEW = _record(
    "Event",
    lines=_array(_record("Line", amount="double", tags=(_array("string"), ["a"]))),
    added=(_map("int"), {"a": 1}),
    id="long",
    price="double",
    when=_logical("long", "timestamp-micros"),
    name="bytes",
    note="string",
    state=_enum("State", "NEW", "OLD", default="OLD"),
    either=["string", "double"],
    maybe=["null", "long"],
    nothing=("null", None),
    inner=(_record("Inner", n="int", list=_array("int")), {"n": 7, "list": [1, 2]}),
)
_BACK = _record(
    "Event",
    id="double",
    state=_enum("State", "OLD", "NEW", "LOST"),
    lines=_array(_record("Line", sku=("string", "?"), tags=_array("bytes"))),
    either=["null", "string", "double"],
    note="bytes",
    maybe="long",
    inner=_record("Inner", list=_array("float")),
)
_SCALE = _record("Money", price=_logical("bytes", "decimal", precision=6, scale=1))
_RESCALED = _record("Money", price=_logical("bytes", "decimal", precision=9, scale=3))
_EMPTY_EVENT = _record("Event")
_EMPTY_ROWS = _record("Rows", rows=_array(_record("Row")))
_FILLED_ROWS = _record("Rows", rows=_array(_record("Row", list=(_array("int"), [1, 2, 3]))))
_SKIPPED = _record("Skips", gone=_TREE, more=_DEEP, nothings=_NOTHINGS, kept="long")


# Numbers that the portable engine reads together, and more fields than have code of their own.
_NUMBERS = _record(
    "Numbers", ints=_array("int"), longs=_array("long"), floats=_array("float"), last="int"
)
_WIDE_FIELDS = {
    **{f"long_{number}": "long" for number in range(60)},
    **{
        f"mixed_{number}": ("int", "string", ["null", "long"], "double", _array("int"))[number % 5]
        for number in range(40)
    },
    **{f"int_{number}": "int" for number in range(20)},
}
_WIDE = _record("Wide", **_WIDE_FIELDS)
_NARROWED = _record(
    "Wide",
    **{name: _WIDE_FIELDS[name] for name in sorted(_WIDE_FIELDS)[::-1] if name != "mixed_7"},
    added=("string", "a default"),
)


def _bound() -> type:
    """A class bound to a recursive record, whose attributes are no slots that can be filled."""
    contract = Contract(json.dumps(_LIST))
    attributes = {
        "value": attrs.field(validator=attrs.validators.instance_of(int)),
        "next": attrs.field(),
    }
    return contract.record("Node")(attrs.make_class("Node", attributes))


POOL = (
    Pair("primitives", _PRIMITIVES),
    Pair("int", "int"),
    Pair("string", "string"),
    Pair("list", _LIST),
    Pair("long list", _LIST, limits=Limits(depth=150)),
    Pair("tree", _TREE),
    Pair("union", _UNION),
    Pair("bare union", _UNION, tag_unions=False),
    Pair("bare numbers", _array(["float", "double", "long"]), tag_unions=False),
    Pair("moments", _MOMENTS),
    Pair("others", _OTHERS),
    Pair("nothings", _NOTHINGS),
    Pair("no nothings", _NOTHINGS, limits=Limits(empty_items=0, depth=0)),
    Pair("deep types", _DEEP),
    Pair("stock", Stock),
    Pair("framed stock", Stock, start=5),
    Pair("class", _bound(), tag_unions=False),
    Pair("evolved", _NEW, _OLD),
    Pair("evolved back", _BACK, _NEW),
    Pair("evolved, bare", _NEW, _OLD, tag_unions=False),
    Pair("all skipped", _EMPTY_EVENT, _OLD),
    Pair("nearly all skipped", _record("Skips", kept="double"), _SKIPPED),
    Pair("rescaled", _RESCALED, _SCALE),
    Pair("rescaled back", _SCALE, _RESCALED),
    Pair("defaults for nothing", _FILLED_ROWS, _EMPTY_ROWS),
    Pair("into a union", ["null", "double", "string"], "int"),
    Pair("numbers", _NUMBERS),
    Pair("wide", _WIDE),
    Pair("wide, evolved", _NARROWED, _WIDE),
    Pair("out of a union", "string", ["null", "bytes", "string", "int"]),
)
