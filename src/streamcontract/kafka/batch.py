"""Messages on their way to the application: taken out of the buffer, and not handed out yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    import confluent_kafka

    from streamcontract.kafka.message import Message

__all__ = ["Batch"]

T = TypeVar("T")


@attrs.frozen
class Batch(Generic[T]):
    """What one call collects while it may wait for more.

    Attributes:
        messages: The typed messages.
        raws: The raw ones that were taken, poison among them.
        poison: The poison among them, by partition and offset; the policy has dealt with it.
        first: For each partition the offset of the first one taken.
        last: For each partition the offset of the last one taken.
    """

    messages: list[Message[T]] = attrs.field(factory=list)
    raws: list[confluent_kafka.Message] = attrs.field(factory=list)
    poison: dict[tuple[int, int], confluent_kafka.Message] = attrs.field(factory=dict)
    first: dict[int, int] = attrs.field(factory=dict)
    last: dict[int, int] = attrs.field(factory=dict)

    def take(self, raw: confluent_kafka.Message, message: Message[T] | None) -> None:
        """Add a message; None stands for poison that the policy has dealt with."""
        self.raws.append(raw)
        partition, offset = raw.partition(), raw.offset()
        assert partition is not None  # noqa: S101 - only errors have none
        assert offset is not None  # noqa: S101 - likewise
        if message is not None:
            self.messages.append(message)
        else:
            self.poison[partition, offset] = raw
        self.first.setdefault(partition, offset)
        self.last[partition] = offset

    def drop(self, partitions: AbstractSet[int]) -> None:
        """Leave messages of partitions out: the group took them away, and gives them to others."""
        if not partitions:
            return
        self.messages[:] = [each for each in self.messages if each.partition not in partitions]
        self.raws[:] = [each for each in self.raws if each.partition() not in partitions]
        for partition in partitions:
            self.first.pop(partition, None)
            self.last.pop(partition, None)
