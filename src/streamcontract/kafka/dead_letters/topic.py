"""Dead letter topic, as a list of open dead letters.

A log is append-only, so replayed dead letters are recorded after them: a mark in a partition means
that all before an offset are done. (Not the committed offsets of a consumer group: brokers delete
those, by default a week after the last commit, and dead letters are kept longer.) Copies of one
dead letter, which a crash between the dead letter and the commit of its message causes, count once.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

import attrs
import confluent_kafka

from streamcontract.errors import ConfigurationError
from streamcontract.kafka.connection.bounded_read import bounded_reader, read_between
from streamcontract.kafka.connection.cluster import Cluster, consume_error
from streamcontract.kafka.connection.config import split_config
from streamcontract.kafka.dead_letters.dead_letter import (
    SUFFIX,
    DeadLetter,
    NotADeadLetterError,
    read_dead_letter,
    settled_before,
)
from streamcontract.kafka.errors import kafka_error_of
from streamcontract.kafka.timeouts import BROKER_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from typing_extensions import Self

__all__ = [
    "DeadLetterTopic",
    "Entry",
    "Part",
    "dead_letter_topics",
    "find_dead_letter_topic",
]

# Seconds without a new message after which reading raises.
_PATIENCE: Final = 60.0


@attrs.frozen
class Entry:
    """One open message of a dead letter topic.

    Attributes:
        raw: The message.
        letter: The dead letter, or the error why it is not one.
        is_copy: Whether the same dead letter occurred, or was done, before.
    """

    raw: confluent_kafka.Message
    letter: DeadLetter | NotADeadLetterError
    is_copy: bool


@attrs.frozen
class Part:
    """The open messages of the newest part of a dead letter topic.

    Attributes:
        batches: The messages in the order of each partition, read while they are iterated.
        scanned: The number of offsets in the part.
        rest: The offsets before the part that may be open: the first one, and the one after the
            last, by partition.
        holds_dead_letters: Whether the topic is one of dead letters, by its name or by the part.
    """

    batches: Iterator[list[Entry]]
    scanned: int
    rest: Mapping[int, tuple[int, int]]
    holds_dead_letters: bool = True


class DeadLetterTopic:
    """Reads the open messages of a dead letter topic.

    Args:
        topic: The dead letter topic.
        config: Client properties; see :func:`streamcontract.kafka.connection.config.split_config`.
        cluster: The brokers, where they are known already; the properties are not used then.
        patience: Seconds without a new message after which reading raises.

    Attributes:
        cluster: The brokers.

    Raises:
        ConfigurationError: The configuration is wrong.
    """

    def __init__(
        self,
        topic: str,
        config: Mapping[str, Any] | None = None,
        *,
        cluster: Cluster | None = None,
        patience: float = _PATIENCE,
    ) -> None:
        self.topic = topic
        self.cluster = cluster or Cluster(split_config(config).client)
        self._patience = patience
        self._client = bounded_reader(self.cluster)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def open(self) -> Iterator[list[Entry]]:
        """The messages that are open now, in the order of each partition, without later ones.

        A topic whose name does not end in ``.dlq`` and that has no dead letter is not a dead letter
        topic, and has no open messages.

        Raises:
            ConsumeError: There is no such topic, or the brokers did not answer.
            StalledError: There was no message for ``patience`` seconds.
        """
        partitions = self._partitions()
        firsts, ends = self.cluster.bounds(self.topic, partitions)
        found = self._settled(firsts, firsts, ends)
        if found is not None:
            yield from self._read(found[0], ends, found[1])

    def newest(self, offsets: Mapping[int, tuple[int, int]], most: int) -> Part:
        """The open messages at the end of ranges of offsets, without reading the whole topic.

        The marks of replays are after the dead letters that they settle, so the end of a partition
        shows them. Copies are recognised within the part only. Of a topic whose name does not end
        in ``.dlq``, a part without a dead letter has no open messages; the parts before it may.

        Args:
            offsets: The first offset and the one after the last, by partition: those of the topic,
                or the rest of an earlier part.
            most: The number of messages to read, of all partitions together.

        Raises:
            ConsumeError: There is no such topic, or the brokers did not answer.
            StalledError: There was no message for ``patience`` seconds.
        """
        each_most = max(1, most // max(1, len(offsets)))
        firsts = {number: first for number, (first, _) in offsets.items()}
        ends = {number: end for number, (_, end) in offsets.items()}
        lows = {number: max(firsts[number], ends[number] - each_most) for number in offsets}
        found = self._settled(firsts, lows, ends)
        opens, met = (firsts, set[Any]()) if found is None else found
        begins = {number: max(opens[number], low) for number, low in lows.items()}
        return Part(
            iter(()) if found is None else self._read(begins, ends, met),
            sum(ends[number] - low for number, low in lows.items()),
            {number: (opens[number], low) for number, low in lows.items() if opens[number] < low},
            found is not None,
        )

    def _settled(
        self, firsts: dict[int, int], lows: dict[int, int], ends: dict[int, int]
    ) -> tuple[dict[int, int], set[Any]] | None:
        """The offset of the first open message by partition, and the identities of those done.

        None if there is no dead letter, unless the topic's name ends in ``.dlq``: an ordinary
        topic, such as a source whose dead letter topic does not exist yet. A replay would publish
        each of its messages a second time.

        Args:
            firsts: The first offset that may be open, by partition.
            lows: The offset to read from.
            ends: The offset to read to.
        """
        begins = dict(firsts)
        places: dict[Any, list[tuple[int, int]]] = {}
        holds_dead_letters = self.topic.endswith(SUFFIX)
        for batch in read_between(self._client, self.topic, lows, ends, timeout=self._patience):
            for raw in batch:
                partition, offset = _number(raw.partition()), _number(raw.offset())
                mark = settled_before(raw)
                if mark is not None:
                    holds_dead_letters = True
                    begins[partition] = max(begins[partition], min(mark, offset))
                    continue
                with contextlib.suppress(NotADeadLetterError):  # reported when it is read as open
                    letter = read_dead_letter(raw)
                    holds_dead_letters = True
                    places.setdefault(letter.identity, []).append((partition, offset))
        if not holds_dead_letters:
            return None
        met = {
            identity
            for identity, found in places.items()
            if any(offset < begins[partition] for partition, offset in found)
        }
        return begins, met

    def at(self, partition: int, offset: int) -> Entry:
        """The message at one offset.

        Raises:
            ConsumeError: There is no such topic or partition, or the brokers did not answer.
            ConfigurationError: There is no message there.
        """
        if partition in self._partitions():
            firsts, ends = self.cluster.bounds(self.topic, [partition])
            if firsts[partition] <= offset < ends[partition]:
                place = {partition: offset}
                for batch in self._read(place, {partition: offset + 1}, set()):
                    for entry in batch:
                        return entry
        raise ConfigurationError(
            f"topic {self.topic!r} has no dead letter in partition {partition} at offset {offset}: "
            f"`streamcontract dlq list` lists the open ones"
        )

    def _read(
        self, begins: dict[int, int], ends: dict[int, int], met: set[Any]
    ) -> Iterator[list[Entry]]:
        batches = read_between(self._client, self.topic, begins, ends, timeout=self._patience)
        for batch in batches:
            yield [_entry(raw, met) for raw in batch if settled_before(raw) is None]

    def _partitions(self) -> list[int]:
        try:
            # All topics: a request for one by name could create it.
            topics = self._client.list_topics(timeout=BROKER_TIMEOUT).topics
        except confluent_kafka.KafkaException as error:
            raise consume_error(self.topic, kafka_error_of(error)) from error
        found = topics.get(self.topic)
        if found is None or found.error is not None:
            missing = confluent_kafka.KafkaError(
                confluent_kafka.KafkaError.UNKNOWN_TOPIC_OR_PART, "there is no such topic"
            )
            raise consume_error(self.topic, missing)
        return sorted(found.partitions)


def dead_letter_topics(cluster: Cluster) -> list[str]:
    """The names of all topics that end in ``.dlq``.

    Raises:
        ConsumeError: The brokers did not answer.
    """
    return sorted(name for name in _topics(cluster) if name.endswith(SUFFIX))


def find_dead_letter_topic(name: str, cluster: Cluster) -> str:
    """The dead letter topic by its own name, or by that of the source topic.

    Raises:
        ConfigurationError: There is neither ``<name>.dlq`` nor ``name``.
        ConsumeError: The brokers did not answer.
    """
    topics = _topics(cluster)
    for candidate in (f"{name}{SUFFIX}", name):
        if candidate in topics:
            return candidate
    raise ConfigurationError(f"there is neither a topic {name + SUFFIX!r} nor a topic {name!r}")


def _topics(cluster: Cluster) -> set[str]:
    try:
        topics = cluster.admin().list_topics(timeout=cluster.timeout).topics
    except confluent_kafka.KafkaException as error:
        raise consume_error("", kafka_error_of(error)) from error
    return {name for name, found in topics.items() if found.error is None}


def _entry(raw: confluent_kafka.Message, met: set[Any]) -> Entry:
    try:
        letter = read_dead_letter(raw)
    except NotADeadLetterError as error:
        return Entry(raw, error, is_copy=False)
    is_copy = letter.identity in met
    met.add(letter.identity)
    return Entry(raw, letter, is_copy)


def _number(value: Any) -> int:
    return int(value)
