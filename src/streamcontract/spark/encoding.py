"""Encoding of a column of values in an executor, batch by batch; every value is checked."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Any, Final

import attrs
import pyarrow as pa
import pyarrow.compute as pc

from streamcontract.codec import Codec
from streamcontract.errors import DataFault, EncodeError
from streamcontract.schema import STORED, RecordType, parse_schema
from streamcontract.spark.types import record_column
from streamcontract.wire import header

__all__ = ["KEY", "VALUE", "Encoding", "Framed"]

KEY: Final = "key"
VALUE: Final = "value"

_MISSING: Final = "a message without a key, or a tombstone: give its key in the column 'key'"


@attrs.frozen
class Framed:
    """A schema, and the id of its frames.

    Attributes:
        schema: The text of the schema.
        schema_id: The id.
    """

    schema: str
    schema_id: int


class _FramedEncoder:
    """Encodes columns of Spark's with the frame of a schema."""

    def __init__(self, framed: Framed, name: str) -> None:
        self._codec: Codec[Any] = Codec(parse_schema(framed.schema, leniency=STORED))
        schema = self._codec.schema
        columns = pa.schema(self._codec.decode_columns([]))
        self._from_spark = record_column(schema.root, columns, schema.name or name).from_spark
        self._is_record = isinstance(schema.root, RecordType)
        self._prefix = header(framed.schema_id)

    def taken(self, array: Any) -> Any:
        """The values that are not null, in the types that the codec takes."""
        values = array.drop_null()
        return values if self._from_spark is None else self._from_spark(values)

    def messages(self, array: Any) -> Any:
        """The framed values of a column, null for null.

        Raises:
            EncodeError: A value does not fit the schema.
        """
        return self.framed(self.taken(array), array.is_valid())

    def framed(self, values: Any, is_valid: Any) -> Any:
        """Values framed, in the rows that have one; null in all others.

        Raises:
            EncodeError: A value does not fit the schema.
        """
        rows = values if self._is_record else pa.record_batch({"value": values})
        encoded = self._codec.encode_columns(rows, prefix=self._prefix)
        encoded.raise_for_faults()
        payloads = pa.array(encoded.payloads, pa.binary())
        return pc.replace_with_mask(pa.nulls(len(is_valid), pa.binary()), is_valid, payloads)


@attrs.frozen
class Encoding:
    """What an executor has to know, in texts that pickle.

    Attributes:
        value: The schema of values.
        column: The column of values.
        key_field: The field of the record that is the key, as plain bytes.
        key: The schema of keys, if they are Avro.
        has_every_key: Whether a message without a key is refused.
    """

    value: Framed
    column: str
    key_field: str | None = None
    key: Framed | None = None
    has_every_key: bool = False

    def run(self, batches: Iterable[Any]) -> Iterator[Any]:
        """The batches of an executor, as the keys and values of messages."""
        encoder = _encoder(self)
        for batch in batches:
            yield encoder.encode(batch)


@functools.lru_cache(maxsize=16)
def _encoder(encoding: Encoding) -> _Encoder:
    return _Encoder(encoding)


class _Encoder:
    """The compiled form of an encoding."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._value = _FramedEncoder(encoding.value, VALUE)
        self._key = None if encoding.key is None else _FramedEncoder(encoding.key, KEY)

    def encode(self, batch: Any) -> Any:
        """The keys and values of the rows of a batch.

        Raises:
            EncodeError: A value does not fit the schema.
        """
        column = batch.column(self._encoding.column)
        values, is_valid = self._value.taken(column), column.is_valid()
        arrays = {VALUE: self._value.framed(values, is_valid)}
        keys = self._keys(batch, values, is_valid)
        if keys is not None:
            arrays = {KEY: keys, **arrays}
        return pa.RecordBatch.from_pydict(arrays)

    def _keys(self, batch: Any, values: Any, is_valid: Any) -> Any:
        """The keys of the rows; None if the messages have none."""
        given = batch.column(KEY) if KEY in batch.schema.names else None
        keys = given if self._key is None else self._key.messages(given)
        field = self._encoding.key_field
        if field is not None:
            kept = pa.nulls(len(batch), pa.binary()) if given is None else _plain_bytes(given)
            keys = pc.replace_with_mask(kept, is_valid, _plain_bytes(values.field(field)))
        if self._encoding.has_every_key and (keys is None or keys.null_count):
            raise EncodeError((DataFault(KEY, _MISSING),))
        return keys


def _plain_bytes(array: Any) -> Any:
    """Text as UTF-8, whole numbers as decimal digits, bytes unchanged, as producers send keys."""
    is_bytes = pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type)
    return array.cast(pa.binary()) if is_bytes else array.cast(pa.string()).cast(pa.binary())
