"""One partition that a consumer reads: everything that is known of it, in one object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

import attrs
import confluent_kafka

if TYPE_CHECKING:
    from streamcontract.kafka.contract.message_deserializer import MessageReader
    from streamcontract.kafka.message import Message

__all__ = ["BEGINNING", "UNKNOWN", "Key", "Partition", "Reader"]

Key = tuple[str, int]
"""Topic and partition number."""

UNKNOWN: Final = confluent_kafka.OFFSET_INVALID
"""The offset that stands for none, as librdkafka has it; below all others."""

BEGINNING: Final = confluent_kafka.OFFSET_BEGINNING
"""The offset that stands for the first there is; below all numbers."""


class Reader(Protocol):
    """What reads the messages of a partition."""

    plain: MessageReader

    def read(self, raw: confluent_kafka.Message) -> Message[Any]:
        """Read one that ``plain`` has not read, or raise why it cannot be read."""


@attrs.define(eq=False)
class Partition:
    """One partition that a consumer reads.

    A partition that is revoked, or left by a seek, is another object from then on, so that nothing
    that belongs to the old one can touch the new one. ``stored <= position <= fetched`` holds where
    they are known.

    Attributes:
        topic: The topic.
        number: The partition's number in it.
        reader: Reads its messages.
        name: What the application calls it: its number, or topic and number.
        start: Where to go on if nothing is committed.
        fetched: The offset of the next message to come from librdkafka.
        position: The offset of the next message for the application.
        stored: The offset that librdkafka may commit.
        committed: The offset that is committed, as far as this consumer knows.
        floor: What was committed since the partition was assigned or sought: storing less would
            take that back.
        counted: From which offset messages count for the next commit by count.
        end: The offset at which the partition's end was met last.
        is_paused: Whether librdkafka is to fetch nothing from it.
        is_reported: Whether ``on_assign`` was called for it.
        is_adrift: Whether librdkafka may be elsewhere than at ``fetched``.
        is_gone: Whether the brokers have no message at ``fetched`` any more.
        letters: Offsets of dead letters that are not delivered yet.
        passed: For poison that a callback was told of: what the callback raised, or None.
    """

    topic: str
    number: int
    reader: Reader
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

    @property
    def key(self) -> Key:
        """What the table of partitions knows it by."""
        return self.topic, self.number

    @property
    def storable(self) -> int:
        """How far the group may go on: up to the position, or the first undelivered dead letter."""
        safe = min(self.position, *self.letters) if self.letters else self.position
        return max(safe, self.floor)

    def moved(self, offset: int) -> Partition:
        """The same partition at another offset, where librdkafka has yet to go.

        Args:
            offset: A number, ``BEGINNING``, or ``UNKNOWN``: where the group committed last.
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
        """An offset in this partition, as confluent_kafka takes it."""
        return confluent_kafka.TopicPartition(self.topic, self.number, offset)
