"""Values of the types that hold no others: primitives, enums, fixed and all logical types.

Every value drawn here survives a round trip unchanged: times are cut to the unit's resolution,
decimals carry exactly their type's scale, floats of a ``float`` have 32 bits.
"""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from streamcontract.codec import Duration
from streamcontract.schema import EnumType, FixedType, LogicalType, PrimitiveType

if TYPE_CHECKING:
    import enum
    from collections.abc import Callable, Mapping

__all__ = ["leaf"]

# "Primitive Types" of the Avro specification: int is 32-bit signed, long 64-bit signed.
_INT_MIN: Final = -(2**31)
_INT_MAX: Final = 2**31 - 1
_LONG_MIN: Final = -(2**63)
_LONG_MAX: Final = 2**63 - 1
# "Duration": months, days and milliseconds are unsigned 32-bit integers.
_UINT_MAX: Final = 2**32 - 1

# A decimal of a million digits is legal and helps nobody find a fault.
_MOST_DIGITS: Final = 64
_MOST_SCALE: Final = 40
# Longer fixed values are padded with zeros: their length is what could go wrong.
_MOST_RANDOM_BYTES: Final = 64

_Leaf = PrimitiveType | FixedType | EnumType


def leaf(node: _Leaf, *, enum_class: type[enum.Enum] | None = None) -> st.SearchStrategy[Any]:
    """Values of a type that holds no other types.

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
        case PrimitiveType(logical=LogicalType() as logical):
            return _logical(logical, size=None)
        case FixedType(logical=LogicalType() as logical):
            return _logical(logical, size=node.size)
    raise AssertionError(f"no leaf: {node!r}")


def _fixed(size: int) -> st.SearchStrategy[bytes]:
    if size <= _MOST_RANDOM_BYTES:
        return st.binary(min_size=size, max_size=size)
    return st.binary(max_size=_MOST_RANDOM_BYTES).map(lambda value: value.ljust(size, b"\0"))


def _logical(logical: LogicalType, *, size: int | None) -> st.SearchStrategy[Any]:
    """Values of a logical type; ``size`` is that of the fixed below it, None for a primitive."""
    if logical.name == "decimal":
        return _decimals(logical.precision or 1, logical.scale or 0, size)
    return _LOGICALS[logical.name]


def _decimals(precision: int, scale: int, size: int | None) -> st.SearchStrategy[decimal.Decimal]:
    largest = 10 ** min(precision, _MOST_DIGITS) - 1
    if size is not None:  # the schema model accepts no precision that a fixed cannot hold
        largest = min(largest, 2 ** (8 * size - 1) - 1)
    return st.integers(-largest, largest).map(lambda unscaled: _decimal(unscaled, scale))


def _decimal(unscaled: int, scale: int) -> decimal.Decimal:
    """Exactly ``unscaled * 10**-scale``; arithmetic would round to the context's precision."""
    digits = tuple(int(digit) for digit in str(abs(unscaled)))
    return decimal.Decimal((int(unscaled < 0), digits, -scale))


def _unfolded(value: Any) -> Any:
    """Without ``fold``, for which Avro has no place."""
    return value.replace(fold=0)


def _cut_to_millis(value: Any) -> Any:
    return value.replace(microsecond=value.microsecond // 1000 * 1000, fold=0)


_PRIMITIVES: Final[Mapping[str, st.SearchStrategy[Any]]] = MappingProxyType(
    {
        "null": st.none(),
        "boolean": st.booleans(),
        "int": st.integers(_INT_MIN, _INT_MAX),
        "long": st.integers(_LONG_MIN, _LONG_MAX),
        "float": st.floats(width=32),
        "double": st.floats(),
        "bytes": st.binary(),
        "string": st.text(),
    }
)
_TIMESTAMPS: Final = st.datetimes(timezones=st.just(dt.timezone.utc))
_LOCAL_TIMESTAMPS: Final = st.datetimes()
_UINTS: Final = st.integers(0, _UINT_MAX)
# All but decimal, which has parameters.
_LOGICALS: Final[Mapping[str, st.SearchStrategy[Any]]] = MappingProxyType(
    {
        "big-decimal": st.builds(
            _decimal,
            st.integers(-(10**_MOST_DIGITS), 10**_MOST_DIGITS),
            st.integers(-_MOST_SCALE, _MOST_SCALE),
        ),
        "uuid": st.integers(0, 2**128 - 1).map(lambda number: uuid.UUID(int=number)),
        "date": st.dates(),
        "time-millis": st.times().map(_cut_to_millis),
        "time-micros": st.times().map(_unfolded),
        "timestamp-millis": _TIMESTAMPS.map(_cut_to_millis),
        "timestamp-micros": _TIMESTAMPS.map(_unfolded),
        "timestamp-nanos": st.integers(_LONG_MIN, _LONG_MAX),
        "local-timestamp-millis": _LOCAL_TIMESTAMPS.map(_cut_to_millis),
        "local-timestamp-micros": _LOCAL_TIMESTAMPS.map(_unfolded),
        "local-timestamp-nanos": st.integers(_LONG_MIN, _LONG_MAX),
        "duration": st.builds(Duration, _UINTS, _UINTS, _UINTS),
    }
)
