"""Values of the leaf types: primitives, enums, fixed and all logical types.

Every value is unchanged by a round trip: times have the unit's resolution, decimals exactly their
type's scale, floats of a ``float`` 32 bits.
"""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from streamcontract.schema import EnumType, FixedType, LogicalType, PrimitiveType
from streamcontract.schema.logical import Duration, LogicalRow, conversion, row_of
from streamcontract.schema.model import INTEGER_LIMITS

if TYPE_CHECKING:
    import enum
    from collections.abc import Callable, Mapping

__all__ = ["leaf"]

# "Duration": months, days and milliseconds are unsigned 32-bit integers.
_UINT_MAX: Final = 2**32 - 1

# A decimal of a million digits is legal and does not help to find a fault.
_MOST_DIGITS: Final = 64
_MOST_SCALE: Final = 40
# Longer fixed values are padded with zeros: only their length can cause a fault.
_MOST_RANDOM_BYTES: Final = 64

_Leaf = PrimitiveType | FixedType | EnumType


def leaf(node: _Leaf, *, enum_class: type[enum.Enum] | None = None) -> st.SearchStrategy[Any]:
    """Values of a leaf type.

    Args:
        node: The type.
        enum_class: For an enum: the class whose members to draw; else its symbols are drawn.

    Returns:
        A strategy for exactly representable values.
    """
    match node:
        case EnumType():
            convert: Callable[[str], object] = enum_class or str
            return st.sampled_from([convert(symbol) for symbol in node.symbols])
        case PrimitiveType(logical=None):
            return _PRIMITIVES[node.name]
        case FixedType(logical=None):
            return _fixed(node.size)
    return _logical(node)


def _fixed(size: int) -> st.SearchStrategy[bytes]:
    if size <= _MOST_RANDOM_BYTES:
        return st.binary(min_size=size, max_size=size)
    return st.binary(max_size=_MOST_RANDOM_BYTES).map(lambda value: value.ljust(size, b"\0"))


def _logical(node: PrimitiveType | FixedType) -> st.SearchStrategy[Any]:
    """Values of a logical type: of its kind, or of every valid number."""
    row, converted = row_of(node), conversion(node)
    assert row is not None  # noqa: S101 - the types without a logical type have gone elsewhere
    if converted is not None and row.kind in _KINDS:
        return _KINDS[row.kind](row, node)
    assert row.limits is not None, f"no strategy for the kind {row.kind!r}"  # noqa: S101 - a test asks for each
    numbers = st.integers(*row.limits)
    return numbers if converted is None else numbers.map(converted.from_raw)


def _decimals(_row: LogicalRow, node: PrimitiveType | FixedType) -> st.SearchStrategy[Any]:
    logical = node.logical or LogicalType("decimal", 1, 0)
    largest = 10 ** min(logical.precision or 1, _MOST_DIGITS) - 1
    scale = logical.scale or 0
    # The schema model accepts no precision that a fixed cannot hold.
    return st.integers(-largest, largest).map(lambda unscaled: _decimal(unscaled, scale))


def _decimal(unscaled: int, scale: int) -> decimal.Decimal:
    """Exactly ``unscaled * 10**-scale``; arithmetic would round to the context's precision."""
    digits = tuple(int(digit) for digit in str(abs(unscaled)))
    return decimal.Decimal((int(unscaled < 0), digits, -scale))


def _cut(row: LogicalRow) -> Callable[[Any], Any]:
    """A time as a whole number of units, without ``fold``, which Avro does not have."""
    step = row.unit.micros if row.unit else 1
    return lambda value: value.replace(microsecond=value.microsecond // step * step, fold=0)


_PRIMITIVES: Final[Mapping[str, st.SearchStrategy[Any]]] = MappingProxyType(
    {
        "null": st.none(),
        "boolean": st.booleans(),
        "int": st.integers(*INTEGER_LIMITS["int"]),
        "long": st.integers(*INTEGER_LIMITS["long"]),
        "float": st.floats(width=32),
        "double": st.floats(),
        "bytes": st.binary(),
        "string": st.text(),
    }
)
_UINTS: Final = st.integers(0, _UINT_MAX)
_UUIDS: Final = st.integers(0, 2**128 - 1).map(lambda number: uuid.UUID(int=number))
_BIG_DECIMALS: Final = st.builds(
    _decimal,
    st.integers(-(10**_MOST_DIGITS), 10**_MOST_DIGITS),
    st.integers(-_MOST_SCALE, _MOST_SCALE),
)
_DURATIONS: Final = st.builds(Duration, _UINTS, _UINTS, _UINTS)
_MOMENTS: Final = st.datetimes(timezones=st.just(dt.timezone.utc))

_KINDS: Final[
    Mapping[str, Callable[[LogicalRow, PrimitiveType | FixedType], st.SearchStrategy[Any]]]
] = MappingProxyType(
    {
        "decimal": _decimals,
        "big-decimal": lambda _row, _node: _BIG_DECIMALS,
        "uuid": lambda _row, _node: _UUIDS,
        "date": lambda _row, _node: st.dates(),
        "time": lambda row, _node: st.times().map(_cut(row)),
        "timestamp": lambda row, _node: _MOMENTS.map(_cut(row)),
        "local-timestamp": lambda row, _node: st.datetimes().map(_cut(row)),
        "duration": lambda _row, _node: _DURATIONS,
    }
)
"""Better than any number within the limits: for numbers on no integer type, and for times, of
which most would be within a day of 1970-01-01."""
