"""Selections of fetched messages, of which batches are made."""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence

    import confluent_kafka

    from streamcontract.kafka.consumer.queue import Run
    from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer

__all__ = ["Group", "Place", "Selection", "Slice"]


@attrs.frozen(order=True)
class Place:
    """A message of a selection.

    Attributes:
        number: The number of its slice.
        index: Its index in the run.
    """

    number: int
    index: int


@attrs.frozen(eq=False)
class Slice:
    """Consecutive messages of a run.

    Attributes:
        run: The run.
        start: The index of the first one.
        stop: The index after the last one.
    """

    run: Run
    start: int
    stop: int

    @property
    def raws(self) -> list[confluent_kafka.Message]:
        """The messages."""
        raws = self.run.raws
        return raws if self.stop - self.start == len(raws) else raws[self.start : self.stop]


@attrs.frozen(eq=False)
class Selection:
    """The messages that a batch is made of.

    Attributes:
        slices: The messages, in the order of their delivery.
        error: The run of an error of librdkafka after them; None if there is none.
        is_held: Whether there are messages that wait for the delivery of dead letters.
    """

    slices: tuple[Slice, ...]
    error: Run | None = None
    is_held: bool = False

    def __bool__(self) -> bool:
        """Whether there is a message, or an error in place of one."""
        return bool(self.slices) or self.error is not None

    def __len__(self) -> int:
        """The number of messages."""
        return sum(each.stop - each.start for each in self.slices)

    @property
    def read(self) -> dict[Run, int]:
        """The index up to which each run is in it."""
        return {each.run: each.stop for each in self.slices}

    def before(self, place: Place) -> Selection:
        """The messages before one of them."""
        last = self.slices[place.number]
        kept = (*self.slices[: place.number], Slice(last.run, last.start, place.index))
        return Selection(tuple(each for each in kept if each.start < each.stop))

    def held_after(self, place: Place) -> Selection:
        """All but the later messages of the same partition."""
        partition, kept = self.slices[place.number].run.partition, []
        for number, each in enumerate(self.slices):
            if number == place.number:
                kept.append(Slice(each.run, each.start, place.index + 1))
            elif number < place.number or each.run.partition is not partition:
                kept.append(each)
        return Selection(tuple(kept))


@attrs.define(eq=False)
class Group:
    """The messages of one deserializer.

    Attributes:
        reader: The deserializer.
        raws: The messages.
        begins: The slices: the index of their first message among the raws, their numbers and their
            start in the run.
    """

    reader: TopicDeserializer[Any]
    raws: list[confluent_kafka.Message] = attrs.field(factory=list)
    begins: list[tuple[int, int, int]] = attrs.field(factory=list)

    def place(self, index: int) -> Place:
        """The place of a message in the selection."""
        begin, number, start = next(each for each in reversed(self.begins) if each[0] <= index)
        return Place(number, start + index - begin)

    def firsts(self, indexes: Sequence[int]) -> list[Place]:
        """Of sorted indexes of the messages, the place of the first one in each slice."""
        found = []
        for begin, *_ in self.begins:
            at = bisect.bisect_left(indexes, begin)
            if at < len(indexes):
                found.append(self.place(indexes[at]))
        return found
