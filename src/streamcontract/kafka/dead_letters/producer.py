"""Producer of dead letters for one consumer."""

from __future__ import annotations

import contextlib
import logging
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka

from streamcontract.errors import ClientError, last_word
from streamcontract.kafka.admin.topics import ensure_topic
from streamcontract.kafka.connection.cluster import Cluster, advice_on
from streamcontract.kafka.connection.config import build_client
from streamcontract.kafka.connection.error_codes import LocalErrorCode
from streamcontract.kafka.connection.flushing import Flusher, close_producer
from streamcontract.kafka.connection.waits import SLICE, Waiting, interruptible
from streamcontract.kafka.dead_letters.dead_letter import Source, reason_headers, source_of
from streamcontract.kafka.dead_letters.handler import PoisonHandler
from streamcontract.kafka.errors import DeadLetterError, kafka_error_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamcontract.kafka.dead_letters.dead_letter import Partition
    from streamcontract.kafka.errors import MessageDecodeError
    from streamcontract.kafka.telemetry import TopicReceiving

__all__ = ["DeadLetterSender"]

_log = logging.getLogger("streamcontract.kafka")

_DEFAULTS: Final[Mapping[str, Any]] = {
    "enable.idempotence": True,
    "acks": "all",
    "partitioner": "murmur2_random",  # a key has the same partition for all clients
    # librdkafka's own limit is against mistakes of applications. The source topic has accepted the
    # message, so that only the brokers' limit counts.
    "message.max.bytes": 1_000_000_000,
    # Not librdkafka's 5 minutes: a consumer that waits longer than max.poll.interval.ms (5 minutes
    # too) loses its partitions, and a late dead letter is sent again.
    "message.timeout.ms": 30_000,
}
# A dead letter is larger than its original by its headers, and is kept for people.
_HEADROOM: Final = 65_536
_MAX_MESSAGE_BYTES: Final = "max.message.bytes"
# A timestamp that the source topic has accepted has to be accepted here too.
_TIMESTAMP_LIMITS: Final = ("message.timestamp.after.max.ms", "message.timestamp.before.max.ms")

_MOST: Final = 100
"""The number of undelivered dead letters of one partition at which it stops."""

_MOST_KNOWN: Final = 10_000
"""The number of delivered dead letters that are remembered."""

_MOMENT: Final = 1.0
"""Seconds for a request to the brokers while the consumer waits for messages."""

_FIRST_PAUSE: Final = 1.0
_LAST_PAUSE: Final = 30.0
"""Seconds before a failed dead letter is sent again: the first and the longest delay."""


class DeadLetterSender(PoisonHandler):
    """Sends dead letters of one consumer with ``poison=DeadLetters()``.

    It sends no request to the brokers before the first dead letter.

    Args:
        topic: The dead letter topic.
        source: The source topic.
        cluster: The brokers, with the consumer's properties.
        group: The consumer's group, or None.
        registry: The ``schema.registry.*`` settings: the embedded stack creates topics there.
        create: Whether to create the topic.
        config: Client properties over those shared with the consumer.
        receiving: Records the reasons of delivered ones.

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
        receiving: TopicReceiving,
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
            # An invalid property is raised now, and not with the first dead letter.
            _close(build_client(confluent_kafka.Producer, self._properties))
        self._producer: confluent_kafka.Producer | None = None
        self._flusher: Flusher | None = None
        self._waiting: dict[Source, _Letter] = {}
        # The last ones: a message that is read again does not become a dead letter again.
        self._delivered: dict[Source, None] = {}
        self._reason: tuple[confluent_kafka.KafkaError | ClientError, str] | None = None
        self._is_told = False
        self._retry_at = 0.0
        self._pause = _FIRST_PAUSE

    def take(self, partition: Partition, error: MessageDecodeError) -> None:
        """Return None: the dead letter is sent when the consumer is past the message."""
        del partition, error

    def settle(self, partition: Partition, errors: Sequence[MessageDecodeError]) -> None:
        """Add dead letters of messages; each is sent once, even if this is called again."""
        for error in errors:
            source = source_of(error)
            if source in self._waiting or source in self._delivered:
                continue
            headers = [
                *(error.raw.headers() or ()),
                *reason_headers(error, source, group=self._group),
            ]
            if not self._waiting:
                self._reason, self._is_told, self._pause = None, False, _FIRST_PAUSE
            partition.letters.add(error.offset)
            self._waiting[source] = _Letter(partition, error, source, headers)
            self._log(source, error)

    def is_full(self, partition: Partition, more: int) -> bool:
        """Whether a partition has the maximum of undelivered dead letters."""
        return len(partition.letters) + more >= _MOST

    def serve(self) -> None:
        """Send dead letters, and note delivered ones, without waiting.

        Raises:
            DeadLetterError: One was not delivered; raised once, until one is delivered again.
        """
        if not self._waiting:
            return
        self._note_reports()
        if time.monotonic() >= self._retry_at:
            self._send(_MOMENT)
        if self._waiting and self._reason is not None and not self._is_told:
            self._is_told = True
            raise self._failure(*self._reason)

    def wait(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds for deliveries; return False if none is in flight."""
        if time.monotonic() >= self._retry_at:
            self._send(_MOMENT)
        if self._flusher is None or not any(each.is_sent for each in self._waiting.values()):
            return False
        # All of them together, and now: poll() would wait for linger.ms for each batch.
        self._flusher.flush(timeout)
        return True

    def release(self, partitions: Sequence[Partition], timeout: float) -> None:
        """Wait up to ``timeout`` seconds for deliveries in flight, and forget the rest."""
        keys = {each.key for each in partitions}
        if not any(each.key in keys for each in self._waiting):
            return
        deadline = time.monotonic() + timeout
        if timeout:
            self._send(_MOMENT)
        self._note_reports()
        while any(letter.is_sent for source, letter in self._waiting.items() if source.key in keys):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            self.wait(min(SLICE, left))
            self._note_reports()
        # Their next owner reads these messages again. Dead letters in flight cannot be cancelled.
        for source in [each for each in self._waiting if each.key in keys]:
            self._waiting.pop(source, None)

    def confirm(self) -> None:
        """Wait until every dead letter is delivered.

        Raises:
            DeadLetterError: One is not. It is kept, and sent again.
        """
        # More than once if there was no room for all at first, or if sending was interrupted.
        while self._waiting:
            self._note_reports()
            self._send(self._cluster.timeout)
            if self._flusher is not None:
                waiting = Waiting("dead letters to be delivered", self._topic)
                # It ends: after message.timeout.ms an undelivered message has failed.
                while left := self._flusher.flush():
                    waiting.note(left)
            self._note_reports()
            if self._waiting and self._reason is not None:
                self._is_told = True
                raise self._failure(*self._reason)

    def close(self) -> None:
        """Drop undelivered dead letters: their messages are not committed, and are read again."""
        self._waiting.clear()
        self._close_producer()

    def _note_reports(self) -> None:
        producer = self._producer
        if producer is None:
            return
        interruptible(producer.poll, 0)
        is_idle = not len(producer)
        for source, letter in list(self._waiting.items()):
            letter.note_reports()
            if letter.is_delivered:
                self._delivered[source] = None
                letter.partition.letters.discard(source.offset)
                self._waiting.pop(source, None)
                self._reason, self._is_told, self._pause = None, False, _FIRST_PAUSE
                self._receiving.dead_lettered(letter.reason)
            elif is_idle:
                # Also if queueing was interrupted before the producer had it.
                letter.is_sent = False
        while len(self._delivered) > _MOST_KNOWN:
            self._delivered.pop(next(iter(self._delivered)), None)
        refused = [each.refusal for each in self._waiting.values() if each.refusal is not None]
        if refused and is_idle:
            # A producer remembers a refused topic, or is unusable after a fatal error: the next
            # attempt has a new one.
            self._close_producer()
            for letter in self._waiting.values():
                letter.refusal = None
            self._fail(refused[0], advice_on(refused[0], self._topic))

    def _fail(self, reason: confluent_kafka.KafkaError | ClientError, advice: str) -> None:
        self._reason = reason, advice
        self._retry_at = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, _LAST_PAUSE)

    def _send(self, timeout: float) -> None:
        """Send dead letters that are not in flight.

        Args:
            timeout: Seconds for a request to the brokers, if there is no producer yet.
        """
        waiting = [each for each in self._waiting.values() if each.is_waiting]
        if not waiting or any(each.refusal is not None for each in waiting):
            return
        producer = self._open(timeout)
        if producer is None:
            return
        for letter in waiting:
            letter.send(producer, self._topic)
        if self._flusher is not None:
            # Without waiting: it also requests the metadata for the first of them.
            self._flusher.flush(0)

    def _open(self, timeout: float) -> confluent_kafka.Producer | None:
        """The producer; None if the topic does not exist, which is noted."""
        if self._producer is None:
            try:
                missing = self._find_topic(timeout)
            except confluent_kafka.KafkaException as error:
                missing = kafka_error_of(error)
            except ClientError as error:
                word = last_word(self._topic)
                advice = f"Create it first: streamcontract topics create {word}"
                self._fail(error, advice)
                return None
            if missing is not None:
                self._fail(missing, advice_on(missing, self._topic))
                return None
            producer = build_client(confluent_kafka.Producer, self._properties)
            self._flusher = Flusher(producer, self._topic)
            self._producer = producer
        return self._producer

    def _close_producer(self) -> None:
        producer, self._producer, self._flusher = self._producer, None, None
        if producer is not None:
            _close(producer)

    def _find_topic(self, timeout: float) -> confluent_kafka.KafkaError | None:
        """Create the topic, or check that it exists.

        Without this a producer would wait until its timeout for a missing topic, or get one with
        the brokers' defaults, whose retention deletes dead letters unseen.
        """
        admin = self._cluster.admin()
        found = admin.list_topics(timeout=timeout).topics
        if self._topic in found and found[self._topic].error is None:
            return None
        if not self._create:
            return confluent_kafka.KafkaError(
                confluent_kafka.KafkaError.UNKNOWN_TOPIC_OR_PART, "there is no such topic"
            )
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
        return None

    def _failure(
        self, reason: confluent_kafka.KafkaError | ClientError, advice: str
    ) -> DeadLetterError:
        first = next(iter(self._waiting))
        place = first.topic, first.partition, first.offset
        return DeadLetterError(self._topic, len(self._waiting), place, reason, advice)

    def _log(self, source: Source, error: MessageDecodeError) -> None:
        _log.info(
            "%s: dead letter sent to topic %r: %s",
            source,
            self._topic,
            error.reason,
            extra={
                "topic": source.topic,
                "partition": source.partition,
                "offset": source.offset,
                "schema_id": error.schema_id,
                "group": self._group,
                "dead_letter_topic": self._topic,
            },
        )


class _Letter:
    """A dead letter that is not delivered yet.

    Attributes:
        partition: The partition of the message.
        reason: The reason.
        is_sent: Whether it is in flight.
        refusal: The error of its delivery.
    """

    __slots__ = ("_found", "_message", "_reports", "is_sent", "partition", "reason", "refusal")

    def __init__(
        self,
        partition: Partition,
        error: MessageDecodeError,
        source: Source,
        headers: list[tuple[str, Any]],
    ) -> None:
        self.partition = partition
        # Without the frames, which refer to other messages.
        self.reason = error.reason.with_traceback(None)
        # The report does not call a Python function, in which an interrupt could be raised, so that
        # the letter would be sent twice. This method is C, and takes an error and a message.
        self._reports: SimpleQueue[confluent_kafka.KafkaError | None] = SimpleQueue()
        self._found: list[confluent_kafka.KafkaError | None] = []
        # Kafka has no timestamps before the epoch, and for librdkafka 0 means now; the source
        # timestamp has a header of its own.
        timestamp = max(0, source.timestamp_ms or 0)
        raw = error.raw
        report: Any = self._reports.put
        self._message = (raw.value(), raw.key(), -1, report, None, timestamp, headers)
        self.is_sent = False
        self.refusal: confluent_kafka.KafkaError | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether it is neither in flight nor delivered."""
        return not (self.is_sent or self.is_delivered)

    @property
    def is_delivered(self) -> bool:
        """Whether it is delivered."""
        return any(
            each is None for each in self._found
        )  # a KafkaError cannot be compared with None

    def send(self, producer: confluent_kafka.Producer, topic: str) -> None:
        """Queue it; if the queue is full, the next call queues it."""
        try:
            self.is_sent = True
            producer.produce(topic, *self._message)
        except BufferError as error:
            self.is_sent = False
            if not len(producer):
                # No room even in an empty queue: queue.buffering.max.kbytes is less than this.
                self.refusal = confluent_kafka.KafkaError(LocalErrorCode.QUEUE_FULL, str(error))
        except confluent_kafka.KafkaException as error:
            self.is_sent = False
            self.refusal = kafka_error_of(error)

    def note_reports(self) -> None:
        """Note the producer's reports."""
        if self._reports.empty():
            return
        with contextlib.suppress(Empty):
            # In C, for the same reason.
            self._found.extend(iter(self._reports.get_nowait, self))
        self.refusal = self._found[-1]
        self.is_sent = False


def _close(producer: confluent_kafka.Producer) -> None:
    # A fatal error is raised again here; it was reported before.
    with contextlib.suppress(confluent_kafka.KafkaException):
        producer.purge()
        close_producer(producer)
