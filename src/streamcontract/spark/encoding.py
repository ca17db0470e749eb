"""Encoding of a column of values in an executor, batch by batch; every value is checked."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import attrs
import pyarrow as pa
import pyarrow.compute as pc

from streamcontract.codec import Codec
from streamcontract.errors import DataFault, EncodeError
from streamcontract.schema import STORED, parse_schema
from streamcontract.spark.values import codec_value
from streamcontract.wire import header

__all__ = ["KEY", "VALUE", "Encoding", "Framed"]

KEY: Final = "key"
VALUE: Final = "value"


@attrs.frozen
class Framed:
    """A schema, and the id of its frames.

    Attributes:
        schema: The text of the schema.
        schema_id: The id.
    """

    schema: str
    schema_id: int

    def encoder(self, name: str) -> Callable[[Any], bytes]:
        """What encodes a value of Spark's column of that name, with its frame."""
        codec: Codec[Any] = Codec(parse_schema(self.schema, leniency=STORED))
        convert = codec_value(codec.schema.root, codec.schema.name or name)
        encode = codec.encoder(header(self.schema_id))
        return lambda value: encode(convert(value))


@attrs.frozen
class Encoding:
    """What an executor has to know, in texts that pickle.

    Attributes:
        value: The schema of values.
        column: The column of values.
        key_field: The field of the record that is the key, as plain bytes.
        key: The schema of keys, if they are Avro.
    """

    value: Framed
    column: str
    key_field: str | None = None
    key: Framed | None = None

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
        self._value = encoding.value.encoder(VALUE)
        self._key = None if encoding.key is None else encoding.key.encoder(KEY)

    def encode(self, batch: Any) -> Any:
        """The keys and values of the rows of a batch.

        Raises:
            EncodeError: A value does not fit the schema.
        """
        column = batch.column(self._encoding.column)
        values = [None if each is None else self._value(each) for each in column.to_pylist()]
        arrays = {VALUE: pa.array(values, pa.binary())}
        keys = self._keys(batch, column)
        if keys is not None:
            arrays = {KEY: keys, **arrays}
        return pa.RecordBatch.from_pydict(arrays)

    def _keys(self, batch: Any, column: Any) -> Any:
        """The keys of the rows; None if the messages have none."""
        given = batch.column(KEY) if KEY in batch.schema.names else None
        if self._key is not None:
            return pa.array([self._key(each) for each in given.to_pylist()], pa.binary())
        if self._encoding.key_field is None:
            return given
        derived = _plain_bytes(column.field(self._encoding.key_field))
        if column.null_count == 0:
            return derived
        kept = pa.nulls(len(column), pa.binary()) if given is None else _plain_bytes(given)
        keys = pc.if_else(column.is_valid(), derived, kept)
        if keys.null_count:
            expected = "a tombstone has no record to take the key from: give it in a column 'key'"
            raise EncodeError((DataFault(KEY, expected),))
        return keys


def _plain_bytes(array: Any) -> Any:
    """Text as UTF-8, whole numbers as decimal digits, bytes unchanged, as producers send keys."""
    is_bytes = pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type)
    return array.cast(pa.binary()) if is_bytes else array.cast(pa.string()).cast(pa.binary())
