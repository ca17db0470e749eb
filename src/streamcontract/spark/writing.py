"""Frames of records as Spark's Kafka sink takes them, of a contract."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import types as spark

from streamcontract.codec import Codec, Contract
from streamcontract.errors import ArgumentError, ConfigurationError
from streamcontract.integrations.arrow.locked import named_lock
from streamcontract.kafka.contract.binding import bind
from streamcontract.kafka.contract.keys import AvroKeyCodec, may_be_none
from streamcontract.registry.rules import require_no_rules
from streamcontract.registry.subjects import topic_name_strategy
from streamcontract.schema import Schema
from streamcontract.spark.encoding import KEY, VALUE, Encoding, Framed
from streamcontract.spark.types import record_column

if TYPE_CHECKING:
    from streamcontract.kafka.contract.binding import Binding
    from streamcontract.registry import Lock

__all__ = ["to_contract"]


def to_contract(
    df: DataFrame,
    contract: type[Any] | Contract | Schema,
    *,
    lock: str | os.PathLike[str] = "streamcontract.lock",
    environment: str | None = None,
    topic: str | None = None,
    column: str = "value",
) -> DataFrame:
    """Encode records with a contract for Spark's Kafka sink, in Spark's executors.

    Every value is checked as a producer checks it, and the first that does not fit fails the
    query. The schema id comes from the lock file.

        messages = to_contract(orders.records, Order, lock="streamcontract.lock")
        messages.write.format("kafka").options(**options).option("topic", "orders").save()

    Args:
        df: A frame with a column of records, in the types that
            :func:`~streamcontract.spark.from_contract` gives; a null is a tombstone. A column
            ``key`` is the key of contracts with a key schema or without a key, and of tombstones.
        contract: A record class that ``streamcontract generate`` made, a :class:`Contract`, or a
            schema.
        lock: The lock file.
        environment: The lock's environment; None takes STREAMCONTRACT_ENVIRONMENT, and else the
            only one in the file.
        topic: The topic, whose subject is looked up in the lock; the contract's if left out.
        column: The column of records.

    Returns:
        A frame with the columns ``key``, unless there are no keys, and ``value``, of bytes.

    Raises:
        ArgumentError: The frame has no such column, or one of other types.
        ConfigurationError: The lock file cannot be read, or does not have the subject; or no topic
            is known.
        LockMismatchError: The contract has changed since it was locked.
        ColumnsError: A type of the schema has no columns.
    """
    binding = _bind(contract, topic)
    known = named_lock(lock, environment)
    _check(df, column, binding.codec)
    value = _framed(known, binding, binding.codec, is_key=False)
    names = [KEY] if KEY in df.columns and column != KEY else []
    key_field = None if binding.contract is None else binding.contract.key
    if isinstance(binding.key, AvroKeyCodec):
        _check(df, KEY, binding.key)
        key = _framed(known, binding, binding.key, is_key=True)
        encoding = Encoding(value, column, None, key, not may_be_none(binding.key))
    else:
        encoding = Encoding(value, column, key_field, None, key_field is not None)
    has_own_key = encoding.key is not None or key_field is not None
    schema = spark.StructType()
    if has_own_key or names:
        schema.add(KEY, spark.BinaryType() if has_own_key else df.schema[KEY].dataType)
    schema.add(VALUE, spark.BinaryType())
    return df.select(column, *names).mapInArrow(encoding.run, schema)


def _bind(contract: type[Any] | Contract | Schema, topic: str | None) -> Binding[Any]:
    if isinstance(contract, Contract):
        return bind(contract, topic=topic, record=None, schema=None)
    if isinstance(contract, type):
        return bind(None, topic=topic, record=contract, schema=None)
    return bind(None, topic=topic, record=None, schema=contract)


def _framed(lock: Lock, binding: Binding[Any], codec: Codec[Any], *, is_key: bool) -> Framed:
    """The schema of values, or of keys, with its locked id."""
    subject = topic_name_strategy(binding.topic, codec.schema.name, is_key=is_key)
    schema_id = lock.id_of(subject, codec.schema)
    if schema_id is None:
        raise ConfigurationError(
            f"the subject {subject} is not in the lock of environment {lock.environment!r}: "
            f"`streamcontract lock --environment {lock.environment}` adds it"
        )
    require_no_rules(subject, lock.rules_of(schema_id), "WRITE", ())
    return Framed(codec.schema.inlined_json, schema_id)


def _check(df: DataFrame, column: str, codec: Codec[Any]) -> None:
    """Check that a column has the types of a schema."""
    if column not in df.columns:
        raise ArgumentError("df", df.columns, f"a frame with a column {column!r}")
    arrow = pa.schema(codec.decode_columns([]))
    expected = record_column(codec.schema.root, arrow, "").type.simpleString()
    given = df.schema[column].dataType.simpleString()
    if given != expected:
        raise ArgumentError(f"column {column!r}", given, f"of type {expected}: cast it")
