"""Values of Spark's columns as the codec takes them, one function for each type.

A value without a counterpart stays as it is, so that the codec refuses it with its path.
"""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from streamcontract.codec import Duration
from streamcontract.errors import DataFault, EncodeError
from streamcontract.schema import (
    ArrayType,
    AvroType,
    FixedType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
    branch_name,
)
from streamcontract.schema.logical import row_of

__all__ = ["codec_value"]

Convert = Callable[[Any], Any]


def codec_value(node: AvroType, path: str) -> Convert:
    """The function that converts a value that pyarrow gives of Spark's column.

    Args:
        node: The type in the schema.
        path: Where it is, for errors.

    Example:
        >>> to_codec = codec_value(UnionType(branches=(
        ...     PrimitiveType(name="int"), PrimitiveType(name="string"))), "value")
        >>> to_codec({"int": None, "string": "a"})
        ('string', 'a')
    """
    convert = _converter(node, path)
    return lambda value: None if value is None else convert(value)


def _converter(node: AvroType, path: str) -> Convert:
    match node:
        case RecordType():
            parts = {each.name: codec_value(each.type, f"{path}.{each.name}") for each in node.fields}
            return lambda value: {name: part(value[name]) for name, part in parts.items()}
        case UnionType():
            return _union(node, path)
        case ArrayType():
            items = codec_value(node.items, f"{path}[]")
            return lambda value: [items(each) for each in value]
        case MapType():
            values = codec_value(node.values, f"{path}{{}}")
            return lambda value: {key: values(each) for key, each in value}
        case _:
            row = row_of(node) if isinstance(node, PrimitiveType | FixedType) else None
            return _as_is if row is None else LOGICAL_VALUES[row.kind]


def _union(node: UnionType, path: str) -> Convert:
    wanted = {branch_name(each): each for each in node.branches}
    wanted.pop("null", None)
    parts = {name: codec_value(each, f"{path}.{name}") for name, each in wanted.items()}
    if len(parts) <= 1:
        return next(iter(parts.values()), _as_is)

    def convert(value: Any) -> Any:
        found = [name for name in parts if value[name] is not None]
        if len(found) != 1:
            expected = f"one of {', '.join(parts)} that is not null"
            raise EncodeError((DataFault(path, expected, value, has_value=True),))
        return found[0], parts[found[0]](value[found[0]])

    return convert


def _as_is(value: Any) -> Any:
    return value


def _decimal(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return decimal.Decimal(value)
    except decimal.InvalidOperation:
        return value


def _big_decimal(value: Any) -> Any:
    unscaled = int.from_bytes(value["unscaled"], "big", signed=True)
    digits = decimal.Decimal(unscaled).as_tuple().digits
    return decimal.Decimal((int(unscaled < 0), digits, -value["scale"]))


def _uuid(value: Any) -> Any:
    try:
        found = UUID(value)
    except ValueError:
        return value
    return found if str(found) == value.lower() else value  # UUID() takes other forms too


_DAY: Final = dt.timedelta(days=1)


def _time(value: Any) -> Any:
    if not dt.timedelta() <= value < _DAY:
        return value
    return (dt.datetime.min + value).time()


def _duration(value: Any) -> Any:
    try:
        return Duration(**value)
    except ValueError:
        return value


LOGICAL_VALUES: Final[dict[str, Convert]] = {
    "decimal": _decimal,
    "big-decimal": _big_decimal,
    "uuid": _uuid,
    "date": _as_is,
    "time": _time,
    "timestamp": _as_is,
    "local-timestamp": _as_is,
    "duration": _duration,
}
"""The conversion of the values of each kind of logical type."""
