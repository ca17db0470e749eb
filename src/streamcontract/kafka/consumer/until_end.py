"""Bounded read up to the end offsets at its start."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from streamcontract._lazy import Later
from streamcontract._typing import Self
from streamcontract.kafka.connection.waits import SLICE, deadline_of
from streamcontract.kafka.consumer.batches import Batches, batch_options
from streamcontract.kafka.consumer.observed import observed
from streamcontract.kafka.consumer.queue import NOTHING
from streamcontract.kafka.errors import StalledError
from streamcontract.kafka.message import K, Keyed, Message, T
from streamcontract.kafka.telemetry import Receiving

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamcontract.kafka.batches import types
    from streamcontract.kafka.consumer import parts
    from streamcontract.kafka.consumer.batch_delivery import BatchOptions
    from streamcontract.kafka.consumer.delivery import Found
    from streamcontract.kafka.consumer.queue import Run
else:
    types = Later("streamcontract.kafka.batches.types")
    parts = Later("streamcontract.kafka.consumer.parts")

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
        timeout: Seconds without a new message after which it raises; never if negative.
        batch_delivery: Makes what returns batches to the application.

    Attributes:
        ends: The end offset of each partition, exclusive.
    """

    def __init__(
        self,
        topic: str,
        offsets: parts.Offsets,
        contact: parts.Contact,
        delivery: parts.Delivery[T],
        receiving: Receiving,
        timeout: float,
        batch_delivery: Callable[[], parts.BatchDelivery],
    ) -> None:
        self._topic = topic
        self._receiving = receiving
        self._batch_delivery = batch_delivery
        self._offsets = offsets
        self._contact = contact
        self._delivery = delivery
        self._timeout = timeout
        self._take = observed(receiving, self._next)
        self.ends: dict[Any, int] = {}
        deadline = deadline_of(timeout)
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

    def batches(
        self,
        num_messages: int = 10_000,
        *,
        columns: Sequence[str] | None = None,
        metadata: types.MetadataChoice = (),
        tombstones: types.Tombstones = "drop",
        threads: int = 1,
    ) -> Batches:
        """Iterate over the same messages as batches, each full except for the last ones.

        Args:
            num_messages: The maximum number of messages in a batch.
            columns: As for :meth:`.ContractConsumer.consume_batch`.
            metadata: Likewise.
            tombstones: Likewise.
            threads: Likewise.

        Raises:
            Exception: An error of ``consume_batch``, or of this iterator.
        """
        options = batch_options(num_messages, columns, metadata, tombstones, threads)
        take = observed(self._receiving, self._next_batch)
        return Batches(self._delivery, functools.partial(take, options))

    def remaining(self) -> dict[Any, tuple[int | None, int]]:
        """The partitions that are not read to their ends; empty if all are.

        It is for applications that call the consumer's own methods, such as ``consume``. The
        messages that one returns count as read when the next one begins.

        Returns:
            For each partition its position, None if no message was read, and its end offset.
        """
        self._follow_assignment()
        return self._remaining()

    def _next(self) -> Found[Message[T] | None]:
        """The next message; None at the ends."""
        self._delivery.begin()
        deadline: float | None = None
        while True:
            found = self._delivery.first(self.ends)
            if found is not None:
                return found
            if deadline is None:  # not for each message that is fetched already
                deadline = deadline_of(self._timeout)
            self._follow_assignment()
            if not self._remaining():
                return None, NOTHING, None
            self._wait(deadline)

    def _next_batch(self, options: BatchOptions) -> Found[types.ConsumedBatch | None]:
        """The next batch; None at the ends."""
        batches = self._batch_delivery()
        found = batches.begin(options)
        if found is not None:
            return found
        deadline, count = deadline_of(self._timeout), 0
        while True:
            self._follow_assignment()
            selection = batches.select(options, self.ends)
            is_full = len(selection) >= options.limit or selection.error is not None
            if is_full or (not selection.is_held and self._is_fetched()):
                return batches.decode(selection, options) if selection else (None, NOTHING, None)
            if len(selection) != count:
                deadline, count = deadline_of(self._timeout), len(selection)
            self._wait(deadline, selection.read, options.limit - len(selection))

    def _is_fetched(self) -> bool:
        """Whether all messages before the ends are fetched, of partitions that are not paused."""
        assignment = self._contact.assignment
        return all(
            max(each.fetched, each.end) >= self.ends[each.name]
            for each in assignment.table.values()
            if not assignment.is_paused(each)
        )

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

    def _wait(
        self,
        deadline: float,
        read: Mapping[Run, int] | None = None,
        wanted: int | None = None,
    ) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise StalledError(self._topic, self._timeout, self._remaining())
        self._delivery.wait(min(SLICE, left), read, wanted)
