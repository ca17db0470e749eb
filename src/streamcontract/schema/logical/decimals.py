"""Decimals with the scale of the schema, and big-decimals with their own ("Decimal", Avro 1.12).

A conversion is exact or raises: nothing is rounded or truncated.
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from streamcontract.schema.logical.row import Conversion, Misfit
from streamcontract.schema.model import INTEGER_LIMITS, JsonValue, LogicalType
from streamcontract.schema.refusal import Refused
from streamcontract.schema.varint import read_varint, varint

__all__ = [
    "BIG_DECIMAL",
    "EXACT",
    "MOST_DIGITS",
    "decimal_conversion",
    "decimal_samples",
    "declared_decimal",
    "most_digits",
    "whole",
]

# Exact at any size: Decimal's operators would round to the context's 28 digits.
EXACT: Final = decimal.Context(
    prec=decimal.MAX_PREC, Emin=decimal.MIN_EMIN, Emax=decimal.MAX_EMAX, traps=[]
)

# log10(2) to 40 digits, as a fraction: exact, unlike a float, and without building a number as long
# as the fixed itself.
_LOG10_2: Final = (3010299956639811952137388947244930267681, 10**40)

MOST_DIGITS: Final = 1_000
"""The highest precision, and so the highest scale, of a supported decimal.

The specification sets no limit, and Avro for Java takes what 32 bits hold; but two bytes at a
scale of ten million keep Python busy for seconds. PostgreSQL declares the most digits of the
databases that contracts come from, 1,000 ("Arbitrary Precision Numbers" in its documentation);
Arrow has 76, most others 38.
"""

_MOST_BYTES: Final = 2048
"""The most bytes of a big-decimal's unscaled number, which has no declared precision.

That takes time by the square of the digits; a message of a megabyte could keep a consumer busy for
minutes. (Python refuses to turn texts of more than 4,300 digits into numbers for the same reason.)
"""

_MOST_BIG_DIGITS: Final = int((8 * _MOST_BYTES - 1) * math.log10(2))


# ---- what a schema declares


def most_digits(size: int) -> int:
    """How many decimal digits a two's-complement number of ``size`` bytes always holds.

    The specification's floor(log10(2 ** (8 * size - 1) - 1)); 0 where size is 0.

    Example:
        >>> most_digits(4), most_digits(8), most_digits(16)
        (9, 18, 38)
    """
    numerator, denominator = _LOG10_2
    return (8 * size - 1) * numerator // denominator if size > 0 else 0


def declared_decimal(json: Mapping[str, JsonValue], size: int | None) -> LogicalType | Misfit:
    """The decimal that a type's JSON declares, or the reason why it is not one.

    Args:
        json: The type's JSON object.
        size: The size in bytes of a fixed, None for bytes.

    Example:
        >>> declared_decimal({"precision": 4, "scale": 2}, None)
        LogicalType(name='decimal', precision=4, scale=2)
        >>> declared_decimal({"precision": 10}, 4).reason
        '4 bytes hold 9 digits, not 10'
    """
    precision, scale = json.get("precision"), json.get("scale", 0)
    # type() and not isinstance(): true is no JSON integer, though bool is an int in Python.
    if type(precision) is not int or precision < 1:
        reason = 'it needs "precision", the most digits of a value: an integer from 1'
        return Misfit("precision", reason)
    if type(scale) is not int or not 0 <= scale <= precision:
        reason = f'"scale" is an integer from 0 to the precision, {_shown(precision)}'
        return Misfit("scale", reason)
    if size is not None and precision > most_digits(size):
        reason = f"{size} bytes hold {most_digits(size)} digits, not {_shown(precision)}"
        return Misfit("precision", reason)
    if precision > MOST_DIGITS:
        return Misfit(
            "precision",
            f"a decimal has at most {MOST_DIGITS:,} digits here, not {_shown(precision)}: lower the"
            f" precision, or use a big-decimal",
            is_beyond_limits=True,
        )
    return LogicalType("decimal", precision, scale)


def _shown(number: int) -> str:
    """A number as text, unless that would fill the screen."""
    return f"{number:,}" if number < 10**20 else "one of more than 20 digits"


# ---- decimals of the schema's scale


def decimal_conversion(logical: LogicalType, size: int | None) -> Conversion:
    """The conversion of decimals on bytes, or on a fixed of a size."""
    precision, scale = logical.precision or 0, logical.scale or 0
    unscaled, limit = _unscaled(precision, scale), 10**precision

    def to_raw(value: object) -> bytes:
        number = unscaled(value)
        return (
            _twos_complement(number) if size is None else number.to_bytes(size, "big", signed=True)
        )

    def from_raw(data: bytes | int) -> decimal.Decimal:
        # An int comes from rescaling a decimal that was written with another scale.
        number = data if isinstance(data, int) else whole(data)
        if not -limit < number < limit:
            expected = f"a decimal of at most {precision} digits"
            if number.bit_length() > 8 * _MOST_BYTES:
                raise Refused(f"{expected}; here are {number.bit_length()} bits")
            raise Refused(expected, _scaled(number, scale))
        return _scaled(number, scale)

    return Conversion(to_raw, from_raw)


def decimal_samples(logical: LogicalType, _size: int | None) -> tuple[Any, ...]:
    """The unscaled 0 and 1, and the largest of all digits."""
    return (0, 1, 10 ** (logical.precision or 0) - 1)


def _unscaled(precision: int, scale: int) -> Callable[[object], int]:
    def unscaled(value: object) -> int:
        number = _finite(value)
        # Before any arithmetic: 1E+999999999 must not become a number of that many digits.
        if number and number.adjusted() + scale >= precision:
            limit = f"of at most {precision} digits at scale {scale}"
            raise Refused("a Decimal", value, limit=limit)
        shifted = number.scaleb(scale, EXACT)
        found = int(shifted)
        if found != shifted:
            limit = f"of at most {scale} digits after the point"
            hint = f'value.quantize(decimal.Decimal("1E-{scale}")) rounds it'
            raise Refused("a Decimal", value, limit=limit, hint=hint)
        return found

    return unscaled


def _scaled(number: int, scale: int) -> decimal.Decimal:
    return decimal.Decimal(number).scaleb(-scale, EXACT)


def _finite(value: object) -> decimal.Decimal:
    if not isinstance(value, decimal.Decimal):
        raise Refused("a decimal.Decimal", value)
    if not value.is_finite():
        raise Refused("a finite decimal.Decimal", value)
    return value


def _twos_complement(number: int) -> bytes:
    bits = number.bit_length() if number >= 0 else (~number).bit_length()
    return number.to_bytes(bits // 8 + 1, "big", signed=True)


def whole(data: bytes) -> int:
    r"""The number that two's-complement bytes mean.

    Raises:
        Refused: There is no byte.

    Example:
        >>> whole(b"\xff\x00")
        -256
    """
    if not data:
        raise Refused("at least one byte of two's complement for a decimal")
    return int.from_bytes(data, "big", signed=True)


# ---- decimals of their own scale


def _big_decimal_bytes(value: object) -> bytes:
    number = _finite(value)
    if number and len(number.as_tuple().digits) > _MOST_BIG_DIGITS:
        raise Refused("a Decimal", value, limit=f"of at most {_MOST_BIG_DIGITS} digits")
    scale = -int(number.as_tuple().exponent)
    low, high = INTEGER_LIMITS["int"]
    if not low <= scale <= high:
        raise Refused("a Decimal", value, limit="whose scale fits 32 bits")
    unscaled = _twos_complement(int(number.scaleb(scale, EXACT)))
    return _long_bytes(len(unscaled)) + unscaled + _long_bytes(scale)


def _big_decimal_of(data: bytes) -> decimal.Decimal:
    size, start = _read_long(data, 0)
    end = start + size
    if size < 1 or end > len(data):
        raise Refused("a big-decimal: its unscaled bytes with their length, then its scale", data)
    if size > _MOST_BYTES:
        raise Refused(f"a big-decimal of at most {_MOST_BYTES} unscaled bytes", size)
    scale, stop = _read_long(data, end)
    low, high = INTEGER_LIMITS["int"]
    if stop != len(data) or not low <= scale <= high:
        raise Refused("a big-decimal: its unscaled bytes with their length, then its scale", data)
    return _scaled(whole(data[start:end]), scale)


def _long_bytes(number: int) -> bytes:
    return varint((number << 1) ^ (number >> 63))


def _read_long(data: bytes, pos: int) -> tuple[int, int]:
    number, end = data[pos], pos + 1
    if number > 127:
        number, end = read_varint(data, pos)
    if number >> 64:
        raise Refused("a long has 64 bits; here are more", number)
    return (number >> 1) ^ -(number & 1), end


BIG_DECIMAL: Final = Conversion(_big_decimal_bytes, _big_decimal_of)
