"""Telemetry of a consumer: its lag, the decoding of messages, and its calls for messages."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

import confluent_kafka

from streamcontract.kafka.consumer.partition import UNKNOWN
from streamcontract.kafka.telemetry import NO_TELEMETRY

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import ParamSpec

    from streamcontract.kafka.consumer.contact import Contact
    from streamcontract.kafka.consumer.delivery import Found
    from streamcontract.kafka.consumer.partition import Key, Partition
    from streamcontract.kafka.contract.message_deserializer import MessageReader
    from streamcontract.kafka.message import Message
    from streamcontract.kafka.telemetry import Receiving

    P = ParamSpec("P")

__all__ = ["ConsumerLag", "ObservedReader", "observed"]

R = TypeVar("R")

# Seconds between two updates of end offsets: each takes microseconds.
_LOOK_INTERVAL: Final = 1.0


class ConsumerLag:
    """The lag of one consumer in its partitions, without requests to the brokers.

    librdkafka has the end offset of each partition from the last fetch. The consumer's thread gets
    it periodically while it reads messages, and any thread may read the result. Another thread
    cannot get it from librdkafka, because it would wait for each ``poll`` of the consumer
    (confluent-kafka 2.16).

    Args:
        client: The consumer.
        contact: The contact, with the partitions.
        positions: Returns the application's positions.
    """

    def __init__(
        self,
        client: confluent_kafka.Consumer,
        contact: Contact,
        positions: Callable[[], dict[Partition, int]],
    ) -> None:
        self._client = client
        self._contact = contact
        self._positions = positions
        self._ends: dict[Key, int] = {}
        self._due_at = 0.0
        self._is_closed = False

    def look(self) -> None:
        """Update the end offsets of the partitions, unless that was done recently."""
        now = time.monotonic()
        if now < self._due_at and self._contact.assignment.table.keys() <= self._ends.keys():
            return
        self._due_at = now + _LOOK_INTERVAL
        for partition in self._contact.assignment.table.values():
            # librdkafka does not know a partition (yet), or its end: the next update tries again.
            with contextlib.suppress(confluent_kafka.KafkaException):
                place = partition.place(confluent_kafka.OFFSET_INVALID)
                _, end = self._client.get_watermark_offsets(place, cached=True)
                if end >= 0:
                    self._ends[partition.key] = end

    def read(self) -> dict[Key, int]:
        """See :class:`~streamcontract.kafka.telemetry.Lag`."""
        if self._is_closed:
            return {}
        positions = self._positions()
        waiting = self._contact.queue.waiting()
        found: dict[Key, int] = {}
        for partition in tuple(self._contact.assignment.table.values()):
            at, end = positions.get(partition, UNKNOWN), self._ends.get(partition.key)
            if at >= partition.fetched or (at < 0 and partition not in waiting):
                # After the last message there may be control records, which are not messages.
                at = max(at, partition.end)
            if at >= 0 and end is not None:
                found[partition.key] = max(0, end - at)
        return found

    def close(self) -> None:
        """Forget all offsets."""
        self._is_closed = True


class ObservedReader:
    """A consumer's reader, which looks for the ends of partitions on its way.

    Args:
        inner: The wrapped one.
        lag: The lag to update.
    """

    def __init__(self, inner: MessageReader, lag: ConsumerLag) -> None:
        self._inner = inner
        self._lag = lag

    def read(self, raw: confluent_kafka.Message) -> Message[Any] | None:
        """See :class:`~streamcontract.kafka.contract.message_deserializer.MessageReader`."""
        self._lag.look()
        return self._inner.read(raw)

    def read_many(
        self,
        raws: list[confluent_kafka.Message],
        start: int,
        stop: int,
        messages: list[Message[Any]],
    ) -> int:
        """See :class:`~streamcontract.kafka.contract.message_deserializer.MessageReader`."""
        self._lag.look()
        return self._inner.read_many(raws, start, stop, messages)


def observed(receiving: Receiving, take: Callable[P, Found[R]]) -> Callable[P, Found[R]]:
    """A call for messages with its telemetry; the call itself if there is none.

    Args:
        receiving: The telemetry.
        take: The call.
    """
    if receiving is NO_TELEMETRY:
        return take

    def taken(*args: P.args, **kwargs: P.kwargs) -> Found[R]:
        found: Found[R] | None = None
        try:
            with receiving.call() as call:
                found = take(*args, **kwargs)
                given, _, error = found
                if error is not None:
                    raise error  # noqa: TRY301 - for what telemetry sees of it
                call.gives(given)
        except Exception as error:
            if found is None or error is not found[2]:
                raise
        return found

    return taken
