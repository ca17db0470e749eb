"""Assignment of a consumer: its partitions, and their changes in rebalances.

A *mark* means that a call into librdkafka, or a change of partitions, is in progress. If an
exception ends it, the mark stays: the next call finds it, gets the assignment from librdkafka, and
fetches each partition again from the end of its messages in the queue.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka

from streamcontract.kafka.connection.cluster import consume_error
from streamcontract.kafka.connection.error_codes import LocalErrorCode
from streamcontract.kafka.connection.waits import interruptible
from streamcontract.kafka.consumer.offsets import LOOK_UP
from streamcontract.kafka.consumer.partition import UNKNOWN
from streamcontract.kafka.errors import ConsumeError, kafka_error_of
from streamcontract.kafka.timeouts import BROKER_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from confluent_kafka import TopicPartition

    from streamcontract.kafka.consumer.callbacks import Callbacks
    from streamcontract.kafka.consumer.commits import Commits
    from streamcontract.kafka.consumer.offsets import Offsets
    from streamcontract.kafka.consumer.partition import Key, Partition
    from streamcontract.kafka.consumer.queue import Queue
    from streamcontract.kafka.consumer.topics import Topics
    from streamcontract.kafka.dead_letters.handler import PoisonHandler

__all__ = ["Assignment", "Client"]

Client = Any
"""A ``confluent_kafka.Consumer`` of any type parameters, or one of its subclasses."""

_PATIENCE: Final = 1.0
"""Seconds after which a partition is assigned again if it cannot be sought."""

_ORDERLY: Final = 5.0
"""Seconds to wait for the delivery of dead letters when their partition is revoked."""


class Assignment:
    """The partitions that a consumer reads.

    Args:
        client: The consumer.
        topics: The topics.
        queue: The fetched messages.
        offsets: Looks up start offsets.
        commits: Stores positions when partitions are revoked.
        poison: The handler of poison, which is waited for when partitions are revoked.
        callbacks: The application's callbacks for rebalances.
        is_member: Whether the group assigns the partitions.
        chosen: If it does not, the partitions to read; None for all.
        incremental: Whether rebalances are incremental (KIP-429, KIP-848).

    Attributes:
        table: The assigned partitions.
        is_known: Whether there was an assignment, even an empty one.
        is_dirty: The mark.
        paused: The partitions that the application has paused. They stay paused if they are
        revoked and assigned again, as in confluent_kafka.
        revoked: Partitions that were revoked or lost with returned messages that are not
        committed.
    """

    def __init__(  # noqa: PLR0913 - each is one fact of the consumer it is for, given by name
        self,
        client: Client,
        topics: Topics,
        queue: Queue,
        offsets: Offsets,
        commits: Commits,
        poison: PoisonHandler,
        callbacks: Callbacks,
        *,
        is_member: bool,
        chosen: Sequence[Key] | None,
        incremental: bool,
    ) -> None:
        self._client = client
        self._topics = topics
        self._queue = queue
        self._offsets = offsets
        self._commits = commits
        self._poison = poison
        self._is_member = is_member
        self._chosen = chosen
        self._incremental = incremental
        self._lost: set[Key] = set()  # for which on_lost has to be called
        self.callbacks = callbacks
        self._has_begun = False
        self._seeks_since: float | None = None
        # Errors of librdkafka without a partition are delivered as a run of this one.
        self.nowhere = topics.nowhere()
        self.table: dict[Key, Partition] = {}
        self.is_known = False
        self.is_dirty = False
        self.paused: frozenset[Key] = frozenset()
        self.revoked: set[Key] = set()

    @property
    def is_settled(self) -> bool:
        """Whether the assignment is known, and the topics exist."""
        return self.is_known and self._offsets.are_topics_found

    def is_current(self, partition: Partition) -> bool:
        """Whether a partition is assigned, and was not replaced by a seek."""
        return self.table.get(partition.key) is partition or partition is self.nowhere

    def is_paused(self, partition: Partition) -> bool:
        """Whether the application has paused a partition."""
        return partition.key in self.paused

    def sort_queue(self) -> None:
        """Drop messages of partitions that are not assigned any more; keep those of paused ones."""
        self._queue.sort(self.is_current, self.is_paused)

    def of(self, key: Key, reason: confluent_kafka.KafkaError | None = None) -> Partition:
        """The partition of a topic and a number.

        Args:
            key: Topic and number.
            reason: The reason in the error if it is not assigned to this consumer.

        Raises:
            ConsumeError: It is not assigned.
        """
        self.clean()
        partition = self.table.get(key)
        if partition is None:
            reason = reason or _no_partition("not assigned to this consumer")
            raise consume_error(key[0], reason, key[1])
        return partition

    # Begin

    def begin(self) -> None:
        """Subscribe to the topics, or assign the partitions; only the first call has an effect.

        Raises:
            ConsumeError: The topic or a partition does not exist, or the brokers did not answer.
        """
        if self._has_begun:
            return
        if self._is_member:
            interruptible(
                self._client.subscribe,
                list(self._topics.subscriptions),
                on_assign=self._on_assign,
                on_revoke=self._on_revoke,
                on_lost=self._on_lost,
            )
        else:
            self._assign_all()
        self._has_begun = True

    def _assign_all(self) -> None:
        known = self._offsets.partitions()
        wanted = known if self._chosen is None else self._chosen
        for topic, number in (*wanted, *self._offsets.own_starts):
            if (topic, number) not in known:
                # librdkafka waits for such a partition, because it may be added to the topic.
                count = sum(each == topic for each, _ in known)
                raise consume_error(topic, _no_partition(f"the topic has {count}"), number)
        partitions = [self._topics.partition(key) for key in wanted]
        self._offsets.set_next(partitions, BROKER_TIMEOUT)
        self._client.assign([each.place(each.fetched) for each in partitions])
        self.table = {each.key: each for each in partitions}
        self.is_known = True

    # The group

    def _on_assign(self, client: Client, places: list[TopicPartition]) -> None:
        del client
        partitions = [self._topics.partition((place.topic, place.partition)) for place in places]
        must = any(map(self._offsets.has_position, partitions))
        try:
            self._offsets.set_next(partitions, BROKER_TIMEOUT if must else LOOK_UP)
        except ConsumeError:
            # Then confluent_kafka has the partitions fetched from the committed offsets.
            if must:
                raise
        self.table.update({each.key: each for each in partitions})
        if any(each.fetched != UNKNOWN for each in partitions):
            assign = self._client.incremental_assign if self._incremental else self._client.assign
            assign([each.place(each.fetched) for each in partitions])
        self.is_known = True
        self._offsets.note_topics(partitions)
        self._report([each.key for each in partitions])

    def _on_revoke(self, client: Client, places: list[TopicPartition]) -> None:
        """Handle revoked partitions: their next owner has to continue at the positions."""
        del client
        keys = [(place.topic, place.partition) for place in places]
        self._commits.store(self.table.values())  # before the callback, which may be interrupted
        self.callbacks.revoked(keys)
        self._leave(keys, _ORDERLY)

    def _on_lost(self, client: Client, places: list[TopicPartition]) -> None:
        """Handle lost partitions, which have another owner: they cannot be committed any more."""
        del client
        keys = [(place.topic, place.partition) for place in places]
        self._leave(keys, 0.0)
        self.callbacks.lost(keys)

    def _report(self, keys: Iterable[Key]) -> None:
        self.callbacks.assigned(keys)
        for key in keys:
            if key in self.table:  # possibly another object after a seek in the callback
                self.table[key].is_reported = True

    def report(self) -> None:
        """Call the callbacks that an interrupted call has not called."""
        if self._lost:
            self.callbacks.lost(self._lost)
            self._lost = set()
        new = [key for key, each in self.table.items() if not each.is_reported]
        if new and self._is_member:
            self._report(new)

    def lose_all(self) -> None:
        """Treat all partitions as lost, before librdkafka reports it."""
        self._leave(list(self.table), 0.0)

    def _leave(self, keys: Sequence[Key], timeout: float) -> None:
        """Remove partitions from the assignment.

        Args:
            keys: The partitions.
            timeout: Seconds to wait for dead letters that hold their offsets back, while they can
            be committed.
        """
        leaving = [self.table[key] for key in keys if key in self.table]
        self._poison.release(leaving, timeout)
        if timeout:
            self._commits.store(self.table.values())
        for partition in leaving:
            if partition.position not in {UNKNOWN, partition.committed, partition.start}:
                self.revoked.add(partition.key)
            if partition.is_paused:  # librdkafka would keep it paused
                self._client.resume([partition.place(UNKNOWN)])
            self.table.pop(partition.key, None)

    def clean(self) -> None:
        """Recover from an interrupted call, if there was one and it is not in progress."""
        if not self.is_dirty or self.callbacks.is_calling:
            return
        assigned = {(place.topic, place.partition) for place in self._client.assignment()}
        left = [key for key, each in self.table.items() if key not in assigned and not each.is_gone]
        self._lost |= {key for key in left if self.table[key].is_reported}
        self._leave(left, 0.0)
        for key in assigned - self.table.keys():
            self.table[key] = self._topics.partition(key)
        self.is_known = self.is_known or bool(assigned)
        self.sort_queue()
        for run in self._queue.all_runs:
            if run.partition is not self.nowhere:
                run.partition.fetched = max(run.partition.fetched, run.offset_after(run.size))
        paused = [each for each in self.table.values() if each.is_paused]
        if paused:
            self._client.resume([each.place(UNKNOWN) for each in paused])
        for partition in self.table.values():
            partition.is_paused = False
            partition.is_adrift = True
        self.is_dirty = False

    # Offsets

    def move(self, offsets: Mapping[Partition, int]) -> None:
        """Continue from other offsets; ``UNKNOWN`` means the committed one."""
        moved = {each.key: each.moved(offset) for each, offset in offsets.items()}
        self.table = {**self.table, **moved}  # in one step, which cannot be interrupted

    def reach_offsets(self) -> bool:
        """Seek partitions in librdkafka; return whether all are at their offsets.

        Raises:
            ConsumeError: The brokers did not answer.
        """
        adrift = [each for each in self.table.values() if each.is_adrift]
        if not adrift:
            return True
        gone = [each for each in adrift if each.is_gone]
        for partition in gone:
            self._offsets.skip_missing(partition)
        unknown = [each for each in adrift if each.fetched == UNKNOWN]
        if unknown:
            # Wait for an offset that an open transaction holds back (KIP-447).
            self._offsets.set_next(unknown, BROKER_TIMEOUT)
        stuck = [each for each in adrift if each.is_gone or not self._sought(each)]
        if len(stuck) > len(gone):
            # A partition that was just assigned cannot be sought yet.
            now = time.monotonic()
            if self._seeks_since is None:
                self._seeks_since = now
            if now < self._seeks_since + _PATIENCE:
                stuck = gone
        else:
            self._seeks_since = None
        if stuck:
            self._assign_anew(stuck)
        return not any(each.is_adrift for each in adrift)

    def _sought(self, partition: Partition) -> bool:
        try:
            self._client.seek(partition.place(partition.fetched))
        except confluent_kafka.KafkaException as error:
            reason = kafka_error_of(error)
            if reason.code() != LocalErrorCode.STATE:
                raise consume_error(partition.topic, reason, partition.number) from error
            return False
        partition.is_adrift = False
        return True

    def _assign_anew(self, partitions: Sequence[Partition]) -> None:
        """Assign partitions again that librdkafka has stopped fetching."""
        if self._incremental:
            assigned = {(place.topic, place.partition) for place in self._client.assignment()}
            old = [each.place(UNKNOWN) for each in partitions if each.key in assigned]
            if old:
                self._client.incremental_unassign(old)
            self._client.incremental_assign([each.place(each.fetched) for each in partitions])
        else:
            partitions = list(self.table.values())
            self._client.assign([each.place(each.fetched) for each in partitions])
        self._seeks_since = None
        for partition in partitions:
            partition.stored = UNKNOWN
            partition.is_gone = partition.is_adrift = False


def _no_partition(text: str) -> confluent_kafka.KafkaError:
    """Return librdkafka's error for a partition that a consumer cannot read."""
    return confluent_kafka.KafkaError(LocalErrorCode.UNKNOWN_PARTITION, text)
