"""Spark's types of a reader schema, and the conversions between them and the codec's columns.

Spark reads Arrow, though not all of it: it has no dictionaries, fixed sizes, unsigned integers,
UUIDs, nanoseconds and decimals of more than 38 digits, and a time of day since version 4.1 only.
Each of these has a Spark type that holds all of its values, the same in every version of Spark.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import attrs
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import types as spark

from streamcontract.errors import DataFault, EncodeError
from streamcontract.integrations.arrow.uuids import uuid_texts
from streamcontract.schema import (
    ArrayType,
    AvroType,
    EnumType,
    FixedType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
    branch_name,
)
from streamcontract.schema.logical import LogicalRow, row_of

__all__ = ["SparkColumn", "record_column", "to_spark"]

Convert = Callable[[Any], Any]
"""An Arrow array to another one, of as many values."""


@attrs.frozen(kw_only=True)
class SparkColumn:
    """A place of the schema as Spark has it.

    Attributes:
        type: Its Spark type.
        is_nullable: Whether there may be nulls.
        to_spark: From the codec's column to the one that Spark reads; None if that is the same.
        from_spark: From Spark's column to one that the codec takes; None if it takes it as it is.
    """

    type: spark.DataType
    is_nullable: bool = False
    to_spark: Convert | None = None
    from_spark: Convert | None = None


def record_column(node: AvroType, schema: Any, path: str) -> SparkColumn:
    """The root of a schema.

    Args:
        node: The type.
        schema: The Arrow schema of its columns; of a record perhaps some of its fields.
        path: What errors call it.
    """
    if not isinstance(node, RecordType):
        return _place(node, schema.field(0), path)
    types = {field.name: field.type for field in node.fields}
    return _struct([(field, types[field.name]) for field in schema], path)


def to_spark(node: AvroType, schema: Any) -> Convert:
    """What converts the values of a reader schema, as a decoder of batches takes it.

    Args:
        node: The type.
        schema: As for :func:`record_column`.
    """
    return record_column(node, schema, "").to_spark or _as_is


def _as_is(array: Any) -> Any:
    return array


def _place(node: AvroType, field: Any, path: str) -> SparkColumn:
    """A type in the schema, with the Arrow field of its column."""
    return attrs.evolve(_column(node, field.type, path), is_nullable=field.nullable)


def _column(node: AvroType, arrow: Any, path: str) -> SparkColumn:
    match node:
        case UnionType():
            wanted = [each for each in node.branches if branch_name(each) != "null"]
            if len(wanted) > 1:
                return _struct(list(zip(arrow, wanted, strict=True)), path)
            return _column((wanted or node.branches)[0], arrow, path)
        case RecordType():
            types = [each.type for each in node.fields]
            return _struct(list(zip(arrow, types, strict=True)), path)
        case ArrayType():
            return _list(_place(node.items, arrow.value_field, f"{path}[]"))
        case MapType():
            return _map(_place(node.values, arrow.item_field, f"{path}{{}}"))
        case EnumType():
            return SparkColumn(type=spark.StringType(), to_spark=_cast(pa.string()))
        case PrimitiveType() | FixedType():
            return _leaf(node, arrow, path)


# ---- types inside others

Inner = Callable[[SparkColumn], Convert | None]
"""One of the two conversions of a column."""


def _nested(kind: spark.DataType, over: Callable[[Inner], Convert | None]) -> SparkColumn:
    """A column with others inside it; ``over`` makes its conversion of theirs."""
    return SparkColumn(
        type=kind,
        to_spark=over(lambda column: column.to_spark),
        from_spark=over(lambda column: column.from_spark),
    )


def _struct(parts: list[tuple[Any, AvroType]], path: str) -> SparkColumn:
    columns = [_place(node, field, f"{path}.{field.name}") for field, node in parts]
    fields = [
        spark.StructField(field.name, column.type, column.is_nullable)
        for (field, _), column in zip(parts, columns, strict=True)
    ]

    def over(inner: Inner) -> Convert | None:
        converts = [inner(column) for column in columns]
        if not any(converts):
            return None

        def convert(array: Any) -> Any:
            children = [(each or _as_is)(array.field(i)) for i, each in enumerate(converts)]
            kept = [
                pa.field(field.name, child.type, field.nullable)
                for field, child in zip(fields, children, strict=True)
            ]
            return pa.StructArray.from_arrays(children, fields=kept, mask=array.is_null())

        return convert

    return _nested(spark.StructType(fields), over)


def _list(items: SparkColumn) -> SparkColumn:
    def over(inner: Inner) -> Convert | None:
        convert_items = inner(items)
        if convert_items is None:
            return None

        def convert(array: Any) -> Any:
            child = convert_items(array.values)
            kind = pa.list_(pa.field("element", child.type, items.is_nullable))
            return _rebuilt(array, kind, array.buffers()[:2], [child])

        return convert

    return _nested(spark.ArrayType(items.type, items.is_nullable), over)


def _map(values: SparkColumn) -> SparkColumn:
    def over(inner: Inner) -> Convert | None:
        convert_values = inner(values)
        if convert_values is None:
            return None

        def convert(array: Any) -> Any:
            child = convert_values(array.items)
            kind = pa.map_(array.keys.type, pa.field("value", child.type, values.is_nullable))
            fields = [kind.key_field, kind.item_field]
            entries = pa.StructArray.from_arrays([array.keys, child], fields=fields)
            return _rebuilt(array, kind, array.buffers()[:2], [entries])

        return convert

    return _nested(spark.MapType(spark.StringType(), values.type, values.is_nullable), over)


def _rebuilt(array: Any, kind: Any, buffers: list[Any], children: list[Any]) -> Any:
    """The same nulls and offsets over other children, which of a slice are those of the whole."""
    return pa.Array.from_buffers(kind, len(array), buffers, offset=array.offset, children=children)


def _cast(*kinds: Any) -> Convert:
    """One cast after the other; each raises an error where a value would not be the same."""

    def convert(array: Any) -> Any:
        for kind in kinds:
            array = array.cast(kind)
        return array

    return convert


# ---- leaves

_PRIMITIVES: Final[dict[str, spark.DataType]] = {
    "null": spark.NullType(),
    "boolean": spark.BooleanType(),
    "int": spark.IntegerType(),
    "long": spark.LongType(),
    "float": spark.FloatType(),
    "double": spark.DoubleType(),
    "bytes": spark.BinaryType(),
    "string": spark.StringType(),
}


def _leaf(node: PrimitiveType | FixedType, arrow: Any, path: str) -> SparkColumn:
    row = row_of(node)
    if row is not None:
        return LOGICAL_KINDS[row.kind](row, arrow, path)
    if isinstance(node, FixedType):
        return SparkColumn(type=spark.BinaryType(), to_spark=_cast(pa.binary()))
    return SparkColumn(type=_PRIMITIVES[node.name])


def _decimal(_row: LogicalRow, arrow: Any, path: str) -> SparkColumn:
    if arrow.bit_width > 128:  # more than the 38 digits of Spark's decimals
        return _long_decimal(arrow, path)
    return SparkColumn(type=spark.DecimalType(arrow.precision, arrow.scale))


def _long_decimal(arrow: Any, path: str) -> SparkColumn:
    def from_spark(array: Any) -> Any:
        try:
            return array.cast(arrow)
        except pa.ArrowInvalid as error:
            expected = (
                f"the digits of a decimal({arrow.precision}, {arrow.scale}) as text ({error})"
            )
            raise EncodeError((DataFault(path, expected),)) from None

    return SparkColumn(type=spark.StringType(), to_spark=_cast(pa.string()), from_spark=from_spark)


def _big_decimal(_row: LogicalRow, _arrow: Any, _path: str) -> SparkColumn:
    parts = [("unscaled", spark.BinaryType()), ("scale", spark.IntegerType())]
    fields = [spark.StructField(name, kind, nullable=False) for name, kind in parts]
    return SparkColumn(type=spark.StructType(fields))


def _time(_row: LogicalRow, arrow: Any, _path: str) -> SparkColumn:
    whole = pa.int32() if arrow.bit_width == 32 else pa.int64()
    in_unit = _cast(whole, pa.int64(), pa.duration(arrow.unit), pa.duration("us"))
    return SparkColumn(
        type=spark.DayTimeIntervalType(),
        to_spark=in_unit,
        # The codec refuses what is no time of day.
        from_spark=lambda array: array.view(pa.time64("us")),
    )


def _moment(row: LogicalRow, arrow: Any, _path: str) -> SparkColumn:
    if arrow.unit == "ns":
        return SparkColumn(type=spark.LongType(), to_spark=_cast(pa.int64()))
    is_local = row.kind == "local-timestamp"
    return SparkColumn(
        type=spark.TimestampNTZType() if is_local else spark.TimestampType(),
        to_spark=_cast(pa.timestamp("us", arrow.tz)) if arrow.unit != "us" else None,
    )


def _duration(_row: LogicalRow, arrow: Any, _path: str) -> SparkColumn:
    names = [arrow.field(i).name for i in range(arrow.num_fields)]
    fields = [spark.StructField(name, spark.LongType(), nullable=False) for name in names]
    kind = pa.struct([pa.field(name, pa.int64(), nullable=False) for name in names])
    return SparkColumn(type=spark.StructType(fields), to_spark=_cast(kind))


def _uuid(_row: LogicalRow, _arrow: Any, _path: str) -> SparkColumn:
    # In lower case, as producers send it as a key.
    return SparkColumn(type=spark.StringType(), to_spark=uuid_texts, from_spark=pc.ascii_lower)


LOGICAL_KINDS: Final[dict[str, Callable[[LogicalRow, Any, str], SparkColumn]]] = {
    "decimal": _decimal,
    "big-decimal": _big_decimal,
    "uuid": _uuid,
    "date": lambda *_: SparkColumn(type=spark.DateType()),
    "time": _time,
    "timestamp": _moment,
    "local-timestamp": _moment,
    "duration": _duration,
}
"""The Spark type of each kind of logical type."""
