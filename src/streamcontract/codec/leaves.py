"""Checks of values of primitive types: functions that return the value to write, or raise.

Compiled code tests the exact class inline and calls these only for values that do not pass:
subclasses, an ``int`` for a ``double``, and every invalid value.
"""

from __future__ import annotations

import struct

from streamcontract.codec.refusal import Refused
from streamcontract.schema.model import INTEGER_LIMITS

__all__ = [
    "INT_MAX",
    "INT_MIN",
    "LONG_MAX",
    "LONG_MIN",
    "as_bytes",
    "as_double",
    "as_fixed",
    "as_float",
    "as_int",
    "as_long",
    "as_text",
    "refuse_boolean",
    "refuse_null",
]

INT_MIN, INT_MAX = INTEGER_LIMITS["int"]
LONG_MIN, LONG_MAX = INTEGER_LIMITS["long"]


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def as_int(value: object) -> int:
    """An ``int`` of 32 bits; a bool is refused."""
    if isinstance(value, int) and _is_int(value) and INT_MIN <= value <= INT_MAX:
        return int(value)
    raise Refused(f"an int from {INT_MIN} to {INT_MAX}", value)


def as_long(value: object) -> int:
    """An ``int`` of 64 bits; a bool is refused."""
    if isinstance(value, int) and _is_int(value) and LONG_MIN <= value <= LONG_MAX:
        return int(value)
    raise Refused(f"an int from {LONG_MIN} to {LONG_MAX}", value)


def as_double(value: object) -> float:
    """A ``float``, or an ``int`` that a double holds exactly."""
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int) and _is_int(value):
        try:
            number = float(value)
        except OverflowError:
            number = float("nan")
        if number == value:
            return number
        raise Refused("a float, or an int that 64 bits of floating point hold exactly", value)
    raise Refused("a float", value)


def as_float(value: object) -> float:
    """A ``float`` (rounded to 32 bits when written), or an ``int`` that 32 bits hold exactly."""
    if isinstance(value, float):
        number = float(value)
        try:
            struct.pack("<f", number)
        except OverflowError:
            raise Refused("a float within the range of 32 bits", value) from None
        return number
    if isinstance(value, int) and _is_int(value):
        try:
            (number,) = struct.unpack("<f", struct.pack("<f", value))
        except (OverflowError, struct.error):  # struct names a too large int either way
            number = float("nan")
        if number == value:
            return float(number)
        raise Refused("a float, or an int that 32 bits of floating point hold exactly", value)
    raise Refused("a float", value)


def as_text(value: object) -> str:
    """A ``str``."""
    if isinstance(value, str):
        return str.__str__(value)
    raise Refused("a str", value)


def as_bytes(value: object) -> bytes:
    """A ``bytes``."""
    if isinstance(value, bytes):
        return bytes(value)
    raise Refused("bytes", value)


def as_fixed(value: object, size: int) -> bytes:
    """A ``bytes`` of exactly the size of a fixed."""
    if isinstance(value, bytes) and len(value) == size:
        return bytes(value)
    raise Refused(f"exactly {size} bytes", value)


def refuse_boolean(value: object) -> None:
    """Refuse a value that is not a ``bool``; compiled code writes a bool inline."""
    raise Refused("True or False", value)


def refuse_null(value: object) -> None:
    """Refuse a value that is not None; compiled code writes None inline, as no bytes."""
    raise Refused("None", value)
