"""Key column of a batch: keys in the contract's type, null where a message has none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs

from streamcontract.codec import Codec
from streamcontract.codec.varint import long_bytes
from streamcontract.columns.layout import column_of
from streamcontract.columns.reader import Reader
from streamcontract.columns.run import Run
from streamcontract.kafka.batches.sources import Sources
from streamcontract.kafka.contract.keys import KeyCodec
from streamcontract.kafka.contract.topic_deserializer import POISON
from streamcontract.schema import Schema
from streamcontract.schema.inline import inlined
from streamcontract.schema.model import PrimitiveType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import confluent_kafka

    from streamcontract.columns import _native
    from streamcontract.columns.reader import Writer
    from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
    from streamcontract.schema.model import AvroType

__all__ = ["KeyColumn"]

_Read = tuple[bytes, "Writer", int]
"""A payload, what reads it, and how many bytes are before it."""


class KeyColumn:
    """Decodes the keys of messages of one topic.

    Args:
        topic: Deserializes the topic's messages, one by one.
        name: The column's name.

    Raises:
        ColumnsError: The type of the keys has no column.

    Attributes:
        columns: The column.
    """

    def __init__(self, topic: TopicDeserializer[Any], name: str) -> None:
        key = topic.key
        codec = _plain_codec(key.node) if isinstance(key, KeyCodec) else key
        portable = codec.column_decoder().reader.portable
        self._topic = topic
        self._reader = Reader(
            codec.schema,
            column_of(codec.schema.root, name, portable.path),
            # A record in a column is a level deeper than one whose fields are the columns.
            attrs.evolve(portable, depth=portable.depth + 1),
            is_whole=True,
        )
        self.columns = self._reader.columns
        self._is_plain = isinstance(key, KeyCodec)
        self._read = (
            self._unchanged_or(codec.encode, key.node)
            if isinstance(key, KeyCodec)
            else self._framed(topic.read_key)
        )

    def decode(
        self, raws: Sequence[confluent_kafka.Message]
    ) -> tuple[list[_native.Batch], dict[int, Exception]]:
        """The keys of messages, and by index the errors of those that are not of the contract.

        Raises:
            RegistryError: The registry does not answer.
        """
        faults: dict[int, Exception] = {}
        reads: list[_Read] = []
        missing: _Read = b"", self._reader.missing, 0
        for index, raw in enumerate(raws):
            try:
                key = raw.key()
                reads.append(missing if key is None else self._read(key, raw))
            except POISON as error:  # noqa: PERF203 - each may be poison
                faults[index] = error
                reads.append(missing)
        payloads, writers, starts = zip(*reads, strict=True) if reads else ((), (), ())
        run = Run(self._reader, payloads, writers, starts, range(len(reads)))
        run.finish()
        for fault in run.faults:
            faults[fault.index] = self._error(raws[fault.index], fault.error)
        return run.batches, faults

    def _error(self, raw: confluent_kafka.Message, error: Exception) -> Exception:
        """The error of a record's key, where that is no Avro."""
        if self._is_plain:
            try:
                self._topic.read_key_of(raw)
            except POISON as found:
                return found
        return error

    def _framed(self, deserializer: Any) -> Callable[[bytes, confluent_kafka.Message], _Read]:
        """The reader of keys with a schema of their own."""
        sources = Sources(deserializer, lambda _, schema: self._reader.writer(schema), is_key=True)

        def read(key: bytes, raw: confluent_kafka.Message) -> _Read:
            source = sources.of(key, raw.headers())
            return source.payload(key), source.writer, source.start

        return read

    def _unchanged_or(
        self, encode: Callable[[Any], bytes], node: AvroType
    ) -> Callable[[bytes, confluent_kafka.Message], _Read]:
        """The reader of plain keys: text and bytes are Avro but for their length."""
        plain, read_key_of = self._reader.plain, self._topic.read_key_of
        is_sized = (
            isinstance(node, PrimitiveType)
            and node.logical is None
            and node.name in {"bytes", "string"}
        )

        def read(key: bytes, raw: confluent_kafka.Message) -> _Read:
            if is_sized and not raw.headers():
                return long_bytes(len(key)) + key, plain, 0
            value = read_key_of(raw)
            if is_sized:
                return long_bytes(len(key)) + key, plain, 0
            return encode(getattr(value, "value", value)), plain, 0

        return read


def _plain_codec(node: AvroType) -> Codec[Any]:
    return Codec(Schema(root=node, json=json.dumps(inlined(node))))
