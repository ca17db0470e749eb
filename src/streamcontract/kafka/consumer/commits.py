"""Commits of a consumer: automatic ones by librdkafka, by hand, and by count."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka

from streamcontract.kafka.connection.cluster import consume_error
from streamcontract.kafka.errors import kafka_error_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from streamcontract.kafka.consumer.partition import Partition

__all__ = ["INTERVAL", "Commits"]

INTERVAL: Final = 0.02
"""Seconds between two times that positions are stored, as between two contacts with librdkafka."""

_log = logging.getLogger("streamcontract.kafka")


class Commits:
    """Commits the positions of partitions for their group.

    Args:
        client: The consumer.
        topic: The topic, for errors.
        automatic: Whether librdkafka periodically commits stored offsets.
        count: The number of processed messages, counted by offsets, after which to commit too.
    """

    def __init__(self, client: Any, topic: str, *, automatic: bool, count: int | None) -> None:
        self._client = client
        self._topic = topic
        self._automatic = automatic
        self._count = count
        self._store_due = 0.0

    def store_if_due(self, partitions: Iterable[Partition]) -> None:
        """Store positions, unless that was done recently."""
        if time.monotonic() >= self._store_due:
            self.store(partitions)

    def store(self, partitions: Iterable[Partition]) -> None:
        """Store positions in librdkafka, which may commit them.

        It does so periodically, and when partitions are revoked or the client is closed.
        """
        if not self._automatic:
            return
        self._store_due = time.monotonic() + INTERVAL
        for partition in partitions:
            offset = partition.storable
            if offset < 0 or offset == partition.stored:
                continue
            try:
                # One by one: for several, errors are raised only if all of them fail.
                self._client.store_offsets(offsets=[partition.place(offset)])
            except confluent_kafka.KafkaException as error:
                # The group revoked it, which this contact will report.
                _log.debug(
                    "topic %r, partition %d: offset not stored: %s",
                    *partition.key,
                    error,
                    extra={"topic": partition.topic, "partition": partition.number},
                )
            else:
                partition.stored = offset

    def commit(self, offsets: Mapping[Partition, int], *, asynchronous: bool) -> None:
        """Commit the position of each partition.

        Raises:
            ConsumeError: The group's coordinator refused, or did not answer.
        """
        places = [each.place(offset) for each, offset in offsets.items()]
        if not places:
            return
        try:
            committed = self._client.commit(offsets=places, asynchronous=asynchronous)
        except confluent_kafka.KafkaException as error:
            raise consume_error(self._topic, kafka_error_of(error)) from error
        for place in committed or ():
            if place.error is not None:
                raise consume_error(place.topic, place.error, place.partition)
        for partition, offset in offsets.items():
            partition.committed = partition.floor = offset

    def commit_by_count(self, partitions: Iterable[Partition]) -> int | None:
        """Commit if enough messages were processed.

        Returns:
            The most messages to have in the queue, so that the next commit is in time; None without
            commits by count.
        """
        if self._count is None:
            return None
        counted = {each: each.storable for each in partitions if each.storable > each.counted >= 0}
        total = sum(offset - each.counted for each, offset in counted.items())
        if total >= self._count:
            # Asynchronous, like commits by time: if one fails, a later one replaces it.
            self.commit(counted, asynchronous=True)
            for partition, offset in counted.items():
                partition.counted = offset
            total = 0
        return self._count - total
