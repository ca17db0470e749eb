"""Decoded values as Spark's columns hold them, stated apart from the library's own types."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from streamcontract.integrations.arrow.decoder import ArrowDecoder
from streamcontract.integrations.arrow.locked import LockedWriters
from streamcontract.schema import (
    ArrayType,
    AvroType,
    FixedType,
    MapType,
    PrimitiveType,
    RecordType,
    Schema,
    UnionType,
    branch_name,
)
from streamcontract.schema.logical import LOGICAL_TYPES
from streamcontract.spark.types import to_spark

__all__ = ["in_spark", "kafka_batch", "locked", "values_of"]


def in_spark(node: AvroType, value: Any) -> Any:
    """A decoded value, its unions tagged, as Spark's column holds it."""
    match node:
        case RecordType():
            return {field.name: in_spark(field.type, value[field.name]) for field in node.fields}
        case UnionType():
            return _branch(node, *value)
        case ArrayType():
            return [in_spark(node.items, item) for item in value]
        case MapType():
            return {key: in_spark(node.values, item) for key, item in value.items()}
        case PrimitiveType() | FixedType() if node.logical is not None:
            return _logical(node, value)
        case _:
            return value


def _branch(node: UnionType, name: str, value: Any) -> Any:
    wanted = {branch_name(branch): branch for branch in node.branches}
    wanted.pop("null", None)
    if name == "null":
        return None
    inner = in_spark(wanted[name], value)
    if len(wanted) == 1:
        return inner
    return {each: inner if each == name else None for each in wanted}


def _logical(node: PrimitiveType | FixedType, value: Any) -> Any:
    assert node.logical is not None
    match LOGICAL_TYPES[node.logical.name].kind:
        case "uuid":
            return str(value)
        case "decimal" if (node.logical.precision or 0) > 38:
            return str(value)
        case "big-decimal":
            sign, digits, exponent = value.as_tuple()
            unscaled = int("".join(map(str, digits))) * (-1 if sign else 1)
            size = (unscaled if unscaled >= 0 else ~unscaled).bit_length() // 8 + 1
            return {"unscaled": unscaled.to_bytes(size, "big", signed=True), "scale": -exponent}
        case "time":
            whole = dt.timedelta(hours=value.hour, minutes=value.minute, seconds=value.second)
            return whole + dt.timedelta(microseconds=value.microsecond)
        case "duration":
            parts = ("months", "days", "milliseconds")
            return {part: getattr(value, part) for part in parts}
        case "timestamp" if isinstance(value, dt.datetime):
            return value.astimezone(dt.timezone.utc)
        case _:
            return value


def locked(schemas: dict[int, Schema]) -> LockedWriters:
    """The writer schemas of some ids."""
    texts = tuple((number, schema.inlined_json) for number, schema in schemas.items())
    return LockedWriters(texts, (), "is not locked")


def kafka_batch(values: Sequence[bytes | None], **columns: Any) -> Any:
    """A batch of Spark's Kafka source, with some of its columns."""
    offsets = pa.array(range(len(values)), pa.int64())
    held = {"value": pa.array(values, pa.binary()), "offset": offsets, **columns}
    return pa.RecordBatch.from_pydict(held)


def values_of(
    reader: Schema, writers: dict[int, Schema], values: Sequence[bytes | None], **columns: Any
) -> Any:
    """What an executor makes of framed values."""
    decoder = ArrowDecoder(reader.inlined_json, locked(writers), "value", None, to_spark)
    (batch,) = decoder.each([kafka_batch(values, **columns)])
    batch.validate(full=True)
    return batch
