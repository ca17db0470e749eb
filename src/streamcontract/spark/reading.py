"""Frames of Spark's Kafka source with values of a contract."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final

import attrs
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as sql
from pyspark.sql import types as spark

from streamcontract.codec import Codec, Contract
from streamcontract.errors import ArgumentError
from streamcontract.integrations.arrow.decoder import ERROR, ERROR_TYPE, arrow_decoder
from streamcontract.schema import Schema
from streamcontract.spark.types import record_column, to_spark

__all__ = ["DecodedFrame", "from_contract"]

_OF_ERRORS: Final = {
    pa.string(): spark.StringType(),
    pa.int32(): spark.IntegerType(),
    pa.binary(): spark.BinaryType(),
}


@attrs.frozen
class DecodedFrame:
    """A frame with values of a contract.

    ``records`` and ``poison`` are filters of one frame. A streaming query on each of them reads the
    topic for itself; to read it once, write ``frame`` with ``foreachBatch``, and divide each batch
    by ``DecodedFrame(batch)``.

    Attributes:
        frame: All messages: the columns of the source, with values of the contract instead of
            bytes, and a column ``error``, which is null except for poison.
        column: The column of values.
    """

    frame: DataFrame
    column: str = "value"

    @property
    def records(self) -> DataFrame:
        """The messages that were decoded, and tombstones, whose value is null."""
        return self.frame.where(sql.col(ERROR).isNull()).drop(ERROR)

    @property
    def poison(self) -> DataFrame:
        """The messages that were not: their bytes, and path, reason and schema id as ``error``."""
        *reasons, value = (sql.col(f"{ERROR}.{field.name}") for field in ERROR_TYPE)
        poison = self.frame.where(sql.col(ERROR).isNotNull())
        return poison.withColumns({self.column: value, ERROR: sql.struct(*reasons)})


def from_contract(
    df: DataFrame,
    contract: type[Any] | Contract | Schema,
    *,
    lock: str | os.PathLike[str] = "streamcontract.lock",
    environment: str | None = None,
    column: str = "value",
    columns: Sequence[str] | None = None,
) -> DecodedFrame:
    """Decode the values of Kafka messages with a contract, in Spark's executors.

    Each message is read by the writer schema of its own frame, so that a topic may have any mixture
    of versions. Schema ids come from the lock file: executors ask no registry. A message whose id
    is not locked, or whose bytes do not fit, is poison.

        source = spark.read.format("kafka").options(**options).load()
        orders = from_contract(source, Order, lock="streamcontract.lock")
        orders.records.select("value.*", "offset").show()

    Args:
        df: A frame of Spark's Kafka source, batch or streaming, or of any other with such a column.
            Its other columns are kept.
        contract: A record class that ``streamcontract generate`` made, a :class:`Contract` (for
            keys ``CONTRACT.keys``), or a schema.
        lock: The lock file.
        environment: The lock's environment; None takes STREAMCONTRACT_ENVIRONMENT, and else the
            only one in the file.
        column: The column of framed values.
        columns: The fields of the record that are decoded; the others are skipped.

    Raises:
        ArgumentError: The frame has no such column of bytes, or has a column ``error``.
        ConfigurationError: The lock file cannot be read, or does not have the environment.
        LockMismatchError: The lock was edited, or merged by hand.
        ColumnsError: A type of the schema has no columns.
    """
    source = _checked(df, column)
    decoder = arrow_decoder(
        contract,
        lock=lock,
        environment=environment,
        column=column,
        columns=columns,
        conversion=to_spark,
    )
    codec: Codec[Any] = Codec(contract)
    arrow = pa.schema(codec.decode_columns([], columns=columns))
    value = record_column(codec.schema.root, arrow, "")
    schema = _decoded_schema(source, column, value.type)
    return DecodedFrame(df.mapInArrow(decoder.each, schema), column)


def _checked(df: DataFrame, column: str) -> spark.StructType:
    schema = df.schema
    if column not in schema.names or schema[column].dataType != spark.BinaryType():
        raise ArgumentError("column", column, f"a column of bytes among {', '.join(schema.names)}")
    if ERROR in map(str.lower, schema.names):  # Spark's names ignore case
        raise ArgumentError("df", schema.names, f"a frame without a column {ERROR!r}: rename it")
    return schema


def _decoded_schema(
    source: spark.StructType, column: str, value: spark.DataType
) -> spark.StructType:
    error = spark.StructType(
        [
            spark.StructField(field.name, _OF_ERRORS[field.type], field.nullable)
            for field in ERROR_TYPE
        ]
    )
    fields = [
        spark.StructField(column, value) if field.name == column else field for field in source
    ]
    return spark.StructType([*fields, spark.StructField(ERROR, error)])
