"""Partition of a consumer, with all of its state in one object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

import attrs
import confluent_kafka

if TYPE_CHECKING:
    from streamcontract.kafka.contract.message_deserializer import MessageReader
    from streamcontract.kafka.message import Message

__all__ = ["BEGINNING", "UNKNOWN", "Key", "Partition", "PartitionDeserializer"]

Key = tuple[str, int]
"""Topic and partition number."""

UNKNOWN: Final = confluent_kafka.OFFSET_INVALID
"""librdkafka's offset for an unknown one; less than all others."""

BEGINNING: Final = confluent_kafka.OFFSET_BEGINNING
"""The offset for the beginning; less than all numbers."""


class PartitionDeserializer(Protocol):
    """The deserializer of a partition's messages."""

    plain: MessageReader

    def read(self, raw: confluent_kafka.Message) -> Message[Any]:
        """Deserialize a message that ``plain`` has not deserialized, or raise its error."""


@attrs.define(eq=False)
class Partition:
    """One partition that a consumer reads.

    A partition that is revoked, or moved by a seek, is another object from then on, so that state
    of the old one cannot affect the new one. ``stored <= position <= fetched``, if they are known.

    Attributes:
        topic: The topic.
        number: The partition's number in it.
        key: Its key in the table of partitions.
        reader: Deserializes its messages.
        name: Its name for the application: its number, or topic and number.
        start: The start offset without a committed offset.
        fetched: The offset of the next message from librdkafka.
        position: The offset of the next message for the application.
        stored: The offset that librdkafka may commit.
        committed: The committed offset that this consumer knows.
        floor: The offset committed since the partition was assigned or sought; storing a lower
        one would undo the commit.
        counted: The offset from which on messages count for the next commit by count.
        end: The last known end offset.
        is_paused: Whether it is paused in librdkafka.
        is_reported: Whether ``on_assign`` was called for it.
        is_adrift: Whether librdkafka's offset may differ from ``fetched``.
        is_gone: Whether the offset ``fetched`` does not exist any more.
        letters: Offsets of dead letters that are not delivered yet.
        passed: For poison with a callback that was called, the callback's error, or None.
    """

    topic: str
    number: int
    reader: PartitionDeserializer
    name: Any = attrs.field(default=None, kw_only=True)
    start: int = attrs.field(default=UNKNOWN, kw_only=True)
    fetched: int = attrs.field(default=UNKNOWN, kw_only=True)
    position: int = attrs.field(default=UNKNOWN, kw_only=True)
    stored: int = attrs.field(default=UNKNOWN, kw_only=True)
    committed: int = attrs.field(default=UNKNOWN, kw_only=True)
    floor: int = attrs.field(default=UNKNOWN, kw_only=True)
    counted: int = attrs.field(default=UNKNOWN, kw_only=True)
    end: int = attrs.field(default=UNKNOWN, kw_only=True)
    is_paused: bool = attrs.field(default=False, kw_only=True)
    is_reported: bool = attrs.field(default=False, kw_only=True)
    is_adrift: bool = attrs.field(default=False, kw_only=True)
    is_gone: bool = attrs.field(default=False, kw_only=True)
    letters: set[int] = attrs.field(factory=set, kw_only=True)
    passed: dict[int, Exception | None] = attrs.field(factory=dict, kw_only=True)
    key: Key = attrs.field(init=False)

    @key.default
    def _(self) -> Key:
        return self.topic, self.number

    @property
    def storable(self) -> int:
        """The offset that may be committed: up to the first undelivered dead letter."""
        safe = min(self.position, *self.letters) if self.letters else self.position
        return max(safe, self.floor)

    def moved(self, offset: int) -> Partition:
        """The same partition at another offset, to which librdkafka still has to seek.

        Args:
            offset: A number, ``BEGINNING``, or ``UNKNOWN`` for the committed offset.
        """
        return Partition(
            self.topic,
            self.number,
            self.reader,
            name=self.name,
            start=self.start,
            fetched=offset,
            position=offset if offset >= 0 else UNKNOWN,
            committed=self.committed,
            is_paused=self.is_paused,
            is_reported=self.is_reported,
            is_adrift=True,
            letters=self.letters,
        )

    def place(self, offset: int) -> confluent_kafka.TopicPartition:
        """An offset in this partition, for confluent_kafka."""
        return confluent_kafka.TopicPartition(self.topic, self.number, offset)
