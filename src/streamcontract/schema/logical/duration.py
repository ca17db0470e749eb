"""The value of Avro's ``duration``: three independent counts that no timedelta can hold."""

from __future__ import annotations

import struct
from typing import Final

import attrs

from streamcontract.schema.logical.row import Conversion
from streamcontract.schema.refusal import Refused

__all__ = ["DURATION", "Duration"]

_MAX = 2**32 - 1


def _check(_: Duration, attribute: attrs.Attribute[int], value: object) -> None:
    if value.__class__ is not int or not 0 <= value <= _MAX:
        raise ValueError(
            f"Duration.{attribute.name}: expected an int from 0 to {_MAX}, found {value!r}"
        )


@attrs.frozen
class Duration:
    """An amount of time as the ``duration`` logical type holds it ("Duration", Avro 1.12).

    The three parts are independent: a month has no fixed number of days, nor a day one of
    milliseconds.

    Args:
        months: 0 to 2**32 - 1.
        days: 0 to 2**32 - 1.
        milliseconds: 0 to 2**32 - 1.

    Raises:
        ValueError: A part is out of range or no int.

    Example:
        >>> Duration(months=1, days=15).days
        15
    """

    months: int = attrs.field(default=0, validator=_check)
    days: int = attrs.field(default=0, validator=_check)
    milliseconds: int = attrs.field(default=0, validator=_check)


_PARTS: Final = struct.Struct("<III")


def _to_raw(value: object) -> bytes:
    if not isinstance(value, Duration):
        raise Refused("a streamcontract.Duration", value)
    return _PARTS.pack(value.months, value.days, value.milliseconds)


def _from_raw(data: bytes) -> Duration:
    return Duration(*_PARTS.unpack(data))


DURATION: Final = Conversion(_to_raw, _from_raw)
