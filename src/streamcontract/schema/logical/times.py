"""Dates, times of day and timestamps ("Date" to "Local Timestamps", Avro 1.12).

A conversion is exact or raises: nothing is rounded, truncated or moved to another time zone.
Encoding raises for every value that decoding would refuse.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, Final, TypeVar

from streamcontract.schema.logical.row import Conversion, Unit
from streamcontract.schema.refusal import Refused

__all__ = [
    "DATE",
    "DATE_LIMITS",
    "Standard",
    "moment",
    "moment_limits",
    "time_limits",
    "time_of_day",
]

T = TypeVar("T")


def _standard(cls: type[T]) -> type[T]:
    """The class of the standard library, even if a test has replaced it."""
    return next(base for base in cls.__mro__ if base.__module__ == "datetime")


class Standard:
    """The classes of the standard library.

    Tests that freeze the clock (with freezegun) replace the names of these classes in every module,
    but not the attributes of other classes.
    """

    date: Final = _standard(dt.date)
    time: Final = _standard(dt.time)
    datetime: Final = _standard(dt.datetime)


_EPOCH: Final = Standard.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
_LOCAL_EPOCH: Final = Standard.datetime(1970, 1, 1)
_EPOCH_DAY: Final = _EPOCH.toordinal()
_DAY_SECONDS: Final = 24 * 60 * 60
_SECOND: Final = 1_000_000  # microseconds

DATE_LIMITS: Final = (
    Standard.date.min.toordinal() - _EPOCH_DAY,
    Standard.date.max.toordinal() - _EPOCH_DAY,
)
"""Days since 1970-01-01 of the years 1 to 9999, which are all that Python has."""


def time_limits(unit: Unit) -> tuple[int, int]:
    """The first and the last time of day in a unit."""
    return 0, _DAY_SECONDS * unit.per_second - 1


def moment_limits(unit: Unit) -> tuple[int, int]:
    """The first and the last timestamp of the years 1 to 9999, in a unit, since 1970-01-01."""
    day = _DAY_SECONDS * unit.per_second
    return DATE_LIMITS[0] * day, (DATE_LIMITS[1] + 1) * day - 1


# ---- classes of values
# A subclass may hold more than the class can, as pandas.Timestamp holds nanoseconds, or no value,
# as pandas.NaT. An instance that equals a value of the class itself does neither.


def _as_date(value: object) -> dt.date:
    # A datetime is a date to isinstance; its time of day would be lost.
    if isinstance(value, Standard.date) and not isinstance(value, Standard.datetime):
        plain = Standard.date.fromordinal(Standard.date.toordinal(value))
        if plain == value:
            return plain
    raise Refused("a datetime.date (a datetime is none)", value)


def _as_time(value: object) -> dt.time:
    if isinstance(value, Standard.time):
        plain = Standard.datetime.combine(Standard.date.min, value).timetz()
        if plain == value:
            return plain
    raise Refused("a datetime.time", value)


def _as_datetime(value: object, zone: str) -> dt.datetime:
    if isinstance(value, Standard.datetime):
        plain = Standard.datetime.combine(
            Standard.datetime.date(value), Standard.datetime.timetz(value)
        )
        if plain == value:
            return plain
    raise Refused(f"a datetime.datetime {zone}", value)


# ---- dates


def _days(value: Any) -> int:
    if value.__class__ is not Standard.date:
        value = _as_date(value)
    ordinal: int = value.toordinal()
    return ordinal - _EPOCH_DAY


def _of_days(days: int) -> dt.date:
    try:
        return Standard.date.fromordinal(days + _EPOCH_DAY)
    except (ValueError, OverflowError):
        raise Refused("a date within the years 1 to 9999, in days since 1970-01-01", days) from None


DATE: Final = Conversion(
    _days, _of_days, (f"{{1}}({{0}} + {_EPOCH_DAY})", Standard.date.fromordinal)
)


# ---- times of day


def time_of_day(unit: Unit) -> Conversion:
    """The conversion of times without a time zone, counted in a unit since midnight."""
    step = unit.micros
    least, most = time_limits(unit)

    def from_raw(number: int) -> dt.time:
        if not least <= number <= most:
            raise Refused(f"a time of day, 0 to {most} {unit.plural}", number)
        seconds, micro = divmod(number * step, _SECOND)
        minutes, second = divmod(seconds, 60)
        return Standard.time(minutes // 60, minutes % 60, second, micro)

    return Conversion(_in_units(_time_micros, unit, "a datetime.time"), from_raw)


def _time_micros(value: Any) -> int:
    if value.__class__ is not Standard.time:
        value = _as_time(value)
    if value.tzinfo is not None:
        raise Refused("a datetime.time without a time zone", value)
    seconds: int = (value.hour * 60 + value.minute) * 60 + value.second
    micros: int = seconds * _SECOND + value.microsecond
    return micros


# ---- timestamps


def moment(unit: Unit, *, is_local: bool) -> Conversion:
    """The conversion of timestamps, counted in a unit since 1970-01-01.

    Args:
        unit: The unit.
        is_local: Whether they have no time zone; otherwise they have one, and are read in UTC.
    """
    step, epoch = unit.micros, _LOCAL_EPOCH if is_local else _EPOCH
    least, most = moment_limits(unit)

    def from_raw(number: int) -> dt.datetime:
        if not least <= number <= most:
            expected = f"a timestamp within the years 1 to 9999, in {unit.plural} since 1970-01-01"
            raise Refused(expected, number)
        return epoch + dt.timedelta(0, 0, number * step)

    to_micros = _local_micros if is_local else _utc_micros
    return Conversion(_in_units(to_micros, unit, "a datetime.datetime"), from_raw)


_UTC_LIMITS: Final = moment_limits(Unit("micros", "microseconds", _SECOND))


def _utc_micros(value: Any) -> int:
    if value.__class__ is not Standard.datetime:
        value = _as_datetime(value, "with a time zone")
    if value.utcoffset() is None:
        raise Refused(
            "a datetime.datetime with a time zone (a naive one is a local-timestamp)", value
        )
    micros = _whole_micros(value - _EPOCH)
    # East of UTC the year 1 begins earlier, west of it the year 9999 ends later.
    if not _UTC_LIMITS[0] <= micros <= _UTC_LIMITS[1]:
        raise Refused("a timestamp within the years 1 to 9999 in UTC", value)
    return micros


def _local_micros(value: Any) -> int:
    if value.__class__ is not Standard.datetime:
        value = _as_datetime(value, "without a time zone")
    if value.tzinfo is not None:
        raise Refused(
            "a datetime.datetime without a time zone (one with a zone is a timestamp)", value
        )
    return _whole_micros(value - _LOCAL_EPOCH)


def _whole_micros(delta: dt.timedelta) -> int:
    return (delta.days * _DAY_SECONDS + delta.seconds) * _SECOND + delta.microseconds


def _cut(unit: Unit) -> str:
    micros = f"value.microsecond // {unit.micros} * {unit.micros}" if unit.per_second > 1 else "0"
    return (
        f"value.replace(microsecond={micros}) drops the rest, and"
        f' streamcontract.times.now("{unit.name}") has none'
    )


def _in_units(to_micros: Callable[[object], int], unit: Unit, what: str) -> Callable[[Any], int]:
    """Convert a value to its number of units, which must be whole."""
    step = unit.micros
    if step == 1:
        return to_micros

    def to_raw(value: object) -> int:
        number, rest = divmod(to_micros(value), step)
        if rest:
            raise Refused(what, value, limit=f"of whole {unit.plural}", hint=_cut(unit))
        return number

    return to_raw
