"""Contact of a share consumer with librdkafka: messages, and their acknowledgements."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any, TypeVar

import confluent_kafka

from streamcontract.kafka.connection.cluster import consume_error
from streamcontract.kafka.connection.error_codes import NO_SHARE_GROUPS
from streamcontract.kafka.connection.runs import splitter
from streamcontract.kafka.connection.waits import interruptible
from streamcontract.kafka.consumer.delivery import Delivery, Found
from streamcontract.kafka.consumer.partition import Key, Partition
from streamcontract.kafka.consumer.queue import NOTHING, Queue, Run, moves_of
from streamcontract.kafka.consumer.share_message import ACCEPT, REJECT, RELEASE
from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
from streamcontract.kafka.dead_letters.handler import PoisonHandler
from streamcontract.kafka.errors import ConsumeError, MessageDecodeError, kafka_error_of
from streamcontract.kafka.message import Message

__all__ = ["ShareContact", "ShareDelivery", "share_error"]

T = TypeVar("T")

_log = logging.getLogger("streamcontract.kafka")


class ShareDelivery(Delivery[T]):
    """Delivery of messages that are acknowledged."""

    _source: ShareContact

    def one(self, timeout: float) -> Found[Message[T] | None]:
        """The next message, after the last one is acknowledged."""
        self.settle()
        return self._first_of_all(timeout)  # no contact is due before the queue is empty

    def settle(self) -> None:
        """Accept the last message; reject poison, and messages that were rejected with a reason."""
        self.answer(None)

    def answer(self, answer: int | None) -> None:
        """Acknowledge the last message; repeating an acknowledgement is allowed.

        Args:
            answer: The acknowledgement, or None for the default one.
        """
        moves = moves_of(self.in_hand)
        for run, index, poison in moves:
            default = REJECT if poison else ACCEPT
            self._source.answer(run, index, default if answer is None else answer, poison)
        self._queue.apply(moves)
        self.in_hand = NOTHING


class ShareContact:
    """Contact with librdkafka: messages, and their acknowledgements.

    librdkafka refuses to return more messages before all are acknowledged, so it is polled when the
    queue is empty. Messages that are not acknowledged in time are delivered again.
    """

    due = float("inf")

    def __init__(
        self,
        client: Any,
        reader: TopicDeserializer[Any],
        group: str,
        poison: PoisonHandler,
    ) -> None:
        self._client = client
        self._topic = reader.topic
        self._reader = reader
        self._group = group
        self._poison = poison
        self._split = splitter()
        self._answers = {
            each: confluent_kafka.AcknowledgeType(each) for each in (ACCEPT, RELEASE, REJECT)
        }
        self._has_begun = False
        self._rejected: dict[tuple[Partition, int], confluent_kafka.Message] = {}
        self._nowhere = Partition(reader.topic, -1, reader)
        self.table: dict[Key, Partition] = {}
        self.queue = Queue()

    def is_live(self, partition: Partition) -> bool:
        """Always true, because partitions are not revoked."""
        del partition
        return True

    def make(
        self, timeout: float | None, read: Mapping[Run, int], wanted: int | None = None
    ) -> None:
        """Send acknowledgements, and queue new messages."""
        del read, wanted
        self._poison.serve()
        self.reject()
        if self.queue.runs:
            # Of partitions that stop because their dead letters are not delivered.
            time.sleep(timeout or 0.0)
            return
        try:
            if not self._has_begun:
                self._client.set_acknowledgement_commit_callback(self._acknowledged)
                interruptible(self._client.subscribe, [self._topic])
                self._has_begun = True
            raws = interruptible(self._client.poll, timeout or 0.0)
        except confluent_kafka.KafkaException as error:
            raise share_error(self._topic, error) from error
        self.queue.runs.extend(
            Run(self._partition(messages[0]), messages)
            for messages in self._split(list(raws), by_topic=False)
        )

    def _partition(self, raw: confluent_kafka.Message) -> Partition:
        if raw.error() is not None:
            return self._nowhere
        number: int = raw.partition()  # type: ignore[assignment] # only errors have none
        key = self._topic, number
        return self.table.setdefault(key, Partition(*key, self._reader))

    def answer(
        self, run: Run, index: int, answer: int, poison: tuple[MessageDecodeError, ...]
    ) -> None:
        """Acknowledge one message; it is sent with the next contact."""
        raw = run.raws[index - 1]
        if run.next >= index or run.partition is self._nowhere:
            return
        if answer == REJECT:
            # After its dead letter is delivered, if it has one.
            if poison:
                self._poison.settle(run.partition, poison)
            self._rejected[run.partition, raw.offset() or 0] = raw
        else:
            self._acknowledge(raw, answer)

    def reject(self) -> None:
        """Reject messages whose dead letters are delivered."""
        for (partition, offset), raw in list(self._rejected.items()):
            if offset not in partition.letters:
                self._acknowledge(raw, REJECT)
                self._rejected.pop((partition, offset))

    def close(self) -> None:
        """Release messages without an acknowledgement, send all, and leave the group."""
        self.reject()
        waiting = [raw for run in self.queue.runs for raw in run.raws[run.next :]]
        for raw in (*self._rejected.values(), *waiting):
            if raw.error() is None:
                self._acknowledge(raw, RELEASE)
        self._rejected.clear()
        self.queue.runs.clear()
        try:
            self._client.close()
        except confluent_kafka.KafkaException as error:
            raise share_error(self._topic, error) from error

    def _acknowledge(self, raw: confluent_kafka.Message, answer: int) -> None:
        try:
            self._client.acknowledge(raw, self._answers[answer])
        except confluent_kafka.KafkaException as error:
            raise share_error(self._topic, error) from error

    def _acknowledged(self, offsets: Any, error: confluent_kafka.KafkaException | None) -> None:
        """Log refused asynchronous acknowledgements, whose messages are delivered again."""
        if error is not None:
            _log.warning(
                "topic %r: the broker refused the acknowledgements of %s: %s",
                self._topic,
                {place.partition: sorted(places) for place, places in offsets.items()},
                error,
                extra={"topic": self._topic, "group": self._group},
            )


def share_error(topic: str, error: confluent_kafka.KafkaException) -> ConsumeError:
    """The typed error for one of librdkafka for a share consumer."""
    reason = kafka_error_of(error)
    if reason.code() in NO_SHARE_GROUPS:
        return ConsumeError(
            topic,
            reason,
            advice="This cluster has no share groups, which need Kafka 4.2 or newer. Use a "
            "consumer group there: ContractConsumer(group=...)",
        )
    return consume_error(topic, reason)
