"""Decoded values as Spark's columns hold them, stated apart from the library's own types."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from tests.columns.conversion import in_columns, logical_in_columns

from streamcontract.integrations.arrow.decoder import ArrowDecoder
from streamcontract.integrations.arrow.locked import LockedWriters
from streamcontract.schema import AvroType, FixedType, PrimitiveType, Schema
from streamcontract.schema.logical import LOGICAL_TYPES
from streamcontract.spark.types import to_spark

__all__ = ["in_spark", "kafka_batch", "locked", "values_of"]


def in_spark(node: AvroType, value: Any) -> Any:
    """A decoded value, its unions tagged, as Spark's column holds it."""
    return in_columns(node, value, logical=_logical)


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
        case _:
            return logical_in_columns(node, value)


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
