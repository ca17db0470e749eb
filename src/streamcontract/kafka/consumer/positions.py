"""Positions of a consumer: the offsets after the last returned messages, to be committed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import confluent_kafka

from streamcontract.errors import ArgumentError, ConfigurationError, shown
from streamcontract.kafka.connection.error_codes import LocalErrorCode
from streamcontract.kafka.consumer.partition import UNKNOWN, Partition
from streamcontract.kafka.consumer.queue import moves_of
from streamcontract.kafka.consumer.start import check_offset
from streamcontract.kafka.message import Message

if TYPE_CHECKING:
    from streamcontract.kafka.consumer.assignment import Assignment
    from streamcontract.kafka.consumer.delivery import Delivery
    from streamcontract.kafka.consumer.partition import Key
    from streamcontract.kafka.consumer.queue import Queue
    from streamcontract.kafka.consumer.topics import Topics

__all__ = ["Positions"]


class Positions:
    """The positions of one consumer, by partition.

    Args:
        topics: The topics.
        assignment: The partitions.
        queue: The fetched messages.
        delivery: The delivery, with the messages in hand.
    """

    def __init__(
        self, topics: Topics, assignment: Assignment, queue: Queue, delivery: Delivery[Any]
    ) -> None:
        self._topics = topics
        self._assignment = assignment
        self._queue = queue
        self._delivery = delivery

    def known(self) -> dict[Partition, int]:
        """The known positions, after the messages in hand."""
        self._queue.note_positions()
        found = {
            each: each.position
            for each in tuple(self._assignment.table.values())
            if each.position != UNKNOWN
        }
        found.update(
            (run.partition, run.offset_after(index))
            for run, index, _ in moves_of(self._delivery.in_hand)
            if self._assignment.table.get(run.partition.key) is run.partition
        )
        return found

    def chosen(self, message: object, offsets: object) -> Mapping[Partition, int]:
        """The offsets to commit: all known positions, or of one message, or given offsets.

        Raises:
            ConfigurationError: The message is of another topic, or an offset is invalid.
            ConsumeError: A partition is not assigned.
        """
        if message is None:
            return self.known() if offsets is None else self._of(offsets)
        if offsets is not None:
            raise ConfigurationError("commit() takes a message or offsets=, not both")
        if not isinstance(message, Message):
            raise ArgumentError("message", message, "a Message that this consumer returned")
        if self._topics.match(message.topic) is None:
            raise ConfigurationError(
                f"a message of topic {message.topic!r} is not one for this consumer of topic "
                f"{self._topics.label!r} to commit: give it to the consumer that it came from"
            )
        return {self._assigned((message.topic, message.partition)): message.offset + 1}

    def _of(self, offsets: object) -> dict[Partition, int]:
        if not isinstance(offsets, Mapping):
            raise ConfigurationError(
                f"offsets= is a dict of offsets by partition, not {shown(offsets)}"
            )
        return {
            self._assigned(self._topics.key_of(name)): check_offset(offset)
            for name, offset in offsets.items()
        }

    def _assigned(self, key: Key) -> Partition:
        reason = confluent_kafka.KafkaError(
            LocalErrorCode.ASSIGNMENT_LOST, "revoked, or lost, before the message was committed"
        )
        return self._assignment.of(key, reason)
