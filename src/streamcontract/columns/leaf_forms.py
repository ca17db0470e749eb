"""Forms of leaves: for each kind of Avro type the Arrow types that it takes.

The limits are those of the rows of logical types.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable
from typing import Final

import attrs

from streamcontract.columns.arrow_types import ArrowType
from streamcontract.schema.logical import LogicalRow
from streamcontract.schema.model import INTEGER_LIMITS, EnumType, FixedType, PrimitiveType
from streamcontract.schema.sizes import native_size

__all__ = ["LEAF_FORMS", "Leaf", "leaf_form"]

_LeafType = EnumType | PrimitiveType | FixedType


@attrs.frozen(eq=False)
class Leaf:
    """How a leaf is written.

    Attributes:
        form: The executor's form.
        numbers: Size, least, greatest, multiply and divide.
        data: What else the form needs.
    """

    form: str
    numbers: tuple[int, int, int, int, int] = (0, 0, 0, 1, 1)
    data: bytes | None = None


def leaf_form(node: _LeafType, row: LogicalRow | None, arrow: ArrowType) -> Leaf | str:
    """How a leaf is written from an array, or what to do where it cannot be.

    Args:
        node: The Avro type.
        row: The row of its logical type.
        arrow: The type of the values.
    """
    if row is not None and row.convert is not None:
        kind = row.kind
    elif row is not None and arrow.family == row.kind.removeprefix("local-"):
        kind = row.kind  # nanoseconds, whose values are numbers otherwise
    elif isinstance(node, EnumType):
        kind = "enum"
    else:
        kind = "fixed" if isinstance(node, FixedType) else node.name
    make, fix = LEAF_FORMS[kind]
    return make(node, row, arrow) or fix


def _number(limits: tuple[int, int], multiply: int = 1, divide: int = 1) -> Leaf:
    return Leaf("number", (0, *limits, multiply, divide))


def _integer(node: _LeafType, row: LogicalRow | None, arrow: ArrowType) -> Leaf | None:
    assert isinstance(node, PrimitiveType)  # noqa: S101 - an int or a long
    if arrow.family != "integer":
        return None
    limits = row.limits if row is not None and row.limits is not None else INTEGER_LIMITS[node.name]
    return _number(limits)


def _floating(node: _LeafType, _row: LogicalRow | None, arrow: ArrowType) -> Leaf | None:
    assert isinstance(node, PrimitiveType)  # noqa: S101 - a float or a double
    return Leaf(node.name) if arrow.family in ("float", "integer") else None


def _of_family(form: str, *families: str) -> Callable[..., Leaf | None]:
    return lambda _node, _row, arrow: Leaf(form) if arrow.family in families else None


def _fixed(node: _LeafType, _row: LogicalRow | None, arrow: ArrowType) -> Leaf | None:
    assert isinstance(node, FixedType)  # noqa: S101 - as it is called
    fits = arrow.family == "bytes" or (arrow.family == "fixed" and arrow.width == node.size)
    return Leaf("fixed", (native_size(node), 0, 0, 1, 1)) if fits else None


def _enum(node: _LeafType, _row: LogicalRow | None, arrow: ArrowType) -> Leaf | None:
    assert isinstance(node, EnumType)  # noqa: S101 - as it is called
    if arrow.family != "text":
        return None
    symbols = sorted((symbol.encode(), i) for i, symbol in enumerate(node.symbols))
    n, texts = len(symbols), [text for text, _ in symbols]
    offsets = itertools.accumulate(map(len, texts), initial=0)
    head = struct.pack(f"={2 * n + 1}i", *offsets, *(i for _, i in symbols))
    return Leaf("symbol", (n, 0, 0, 1, 1), head + b"".join(texts))


# ---- logical types


def _decimal(node: _LeafType, _row: LogicalRow | None, arrow: ArrowType) -> Leaf | None:
    if arrow.family != "decimal" or isinstance(node, EnumType) or node.logical is None:
        return None
    size = native_size(node) if isinstance(node, FixedType) else 0
    more = (node.logical.scale or 0) - arrow.scale  # powers of ten
    return Leaf("decimal", (size, 0, node.logical.precision or 0, max(more, 0), max(-more, 0)))


def _big_decimal(_node: _LeafType, _row: LogicalRow | None, arrow: ArrowType) -> Leaf | None:
    if arrow.family == "decimal":
        return Leaf("decimal as big", (0, arrow.scale, 0, 1, 1))
    parts = [(each.name, each.plain.family) for each in arrow.children]
    fits = arrow.family == "struct" and parts == [("unscaled", "bytes"), ("scale", "integer")]
    return Leaf("big-decimal") if fits else None


def _uuid(node: _LeafType, _row: LogicalRow | None, arrow: ArrowType) -> Leaf | None:
    is_text = isinstance(node, PrimitiveType)
    if arrow.family == "text":
        return Leaf("text of uuid" if is_text else "uuid of text")
    if arrow.family != "bytes" and not (arrow.family == "fixed" and arrow.width == _UUID_SIZE):
        return None
    return Leaf("uuid as text") if is_text else Leaf("fixed", (_UUID_SIZE, 0, 0, 1, 1))


_UUID_SIZE: Final = 16


def _date(_node: _LeafType, row: LogicalRow | None, arrow: ArrowType) -> Leaf | None:
    assert row is not None and row.limits is not None  # noqa: PT018, S101 - the row of dates
    return _number(row.limits, 1, arrow.per_second) if arrow.family == "date" else None


def _moment(_node: _LeafType, row: LogicalRow | None, arrow: ArrowType) -> Leaf | None:
    """Times and timestamps; those with a time zone are instants, the others are local."""
    assert row is not None and row.limits is not None and row.unit is not None  # noqa: PT018, S101 - of times
    fits = {
        "time": arrow.family == "time",
        "timestamp": arrow.family == "timestamp" and bool(arrow.zone),
        "local-timestamp": arrow.family == "timestamp" and not arrow.zone,
    }
    if not fits[row.kind]:
        return None
    ours, theirs = row.unit.per_second, arrow.per_second
    return _number(row.limits, max(1, ours // theirs), max(1, theirs // ours))


def _duration(_node: _LeafType, _row: LogicalRow | None, arrow: ArrowType) -> Leaf | None:
    if arrow.family == "interval":
        return Leaf("interval")
    parts = [(each.name, each.plain.family) for each in arrow.children]
    expected = [(name, "integer") for name in ("months", "days", "milliseconds")]
    return Leaf("duration") if arrow.family == "struct" and parts == expected else None


LEAF_FORMS: Final[
    dict[str, tuple[Callable[[_LeafType, LogicalRow | None, ArrowType], Leaf | None], str]]
] = {
    "null": (_of_family("null", "null"), "make it a column of nulls"),
    "boolean": (_of_family("boolean", "boolean"), "cast it to bool"),
    "int": (_integer, "cast it to int32"),
    "long": (_integer, "cast it to int64"),
    "float": (_floating, "cast it to float"),
    "double": (_floating, "cast it to double"),
    "bytes": (_of_family("bytes", "bytes", "fixed"), "cast it to binary"),
    "string": (_of_family("text", "text"), "cast it to string"),
    "fixed": (_fixed, "cast it to fixed-size binary of that size"),
    "enum": (_enum, "cast it to string, or a dictionary of strings"),
    "decimal": (_decimal, "cast it to a decimal of that scale"),
    "big-decimal": (_big_decimal, "cast it to a decimal, or a struct of unscaled and scale"),
    "uuid": (_uuid, "make it 16 bytes, or text"),
    "date": (_date, "cast it to date32"),
    "time": (_moment, "cast it to a time"),
    "timestamp": (_moment, "cast it to a timestamp with the time zone UTC"),
    "local-timestamp": (_moment, "cast it to a timestamp without a time zone"),
    "duration": (_duration, "make it a struct of months, days and milliseconds"),
}
"""For each kind of leaf what finds its form, and the advice where there is none."""
