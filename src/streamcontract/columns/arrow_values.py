"""Values of Arrow as the values that the codec encodes, for rows that the executor refuses.

The portable encoder checks them and has the words for what is wrong. A value that Python cannot
hold, such as a day after the year 9999, becomes :class:`Unfit`, which the encoder refuses at its
path; the reason comes from the row of the logical type.
"""

from __future__ import annotations

import decimal
import functools
from collections.abc import Callable
from typing import Any

from streamcontract.columns.arrow_types import ArrowType
from streamcontract.schema.logical import LOGICAL_TYPES, Duration, LogicalRow
from streamcontract.schema.logical.decimals import EXACT, whole
from streamcontract.schema.model import LogicalType
from streamcontract.schema.refusal import Refused

__all__ = ["Convert", "Unfit", "as_it_is", "choice", "entries", "guarded", "leaf", "member"]

Convert = Callable[[Any], Any]
"""From a value as the extension module gives it to one that the codec encodes."""


class Unfit:
    """A value that is no value of Python.

    Attributes:
        error: Why.
    """

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __repr__(self) -> str:
        return repr(getattr(self.error, "value", str(self.error)))


def as_it_is(raw: Any) -> Any:
    """The value itself."""
    return raw


def guarded(convert: Convert) -> Convert:
    """A conversion that leaves None, and gives :class:`Unfit` where it fails."""

    def converted(raw: Any) -> Any:
        if raw is None:
            return None
        try:
            return convert(raw)
        except (Refused, ValueError, OverflowError) as error:
            return Unfit(error)

    return converted


# ---- unions and maps


def choice(branches: list[tuple[str, Convert]]) -> Convert:
    """The conversion of a struct with a field for each branch, of which one is not null."""

    def convert(raw: tuple[Any, ...]) -> Any:
        found = [i for i, value in enumerate(raw) if value is not None]
        if len(found) > 1:
            names = ", ".join(branches[i][0] for i in found)
            raise Refused(f"a struct in which one branch is not null; here are {names}")
        for i in found:
            name, inside = branches[i]
            return name, inside(raw[i])
        return None

    return guarded(convert)


def member(branches: list[tuple[str, Convert]]) -> Convert:
    """The conversion of a union of Arrow."""

    def convert(raw: tuple[int, Any]) -> Any:
        name, inside = branches[raw[0]]
        return None if raw[1] is None else (name, inside(raw[1]))

    return guarded(convert)


def entries(key: Convert, value: Convert) -> Convert:
    """The conversion of the entries of a map, which have each key once."""

    def convert(raw: list[tuple[Any, Any] | None]) -> Any:
        found: dict[Any, Any] = {}
        for entry in raw:
            if entry is None:
                raise Refused("entries of a map", None)
            name = key(entry[0])
            if name in found:
                raise Refused("a map that has each key once", name)
            found[name] = value(entry[1])
        return found

    return guarded(convert)


# ---- leaves


def leaf(row: LogicalRow | None, arrow: ArrowType) -> Convert:
    """The conversion of a leaf's values.

    Args:
        row: The row of the Avro type's logical type, None if it has none.
        arrow: The Arrow type of the values, which fits it.
    """
    if arrow.family in ("date", "time", "timestamp") and row is not None:
        return guarded(functools.partial(_moment, row, arrow))
    if arrow.family == "decimal":
        return guarded(functools.partial(_decimal, arrow.scale))
    match row.kind if row else None:
        case "big-decimal":
            return guarded(_big_decimal)
        case "duration":
            return guarded(_interval if arrow.family == "interval" else _duration)
        case "uuid":
            return guarded(_uuid_of_text if arrow.family == "text" else _uuid_of_bytes)
    return guarded(bytes.decode) if arrow.family == "text" else as_it_is


def _moment(row: LogicalRow, arrow: ArrowType, number: int) -> Any:
    """A date, a time or a timestamp, as exact as Arrow has it."""
    if row.kind == "date":
        days, rest = divmod(number, arrow.per_second)
        if not rest:
            return _from_raw("date", days)
        return _from_raw("local-timestamp-millis", number)  # a datetime, which is no date
    if row.convert is None:
        return number * (10**9 // arrow.per_second)
    micros, rest = divmod(number * 10**6, arrow.per_second)
    if rest:
        assert row.unit is not None  # noqa: S101 - a moment is counted in a unit
        cls, limit = row.python.cls, f"of whole {row.unit.plural} (here in nanoseconds)"
        raise Refused(f"a {cls.__module__}.{cls.__qualname__}", number, limit=limit)
    return _from_raw(f"{row.kind}-micros", micros)


def _from_raw(name: str, number: Any, size: int | None = None) -> Any:
    """A number, or bytes, as a value of a logical type; refused in the words of its row."""
    convert = LOGICAL_TYPES[name].convert
    assert convert is not None  # noqa: S101 - those that are asked for have one
    return convert(LogicalType(name), size).from_raw(number)


def _decimal(scale: int, data: bytes) -> decimal.Decimal:
    return decimal.Decimal(int.from_bytes(data, "little", signed=True)).scaleb(-scale, EXACT)


def _big_decimal(raw: tuple[bytes | None, int | None]) -> decimal.Decimal:
    unscaled, scale = raw
    if unscaled is None or scale is None:
        raise Refused("a big-decimal's unscaled bytes and its scale, neither null")
    return decimal.Decimal(whole(unscaled)).scaleb(-scale, EXACT)


def _duration(raw: tuple[Any, Any, Any]) -> Duration:
    return Duration(*raw)


def _interval(data: bytes) -> Duration:
    parts = [int.from_bytes(data[i : i + 4], "little", signed=True) for i in (0, 4)]
    match len(data):
        case 4:
            return Duration(months=parts[0])
        case 8:
            return Duration(days=parts[0], milliseconds=parts[1])
    millis, rest = divmod(int.from_bytes(data[8:], "little", signed=True), 10**6)
    if rest:
        raise Refused("an interval of whole milliseconds; here are nanoseconds", rest)
    return Duration(parts[0], parts[1], millis)


def _uuid_of_text(data: bytes) -> Any:
    return _from_raw("uuid", data.decode())


def _uuid_of_bytes(data: bytes) -> Any:
    if len(data) != 16:
        raise Refused("the 16 bytes of a UUID", data)
    return _from_raw("uuid", data, 16)
