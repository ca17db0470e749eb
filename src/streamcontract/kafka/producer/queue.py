"""Queue of one producer: serializes records and queues them in its client."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import confluent_kafka

from streamcontract.errors import ArgumentError
from streamcontract.guards import call_back, text
from streamcontract.kafka.connection.error_codes import TOO_LARGE, LocalErrorCode
from streamcontract.kafka.connection.waits import SLICE, interruptible
from streamcontract.kafka.contract.derived_key import DERIVED
from streamcontract.kafka.errors import ProduceError, kafka_error_of
from streamcontract.kafka.message import Delivery, partition_of, timestamp_of
from streamcontract.kafka.producer.deliveries import call_on_delivery
from streamcontract.registry.errors import RegistryRejectedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from streamcontract.kafka.connection.waits import Waiting
    from streamcontract.kafka.message import Headers
    from streamcontract.kafka.producer.deliveries import Deliveries
    from streamcontract.kafka.producer.delivery_failures import Failures
    from streamcontract.kafka.producer.topic_serializer import (
        Kind,
        TopicSerializer,
        TopicSerializers,
    )
    from streamcontract.kafka.producer.transactions import Transactions

__all__ = ["ProducerQueue"]


class ProducerQueue:
    """Serializes records, and queues them; a topic is opened at its first record.

    Args:
        send: Queues a message, like ``confluent_kafka.Producer.produce``.
        serializers: Serializes the records of each topic.
        deliveries: Serves delivery reports, which makes room.
        failures: Collects the failed deliveries.
        transactions: The transactions of the producer.
        properties: The client's properties.

    Attributes:
        send_plain: Queues a plain record for the producer's own topic; returns False, with nothing
        queued, if it needs the full path, or the topic is not open.
        failures: Collects the failed deliveries.
    """

    def __init__(
        self,
        send: Callable[..., None],
        serializers: TopicSerializers[Any],
        deliveries: Deliveries,
        failures: Failures,
        transactions: Transactions,
        properties: Mapping[str, Any],
    ) -> None:
        self._send = send
        self._serializers = serializers
        self._deliveries = deliveries
        self._transactions = transactions
        # 1,000,000 is librdkafka's default (CONFIGURATION.md).
        self._max_bytes = properties.get("message.max.bytes", 1_000_000)
        self._open: dict[tuple[Kind, str | None], TopicSerializer] = {}
        self.failures = failures
        self.send_plain: Callable[[Any], bool] = _not_yet

    def close(self) -> None:
        """Send every record through the full path, which raises that the producer is closed."""
        self._open.clear()
        self.send_plain = _not_yet

    def prepare(
        self,
        value: object,
        *,
        key: Any = DERIVED,
        topic: str | None = None,
        headers: Headers | None = None,
        timestamp: datetime | int | None = None,
        partition: int | None = None,
        on_delivery: Callable[[Delivery], None] | None = None,
        callback: object = None,
    ) -> tuple[Any, ...]:
        """Make the message of ``produce``, with any options."""
        if callback is not None:
            # confluent_kafka's other name for on_delivery, with other arguments.
            raise ArgumentError(
                "callback", callback, "left out: on_delivery= is called with a Delivery"
            )
        report = self._report_to(on_delivery)
        serializer, message = self.message(value, report, key, topic, headers, timestamp, partition)
        # Before the record is queued: an error of earlier messages leaves it to the caller.
        if serializer.sender.is_due():
            self._deliveries.poll(0)
        return message

    def _report_to(self, on_delivery: Callable[[Delivery], None] | None) -> Callable[..., None]:
        """The delivery callback of a message, for confluent_kafka."""
        if on_delivery is None:
            return self.failures.report
        call_back(on_delivery, "on_delivery", "(delivery)")
        return functools.partial(call_on_delivery, on_delivery, self.failures)

    def message(
        self,
        value: object,
        report: Callable[..., None],
        key: Any = DERIVED,
        topic: str | None = None,
        headers: Headers | None = None,
        timestamp: datetime | int | None = None,
        partition: int | None = None,
    ) -> tuple[TopicSerializer, tuple[Any, ...]]:
        """Serialize a record; ``report`` is its delivery callback for confluent_kafka."""
        place = self._place(value, key, topic)
        serializer = self._open.get(place) or self._open_topic(*place)
        payload, wire_key = serializer.encode(value, key)
        made = _message(serializer, payload, wire_key, report, headers, timestamp, partition)
        return serializer, made

    def serializer_of_columns(self, topic: str | None) -> TopicSerializer:
        """The serializer of a topic whose values come as columns.

        Raises:
            MessageEncodeError: The topic does not determine one of several contracts.
        """
        self._deliveries.require_open()
        topic = None if topic is None else text(topic, "topic")
        place = self._serializers.kind_of_columns(topic), topic
        return self._open.get(place) or self._open_topic(*place)

    def put_encoded(
        self,
        serializer: TopicSerializer,
        payload: bytes,
        key: str | bytes | None,
        report: Callable[..., None],
        headers: Headers | None = None,
        timestamp: datetime | int | None = None,
        partition: int | None = None,
    ) -> None:
        """Queue a message whose value and key are encoded, which a caller could not repeat."""
        message = _message(serializer, payload, key, report, headers, timestamp, partition)
        self._put_taken(serializer, message)

    def _place(self, value: object, key: object, topic: str | None) -> tuple[Kind, str | None]:
        """The contract of a record, and its given topic."""
        topic = None if topic is None else text(topic, "topic")
        return self._serializers.kind_of(value, topic, key), topic

    def put(self, message: tuple[Any, ...]) -> None:
        """Queue a message; serve delivery reports, which frees the queue, until there is room."""
        slow: Waiting | None = None
        while not self._put_at_once(message):
            slow = slow or self._deliveries.waiting("room in the queue of the producer")
            slow.note(self._deliveries.in_flight())
            self._deliveries.poll(SLICE)

    def _put_at_once(self, message: tuple[Any, ...]) -> bool:
        """Queue a message; False if there is no room."""
        try:
            interruptible(self._send, *message)
        except BufferError:
            return False
        except confluent_kafka.KafkaException as error:
            raise self._refused(message, error) from error
        return True

    def put_taken(self, value: object, report: Callable[..., None], **options: Any) -> None:
        """Queue a record of ``produce_all``, which a caller could not repeat."""
        serializer, message = self.message(value, report, **options)
        self._put_taken(serializer, message)

    def _put_taken(self, serializer: TopicSerializer, message: tuple[Any, ...]) -> None:
        try:
            self.put(message)
        except ProduceError:  # about this record
            raise
        except BaseException:
            # Interrupted while there was no room for it.
            reason = confluent_kafka.KafkaError(LocalErrorCode.QUEUE_FULL, "interrupted")
            key = message[2].encode() if isinstance(message[2], str) else message[2]
            self.failures.add(Delivery(serializer.topic, None, None, key=key, error=reason))
            raise
        if serializer.sender.is_due():
            self._deliveries.poll(0)

    def send_at_once(self, value: object, options: Mapping[str, Any]) -> bool:
        """Queue a record if that needs no waiting; False if nothing was queued.

        Args:
            value: The record, or None for a tombstone.
            options: The options of ``produce``.

        Raises:
            Exception: An error of ``produce``.
        """
        place = self._place(value, options.get("key", DERIVED), options.get("topic"))
        if place not in self._open:  # opening it needs the registry
            return False
        if options.keys() == {"on_delivery"}:
            report = self._report_to(options["on_delivery"])
            if self.send_reported(value, report):
                return True
        return self._put_at_once(self.prepare(value, **options))

    def send_reported(self, value: object, report: Callable[..., None]) -> bool:
        """Queue a plain record with a delivery callback; returns False like ``send_plain``."""
        kind = value.__class__ if self._serializers.are_several else None
        serializer = self._open.get((kind, None))
        return serializer is not None and serializer.sender.send_reported(value, report)

    def _send_by_class(self, value: object) -> bool:
        """Queue a plain record of one of several contracts."""
        serializer = self._open.get((value.__class__, None))
        return serializer is not None and serializer.sender.send(value)

    def _open_topic(self, kind: Kind, topic: str | None) -> TopicSerializer:
        """Open a topic, with a request to the registry; later calls find it open."""
        self._deliveries.require_open()
        try:
            serializer = self._serializers.open(kind, topic, self._send, self.failures.report)
        except RegistryRejectedError as error:
            # The registry's reason is more helpful than the traceback.
            raise error.with_traceback(None) from error.__cause__
        self._open[kind, topic] = serializer
        self._deliveries.flusher.topic = serializer.topic
        if topic is None:
            self.send_plain = serializer.sender.send if kind is None else self._send_by_class
        return serializer

    def _refused(
        self, message: tuple[Any, ...], error: confluent_kafka.KafkaException
    ) -> ProduceError:
        topic, payload, key, partition, *_ = message
        partition = None if partition < 0 else partition
        outside = self._transactions.are_on and not self._transactions.is_open
        advice = "Produce within a block `with producer.transaction():`" if outside else ""
        if kafka_error_of(error).code() == TOO_LARGE:
            size = sum(len(each) for each in (payload, key) if each is not None)
            advice = (
                f"Its value and key have {size:,} bytes, and 'message.max.bytes' of this producer "
                f"is {self._max_bytes}: raise it, and max.message.bytes of the topic"
            )
        return ProduceError(topic, kafka_error_of(error), partition, advice)


def _message(
    serializer: TopicSerializer,
    payload: bytes | None,
    key: str | bytes | None,
    report: Callable[..., None],
    headers: Headers | None,
    timestamp: datetime | int | None,
    partition: int | None,
) -> tuple[Any, ...]:
    """The arguments of ``confluent_kafka.Producer.produce``."""
    # In confluent_kafka's order, where "callback" and "on_delivery" are the same, the first of
    # them that is given counts, and a timestamp of 0 is the current time.
    return (
        serializer.topic,
        payload,
        key,
        -1 if partition is None else partition_of(partition),
        report,
        None,
        0 if timestamp is None else timestamp_of(timestamp),
        serializer.headers(headers, payload, key),
    )


def _not_yet(value: object) -> bool:
    """Refuse the plain path while the topic is not open."""
    del value
    return False
