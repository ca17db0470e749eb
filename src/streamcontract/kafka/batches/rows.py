"""Rows of batches: messages with what reads their values, before they are decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from streamcontract.kafka.batches.key_column import key_errors
from streamcontract.kafka.batches.sources import Source, Sources
from streamcontract.kafka.contract.keys import KeyCodec
from streamcontract.kafka.contract.message_deserializer import forbidden_headers
from streamcontract.kafka.contract.topic_deserializer import POISON

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import confluent_kafka

    from streamcontract.codec import Codec
    from streamcontract.columns.reader import Writer
    from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
    from streamcontract.schema import Schema

__all__ = ["FoundRows", "Raws", "RowFinder", "Rows"]

Raws = list["confluent_kafka.Message"]


@attrs.define
class Rows:
    """Messages of one type.

    Attributes:
        indexes: Their indexes among all messages.
        raws: The messages.
        values: Their payloads, after frames; None for a tombstone.
        sources: How each is read.
        key_errors: The errors of keys that are known already, by index.
        parts: Their metadata, if they were taken while the sources were found.
    """

    indexes: Sequence[int] = ()
    raws: Raws = attrs.field(factory=list)
    values: list[bytes | None] = attrs.field(factory=list)
    sources: list[Source] = attrs.field(factory=list)
    key_errors: Mapping[int, Exception] = attrs.field(factory=dict)
    parts: Any = None

    def of(self, ats: Sequence[int]) -> Rows:
        """Some of the rows."""
        indexes = [self.indexes[at] for at in ats]
        return Rows(
            indexes,
            [self.raws[at] for at in ats],
            [self.values[at] for at in ats],
            [self.sources[at] for at in ats],
            {each: self.key_errors[each] for each in indexes if each in self.key_errors},
        )

    def without(self, indexes: Mapping[int, object]) -> Rows:
        """The rows that are not of these indexes."""
        return self.of([at for at, each in enumerate(self.indexes) if each not in indexes])


@attrs.define
class FoundRows:
    """What was found of messages before they are decoded.

    Attributes:
        size: The number of messages.
        values: The payloads of rows.
        sources: How each is read.
        errors: The errors of messages that are no rows, by index.
        key_errors: The errors of the keys of rows, which count if the value has none.
        tombstones: The indexes of messages without a value.
        left_out: The indexes of messages that are no rows.
        parts: The metadata of rows; None if they are not taken yet.
        stopped: The error after ``size`` messages; None if there are no more.
    """

    size: int
    values: list[bytes | None] = attrs.field(factory=list)
    sources: list[Source] = attrs.field(factory=list)
    errors: dict[int, Exception] = attrs.field(factory=dict)
    key_errors: dict[int, Exception] = attrs.field(factory=dict)
    tombstones: list[int] = attrs.field(factory=list)
    left_out: set[int] = attrs.field(factory=set)
    parts: Any = None
    stopped: Exception | None = None

    def rows(self, raws: Raws) -> Rows:
        """The rows of the messages."""
        indexes: Sequence[int] = range(self.size)
        if len(self.sources) < len(raws):
            indexes = [index for index in indexes if index not in self.left_out]
            raws = [raws[index] for index in indexes]
        return Rows(indexes, raws, self.values, self.sources, self.key_errors, self.parts)


class RowFinder:
    """Finds what reads the values of messages of one topic.

    Args:
        topic: Deserializes the topic's messages, one by one.
        writer: What reads the payloads of a writer schema as a codec's type.
        tombstone: The source of tombstones; None if they are left out.
        frame_finder: The native class that finds known frames.
    """

    def __init__(
        self,
        topic: TopicDeserializer[Any],
        writer: Callable[[Codec[Any], Schema], Writer],
        tombstone: Source | None,
        frame_finder: Callable[..., Any],
    ) -> None:
        self._topic = topic
        self._tombstone = tombstone
        self._sources = Sources(topic.deserializer, writer)
        has_frame = not isinstance(topic.key, KeyCodec)
        forbidden = forbidden_headers(topic.frames, key_has_frame=has_frame)
        self._find_many = frame_finder(self._sources.plain, topic.frames, forbidden).find_many

    def find(self, raws: Raws, parts: Any = None) -> FoundRows:
        """What reads each message, up to an error that is not poison.

        Args:
            raws: The messages.
            parts: The native object that the metadata of rows are added to; None for none.
        """
        found, index = FoundRows(len(raws), parts=parts), 0
        given = found.values, found.sources, parts
        while (index := self._find_many(raws, index, found.size, *given)) < found.size:
            try:
                self._find_source(raws[index], index, found)
            except Exception as error:  # noqa: BLE001 - raised in the message's turn
                found.size, found.stopped = index, error
                break
            index += 1
        return found

    def _find_source(self, raw: confluent_kafka.Message, index: int, found: FoundRows) -> None:
        """What reads one message that is not plain: a tombstone, a new schema, poison."""
        data, source = raw.value(), self._tombstone
        try:
            if data is not None:
                source = self._sources.of(data, raw.headers())
                data = source.payload(data)
        except POISON as error:
            found.errors[index] = error
            found.left_out.add(index)
            return
        wrong = key_errors(self._topic, [raw]).get(0)
        if wrong is not None:
            (found.errors if source is None else found.key_errors)[index] = wrong
        elif data is None:
            found.tombstones.append(index)
        if source is None:
            found.left_out.add(index)
        else:
            found.values.append(data)
            found.sources.append(source)
            if found.parts is not None:
                found.parts.add(raw, source.schema_id)
