"""Offsets of partitions: committed ones, start offsets, and those that do not exist any more."""

from __future__ import annotations

import itertools
import logging
import time
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka

from streamcontract.kafka.connection.authentication_errors import watched_metadata
from streamcontract.kafka.connection.cluster import consume_error
from streamcontract.kafka.connection.error_codes import NO_SUCH_TOPIC
from streamcontract.kafka.consumer.partition import BEGINNING, UNKNOWN
from streamcontract.kafka.consumer.start import offsets_at
from streamcontract.kafka.errors import kafka_error_of
from streamcontract.kafka.timeouts import BROKER_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streamcontract.kafka.connection.authentication_errors import AuthenticationErrors
    from streamcontract.kafka.connection.cluster import Cluster
    from streamcontract.kafka.consumer.partition import Key, Partition
    from streamcontract.kafka.consumer.start import Start, Starts
    from streamcontract.kafka.consumer.topics import Topics

__all__ = ["LOOK_UP", "Offsets"]

_NO_WAIT: Final = 0.01
"""The least seconds to wait for metadata: with 0, they would never arrive."""

_PROPAGATION: Final = 1.0
"""Seconds for a new topic to become known to all brokers, and between two errors."""

LOOK_UP: Final = 5.0
"""Seconds to wait for committed offsets, which librdkafka would fetch too."""

_log = logging.getLogger("streamcontract.kafka")


class Offsets:
    """Looks up the offsets at which partitions are read.

    Args:
        client: The consumer.
        cluster: Looks up the offsets of starts.
        authentication: The authentication errors of the client's ``error_cb``.
        topics: The topics.
        group: Whether there is a group, which has committed offsets.
        starts: The starts of partitions without a committed offset.

    Attributes:
        are_topics_found: Whether the topics exist.
    """

    def __init__(
        self,
        client: Any,
        cluster: Cluster,
        authentication: AuthenticationErrors,
        *,
        topics: Topics,
        group: bool,
        starts: Starts,
    ) -> None:
        self._client = client
        self._cluster = cluster
        self._authentication = authentication
        self._topics = topics
        self._group = group
        self._starts = starts
        self._missing_since: float | None = None
        self._not_found = set(topics.names)

    @property
    def are_topics_found(self) -> bool:
        """Whether the topics exist."""
        return not self._not_found

    @property
    def own_starts(self) -> Iterable[Key]:
        """The partitions with a start of their own."""
        return self._starts.by_partition

    def resets(self, partition: Partition) -> bool:
        """Whether to reset an offset that does not exist any more; else it is an error."""
        return self._starts.resets(partition.key)

    def has_position(self, partition: Partition) -> bool:
        """Whether a partition's start offset has to be looked up when it is assigned.

        Then it is committed, even without a message before the next rebalance: otherwise "latest"
        would mean a later offset, and skip the messages in between.
        """
        return self._starts.of(partition.key) != "earliest"

    def partitions(self) -> list[Key]:
        """All partitions of the topics.

        Raises:
            ConsumeError: A topic does not exist, or the brokers did not answer.
        """
        known: list[Key] = []
        for topic in self._topics.names:
            found = self._metadata(topic)[topic]
            if found.error is not None:
                raise consume_error(topic, found.error)
            known += [(topic, number) for number in found.partitions]
        if len(self._topics.names) < len(self._topics.subscriptions):
            known += [
                (topic, number)
                for topic, found in self._metadata(None).items()
                if topic not in self._topics.names and self._topics.match(topic) is not None
                for number in found.partitions
            ]
        self._not_found.clear()
        return sorted(known)

    def _metadata(self, topic: str | None) -> Any:
        of_one = {} if topic is None else {"topic": topic}
        try:
            return watched_metadata(
                self._client,
                lambda seconds: self._client.list_topics(timeout=seconds, **of_one),
                self._authentication,
                BROKER_TIMEOUT,
            ).topics
        except confluent_kafka.KafkaException as error:
            raise consume_error(topic or self._topics.label, kafka_error_of(error)) from error

    def find_topics(self, timeout: float) -> float:
        """Check that the topics exist, for which the group would wait without an error.

        Only the classic protocol reports a missing one; with the newer one (KIP-848) it counts as
        a topic without partitions.

        Args:
            timeout: Seconds to wait.

        Returns:
            The seconds that are left.

        Raises:
            ConsumeError: One has been missing for a second.
        """
        begin = now = time.monotonic()
        missing: dict[str, confluent_kafka.KafkaError] = {}
        for topic in sorted(self._not_found):
            try:
                metadata = self._client.list_topics(topic, max(timeout, _NO_WAIT))
            except confluent_kafka.KafkaException:
                return 0.0  # no broker answers yet, which is reported elsewhere
            now = time.monotonic()
            error = metadata.topics[topic].error
            if error is not None and error.code() in NO_SUCH_TOPIC:
                missing[topic] = error
            else:
                self._not_found.discard(topic)
        if missing and self._missing_since is None:
            self._missing_since = now
        elif self._missing_since is not None and now >= self._missing_since + _PROPAGATION:
            self._missing_since = now
            for topic, error in missing.items():
                raise consume_error(topic, error)
        return max(0.0, timeout - (now - begin))

    def note_topics(self, partitions: Iterable[Partition]) -> None:
        """Note that the topics of assigned partitions exist."""
        self._not_found.difference_update(each.topic for each in partitions)

    def at(self, partition: Partition, start: Start) -> int:
        """The offset of a start in a partition.

        Raises:
            ConsumeError: The brokers did not answer, or there is no such partition.
            NotSupportedError: ``start`` is a datetime, and this is the embedded broker.
        """
        topic, number = partition.key
        return offsets_at(self._cluster, topic, [number], start)[number]

    def ends(self, partitions: Iterable[Partition]) -> dict[Key, int]:
        """The end offset of each partition.

        Raises:
            ConsumeError: The brokers did not answer.
        """
        keys = sorted(each.key for each in partitions)
        if not keys:
            return {}
        found: dict[Key, int] = {}
        with self._cluster.connected():
            for topic, alike in itertools.groupby(keys, _topic_of):
                numbers = [number for _, number in alike]
                ends = self._cluster.end_offsets(topic, numbers)
                found.update(((topic, number), ends[number]) for number in numbers)
        return found

    def set_next(self, partitions: Sequence[Partition], timeout: float) -> None:
        """Set the next offset of partitions to the committed one, else to the start offset.

        With a group that requires a committed offset, librdkafka looks it up.

        Raises:
            ConsumeError: The brokers did not answer.
        """
        if self._group:
            partitions = [each for each in partitions if self.resets(each)]
        if not partitions:
            return
        committed = self.committed(partitions, timeout) if self._group else {}
        new = [
            each.key for each in partitions if each.key not in committed and each.start == UNKNOWN
        ]
        starts = self._starts.offsets(self._cluster, sorted(new))
        for partition in partitions:
            if partition.key in committed:
                partition.fetched = partition.committed = committed[partition.key]
            else:
                partition.start = starts.get(partition.key, partition.start)
                partition.fetched = partition.start
            if self.has_position(partition) and partition.fetched >= 0:
                partition.position = partition.fetched

    def committed(self, partitions: Iterable[Partition], timeout: float) -> dict[Key, int]:
        """The group's committed offsets, of partitions that have one.

        Raises:
            ConsumeError: The group's coordinator refused, or did not answer.
        """
        try:
            committed = self._client.committed(
                [each.place(UNKNOWN) for each in partitions], timeout
            )
        except confluent_kafka.KafkaException as error:
            raise consume_error(self._topics.label, kafka_error_of(error)) from error
        for place in committed:
            # Not the same as no committed offset, such as an offset that a transaction holds back.
            if place.error is not None:
                raise consume_error(place.topic, place.error, place.partition)
        return {
            (place.topic, place.partition): place.offset for place in committed if place.offset >= 0
        }

    def skip_missing(self, partition: Partition) -> None:
        """Reset an offset that the brokers do not have, and log the number of missing messages.

        Raises:
            ConsumeError: The brokers did not answer.
        """
        (topic, number), known = partition.key, partition.fetched
        if known < 0:
            partition.fetched = UNKNOWN
            return
        first = self._cluster.first_offsets(topic, [number])[number]
        end = self._cluster.end_offsets(topic, [number])[number]
        start = self.at(partition, self._starts.of(partition.key))
        if not first <= known <= end:
            start = first if start == BEGINNING else start
            missing = known - end if known > end else max(start, first) - known
            _warn_of_missing(partition, known, missing, f"it has {first} to {end - 1}", start)
        partition.start = partition.fetched = start

    def check_beginnings(self, beginnings: Iterable[tuple[Partition, int]]) -> None:
        """Log missing messages if a partition's first offset is not 0, on the embedded broker.

        Args:
            beginnings: Partitions that are read from their beginning, with their first offsets.
        """
        if beginnings and self._cluster.is_embedded():
            for partition, offset in beginnings:
                reason = "the embedded broker keeps 5 MiB of a partition"
                _warn_of_missing(partition, 0, offset, reason, offset)


def _topic_of(key: Key) -> str:
    return key[0]


def _warn_of_missing(
    partition: Partition, known: int, missing: int, reason: str, start: int
) -> None:
    messages = "1 message is" if missing == 1 else f"{missing} messages are"
    _log.warning(
        "topic %r, partition %d: %s missing: offset %d does not exist any more, %s; continuing at "
        "offset %s",
        *partition.key,
        messages,
        known,
        reason,
        start,
        extra={
            "topic": partition.topic,
            "partition": partition.number,
            "offset": known,
            "missing": missing,
        },
    )
