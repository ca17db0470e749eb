"""Bounded read up to the end offsets at its start."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from streamcontract.kafka.connection.waits import SLICE
from streamcontract.kafka.consumer.observed import observed
from streamcontract.kafka.consumer.queue import NOTHING
from streamcontract.kafka.errors import StalledError
from streamcontract.kafka.message import K, Keyed, T

if TYPE_CHECKING:
    from typing_extensions import Self

    from streamcontract.kafka.consumer.contact import Contact
    from streamcontract.kafka.consumer.delivery import Delivery, Found
    from streamcontract.kafka.consumer.offsets import Offsets
    from streamcontract.kafka.message import Message
    from streamcontract.kafka.telemetry import Receiving

__all__ = ["UntilEnd"]


class UntilEnd(Keyed[T, K]):
    """Iterates over the messages before the end offsets at its creation.

    An error does not end it: the next call continues after the message that raised.

    Args:
        topic: The topic, or all topics, for errors.
        offsets: Looks up the end offsets.
        contact: The contact, with the partitions.
        delivery: Returns their messages to the application.
        receiving: The telemetry of the consumer.
        timeout: Seconds without a new message after which it raises.

    Attributes:
        ends: The end offset of each partition, exclusive.
    """

    def __init__(
        self,
        topic: str,
        offsets: Offsets,
        contact: Contact,
        delivery: Delivery[T],
        receiving: Receiving,
        timeout: float,
    ) -> None:
        self._topic = topic
        self._offsets = offsets
        self._contact = contact
        self._delivery = delivery
        self._timeout = timeout
        self._take = observed(receiving, self._next)
        self.ends: dict[Any, int] = {}
        deadline = time.monotonic() + timeout
        while not contact.assignment.is_settled:
            self._wait(deadline)
            if not contact.assignment.is_known:
                self._raise_reported()
        self._follow_assignment()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Message[T, K]:
        """The next message, or StopIteration at the ends."""
        message, in_hand, error = self._take()
        if error is not None:
            self._delivery.in_hand = in_hand
            raise error
        if message is None:
            raise StopIteration
        self._delivery.in_hand = in_hand
        return message

    def remaining(self) -> dict[Any, tuple[int | None, int]]:
        """Where each partition stands that is not read to its end; nothing at the end.

        For those who take messages from the consumer itself, such as in lists: what they were
        given last counts as read from the next call for messages on.

        Returns:
            By partition its position, None where nothing came yet, and its end.
        """
        self._follow_assignment()
        return self._remaining()

    def _next(self) -> Found[Message[T] | None]:
        """The next message; None at the ends."""
        self._delivery.begin()
        deadline = time.monotonic() + self._timeout
        while True:
            found = self._delivery.first(self.ends)
            if found is not None:
                return found
            self._follow_assignment()
            if not self._remaining():
                return None, NOTHING, None
            self._wait(deadline)

    def _raise_reported(self) -> None:
        """Raise librdkafka's errors while there are no partitions, such as for a missing topic."""
        found = self._delivery.first({})
        if found is not None and found[2] is not None:
            self._delivery.in_hand = found[1]
            raise found[2]

    def _follow_assignment(self) -> None:
        self._contact.assignment.clean()
        assigned = {each.name: each for each in self._contact.assignment.table.values()}
        new = [each for name, each in assigned.items() if name not in self.ends]
        ends = self._offsets.ends(new)
        self.ends.update((each.name, ends[each.key]) for each in new)
        for name in self.ends.keys() - assigned.keys():
            del self.ends[name]

    def _remaining(self) -> dict[Any, tuple[int | None, int]]:
        """The position and the end of each partition that is not read to its end."""
        self._contact.queue.note_positions()
        waiting = self._contact.queue.waiting()
        remaining: dict[Any, tuple[int | None, int]] = {}
        for partition in self._contact.assignment.table.values():
            if self._contact.assignment.is_paused(partition):
                continue
            end = self.ends[partition.name]
            # Control records at the end have offsets but are not messages: then the consumer gets
            # only the end of the partition, after all queued messages.
            met = waiting.get(partition, max(partition.position, partition.end))
            if met < end:
                at = partition.position
                remaining[partition.name] = (at if at >= 0 else None, end)
        return remaining

    def _wait(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise StalledError(self._topic, self._timeout, self._remaining())
        self._delivery.wait(min(SLICE, left))
