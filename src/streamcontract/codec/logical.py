"""Logical types: from the Python value to what its base type holds, and back.

The rules are those of "Logical Types" in the Avro 1.12 specification. A conversion is exact or
refuses: nothing is rounded, cut or moved to another time zone.
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
import struct
import uuid
from collections.abc import Callable
from typing import Any, Final

import attrs

from streamcontract.codec.duration import Duration
from streamcontract.codec.leaves import INT_MAX, INT_MIN, LONG_MAX, LONG_MIN
from streamcontract.codec.refusal import Refused
from streamcontract.codec.varint import long_bytes, read_long
from streamcontract.resolution import Rescale
from streamcontract.schema.model import FixedType, LogicalType, PrimitiveType

__all__ = ["EXACT", "Conversion", "conversion", "rescaler"]

ToRaw = Callable[[Any], Any]
FromRaw = Callable[[Any], Any]


@attrs.frozen
class Conversion:
    """How the values of one logical type are written and read.

    Attributes:
        python: The class whose values it takes.
        to_raw: From a value to what the base type holds; refuses what does not fit.
        from_raw: Back; refuses what no value of the class can be.
        fast_from_raw: The same by a built-in alone, which refuses in fewer words: an expression
            with ``{0}`` for the raw value and ``{1}`` for the built-in, and the built-in.
    """

    python: type
    to_raw: ToRaw
    from_raw: FromRaw
    fast_from_raw: tuple[str, FromRaw] | None = None


_EPOCH_DAY: Final = dt.date(1970, 1, 1).toordinal()
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
_LOCAL_EPOCH: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - local timestamps have no zone
_DAY_MICROS: Final = 24 * 60 * 60 * 1_000_000


def _days(value: object) -> int:
    # A datetime is a date to isinstance; its time of day would be lost.
    if value.__class__ is not dt.date:
        raise Refused("a datetime.date (a datetime is none)", value)
    return value.toordinal() - _EPOCH_DAY


def _date(days: int) -> dt.date:
    try:
        return dt.date.fromordinal(days + _EPOCH_DAY)
    except (ValueError, OverflowError):
        raise Refused("a date within the years 1 to 9999, in days since 1970-01-01", days) from None


def _time_micros(value: object) -> int:
    if not isinstance(value, dt.time) or value.__class__ is not dt.time:
        raise Refused("a datetime.time", value)
    if value.tzinfo is not None:
        raise Refused("a datetime.time without a time zone", value)
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    return seconds * 1_000_000 + value.microsecond


def _time_millis(value: object) -> int:
    millis, rest = divmod(_time_micros(value), 1000)
    if rest:
        raise Refused("a datetime.time of whole milliseconds", value)
    return millis


def _time_of_micros(micros: int) -> dt.time:
    if not 0 <= micros < _DAY_MICROS:
        raise Refused(f"a time of day, 0 to {_DAY_MICROS - 1} microseconds", micros)
    seconds, micro = divmod(micros, 1_000_000)
    minutes, second = divmod(seconds, 60)
    return dt.time(minutes // 60, minutes % 60, second, micro)


def _time_of_millis(millis: int) -> dt.time:
    if not 0 <= millis < _DAY_MICROS // 1000:
        raise Refused(f"a time of day, 0 to {_DAY_MICROS // 1000 - 1} milliseconds", millis)
    return _time_of_micros(millis * 1000)


def _whole_micros(delta: dt.timedelta) -> int:
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def _timestamp_micros(value: object) -> int:
    if not isinstance(value, dt.datetime) or value.__class__ is not dt.datetime:
        raise Refused("a datetime.datetime with a time zone", value)
    if value.utcoffset() is None:
        raise Refused(
            "a datetime.datetime with a time zone (a naive one is a local-timestamp)", value
        )
    return _whole_micros(value - _EPOCH)


def _local_micros(value: object) -> int:
    if not isinstance(value, dt.datetime) or value.__class__ is not dt.datetime:
        raise Refused("a datetime.datetime without a time zone", value)
    if value.tzinfo is not None:
        raise Refused(
            "a datetime.datetime without a time zone (one with a zone is a timestamp)", value
        )
    return _whole_micros(value - _LOCAL_EPOCH)


def _in_millis(micros_of: ToRaw) -> ToRaw:
    def millis_of(value: object) -> int:
        millis, rest = divmod(micros_of(value), 1000)
        if rest:
            raise Refused("a datetime.datetime of whole milliseconds", value)
        return int(millis)

    return millis_of


def _moment(epoch: dt.datetime, unit: str) -> FromRaw:
    def from_raw(number: int) -> dt.datetime:
        try:
            return epoch + dt.timedelta(**{unit: number})
        except OverflowError:
            raise Refused(
                f"a moment within the years 1 to 9999, in {unit} since 1970-01-01", number
            ) from None

    return from_raw


def _uuid_text(value: object) -> str:
    if not isinstance(value, uuid.UUID):
        raise Refused("a uuid.UUID", value)
    return str(value)


def _uuid_of_text(text: str) -> uuid.UUID:
    try:
        value = uuid.UUID(text)
    except ValueError:
        raise Refused("a UUID as RFC 4122 writes it", text) from None
    if str(value) != text.lower():
        # uuid.UUID also takes braces, urn: and missing hyphens, which RFC 4122 does not.
        raise Refused("a UUID as RFC 4122 writes it", text)
    return value


def _uuid_bytes(value: object) -> bytes:
    if not isinstance(value, uuid.UUID):
        raise Refused("a uuid.UUID", value)
    return value.bytes


def _uuid_of_bytes(data: bytes) -> uuid.UUID:
    return uuid.UUID(bytes=data)


_DURATION: Final = struct.Struct("<III")


def _duration_bytes(value: object) -> bytes:
    if not isinstance(value, Duration):
        raise Refused("a streamcontract.Duration", value)
    return _DURATION.pack(value.months, value.days, value.milliseconds)


def _duration_of(data: bytes) -> Duration:
    return Duration(*_DURATION.unpack(data))


# Exact at any size: Decimal's operators would round to the context's 28 digits.
EXACT: Final = decimal.Context(
    prec=decimal.MAX_PREC, Emin=decimal.MIN_EMIN, Emax=decimal.MAX_EMAX, traps=[]
)


def _twos_complement(number: int) -> bytes:
    bits = number.bit_length() if number >= 0 else (~number).bit_length()
    return number.to_bytes(bits // 8 + 1, "big", signed=True)


def _finite(value: object) -> decimal.Decimal:
    if not isinstance(value, decimal.Decimal):
        raise Refused("a decimal.Decimal", value)
    if not value.is_finite():
        raise Refused("a finite decimal.Decimal", value)
    return value


def _unscaled(precision: int, scale: int) -> Callable[[object], int]:
    def unscaled(value: object) -> int:
        number = _finite(value)
        # Before any arithmetic: 1E+999999999 must not become a number of that many digits.
        if number and number.adjusted() + scale >= precision:
            raise Refused(f"a Decimal of at most {precision} digits at scale {scale}", value)
        shifted = number.scaleb(scale, EXACT)
        whole = int(shifted)
        if whole != shifted:
            raise Refused(f"a Decimal of at most {scale} digits behind the point", value)
        return whole

    return unscaled


_MOST_BYTES: Final = 2048
"""Of a number that becomes a Decimal, or was one, where no precision says how many.

That takes time by the square of the digits; a message of a megabyte could keep a consumer busy for
minutes. (Python refuses to turn texts of more than 4,300 digits into numbers for the same reason.)
"""

_MOST_DIGITS: Final = int((8 * _MOST_BYTES - 1) * math.log10(2))


def _scaled(number: int, scale: int) -> decimal.Decimal:
    return decimal.Decimal(number).scaleb(-scale, EXACT)


def _decimal(logical: LogicalType, size: int | None) -> Conversion:
    precision, scale = logical.precision or 0, logical.scale or 0
    unscaled, limit = _unscaled(precision, scale), 10**precision

    def to_raw(value: object) -> bytes:
        number = unscaled(value)
        return (
            _twos_complement(number) if size is None else number.to_bytes(size, "big", signed=True)
        )

    def from_raw(data: bytes | int) -> decimal.Decimal:
        # An int comes from rescaling a decimal that was written with another scale.
        number = data if isinstance(data, int) else _whole(data)
        if not -limit < number < limit:
            expected = f"a decimal of at most {precision} digits"
            if number.bit_length() > 8 * _MOST_BYTES:
                raise Refused(f"{expected}; here are {number.bit_length()} bits")
            raise Refused(expected, _scaled(number, scale))
        return _scaled(number, scale)

    return Conversion(decimal.Decimal, to_raw, from_raw)


def _whole(data: bytes) -> int:
    if not data:
        raise Refused("at least one byte of two's complement for a decimal")
    return int.from_bytes(data, "big", signed=True)


def _big_decimal_bytes(value: object) -> bytes:
    number = _finite(value)
    if number and len(number.as_tuple().digits) > _MOST_DIGITS:
        raise Refused(f"a Decimal of at most {_MOST_DIGITS} digits", value)
    scale = -int(number.as_tuple().exponent)
    if not INT_MIN <= scale <= INT_MAX:
        raise Refused("a Decimal whose scale fits 32 bits", value)
    whole = _twos_complement(int(number.scaleb(scale, EXACT)))
    return long_bytes(len(whole)) + whole + long_bytes(scale)


def _big_decimal_of(data: bytes) -> decimal.Decimal:
    size, start = read_long(data, 0)
    end = start + size
    if size < 1 or end > len(data):
        raise Refused("a big-decimal: its unscaled bytes with their length, then its scale", data)
    if size > _MOST_BYTES:
        raise Refused(f"a big-decimal of at most {_MOST_BYTES} unscaled bytes", size)
    scale, stop = read_long(data, end)
    if stop != len(data) or not INT_MIN <= scale <= INT_MAX:
        raise Refused("a big-decimal: its unscaled bytes with their length, then its scale", data)
    return _scaled(_whole(data[start:end]), scale)


_TEXT_UUID: Final = Conversion(uuid.UUID, _uuid_text, _uuid_of_text)
_FIXED_UUID: Final = Conversion(uuid.UUID, _uuid_bytes, _uuid_of_bytes)
_SIMPLE: Final[dict[str, Conversion]] = {
    "big-decimal": Conversion(decimal.Decimal, _big_decimal_bytes, _big_decimal_of),
    "date": Conversion(
        dt.date, _days, _date, (f"{{1}}({{0}} + {_EPOCH_DAY})", dt.date.fromordinal)
    ),
    "duration": Conversion(Duration, _duration_bytes, _duration_of),
    "local-timestamp-micros": Conversion(
        dt.datetime, _local_micros, _moment(_LOCAL_EPOCH, "microseconds")
    ),
    "local-timestamp-millis": Conversion(
        dt.datetime, _in_millis(_local_micros), _moment(_LOCAL_EPOCH, "milliseconds")
    ),
    "time-micros": Conversion(dt.time, _time_micros, _time_of_micros),
    "time-millis": Conversion(dt.time, _time_millis, _time_of_millis),
    "timestamp-micros": Conversion(dt.datetime, _timestamp_micros, _moment(_EPOCH, "microseconds")),
    "timestamp-millis": Conversion(
        dt.datetime, _in_millis(_timestamp_micros), _moment(_EPOCH, "milliseconds")
    ),
}


def conversion(node: PrimitiveType | FixedType) -> Conversion | None:
    """How the values of a type are converted; None where they are the base type's own.

    Nanosecond timestamps have none: no ``datetime`` holds them, so they stay ``int``.
    """
    logical = node.logical
    if logical is None:
        return None
    if logical.name == "uuid":
        return _FIXED_UUID if isinstance(node, FixedType) else _TEXT_UUID
    if logical.name == "decimal":
        return _decimal(logical, node.size if isinstance(node, FixedType) else None)
    return _SIMPLE.get(logical.name)


def rescaler(node: PrimitiveType | FixedType, rescale: Rescale) -> FromRaw:
    """From what a writer of another unit or scale wrote to the number the reader's type holds."""
    unit = node.logical.name if node.logical else "unit"

    def rescaled(raw: bytes | int) -> int:
        number = _whole(raw) if isinstance(raw, bytes) else raw
        whole, rest = divmod(number * rescale.multiply, rescale.divide)
        if rest:
            raise Refused(
                f"a value that the reader's {unit} holds without rounding "
                f"(written in units of 1/{rescale.divide} of its)",
                number,
            )
        if isinstance(raw, int) and not LONG_MIN <= whole <= LONG_MAX:
            raise Refused(f"a value that 64 bits hold in units of the reader's {unit}", number)
        return whole

    return rescaled
