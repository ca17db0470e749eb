"""Which logical type fits which type ("Logical Types" of the Avro 1.12 specification).

An unknown or ill-fitting logical type is no fault: the specification wants it ignored, and the
type below it used. It stays among the type's attributes, so that tools can point at it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamcontract.schema.model import JsonValue, LogicalType

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ON_FIXED_SIZE", "ON_PRIMITIVE", "fitting_logical_type", "most_digits"]

ON_PRIMITIVE: Final[Mapping[str, str]] = {
    "big-decimal": "bytes",
    "date": "int",
    "time-millis": "int",
    "time-micros": "long",
    "timestamp-millis": "long",
    "timestamp-micros": "long",
    "timestamp-nanos": "long",
    "local-timestamp-millis": "long",
    "local-timestamp-micros": "long",
    "local-timestamp-nanos": "long",
    "uuid": "string",
}
"""Logical types without parameters, and the primitive type each annotates."""

ON_FIXED_SIZE: Final[Mapping[str, int]] = {"uuid": 16, "duration": 12}
"""Logical types of a fixed, and the one size each annotates."""

# log10(2) to 40 digits, as a fraction: exact where a float would round, and no number as long as
# the fixed itself has to be built.
_LOG10_2: Final = (3010299956639811952137388947244930267681, 10**40)

_PRECISION_AND_SCALE: Final = frozenset({"logicalType", "precision", "scale"})
_LOGICAL_TYPE: Final = frozenset({"logicalType"})


def most_digits(size: int) -> int:
    """How many decimal digits a two's-complement number of ``size`` bytes always holds.

    The specification's floor(log10(2 ** (8 * size - 1) - 1)); 0 where size is 0.

    Example:
        >>> most_digits(4), most_digits(8), most_digits(16)
        (9, 18, 38)
    """
    numerator, denominator = _LOG10_2
    return (8 * size - 1) * numerator // denominator if size > 0 else 0


def fitting_logical_type(
    json: Mapping[str, JsonValue], base: str, size: int | None = None
) -> tuple[LogicalType | None, frozenset[str]]:
    """The logical type that ``json`` declares on ``base``, and the attributes it makes use of.

    Args:
        json: The type's JSON object.
        base: ``"fixed"`` or the name of a primitive type.
        size: The size in bytes of a fixed, None if it has no sound one.

    Returns:
        The logical type and its attributes, or None and no attributes where there is none or it
        does not fit.

    Example:
        >>> fitting_logical_type({"type": "int", "logicalType": "date"}, "int")[0].name
        'date'
        >>> fitting_logical_type({"type": "string", "logicalType": "date"}, "string")
        (None, frozenset())
    """
    name = json.get("logicalType")
    if not isinstance(name, str):
        return None, frozenset()
    if name == "decimal":
        decimal = _decimal(json, base, size)
        return decimal, _PRECISION_AND_SCALE if decimal else frozenset()
    if base == "fixed":
        fits = size is not None and ON_FIXED_SIZE.get(name) == size
    else:
        fits = ON_PRIMITIVE.get(name) == base
    return (LogicalType(name), _LOGICAL_TYPE) if fits else (None, frozenset())


def _decimal(json: Mapping[str, JsonValue], base: str, size: int | None) -> LogicalType | None:
    precision, scale = json.get("precision"), json.get("scale", 0)
    # type() and not isinstance(): true is no JSON integer, though bool is an int in Python.
    if base not in {"bytes", "fixed"} or type(precision) is not int or type(scale) is not int:
        return None
    if precision < 1 or not 0 <= scale <= precision:
        return None
    if base == "fixed" and (size is None or precision > most_digits(size)):
        return None
    return LogicalType("decimal", precision, scale)
