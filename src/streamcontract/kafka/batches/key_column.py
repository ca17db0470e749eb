"""Key column of a batch: keys in the contract's type, null where a message has none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs

from streamcontract.codec import Codec
from streamcontract.columns.layout import FIX, column_of
from streamcontract.columns.reader import Reader
from streamcontract.columns.run import Run, without_frames
from streamcontract.errors import ColumnsError
from streamcontract.kafka.batches.sources import Sources
from streamcontract.kafka.contract.keys import KeyCodec
from streamcontract.kafka.contract.topic_deserializer import POISON
from streamcontract.schema import Schema
from streamcontract.schema.inline import inlined
from streamcontract.schema.model import PrimitiveType

if TYPE_CHECKING:
    from collections.abc import Sequence

    import confluent_kafka

    from streamcontract.columns import _native
    from streamcontract.columns.reader import Writer
    from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
    from streamcontract.schema.model import AvroType

__all__ = ["KeyCheck", "KeyColumn", "is_unchanged", "key_errors", "keys_are_text", "keys_of"]

_Read = tuple[bytes, "Writer", int]
"""A payload, what reads it, and how many bytes are before it."""


def is_unchanged(key: KeyCodec | Codec[Any]) -> bool:
    """Whether keys are bytes or text, which Avro writes as they are, after their length."""
    node = key.node if isinstance(key, KeyCodec) else None
    return (
        isinstance(node, PrimitiveType)
        and node.name in {"bytes", "string"}
        and node.logical is None
    )


def keys_are_text(key: KeyCodec | Codec[Any]) -> bool:
    """Whether unchanged keys are text, and not bytes."""
    node = key.node if isinstance(key, KeyCodec) else None
    return isinstance(node, PrimitiveType) and node.name == "string"


def keys_of(topic: TopicDeserializer[Any], name: str | None) -> KeyColumn | KeyCheck:
    """What decodes the keys of messages of one topic that are not unchanged.

    Args:
        topic: Deserializes the topic's messages, one by one.
        name: The name of their column; None if they are not shown, and only checked.

    Raises:
        ColumnsError: They are shown, and their type has no column.
    """
    try:
        return KeyColumn(topic, "key" if name is None else name)
    except ColumnsError as error:
        if name is None:
            return KeyCheck(topic)
        reason = f'{error.reason.removesuffix(f": {FIX}")}: leave "key" out of metadata='
        raise ColumnsError(f"the key of topic {topic.topic!r}, {error.path}", reason) from None


class KeyCheck:
    """Checks the keys of messages of one topic of whose type there is no column.

    Args:
        topic: Deserializes the topic's messages, one by one.
    """

    def __init__(self, topic: TopicDeserializer[Any]) -> None:
        self._topic = topic

    def decode(self, raws: Sequence[confluent_kafka.Message]) -> tuple[None, dict[int, Exception]]:
        """See :meth:`KeyColumn.decode`."""
        faults: dict[int, Exception] = {}
        for index, raw in enumerate(raws):
            try:
                self._topic.read_key_of(raw)
            except POISON as error:  # noqa: PERF203 - each may be poison
                faults[index] = without_frames(error)
            except Exception as error:  # noqa: BLE001 - raised in the message's turn
                faults[index] = error
                break
        return None, faults


class KeyColumn:
    """Decodes the keys of messages of one topic that are not unchanged.

    Args:
        topic: Deserializes the topic's messages, one by one.
        name: The column's name.

    Raises:
        ColumnsError: The type of the keys has no column.

    Attributes:
        reader: The column.
    """

    def __init__(self, topic: TopicDeserializer[Any], name: str) -> None:
        key = topic.key
        codec = _plain_codec(key.node) if isinstance(key, KeyCodec) else key
        portable = codec.column_decoder().reader.portable
        self._topic = topic
        self._codec = codec
        self.reader = Reader(
            codec.schema,
            column_of(codec.schema.root, name, portable.path),
            # A record in a column is a level deeper than one whose fields are the columns.
            attrs.evolve(portable, depth=portable.depth + 1),
            is_whole=True,
        )
        self._read = self._plain
        if not isinstance(key, KeyCodec):
            self._sources = Sources(
                topic.read_key, lambda _, schema: self.reader.writer(schema), is_key=True
            )
            self._read = self._framed

    def decode(
        self, raws: Sequence[confluent_kafka.Message]
    ) -> tuple[list[_native.Batch], dict[int, Exception]]:
        """The keys of messages, and by index the errors of those that have none.

        An error that is not of ``POISON``, such as of the registry, is the last one.
        """
        faults: dict[int, Exception] = {}
        missing: _Read = b"", self.reader.missing, 0
        reads = [missing] * len(raws)
        for index, raw in enumerate(raws):
            try:
                key = raw.key()
                if key is not None:
                    reads[index] = self._read(key, raw)
            except POISON as error:  # noqa: PERF203 - each may be poison
                faults[index] = without_frames(error)
            except Exception as error:  # noqa: BLE001 - raised in the message's turn
                faults[index] = error
                break
        payloads, writers, starts = zip(*reads, strict=True) if reads else ((), (), ())
        run = Run(self.reader, payloads, writers, starts, range(len(reads)))
        run.finish()
        faults.update((fault.index, fault.error) for fault in run.faults)
        return run.batches, faults

    def _framed(self, key: bytes, raw: confluent_kafka.Message) -> _Read:
        """A key with a schema of its own."""
        source = self._sources.of(key, raw.headers())
        return source.payload(key), source.writer, source.start

    def _plain(self, key: bytes, raw: confluent_kafka.Message) -> _Read:
        """A key without a schema, decoded and encoded."""
        del key
        value = self._topic.read_key_of(raw)
        # The member of an enum stands for its symbol.
        return self._codec.encode(getattr(value, "value", value)), self.reader.plain, 0


def key_errors(
    topic: TopicDeserializer[Any], raws: Sequence[confluent_kafka.Message]
) -> dict[int, Exception]:
    """The errors of the keys of messages, by index."""
    errors: dict[int, Exception] = {}
    for index, raw in enumerate(raws):
        try:
            topic.read_key_of(raw)
        except POISON as error:  # noqa: PERF203 - each may be poison
            errors[index] = without_frames(error)
    return errors


def _plain_codec(node: AvroType) -> Codec[Any]:
    return Codec(Schema(root=node, json=json.dumps(inlined(node))))
