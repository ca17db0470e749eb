"""The plain JSON of logical types: RFC 3339 for times, text for numbers that JSON may round.

Many programs read a JSON number as a double, which has 53 bits. Text without an exact value of the
type is refused, with the expected form in the error.
"""

from __future__ import annotations

import datetime as dt
import decimal
import re
import uuid
from typing import Any, Final

import attrs

from streamcontract.schema.logical import uuids
from streamcontract.schema.logical.duration import Duration
from streamcontract.schema.logical.row import JsonForm
from streamcontract.schema.logical.times import Standard
from streamcontract.schema.model import JsonValue
from streamcontract.schema.refusal import Refused

__all__ = [
    "DATE",
    "DECIMAL",
    "DURATION",
    "LOCAL_MOMENT",
    "MOMENT",
    "TIME",
    "UUID",
    "moment_in_units",
]

_TIME: Final = r"(\d\d):(\d\d):(\d\d)(?:\.(\d+))?"
_DATE_TEXT: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_TIME_TEXT: Final = re.compile(_TIME, re.ASCII)
_MOMENT_TEXT: Final = re.compile(
    rf"{_DATE_TEXT.pattern}[Tt ]{_TIME}(?:([Zz])|([+-])(\d\d):(\d\d))?", re.ASCII
)
_DECIMAL_TEXT: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([Ee][+-]?\d+)?", re.ASCII)

_MICRO_DIGITS: Final = 6
_SECOND: Final = dt.timedelta(seconds=1)


# ---- times ("Internet Date/Time Format", RFC 3339)


def _iso(value: Any) -> str:
    return str(value.isoformat())


def _utc(value: dt.datetime) -> str:
    return f"{value.isoformat()[:-6]}Z"  # without the +00:00 of UTC


def _text(pattern: re.Pattern[str], json: JsonValue, expected: str) -> re.Match[str]:
    found = pattern.fullmatch(json) if isinstance(json, str) else None
    if found is None:
        raise Refused(expected, json)
    return found


def _fraction(digits: str | None, most: int, expected: str, json: JsonValue) -> int:
    """The digits after a decimal point as a number of 10 ** -most; more of them must be zeros."""
    digits = digits or ""
    if digits[most:].strip("0"):
        raise Refused(f"{expected} with at most {most} decimal places of a second", json)
    return int(digits[:most].ljust(most, "0"))


_DATE_EXPECTED: Final = "a date as text, such as 2024-05-17"


def _read_date(json: JsonValue) -> dt.date:
    parts = _text(_DATE_TEXT, json, _DATE_EXPECTED).groups()
    try:
        return Standard.date(*map(int, parts))
    except ValueError:
        raise Refused(_DATE_EXPECTED, json) from None


_TIME_EXPECTED: Final = "a time of day as text, such as 09:30:00.250"


def _read_time(json: JsonValue) -> dt.time:
    hour, minute, second, fraction = _text(_TIME_TEXT, json, _TIME_EXPECTED).groups()
    micros = _fraction(fraction, _MICRO_DIGITS, _TIME_EXPECTED, json)
    try:
        return Standard.time(int(hour), int(minute), int(second), micros)
    except ValueError:
        raise Refused(_TIME_EXPECTED, json) from None


_MOMENT_EXPECTED: Final = "a timestamp with a time zone as text, such as 2024-05-17T09:30:00.250Z"
_LOCAL_EXPECTED: Final = "a timestamp without a time zone as text, such as 2024-05-17T09:30:00.250"


def _read_parts(json: JsonValue, *, is_local: bool, digits: int) -> tuple[dt.datetime, int]:
    """The second that a text names, and the fraction of it in units of 10 ** -digits."""
    expected = _LOCAL_EXPECTED if is_local else _MOMENT_EXPECTED
    *parts, fraction, utc, sign, hours, minutes = _text(_MOMENT_TEXT, json, expected).groups()
    if is_local != (utc is None and sign is None):
        raise Refused(expected, json)
    units = _fraction(fraction, digits, expected, json)
    try:
        year, month, day, hour, minute, second = map(int, parts)
        zone = None if is_local else _zone(sign, hours, minutes)
        return Standard.datetime(year, month, day, hour, minute, second, tzinfo=zone), units
    except ValueError:
        raise Refused(expected, json) from None


def _zone(sign: str | None, hours: str, minutes: str) -> dt.timezone:
    if sign is None:
        return dt.timezone.utc
    offset = dt.timedelta(hours=int(hours), minutes=int(minutes))
    return dt.timezone(-offset if sign == "-" else offset)


def _read_moment(json: JsonValue) -> dt.datetime:
    second, micros = _read_parts(json, is_local=False, digits=_MICRO_DIGITS)
    try:
        return second.replace(microsecond=micros).astimezone(dt.timezone.utc)
    except OverflowError:
        raise Refused("a timestamp within the years 1 to 9999 in UTC", json) from None


def _read_local_moment(json: JsonValue) -> dt.datetime:
    second, micros = _read_parts(json, is_local=True, digits=_MICRO_DIGITS)
    return second.replace(microsecond=micros)


_MOMENT_FORMAT: Final = "date-time"

DATE: Final = JsonForm("string", _DATE_EXPECTED, _iso, _read_date, "date")
TIME: Final = JsonForm("string", _TIME_EXPECTED, _iso, _read_time)
MOMENT: Final = JsonForm("string", _MOMENT_EXPECTED, _utc, _read_moment, _MOMENT_FORMAT)
LOCAL_MOMENT: Final = JsonForm("string", _LOCAL_EXPECTED, _iso, _read_local_moment)


def moment_in_units(digits: int, *, is_local: bool) -> JsonForm:
    """The form of timestamps that are numbers of 10 ** -digits seconds since 1970-01-01.

    Args:
        digits: Decimal places of a second, more than the six that a ``datetime`` has.
        is_local: Whether they have no time zone.
    """
    per_second: int = 10**digits
    epoch = Standard.datetime(1970, 1, 1, tzinfo=None if is_local else dt.timezone.utc)

    def write(number: int) -> str:
        seconds, units = divmod(number, per_second)
        second = (epoch + dt.timedelta(seconds=seconds)).replace(tzinfo=None)
        return f"{second.isoformat()}.{units:0{digits}}{'' if is_local else 'Z'}"

    def read(json: JsonValue) -> int:
        second, units = _read_parts(json, is_local=is_local, digits=digits)
        return (second - epoch) // _SECOND * per_second + units

    expected = _LOCAL_EXPECTED if is_local else _MOMENT_EXPECTED
    return JsonForm("string", expected, write, read, None if is_local else _MOMENT_FORMAT)


# ---- numbers, UUIDs, durations

_DECIMAL_EXPECTED: Final = "a decimal as text, such as '12.50' (a JSON number may be rounded)"


def _read_decimal(json: JsonValue) -> decimal.Decimal:
    if isinstance(json, int) and not isinstance(json, bool):
        return decimal.Decimal(json)
    text = _text(_DECIMAL_TEXT, json, _DECIMAL_EXPECTED).group()
    try:
        return decimal.Decimal(text)
    except decimal.InvalidOperation:  # an exponent beyond what a Decimal has
        raise Refused(_DECIMAL_EXPECTED, json) from None


_UUID_EXPECTED: Final = "a UUID as text"


def _read_uuid(json: JsonValue) -> uuid.UUID:
    if not isinstance(json, str):
        raise Refused(_UUID_EXPECTED, json)
    value: uuid.UUID = uuids.TEXT.from_raw(json)
    return value


_PARTS: Final = tuple(field.name for field in attrs.fields(Duration))
_DURATION_EXPECTED: Final = (
    f"an object of {', '.join(_PARTS)}, each an integer from 0 to {2**32 - 1}"
)


def _read_duration(json: JsonValue) -> Duration:
    if not isinstance(json, dict) or json.keys() != set(_PARTS):
        raise Refused(_DURATION_EXPECTED, json)
    try:
        return Duration(**json)  # type: ignore[arg-type]  # which it checks
    except ValueError:
        raise Refused(_DURATION_EXPECTED, json) from None


DECIMAL: Final = JsonForm("string", _DECIMAL_EXPECTED, str, _read_decimal)
UUID: Final = JsonForm("string", _UUID_EXPECTED, str, _read_uuid, "uuid")
DURATION: Final = JsonForm("object", _DURATION_EXPECTED, attrs.asdict, _read_duration)
