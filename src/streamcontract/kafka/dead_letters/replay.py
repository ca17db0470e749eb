"""Dead letters decoded again after a fix, and sent back to the topics they came from.

A group of dead letters is settled in one transaction: those that can be read now go to their
source topics as they were, those that still cannot go to the end of the dead letter topic, and a
mark behind them says how far everything is settled. Whatever ends the replay in between, a message
is not published twice: what was not committed is not visible to ``read_committed`` consumers, and
the next replay begins by aborting it (the transactional id is the same, so it also fences off a
replay that still runs).
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
    from collections.abc import Callable, Mapping

    from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer

__all__ = ["Replayed", "replay_dead_letters"]

# Seconds for one step of a transaction; transaction.timeout.ms is as long by default.
_TIMEOUT: Final = 60.0


@attrs.frozen
class Replayed:
    """What a replay did.

    Attributes:
        replayed: Dead letters sent back to their topics.
        failing: Those that still cannot be read, and stay open.
        discarded: Those that still cannot be read, and are not open any more.
        copies: Further copies of a dead letter, which were passed over.
        foreign: Messages that are no dead letters, and stay open.
        unknown: How many there are of source topics without a reader, by topic; they stay open.
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
        """How many messages are still open."""
        return self.failing + self.foreign + sum(self.unknown.values())


def replay_dead_letters(
    topic: str,
    readers: Mapping[str, TopicDeserializer[Any]],
    config: Mapping[str, Any] | None = None,
    *,
    discard: bool = False,
    on_progress: Callable[[Replayed], object] = lambda _: None,
) -> Replayed:
    """Send the open dead letters of a topic back to where they came from, if they can be read now.

    A message goes to its partition of before, with its key, value, headers and timestamp, and one
    more header, ``streamcontract.dlq.origin``. On the embedded broker what was aborted stays
    readable: there a replay that is killed may have published up to 500 messages that the next one
    publishes again.

    Args:
        topic: The dead letter topic.
        readers: What reads the messages of each source topic.
        config: Client properties; see :func:`streamcontract.kafka.connection.config.split_config`.
        discard: Settle dead letters that still cannot be read, instead of keeping them open. They
            stay in the topic for as long as it keeps messages.
        on_progress: Called with the sum so far behind each transaction.

    Raises:
        ConfigurationError: The configuration is wrong.
        RegistryError: The registry did not answer; what was settled before stays settled.
        ProduceError: The transaction failed, or another replay has begun meanwhile.
        ConsumeError: There is no such topic, or the brokers did not answer.
    """
    with DeadLetterTopic(topic, config) as letters:
        # Before anything is read: this ends what an earlier replay has left open.
        replay = _Replay(letters, readers, discard=discard)
        done = Replayed()
        try:
            for batch in letters.open():
                done += replay.settle(batch)
                on_progress(done)
        finally:
            replay.close()
        return done


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
                # What the topics have taken before is not for the client to refuse.
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
        """Let go of the producer."""
        # A fatal error is raised once more here; it has ended the replay already. So has whatever
        # left a transaction behind, which cannot be aborted then.
        with contextlib.suppress(confluent_kafka.KafkaException), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Producer abort_transaction failed", RuntimeWarning)
            close_producer(self._producer)

    def settle(self, batch: list[Entry]) -> Replayed:
        """Settle a batch in one transaction."""
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
                # A fatal error leaves nothing to abort: this producer is fenced off, or broken.
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
        """Say how far each partition is settled, in the partition itself.

        There a mark outlives what it is about, whatever retention the topic has.
        """
        for partition, offset in settled.items():
            headers: list[Any] = [(SETTLED_HEADER, str(offset).encode())]
            self._produce(self._letters.topic, partition, None, None, 0, headers)

    def _send(self, entry: Entry) -> Replayed:
        raw, letter = entry.raw, entry.letter
        headers: list[Any] = list(raw.headers() or ())
        if not isinstance(letter, DeadLetter):
            self._put_back(entry, headers)
            return Replayed(foreign=1)
        if entry.is_copy:
            return Replayed(copies=1)
        source = letter.source
        reader = self._readers.get(source.topic)
        if reader is None:
            # Another project's, in a dead letter topic that several have: theirs to discard too.
            self._put_back(entry, with_attempt(raw, letter.attempt + 1))
            return Replayed(unknown=Counter([source.topic]))
        try:
            reader.read(raw)
        except MessageDecodeError as error:
            if self._discard:
                return Replayed(discarded=1)
            reason = reason_headers(error, source, group=letter.group, attempt=letter.attempt + 1)
            self._put_back(entry, [*letter.headers, *reason])
            return Replayed(failing=1)
        has_partition = source.partition < self._partitions.get(source.topic, 0)
        self._produce(
            source.topic,
            source.partition if has_partition else -1,
            raw.value(),
            raw.key(),
            source.timestamp_ms,
            [*letter.headers, (ORIGIN_HEADER, str(source).encode())],
        )
        return Replayed(replayed=1)

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
        # Kafka knows no time before its epoch, and librdkafka takes 0 for the present.
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
                "Another replay of this topic has begun, and goes on from what was settled here"
            )
        return ProduceError(self._letters.topic, reason, advice=advice)


def _number(value: Any) -> int:
    return int(value)
