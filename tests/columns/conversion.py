"""Decoded values as a column holds them, stated apart from the library's own layout of columns.

pyarrow gives the values of columns as Python's. Unions come from ``Codec(tag_unions=True)`` as
pairs of branch and value, so that a struct of branches can be compared with them.
"""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable, Sequence
from typing import Any, Literal

import pyarrow as pa
from tests.codec.equality import same

from streamcontract import Codec, Limits
from streamcontract.columns import DecodedColumns
from streamcontract.errors import DecodeError
from streamcontract.schema import (
    ArrayType,
    AvroType,
    EnumType,
    FixedType,
    MapType,
    PrimitiveType,
    RecordType,
    Schema,
    UnionType,
    branch_name,
)
from streamcontract.schema.logical import LOGICAL_TYPES

__all__ = ["check", "compare", "has_columns", "in_columns", "logical_in_columns", "rows_of"]


def check(
    schema: Schema,
    data: Sequence[bytes],
    writer: Schema | Sequence[Schema] | None = None,
    *,
    limits: Limits | None = None,
    threads: int = 1,
    unions: Literal["struct", "dense"] = "struct",
) -> DecodedColumns:
    """Decode payloads to columns and to records, and compare rows and faults."""
    codec = Codec[Any](schema, tag_unions=True, limits=limits or Limits())
    return compare(codec, data, writer, threads=threads, unions=unions)


def compare(
    codec: Codec[Any],
    data: Sequence[bytes],
    writer: Schema | Sequence[Schema] | None = None,
    *,
    threads: int = 1,
    unions: Literal["struct", "dense"] = "struct",
) -> DecodedColumns:
    """The same with a codec, which tags unions."""
    schema = codec.schema
    decoded = codec.decode_columns(data, writer=writer, threads=threads, unions=unions)
    expected, faults = [], []
    for i, payload in enumerate(data):
        by = writer if writer is None or isinstance(writer, Schema) else writer[i]
        try:
            value = codec.decode(payload, writer=by)
            expected.append(in_columns(schema.root, value, unions))
        except DecodeError as error:
            faults.append((i, type(error), str(error)))
    assert [(each.index, type(each.error), each.reason) for each in decoded.faults] == faults
    rows = rows_of(schema, decoded)
    assert len(decoded) == len(rows) == len(expected)
    assert all(map(same, rows, expected)), (rows, expected)
    return decoded


def has_columns(schema: Schema) -> bool:
    """Whether Arrow has types for all of a schema."""
    return _has_columns(schema.root, ())


def _has_columns(node: AvroType, inside: tuple[AvroType, ...]) -> bool:
    if len(inside) > 40 or (isinstance(node, RecordType) and node in inside):
        return False
    deeper = (*inside, node)
    match node:
        case RecordType():
            return all(_has_columns(field.type, deeper) for field in node.fields)
        case UnionType():
            return all(_has_columns(branch, deeper) for branch in node.branches)
        case ArrayType():
            return _has_columns(node.items, deeper)
        case MapType():
            return _has_columns(node.values, deeper)
        case PrimitiveType() | FixedType() if node.logical is not None:
            return (node.logical.precision or 0) <= 76
        case _:
            return True


Logical = Callable[[PrimitiveType | FixedType, Any], Any]
"""From a type with a logical type and a decoded value to the value in a column."""


def in_columns(
    node: AvroType, value: Any, unions: str = "struct", logical: Logical | None = None
) -> Any:
    """A decoded value, its unions tagged, as it is expected in a column.

    Args:
        node: The type.
        value: The value.
        unions: The form of unions of several types.
        logical: The values of logical types, of an engine that has others than Arrow.
    """

    def inner(node: AvroType, value: Any) -> Any:
        return in_columns(node, value, unions, logical)

    match node:
        case RecordType():
            return {field.name: inner(field.type, value[field.name]) for field in node.fields}
        case UnionType():
            return _branch(node, unions, inner, *value)
        case ArrayType():
            return [inner(node.items, item) for item in value]
        case MapType():
            return {key: inner(node.values, item) for key, item in value.items()}
        case PrimitiveType() | FixedType() if node.logical is not None:
            return (logical or logical_in_columns)(node, value)
        case _:
            return value


def _branch(
    node: UnionType, unions: str, inner: Callable[[AvroType, Any], Any], name: str, value: Any
) -> Any:
    wanted = {branch_name(branch): branch for branch in node.branches}
    wanted.pop("null", None)
    is_dense = unions == "dense" and len(wanted) > 1
    if name == "null":
        return (name, None) if is_dense else None
    found = inner(wanted[name], value)
    if is_dense:
        return name, found
    if len(wanted) == 1:
        return found
    return {each: found if each == name else None for each in wanted}


def logical_in_columns(node: PrimitiveType | FixedType, value: Any) -> Any:
    """A value of a logical type as Arrow's column holds it."""
    assert node.logical is not None
    match LOGICAL_TYPES[node.logical.name].kind:
        case "uuid":
            return value.bytes
        case "duration":
            parts = ("months", "days", "milliseconds")
            return {part: getattr(value, part) for part in parts}
        case "timestamp" if isinstance(value, dt.datetime):
            return value.astimezone(dt.timezone.utc)
        case _:
            return value


def rows_of(schema: Schema, decoded: Any) -> list[Any]:
    """The rows that pyarrow finds in decoded columns, in the form of :func:`in_columns`."""
    rows: list[Any] = []
    table = pa.table(decoded)
    table.validate(full=True)
    for batch in table.to_batches():
        columns = [from_arrow(column) for column in batch.columns]
        names = batch.schema.names
        rows += [
            {name: column[i] for name, column in zip(names, columns, strict=True)}
            for i in range(batch.num_rows)
        ]
    is_record = isinstance(schema.root, RecordType)
    return [_shaped(schema.root, row if is_record else row["value"]) for row in rows]


def from_arrow(array: Any) -> list[Any]:
    """The values of an array; moments and times as numbers where Python has no such type."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return [None if each is None else str(each) for each in array.to_pylist()]
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        return list(array.cast(pa.int64()).to_pylist())
    if pa.types.is_union(kind):
        fields = [from_arrow(array.field(i)) for i in range(kind.num_fields)]
        names = [kind.field(i).name for i in range(kind.num_fields)]
        places = zip(array.type_codes.to_pylist(), array.offsets.to_pylist(), strict=True)
        return [(names[code], fields[code][at]) for code, at in places]
    if pa.types.is_struct(kind):
        fields = [from_arrow(array.field(i)) for i in range(kind.num_fields)]
        names = [kind.field(i).name for i in range(kind.num_fields)]
        valid = array.is_valid().to_pylist()
        return [
            {name: field[i] for name, field in zip(names, fields, strict=True)}
            if valid[i]
            else None
            for i in range(len(array))
        ]
    if pa.types.is_list(kind):
        return _sliced(array, from_arrow(array.values))
    if pa.types.is_map(kind):
        pairs = list(zip(from_arrow(array.keys), from_arrow(array.items), strict=True))
        return [None if each is None else dict(each) for each in _sliced(array, pairs)]
    return list(array.to_pylist())


def _sliced(array: Any, values: list[Any]) -> list[Any]:
    offsets, valid = array.offsets.to_pylist(), array.is_valid().to_pylist()
    return [
        values[start:end] if is_valid else None
        for start, end, is_valid in zip(offsets, offsets[1:], valid, strict=False)
    ]


def _shaped(node: AvroType, value: Any) -> Any:
    """A value of pyarrow in Python's types: big-decimals and zones."""
    if value is None:
        return None
    match node:
        case RecordType():
            return {field.name: _shaped(field.type, value[field.name]) for field in node.fields}
        case UnionType():
            wanted = [branch for branch in node.branches if branch_name(branch) != "null"]
            if len(wanted) == 1:
                return _shaped(wanted[0], value)
            if isinstance(value, tuple):
                types = {branch_name(branch): branch for branch in node.branches}
                return value[0], _shaped(types[value[0]], value[1])
            return {branch_name(each): _shaped(each, value[branch_name(each)]) for each in wanted}
        case ArrayType():
            return [_shaped(node.items, item) for item in value]
        case MapType():
            return {key: _shaped(node.values, item) for key, item in value.items()}
        case PrimitiveType(logical=logical) if logical is not None:
            return _shaped_logical(logical.name, value)
        case EnumType() | _:
            return value


def _shaped_logical(name: str, value: Any) -> Any:
    if name == "big-decimal":
        unscaled = int.from_bytes(value["unscaled"], "big", signed=True)
        digits = decimal.Decimal(unscaled).as_tuple().digits
        return decimal.Decimal((int(unscaled < 0), digits, -value["scale"]))
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(dt.timezone.utc)
    return value
