"""Times in the unit of a field: the current time, and truncation of a finer time.

A field holds whole units: a finer time is refused, never truncated in silence. Python's clock has
microseconds, so ``datetime.now`` seldom fits a ``timestamp-millis``.
"""

from __future__ import annotations

import datetime as dt
import time
from typing import Any, Literal, TypeVar, overload

from streamcontract.errors import ArgumentError
from streamcontract.schema.logical import LOGICAL_TYPES

__all__ = ["now", "truncate"]

_T = TypeVar("_T", dt.datetime, dt.time)


@overload
def now(unit: Literal["millis", "micros"]) -> dt.datetime: ...
@overload
def now(unit: Literal["nanos"]) -> int: ...


def now(unit: str) -> dt.datetime | int:
    """The current time, as a timestamp field in this unit holds it.

    Args:
        unit: The unit in the logical type's name: ``"millis"``, ``"micros"`` or ``"nanos"``.

    Returns:
        A ``datetime`` in UTC that is a whole number of units; for nanoseconds, which no
        ``datetime`` has, the ``int`` since 1970-01-01 UTC.

    Raises:
        ArgumentError: There is no such unit.

    Example:
        >>> from streamcontract import Codec
        >>> codec = Codec({"type": "long", "logicalType": "timestamp-millis"})
        >>> moment = now("millis")
        >>> codec.decode(codec.encode(moment)) == moment
        True
    """
    if _micros(unit) == 0:
        return time.time_ns()
    return truncate(dt.datetime.now(dt.timezone.utc), unit)


def truncate(value: _T, unit: str) -> _T:
    """Truncate a point in time or a time of day to a unit.

    Args:
        value: A ``datetime`` or a ``time``.
        unit: As for :func:`now`.

    Returns:
        The last whole number of units that is not after it, in the same time zone.

    Raises:
        ArgumentError: There is no such unit, or the value is of another type.

    Example:
        >>> truncate(dt.datetime(2024, 5, 17, 9, 30, 0, 250_999), "millis")
        datetime.datetime(2024, 5, 17, 9, 30, 0, 250000)
        >>> truncate(dt.time(9, 30), "ms")
        Traceback (most recent call last):
            ...
        streamcontract.errors.ArgumentError: unit has to be millis, micros or nanos, not 'ms' (str)
    """
    step = _micros(unit)
    if not isinstance(value, dt.datetime | dt.time):
        given: Any = value
        raise ArgumentError("value", given, "a datetime.datetime or a datetime.time")
    return value.replace(microsecond=value.microsecond // step * step) if step else value


def _micros(unit: str) -> int:
    """Microseconds in a unit; 0 for a shorter one."""
    units = {row.unit.name: row.unit for row in LOGICAL_TYPES.values() if row.unit is not None}
    if unit not in units:
        *others, last = units
        raise ArgumentError("unit", unit, f"{', '.join(others)} or {last}")
    return units[unit].micros
