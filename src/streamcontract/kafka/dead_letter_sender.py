"""Puts what could not be read into the dead letter topic, and waits until it is there."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka

from streamcontract.errors import ClientError
from streamcontract.kafka.cluster import Cluster, advice_on
from streamcontract.kafka.config import build_client
from streamcontract.kafka.dead_letters import Source, reason_headers, schema_id_in, source_of
from streamcontract.kafka.error_codes import LocalErrorCode
from streamcontract.kafka.errors import DeadLetterError, kafka_error_of
from streamcontract.kafka.flushing import Flusher
from streamcontract.kafka.interrupts import SLICE
from streamcontract.kafka.topics import ensure_topic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamcontract.kafka.errors import MessageDecodeError
    from streamcontract.kafka.telemetry import Receiving

__all__ = ["DeadLetterSender"]

_log = logging.getLogger("streamcontract.kafka")

_DEFAULTS: Final[Mapping[str, Any]] = {
    "enable.idempotence": True,
    "acks": "all",
    "partitioner": "murmur2_random",  # the same key in the same partition, whoever writes it
    # librdkafka's own limit is there for producers' mistakes. What the source topic has taken is
    # no mistake of ours: the brokers' limit alone counts.
    "message.max.bytes": 1_000_000_000,
    # Not librdkafka's 5 minutes: a consumer that waits longer than max.poll.interval.ms (5
    # minutes too) is thrown out of its group, and a dead letter that is late is tried again.
    "message.timeout.ms": 30_000,
}
# A dead letter is larger than its original by its headers, and waits for people.
_HEADROOM: Final = 65_536
_MAX_MESSAGE_BYTES: Final = "max.message.bytes"
# A timestamp that the source topic has taken is to be taken here too.
_TIMESTAMP_LIMITS: Final = ("message.timestamp.after.max.ms", "message.timestamp.before.max.ms")


class DeadLetterSender:
    """Sends dead letters of one consumer; see :class:`streamcontract.kafka.poison.DeadLetters`.

    Nothing is asked of the brokers before the first dead letter.

    Args:
        topic: The dead letter topic.
        source: The topic that is read.
        cluster: The brokers, with the consumer's properties.
        group: The consumer's group, or None.
        registry: The ``schema.registry.*`` settings: the embedded stack creates topics there.
        create: Whether to create the topic.
        config: Client properties over those shared with the consumer.
        receiving: Telemetry to tell of what was delivered, if any.

    Raises:
        PropertyError: librdkafka refuses one of them.
    """

    def __init__(
        self,
        topic: str,
        *,
        source: str,
        cluster: Cluster,
        group: str | None,
        registry: Mapping[str, object],
        create: bool,
        config: Mapping[str, Any],
        receiving: Receiving | None = None,
    ) -> None:
        self._topic = topic
        self._source = source
        self._source_cluster = cluster
        self._cluster = Cluster({**cluster.properties, **config})
        self._group = group
        self._registry = registry
        self._create = create
        self._receiving = receiving
        self._properties = {**cluster.properties, **_DEFAULTS, **config}
        if config:
            # A property that librdkafka refuses is told now, and not with the first dead letter.
            _close(build_client(confluent_kafka.Producer, self._properties))
        self._producer: confluent_kafka.Producer | None = None
        self._waiting: list[_Letter] = []

    def take(self, error: MessageDecodeError) -> None:
        """Remember a message; :meth:`confirm` sends it."""
        source = source_of(error)
        headers = [
            *(error.raw.headers() or ()),
            *reason_headers(error, source, group=self._group),
        ]
        self._waiting.append(
            _Letter(source, error.reason, error.raw.key(), error.raw.value(), headers)
        )
        _log.info(
            "%s: put aside into topic %r: %s",
            source,
            self._topic,
            error.reason,
            extra={
                "topic": source.topic,
                "partition": source.partition,
                "offset": source.offset,
                "schema_id": schema_id_in(error.raw.value()),
                "group": self._group,
                "dead_letter_topic": self._topic,
            },
        )

    def confirm(self) -> None:
        """Wait until everything that was taken is delivered.

        Raises:
            DeadLetterError: Something is not. It is kept, and sent again by the next call.
        """
        if not self._waiting:
            return
        producer = self._open()
        for letter in self._waiting:
            letter.send(producer, self._topic)
        flusher = Flusher(producer, self._topic)
        while flusher.flush():
            pass  # it ends: message.timeout.ms makes a failure of what is not delivered
        if self._receiving is not None:
            for letter in self._waiting:
                if letter.is_delivered:
                    self._receiving.dead_lettered(letter.reason)
        self._waiting = [letter for letter in self._waiting if not letter.is_delivered]
        if self._waiting:
            reason = self._waiting[0].error
            # A producer remembers that a topic was refused, or is broken for good by a fatal
            # error: the next attempt is a new one's.
            self._close_producer()
            raise self._error(reason or _purged(), advice_on(reason, self._topic) if reason else "")

    def close(self) -> None:
        """Drop what was not confirmed: those messages are not committed, and come again."""
        self._waiting.clear()
        self._close_producer()

    def _close_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            _close(producer)

    def _open(self) -> confluent_kafka.Producer:
        if self._producer is None:
            try:
                self._find_topic()
            except ClientError as error:
                advice = f"Create it first: streamcontract topics create {self._topic}"
                raise self._error(error, advice) from error
            self._producer = build_client(confluent_kafka.Producer, self._properties)
        return self._producer

    def _find_topic(self) -> None:
        """Create the topic, or see that it is there.

        Without this a producer would wait until its time-out for a topic that nobody creates,
        or get one with the brokers' defaults, whose retention deletes dead letters unseen.
        """
        admin = self._cluster.admin()
        try:
            found = admin.list_topics(timeout=self._cluster.timeout).topics
        except confluent_kafka.KafkaException as error:
            reason = kafka_error_of(error)
            raise self._error(reason, advice_on(reason, self._topic)) from error
        if self._topic in found and found[self._topic].error is None:
            return
        if not self._create:
            missing = confluent_kafka.KafkaError(
                confluent_kafka.KafkaError.UNKNOWN_TOPIC_OR_PART, "there is no such topic"
            )
            raise self._error(missing, advice_on(missing, self._topic))
        source = self._source_cluster.topic_properties(self._source)
        limit = source.get(_MAX_MESSAGE_BYTES)
        ensure_topic(
            self._topic,
            {**self._cluster.properties, **self._registry},
            partitions=len(found[self._source].partitions) if self._source in found else None,
            topic_config={
                "retention.ms": "-1",
                **{name: value for name in _TIMESTAMP_LIMITS if (value := source.get(name))},
                **({} if limit is None else {_MAX_MESSAGE_BYTES: str(int(limit) + _HEADROOM)}),
            },
        )

    def _error(
        self, reason: confluent_kafka.KafkaError | ClientError, advice: str = ""
    ) -> DeadLetterError:
        first = self._waiting[0].source
        place = first.topic, first.partition, first.offset
        return DeadLetterError(self._topic, len(self._waiting), place, reason, advice)


class _Letter:
    """A dead letter on its way."""

    __slots__ = ("_message", "_on_its_way", "error", "is_delivered", "reason", "source")

    def __init__(
        self,
        source: Source,
        reason: Exception,
        key: Any,
        value: Any,
        headers: list[tuple[str, Any]],
    ) -> None:
        self.source = source
        self.reason = reason
        # Kafka knows no time before its epoch, and librdkafka takes 0 for the present; the source
        # timestamp has a header of its own.
        timestamp = max(0, source.timestamp_ms or 0)
        self._message = (value, key, -1, self._report, None, timestamp, headers)
        self._on_its_way = False
        self.is_delivered = False
        self.error: confluent_kafka.KafkaError | None = None

    def send(self, producer: confluent_kafka.Producer, topic: str) -> None:
        """Queue it, unless that was done before and nothing is known of it yet."""
        if self._on_its_way:
            return
        try:
            self._queue(producer, topic)
        except confluent_kafka.KafkaException as error:
            self.error = kafka_error_of(error)
        else:
            self._on_its_way = True

    def _queue(self, producer: confluent_kafka.Producer, topic: str) -> None:
        while True:
            try:
                producer.produce(topic, *self._message)
            except BufferError:  # noqa: PERF203 - a full queue is waited for
                producer.poll(SLICE)
            else:
                return

    def _report(
        self, error: confluent_kafka.KafkaError | None, raw: confluent_kafka.Message
    ) -> None:
        del raw
        self._on_its_way = False
        self.error = error
        self.is_delivered = error is None


def _close(producer: confluent_kafka.Producer) -> None:
    if hasattr(producer, "close"):  # older ones have none
        # A fatal error is raised once more here; whoever it concerned was told.
        with contextlib.suppress(confluent_kafka.KafkaException):
            producer.purge()
            producer.close()


def _purged() -> confluent_kafka.KafkaError:
    return confluent_kafka.KafkaError(LocalErrorCode.PURGE_QUEUE, "the client gave the message up")
