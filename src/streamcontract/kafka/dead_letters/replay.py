"""Replay of dead letters to their source topics, after a fix.

A batch of dead letters is replayed in one transaction: messages that can be read now are sent to
their source topics unchanged, those that still cannot are sent to the end of the dead letter topic,
and a mark after them has the offset up to which all are done. If the replay ends in between, no
message is published twice: messages of an open transaction are not visible to ``read_committed``
consumers, and the next replay begins by aborting it (the transactional id is the same, so it also
fences a replay that still runs).
"""

from __future__ import annotations

import contextlib
import warnings
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import attrs
import confluent_kafka

from streamcontract.kafka.connection.cluster import advice_on
from streamcontract.kafka.connection.config import build_client
from streamcontract.kafka.connection.error_codes import FENCED
from streamcontract.kafka.connection.flushing import close_producer
from streamcontract.kafka.connection.waits import SLICE, interruptible
from streamcontract.kafka.dead_letters.dead_letter import (
    ORIGIN_HEADER,
    SETTLED_HEADER,
    DeadLetter,
    reason_headers,
    with_attempt,
)
from streamcontract.kafka.dead_letters.topic import DeadLetterTopic, Entry
from streamcontract.kafka.errors import MessageDecodeError, ProduceError, kafka_error_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer

__all__ = ["Replayed", "preview_of", "replay_dead_letters"]

# Seconds for one step of a transaction; the same as the default of transaction.timeout.ms.
_TIMEOUT: Final = 60.0


@attrs.frozen
class Replayed:
    """The result of a replay.

    Attributes:
        replayed: The number of dead letters sent to their source topics.
        failing: The number that still cannot be read, and stay open.
        discarded: The number that still cannot be read, and are not open any more.
        copies: The number of further copies of a dead letter, which were skipped.
        foreign: The number of messages that are not dead letters, and stay open.
        unknown: The number of source topics' dead letters without a deserializer, by topic; they
        stay open.
    """

    replayed: int = 0
    failing: int = 0
    discarded: int = 0
    copies: int = 0
    foreign: int = 0
    unknown: Counter[str] = attrs.field(factory=Counter)

    def __add__(self, other: Replayed) -> Replayed:
        mine, theirs = (attrs.astuple(each, recurse=False) for each in (self, other))
        return Replayed(*(a + b for a, b in zip(mine, theirs, strict=True)))

    @property
    def left(self) -> int:
        """The number of messages that are still open."""
        return self.failing + self.foreign + sum(self.unknown.values())


def replay_dead_letters(
    topic: str,
    readers: Mapping[str, TopicDeserializer[Any]],
    config: Mapping[str, Any] | None = None,
    *,
    discard: bool = False,
    on_progress: Callable[[Replayed], object] = lambda _: None,
) -> Replayed:
    """Send the open dead letters of a topic to their source topics, if they can be read now.

    A message is sent to its original partition, with its key, value, headers and timestamp, and one
    more header, ``streamcontract.dlq.origin``. On the embedded broker aborted messages stay
    readable: there a replay that is killed may have published up to 500 messages that the next one
    publishes again.

    Args:
        topic: The dead letter topic.
        readers: The deserializers of each source topic.
        config: Client properties; see :func:`streamcontract.kafka.connection.config.split_config`.
        discard: Mark dead letters that still cannot be read as done, instead of keeping them open.
        They stay in the topic for its retention.
        on_progress: Called with the sum so far after each transaction.

    Raises:
        ConfigurationError: The configuration is wrong.
        RegistryError: The registry did not answer; committed batches stay done.
        ProduceError: The transaction failed, or another replay has started meanwhile.
        ConsumeError: There is no such topic, or the brokers did not answer.
    """
    with DeadLetterTopic(topic, config) as letters:
        # Before any read: this aborts a transaction that an earlier replay has left open.
        replay = _Replay(letters, readers, discard=discard)
        done = Replayed()
        try:
            for batch in letters.open():
                done += replay.settle(batch)
                on_progress(done)
        finally:
            replay.close()
        return done


def preview_of(entries: Iterable[Entry], readers: Mapping[str, TopicDeserializer[Any]]) -> Replayed:
    """The result that :func:`replay_dead_letters` would have now for messages; nothing is sent.

    Args:
        entries: The messages of a dead letter topic.
        readers: The deserializers of each source topic.

    Raises:
        RegistryError: The registry did not answer.
    """
    return sum((_fate(entry, readers)[0] for entry in entries), Replayed())


def _fate(
    entry: Entry, readers: Mapping[str, TopicDeserializer[Any]]
) -> tuple[Replayed, MessageDecodeError | None]:
    """What a replay does with a message, and the error of one that still cannot be read."""
    letter = entry.letter
    if not isinstance(letter, DeadLetter):
        return Replayed(foreign=1), None
    if entry.is_copy:
        return Replayed(copies=1), None
    reader = readers.get(letter.source.topic)
    if reader is None:
        return Replayed(unknown=Counter([letter.source.topic])), None
    try:
        reader.read(entry.raw)
    except MessageDecodeError as error:
        return Replayed(failing=1), error
    return Replayed(replayed=1), None


class _Replay:
    def __init__(
        self,
        letters: DeadLetterTopic,
        readers: Mapping[str, TopicDeserializer[Any]],
        *,
        discard: bool,
    ) -> None:
        self._letters = letters
        self._readers = readers
        self._discard = discard
        self._producer = build_client(
            confluent_kafka.Producer,
            {
                **letters.cluster.properties,
                "transactional.id": f"streamcontract.dlq.{letters.topic}",
                "partitioner": "murmur2_random",
                # The topics have accepted the messages before, so the client must not refuse them.
                "message.max.bytes": 1_000_000_000,
            },
        )
        try:
            self._producer.init_transactions(_TIMEOUT)
            metadata = self._producer.list_topics(timeout=_TIMEOUT)
        except confluent_kafka.KafkaException as error:
            raise self._failed(error) from error
        self._partitions = {name: len(found.partitions) for name, found in metadata.topics.items()}

    def close(self) -> None:
        """Close the producer."""
        # A fatal error is raised again here; it has ended the replay already. So has the error that
        # left a transaction open, which then cannot be aborted.
        with contextlib.suppress(confluent_kafka.KafkaException), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Producer abort_transaction failed", RuntimeWarning)
            close_producer(self._producer)

    def settle(self, batch: list[Entry]) -> Replayed:
        """Replay a batch in one transaction."""
        producer = self._producer
        settled: dict[int, int] = {}
        done = Replayed()
        try:
            producer.begin_transaction()
            try:
                for entry in batch:
                    done += self._send(entry)
                    settled[_number(entry.raw.partition())] = _number(entry.raw.offset()) + 1
                self._mark(settled)
                producer.commit_transaction(_TIMEOUT)
            except confluent_kafka.KafkaException as error:
                # After a fatal error there is nothing to abort: this producer is fenced, or
                # unusable.
                if not kafka_error_of(error).fatal():
                    producer.abort_transaction(_TIMEOUT)
                raise
            except BaseException:
                producer.abort_transaction(_TIMEOUT)
                raise
        except confluent_kafka.KafkaException as error:
            raise self._failed(error) from error
        return done

    def _mark(self, settled: dict[int, int]) -> None:
        """Write the offset up to which each partition is done, as a mark in the partition itself.

        There a mark outlives its dead letters, for any retention of the topic.
        """
        for partition, offset in settled.items():
            headers: list[Any] = [(SETTLED_HEADER, str(offset).encode())]
            self._produce(self._letters.topic, partition, None, None, 0, headers)

    def _send(self, entry: Entry) -> Replayed:
        raw, letter = entry.raw, entry.letter
        headers: list[Any] = list(raw.headers() or ())
        fate, error = _fate(entry, self._readers)
        if not isinstance(letter, DeadLetter):
            self._put_back(entry, headers)
            return fate
        source = letter.source
        if fate.unknown:
            # A dead letter of another project in a shared dead letter topic, which only that one
            # discards.
            self._put_back(entry, with_attempt(raw, letter.attempt + 1))
        if error is not None:
            if self._discard:
                return Replayed(discarded=1)
            reason = reason_headers(error, source, group=letter.group, attempt=letter.attempt + 1)
            self._put_back(entry, [*letter.headers, *reason])
        if not fate.replayed:
            return fate
        has_partition = source.partition < self._partitions.get(source.topic, 0)
        self._produce(
            source.topic,
            source.partition if has_partition else -1,
            raw.value(),
            raw.key(),
            source.timestamp_ms,
            [*letter.headers, (ORIGIN_HEADER, str(source).encode())],
        )
        return fate

    def _put_back(self, entry: Entry, headers: list[Any]) -> None:
        raw, partition = entry.raw, _number(entry.raw.partition())
        at = raw.timestamp()[1]
        self._produce(self._letters.topic, partition, raw.value(), raw.key(), at, headers)

    def _produce(
        self,
        topic: str,
        partition: int,
        value: Any,
        key: Any,
        timestamp_ms: int | None,
        headers: list[Any],
    ) -> None:
        # Kafka has no timestamps before the epoch, and for librdkafka 0 means now.
        at = max(0, timestamp_ms or 0)
        while True:
            try:
                self._producer.produce(topic, value, key, partition, timestamp=at, headers=headers)
            except BufferError:  # noqa: PERF203 - a full queue is waited for
                interruptible(self._producer.poll, SLICE)
            else:
                return

    def _failed(self, error: confluent_kafka.KafkaException) -> ProduceError:
        reason = kafka_error_of(error)
        advice = advice_on(reason, self._letters.topic)
        if reason.code() in FENCED:
            advice = (
                "Another replay of this topic has started; it continues after the committed batches"
            )
        return ProduceError(self._letters.topic, reason, advice=advice)


def _number(value: Any) -> int:
    return int(value)
