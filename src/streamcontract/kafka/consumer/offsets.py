"""Offsets from which partitions are read: committed ones, starts, and those that are gone."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka

from streamcontract.kafka.access import watched_metadata
from streamcontract.kafka.cluster import BROKER_TIMEOUT, consume_error
from streamcontract.kafka.consumer.partition import BEGINNING, UNKNOWN
from streamcontract.kafka.error_codes import NO_SUCH_TOPIC
from streamcontract.kafka.errors import kafka_error_of
from streamcontract.kafka.start import offsets_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streamcontract.kafka.access import AccessWatch
    from streamcontract.kafka.cluster import Cluster
    from streamcontract.kafka.consumer.partition import Key, Partition
    from streamcontract.kafka.start import Start, Starts

__all__ = ["LOOK_UP", "Offsets"]

_NO_WAIT: Final = 0.01
"""Seconds to wait for metadata at least: with none, they would never come."""

_PROPAGATION: Final = 1.0
"""Seconds for a new topic to become known to all brokers, and from one error to the next."""

LOOK_UP: Final = 5.0
"""Seconds to wait for committed offsets that librdkafka would fetch by itself too."""

_log = logging.getLogger("streamcontract.kafka")


class Offsets:
    """Looks up where the partitions of a topic are to be read.

    Args:
        client: The consumer.
        cluster: Knows the offsets that a start means.
        access: What the client's ``error_cb`` heard.
        topic: The topic.
        group: Whether there is a group, which keeps committed offsets.
        starts: Where to begin in a partition for which nothing is committed.

    Attributes:
        is_topic_found: Whether the brokers have said that there is such a topic.
    """

    def __init__(
        self,
        client: Any,
        cluster: Cluster,
        access: AccessWatch,
        *,
        topic: str,
        group: bool,
        starts: Starts,
    ) -> None:
        self._client = client
        self._cluster = cluster
        self._access = access
        self._topic = topic
        self._group = group
        self._starts = starts
        self._missing_since: float | None = None
        self.is_topic_found = False

    @property
    def own_starts(self) -> Iterable[int]:
        """The partitions that have a start of their own."""
        return self._starts.by_partition

    def resets(self, partition: Partition) -> bool:
        """Whether to begin anew where an offset is gone; else that is an error."""
        return self._starts.resets(partition.number)

    def has_position(self, partition: Partition) -> bool:
        """Whether a partition's start has to be looked up when it is assigned.

        It is to be committed then, even if nothing comes before the next rebalance: otherwise
        "latest" would mean a later offset, and skip what came in between.
        """
        return self._starts.of(partition.number) != "earliest"

    def partitions(self) -> list[int]:
        """The numbers of the topic's partitions.

        Raises:
            ConsumeError: The topic is not there, or the brokers did not answer.
        """
        try:
            metadata = watched_metadata(
                self._client,
                lambda seconds: self._client.list_topics(self._topic, seconds),
                self._access,
                BROKER_TIMEOUT,
            )
            found = metadata.topics[self._topic]
        except confluent_kafka.KafkaException as error:
            raise consume_error(self._topic, kafka_error_of(error)) from error
        if found.error is not None:
            raise consume_error(self._topic, found.error)
        self.is_topic_found = True
        return sorted(found.partitions)

    def find_topic(self, timeout: float) -> float:
        """Ask whether there is such a topic, which the group would wait for without a word.

        Only the classic protocol reports one that is missing; with the newer one (KIP-848) the
        group takes it for one without partitions.

        Args:
            timeout: Seconds to wait.

        Returns:
            How many are left.

        Raises:
            ConsumeError: It has been missing for a second.
        """
        if self.is_topic_found:
            return timeout
        begin = time.monotonic()
        try:
            metadata = self._client.list_topics(self._topic, max(timeout, _NO_WAIT))
        except confluent_kafka.KafkaException:
            return 0.0  # no broker answers yet, and why is for others to say
        now = time.monotonic()
        error = metadata.topics[self._topic].error
        if error is None or error.code() not in NO_SUCH_TOPIC:
            self.is_topic_found = True
        elif self._missing_since is None:
            self._missing_since = now
        elif now >= self._missing_since + _PROPAGATION:
            self._missing_since = now
            raise consume_error(self._topic, error)
        return max(0.0, timeout - (now - begin))

    def at(self, numbers: Iterable[int], start: Start) -> dict[int, int]:
        """The offset that a start means in each partition.

        Raises:
            ConsumeError: The brokers did not answer, or there is no such partition.
            NotSupportedError: ``start`` is a moment, and this is the embedded broker.
        """
        return offsets_at(self._cluster, self._topic, numbers, start)

    def set_next(self, partitions: Sequence[Partition], timeout: float) -> None:
        """Have partitions fetched from what is committed, else from their start.

        With a group, and an error asked for where there is neither, librdkafka looks up where.

        Raises:
            ConsumeError: The brokers did not answer.
        """
        if self._group:
            partitions = [each for each in partitions if self.resets(each)]
        if not partitions:
            return
        committed = self.committed(partitions, timeout) if self._group else {}
        new = [
            each.number
            for each in partitions
            if each.key not in committed and each.start == UNKNOWN
        ]
        starts = self._starts.offsets(self._cluster, self._topic, sorted(new))
        for partition in partitions:
            if partition.key in committed:
                partition.fetched = partition.committed = committed[partition.key]
            else:
                partition.start = starts.get(partition.number, partition.start)
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
            raise consume_error(self._topic, kafka_error_of(error)) from error
        for place in committed:
            # Not the same as nothing committed: such as an offset that a transaction holds back.
            if place.error is not None:
                raise consume_error(place.topic, place.error, place.partition)
        return {
            (place.topic, place.partition): place.offset for place in committed if place.offset >= 0
        }

    def skip_missing(self, partition: Partition) -> None:
        """Leave an offset that the brokers do not have, and log how many messages are missing.

        Raises:
            ConsumeError: The brokers did not answer.
        """
        number, known = partition.number, partition.fetched
        if known < 0:
            partition.fetched = UNKNOWN
            return
        first = self._cluster.first_offsets(self._topic, [number])[number]
        end = self._cluster.end_offsets(self._topic, [number])[number]
        start = self.at([number], self._starts.of(number))[number]
        if not first <= known <= end:
            start = first if start == BEGINNING else start
            missing = known - end if known > end else max(start, first) - known
            _warn_of_missing(partition, known, missing, f"it has {first} to {end - 1}", start)
        partition.start = partition.fetched = start

    def check_beginnings(self, beginnings: Iterable[tuple[Partition, int]]) -> None:
        """Log what is missing where a partition's first offset is not 0, on the embedded broker.

        Args:
            beginnings: Partitions that were read from their beginning, and their first offsets.
        """
        if beginnings and self._cluster.is_embedded():
            for partition, offset in beginnings:
                reason = "the embedded broker keeps 5 MiB of a partition"
                _warn_of_missing(partition, 0, offset, reason, offset)


def _warn_of_missing(
    partition: Partition, known: int, missing: int, reason: str, start: int
) -> None:
    messages = "1 message is" if missing == 1 else f"{missing} messages are"
    _log.warning(
        "topic %r, partition %d: %s missing: offset %d is not there any more, %s; going on from "
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
