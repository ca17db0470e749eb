"""A bounded read: up to where the partitions end when it starts, and not one message further."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Generic, TypeVar

from streamcontract.kafka.errors import StalledError
from streamcontract.kafka.interrupts import SLICE

if TYPE_CHECKING:
    from typing_extensions import Self

    from streamcontract.kafka.cluster import Cluster
    from streamcontract.kafka.fetcher import Fetcher
    from streamcontract.kafka.hand_out import HandOut
    from streamcontract.kafka.message import Message
    from streamcontract.kafka.telemetry import Receiving

__all__ = ["ObservedUntilEnd", "UntilEnd"]

T = TypeVar("T")


class UntilEnd(Generic[T]):
    """Iterates over the messages in front of the ends that held when it was made.

    An error does not end it: the next call goes on behind the message that raised.

    Args:
        topic: The topic.
        cluster: Knows where the partitions end.
        fetcher: Where messages come from.
        hand_out: Gives them to the application.
        timeout: Seconds without anything new after which to give up.

    Attributes:
        ends: For each partition the offset this reads up to, that one excluded.
    """

    def __init__(
        self,
        topic: str,
        cluster: Cluster,
        fetcher: Fetcher,
        hand_out: HandOut[T],
        timeout: float,
    ) -> None:
        self._topic = topic
        self._cluster = cluster
        self._fetcher = fetcher
        self._hand_out = hand_out
        self._timeout = timeout
        self.ends: dict[int, int] = {}
        fetcher.release()  # what an earlier read left behind its end may be in front of this one's
        deadline = time.monotonic() + timeout
        while not fetcher.is_assigned:
            self._wait(deadline)
        self._follow_assignment()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Message[T]:
        """The next message, or StopIteration at the ends."""
        fetcher = self._fetcher
        while True:
            while fetcher.buffer:
                raw = fetcher.buffer[0]
                end = self.ends.get(raw.partition())  # type: ignore[arg-type] # None is in no dict
                if end is None or raw.error() is not None or raw.offset() < end:  # type: ignore[operator] # only errors have no offset
                    message = self._hand_out.first()
                    if message is not None:
                        return message
                else:
                    fetcher.hold(raw.partition())  # type: ignore[arg-type] # likewise
            self._read_on()

    def _read_on(self) -> None:
        """Fetch until there is something new; StopIteration at the ends."""
        deadline = time.monotonic() + self._timeout
        while not self._fetcher.buffer:
            self._follow_assignment()
            if not self._remaining():
                self._fetcher.release()
                raise StopIteration
            self._wait(deadline)

    def _follow_assignment(self) -> None:
        assigned = self._fetcher.assigned
        new = assigned - self.ends.keys()
        if new:
            self.ends.update(self._cluster.end_offsets(self._topic, new))
        for partition in self.ends.keys() - assigned:
            del self.ends[partition]

    def _remaining(self) -> dict[int, tuple[int | None, int]]:
        """Where each partition stands that is not read to its end; the buffer is empty."""
        at = self._fetcher.handed_out
        met = self._fetcher.ends
        return {
            partition: (at.get(partition), end)
            for partition, end in self.ends.items()
            # Control records at the end have offsets but are no messages: there the consumer
            # only meets the end.
            if at.get(partition, 0) < end and met.get(partition, 0) < end
        }

    def _wait(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise StalledError(self._topic, self._timeout, self._remaining())
        self._hand_out.fetch(min(SLICE, left), bounded=True)


class ObservedUntilEnd(UntilEnd[T]):
    """One that tells telemetry of what it gives."""

    receiving: Receiving

    def __next__(self) -> Message[T]:
        """The next message, or StopIteration at the ends."""
        with self.receiving.call() as call:
            return call.gives(super().__next__())
