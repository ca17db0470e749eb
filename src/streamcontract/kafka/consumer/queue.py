"""Queue of fetched messages, in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import confluent_kafka

    from streamcontract.kafka.consumer.partition import Partition
    from streamcontract.kafka.errors import MessageDecodeError
    from streamcontract.kafka.message import Message

__all__ = ["NOTHING", "InHand", "Move", "Queue", "Run", "moves_of"]


class Run:
    """Consecutive messages of one partition.

    Attributes:
        partition: The partition.
        raws: The raw messages.
        size: Their number.
        next: The index of the first one that is not processed.
        given: The index after the message in hand, if one of these is.
        read: Deserializes one, if it is plain.
        letters: The partition's undelivered dead letters.
    """

    __slots__ = ("given", "letters", "next", "partition", "raws", "read", "size")

    def __init__(self, partition: Partition, raws: list[confluent_kafka.Message]) -> None:
        self.partition = partition
        self.raws = raws
        self.letters = partition.letters
        self.size = len(raws)
        self.next = self.given = 0
        self.read: Callable[[confluent_kafka.Message], Message[Any] | None] = (
            partition.reader.plain.read
        )

    def offset_after(self, index: int) -> int:
        """The offset to continue at when the messages before an index are processed."""
        offset: int = self.raws[index - 1].offset()  # type: ignore[assignment] # only errors have none
        return offset + 1

    def note_position(self) -> None:
        """Set the partition's position to the one of this run."""
        if self.next and self.partition.number >= 0:
            self.partition.position = self.offset_after(self.next)


Move = tuple[Run, int, "tuple[MessageDecodeError, ...]"]
"""The index up to which messages of a run were returned, and the poison among the messages that are
returned now."""

InHand = Run | tuple[Move, ...]
"""The messages in hand: one plain message, which its run has, or the moves of several runs."""

NOTHING: Final[InHand] = ()


def moves_of(in_hand: InHand) -> tuple[Move, ...]:
    """The moves of all runs for the messages in hand."""
    return ((in_hand, in_hand.given, ()),) if isinstance(in_hand, Run) else in_hand


class Queue:
    """Runs of messages, which are removed after the application has processed them.

    Attributes:
        runs: The runs to deliver.
        paused: The runs of paused partitions. A run may be in both while it is moved: the next
        :meth:`sort` decides.
    """

    def __init__(self) -> None:
        self.runs: deque[Run] = deque()
        self.paused: deque[Run] = deque()

    @property
    def all_runs(self) -> tuple[Run, ...]:
        """All runs, those of each partition in their order."""
        return tuple(dict.fromkeys((*self.paused, *self.runs)))  # may be called in another thread

    def clear(self) -> None:
        """Drop all."""
        self.runs.clear()
        self.paused.clear()

    def apply(self, moves: tuple[Move, ...]) -> None:
        """Remove processed messages.

        Values are set, not incremented, so that a repetition has no effect.
        """
        for run, index, _ in moves:
            run.next = index
            run.note_position()
        runs = self.runs
        while runs and runs[0].next >= runs[0].size:
            runs.popleft()

    def note_positions(self) -> None:
        """Update the positions of all partitions."""
        for run in self.all_runs:
            run.note_position()

    def sort(
        self, is_current: Callable[[Partition], bool], is_paused: Callable[[Partition], bool]
    ) -> None:
        """Drop the runs of other partitions, and processed ones; move those of paused partitions.

        If this is interrupted, each run is in one of the two or in both.
        """
        paused: deque[Run] = deque()
        ready: deque[Run] = deque()
        for run in self.all_runs:
            if run.next < run.size and is_current(run.partition):
                (paused if is_paused(run.partition) else ready).append(run)
        self.paused.extend(paused)
        self.runs = ready
        self.paused = paused

    def sizes(self, read: Mapping[Run, int]) -> dict[Partition, int]:
        """The number of remaining messages of each partition.

        Args:
            read: The index up to which each run was read for a list that is not returned yet.
        """
        sizes: dict[Partition, int] = {}
        for run in self.all_runs:
            left = run.size - read.get(run, run.next)
            sizes[run.partition] = sizes.get(run.partition, 0) + left
        return sizes

    def waiting(self) -> dict[Partition, int]:
        """The offset of the first queued message of each partition that has one."""
        offsets: dict[Partition, int] = {}
        for run in self.all_runs:
            if run.next < run.size and run.partition.number >= 0:
                offsets.setdefault(run.partition, run.offset_after(run.next + 1) - 1)
        return offsets
