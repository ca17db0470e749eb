"""The assignment: the partitions that are read, and what becomes of them when the group moves them.

A *mark* says that librdkafka is being called, or that partitions are changing. Whatever breaks that
off leaves the mark: the next call finds it, asks librdkafka what is assigned, and has each
partition fetched again from where its messages in the queue end.
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
"""Seconds after which a partition that cannot be sought is assigned anew."""

_ORDERLY: Final = 5.0
"""Seconds to wait for dead letters on their way when their partition is revoked."""


class Assignment:
    """The partitions that a consumer reads.

    Args:
        client: The consumer.
        topics: The topics that are read.
        queue: Their messages that were fetched.
        offsets: Knows where partitions are to be read.
        commits: Stores positions when partitions are revoked.
        poison: Is waited for when partitions are revoked.
        callbacks: Are called when the group moves partitions.
        is_member: Whether the group assigns the partitions.
        chosen: If it does not: which ones to read; None for all.
        incremental: Whether the group assigns and revokes partitions one by one (KIP-429, KIP-848).

    Attributes:
        table: The partitions that are assigned.
        is_known: Whether partitions were assigned, be it none.
        is_dirty: The mark.
        paused: The partitions that the application has paused. They stay paused if they are
            revoked and come back, as in confluent_kafka.
        revoked: Partitions that were revoked or lost after messages of theirs were given to the
            application and before that was committed.
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
        self._lost: set[Key] = set()  # of which on_lost is to be called yet
        self.callbacks = callbacks
        self._has_begun = False
        self._seeks_since: float | None = None
        # What librdkafka reports of no partition is given to the application as a run of this one.
        self.nowhere = topics.nowhere()
        self.table: dict[Key, Partition] = {}
        self.is_known = False
        self.is_dirty = False
        self.paused: frozenset[Key] = frozenset()
        self.revoked: set[Key] = set()

    @property
    def is_settled(self) -> bool:
        """Whether it is known which partitions are read, and that there are such topics."""
        return self.is_known and self._offsets.are_topics_found

    def is_current(self, partition: Partition) -> bool:
        """Whether a partition is assigned, and was not left by a seek."""
        return self.table.get(partition.key) is partition or partition is self.nowhere

    def is_paused(self, partition: Partition) -> bool:
        """Whether the application has paused a partition."""
        return partition.key in self.paused

    def sort_queue(self) -> None:
        """Drop messages of partitions that are not read any more; keep those of paused ones."""
        self._queue.sort(self.is_current, self.is_paused)

    def of(self, key: Key, reason: confluent_kafka.KafkaError | None = None) -> Partition:
        """The partition of a topic and a number.

        Args:
            key: Topic and number.
            reason: What the error says if it is not assigned to this consumer, or not any more.

        Raises:
            ConsumeError: It is not.
        """
        self.clean()
        partition = self.table.get(key)
        if partition is None:
            reason = reason or _no_partition("not assigned to this consumer")
            raise consume_error(key[0], reason, key[1])
        return partition

    # Begin

    def begin(self) -> None:
        """Subscribe to the topics, or assign the partitions; only the first call does anything.

        Raises:
            ConsumeError: The topic or a partition is not there, or the brokers did not answer.
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
                # librdkafka waits for such a partition, since it may be added to the topic.
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
            # confluent_kafka has the partitions read from what is committed then.
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
        """The group revokes partitions: their next owner is to go on from where we are."""
        del client
        keys = [(place.topic, place.partition) for place in places]
        self._commits.store(self.table.values())  # though the callback may be broken off
        self.callbacks.revoked(keys)
        self._leave(keys, _ORDERLY)

    def _on_lost(self, client: Client, places: list[TopicPartition]) -> None:
        """The group gave partitions to others already: nothing can be committed any more."""
        del client
        keys = [(place.topic, place.partition) for place in places]
        self._leave(keys, 0.0)
        self.callbacks.lost(keys)

    def _report(self, keys: Iterable[Key]) -> None:
        self.callbacks.assigned(keys)
        for key in keys:
            if key in self.table:  # another object maybe, where the callback has sought
                self.table[key].is_reported = True

    def report(self) -> None:
        """Call back for what a call that was broken off has left unreported."""
        if self._lost:
            self.callbacks.lost(self._lost)
            self._lost = set()
        new = [key for key, each in self.table.items() if not each.is_reported]
        if new and self._is_member:
            self._report(new)

    def lose_all(self) -> None:
        """All partitions are lost, of which librdkafka has yet to say so."""
        self._leave(list(self.table), 0.0)

    def _leave(self, keys: Sequence[Key], timeout: float) -> None:
        """Partitions are not ours any more.

        Args:
            keys: Which.
            timeout: Seconds to wait for what holds their offsets back, while it can be committed.
        """
        leaving = [self.table[key] for key in keys if key in self.table]
        self._poison.release(leaving, timeout)
        if timeout:
            self._commits.store(self.table.values())
        for partition in leaving:
            if partition.position not in {UNKNOWN, partition.committed, partition.start}:
                self.revoked.add(partition.key)
            if partition.is_paused:  # librdkafka would not forget it
                self._client.resume([partition.place(UNKNOWN)])
            self.table.pop(partition.key, None)

    def clean(self) -> None:
        """Make up for what was broken off, if anything was; not for what is at work just now."""
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
        """Go on from other offsets; ``UNKNOWN`` stands for the committed one."""
        moved = {each.key: each.moved(offset) for each, offset in offsets.items()}
        self.table = {**self.table, **moved}  # in one step, so that nothing can break it off

    def reach_offsets(self) -> bool:
        """Have librdkafka go to where partitions are to be fetched; whether it is there.

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
            # An offset that an open transaction holds back is waited for (KIP-447).
            self._offsets.set_next(unknown, BROKER_TIMEOUT)
        stuck = [each for each in adrift if each.is_gone or not self._sought(each)]
        if len(stuck) > len(gone):
            # A partition that was just assigned is not open for seeking yet.
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
        """Begin to fetch once more where librdkafka has stopped."""
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
    """An error as librdkafka has it for a partition that a consumer cannot read."""
    return confluent_kafka.KafkaError(LocalErrorCode.UNKNOWN_PARTITION, text)
