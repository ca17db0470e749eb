"""Commits: what librdkafka may commit by itself, by hand, and by count."""

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
"""Seconds from storing positions to storing them again, as between two contacts with librdkafka."""

_log = logging.getLogger("streamcontract.kafka")


class Commits:
    """Commits the positions of partitions for their group.

    Args:
        client: The consumer.
        topic: The topic, for errors.
        automatic: Whether librdkafka commits, now and then, what is stored.
        count: Commit also whenever so many messages were worked on, counted by offsets.
    """

    def __init__(self, client: Any, topic: str, *, automatic: bool, count: int | None) -> None:
        self._client = client
        self._topic = topic
        self._automatic = automatic
        self._count = count
        self._store_due = 0.0

    def store_if_due(self, partitions: Iterable[Partition]) -> None:
        """Store positions, if that was not done just now."""
        if time.monotonic() >= self._store_due:
            self.store(partitions)

    def store(self, partitions: Iterable[Partition]) -> None:
        """Tell librdkafka how far it may commit.

        It does so now and then, and when partitions are revoked or the client is closed.
        """
        if not self._automatic:
            return
        self._store_due = time.monotonic() + INTERVAL
        for partition in partitions:
            offset = partition.storable
            if offset < 0 or offset == partition.stored:
                continue
            try:
                # One by one: of several, errors are only told if all of them fail.
                self._client.store_offsets(offsets=[partition.place(offset)])
            except confluent_kafka.KafkaException as error:
                # The group revoked it, of which this contact will tell.
                _log.debug(
                    "topic %r, partition %d: offset not stored: %s",
                    *partition.key,
                    error,
                    extra={"topic": partition.topic, "partition": partition.number},
                )
            else:
                partition.stored = offset

    def commit(self, offsets: Mapping[Partition, int], *, asynchronous: bool) -> None:
        """Commit the offset at which each partition is to be read on.

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
        """Commit if enough was worked on.

        Returns:
            How many messages to have in the queue at most, so that the next commit is in time; None
            if nothing is committed by count.
        """
        if self._count is None:
            return None
        counted = {each: each.storable for each in partitions if each.storable > each.counted >= 0}
        total = sum(offset - each.counted for each, offset in counted.items())
        if total >= self._count:
            # Not waited for, as with commits by time: if one fails, a later one makes up for it.
            self.commit(counted, asynchronous=True)
            for partition, offset in counted.items():
                partition.counted = offset
            total = 0
        return self._count - total
