"""Rows of batches: messages with what reads their values, before they are decoded."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any

import attrs

from streamcontract.columns.run import without_frames
from streamcontract.kafka.batches.key_column import key_errors
from streamcontract.kafka.batches.sources import Source, Sources
from streamcontract.kafka.contract.keys import KeyCodec
from streamcontract.kafka.contract.message_deserializer import forbidden_headers
from streamcontract.kafka.contract.topic_deserializer import POISON

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    import confluent_kafka

    from streamcontract.codec import Codec
    from streamcontract.columns.reader import Writer
    from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
    from streamcontract.schema import Schema

__all__ = ["FoundRows", "Raws", "RowFinder", "Rows"]

Raws = list["confluent_kafka.Message"]


@attrs.define(eq=False)
class FoundRows:
    """What was found of messages before they are decoded.

    Attributes:
        raws: The messages.
        size: The number of those that were looked at.
        values: The payload of each, after its frame; None for a tombstone.
        sources: How each is read; None if it is no row.
        errors: The errors of messages that are no rows, by index.
        key_errors: The errors of the keys of rows, which count if the value has none.
        tombstones: The indexes of messages without a value.
        left_out: The indexes of messages that are no rows.
        parts: The metadata of each, if there are metadata columns.
        stopped: The error after ``size`` messages; None if there are no more.
    """

    raws: Raws
    size: int
    parts: Any = None
    values: list[bytes | None] = attrs.field(factory=list)
    sources: list[Source | None] = attrs.field(factory=list)
    errors: dict[int, Exception] = attrs.field(factory=dict)
    key_errors: dict[int, Exception] = attrs.field(factory=dict)
    tombstones: list[int] = attrs.field(factory=list)
    left_out: list[int] = attrs.field(factory=list)
    stopped: Exception | None = None

    def rows(self) -> Rows:
        """The messages that are rows."""
        return Rows(self, b"\1" * self.size).without(self.left_out)


@attrs.frozen(eq=False, slots=False)
class Rows:
    """Messages of one type, or of all. Lists of them are made where they are needed.

    Attributes:
        found: All messages.
        is_row: A byte for each: 1 for one of these, else 0.
    """

    found: FoundRows
    is_row: bytes

    def __len__(self) -> int:
        return len(self.is_row) - self.is_row.count(0)

    def of(self, indexes: Iterable[int]) -> Rows:
        """The rows with some of the indexes."""
        return Rows(self.found, _marked(bytes(len(self.is_row)), indexes, 1))

    def split(self, most: int) -> list[Rows]:
        """The rows in parts of this number, the last of what is left; at least one part."""
        return [
            Rows(self.found, self._between(self.indexes[at : at + most]))
            for at in range(0, max(1, len(self)), most)
        ]

    def without(self, gone: Collection[int]) -> Rows:
        """The rows without some of them, by index."""
        return Rows(self.found, _marked(self.is_row, gone, 0)) if gone else self

    @functools.cached_property
    def indexes(self) -> Sequence[int]:
        """Their indexes, ascending."""
        return self._picked(range(len(self.is_row)))

    @functools.cached_property
    def raws(self) -> Sequence[confluent_kafka.Message]:
        """The messages."""
        return self._picked(self.found.raws)

    @functools.cached_property
    def values(self) -> Sequence[bytes | None]:
        """Their payloads."""
        return self._picked(self.found.values)

    @functools.cached_property
    def sources(self) -> Sequence[Source]:
        """How each is read."""
        return self._picked(self.found.sources)

    @property
    def parts(self) -> Any:
        """Their metadata."""
        return self.found.parts.at(self.is_row)

    @property
    def key_errors(self) -> dict[int, Exception]:
        """The errors of their keys that are known, by index."""
        known = self.found.key_errors
        return {index: error for index, error in known.items() if self.is_row[index]}

    def _between(self, indexes: Sequence[int]) -> bytes:
        """The marks from the first to the last of some indexes."""
        first, stop = (indexes[0], indexes[-1] + 1) if indexes else (0, 0)
        return bytes(first) + self.is_row[first:stop] + bytes(len(self.is_row) - stop)

    def _picked(self, items: Sequence[Any]) -> Sequence[Any]:
        if len(self) < len(self.is_row):
            return list(itertools.compress(items, self.is_row))
        return items if len(items) == len(self) else items[: len(self)]


def _marked(is_row: bytes, indexes: Iterable[int], mark: int) -> bytes:
    marks = bytearray(is_row)
    for index in indexes:
        marks[index] = mark
    return bytes(marks)


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
        found, index = FoundRows(raws, len(raws), parts), 0
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
            found.errors[index] = without_frames(error)
            found.left_out.append(index)
            data = source = None
        else:
            wrong = key_errors(self._topic, [raw]).get(0)
            if wrong is not None:
                (found.errors if source is None else found.key_errors)[index] = wrong
            elif data is None:
                found.tombstones.append(index)
            if source is None:
                found.left_out.append(index)
        found.values.append(data)
        found.sources.append(source)
        if found.parts is not None:
            found.parts.add(raw, None if source is None else source.schema_id)
