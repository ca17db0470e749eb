"""Contact of a consumer with librdkafka: stores positions and gets messages.

For librdkafka a message is consumed when it leaves librdkafka's queue, and a consumer has failed if
it does not poll for ``max.poll.interval.ms``. So it is polled often for few messages, and the
application's position is kept apart from librdkafka's.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka

from streamcontract.kafka.connection.error_codes import LocalErrorCode
from streamcontract.kafka.connection.guarded_client import unguarded
from streamcontract.kafka.connection.runs import splitter
from streamcontract.kafka.connection.waits import interruptible
from streamcontract.kafka.consumer.commits import INTERVAL
from streamcontract.kafka.consumer.partition import BEGINNING, UNKNOWN
from streamcontract.kafka.consumer.queue import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from streamcontract.kafka.connection.waits import Waiting
    from streamcontract.kafka.consumer.assignment import Assignment, Client
    from streamcontract.kafka.consumer.commits import Commits
    from streamcontract.kafka.consumer.offsets import Offsets
    from streamcontract.kafka.consumer.partition import Key, Partition
    from streamcontract.kafka.consumer.queue import Queue
    from streamcontract.kafka.consumer.start import Start
    from streamcontract.kafka.dead_letters.handler import PoisonHandler

__all__ = ["Contact"]

_log = logging.getLogger("streamcontract.kafka")

_BATCH: Final = 500
"""The most messages that one contact gets, unless a number is given."""

_MOST_QUEUED: Final = 1000
"""The number of one partition's messages in the queue from which on it is paused in librdkafka."""

_SOON: Final = 0.01
"""Seconds to wait for messages while a partition cannot be sought yet."""


class Contact:
    """Calls librdkafka for one consumer.

    Args:
        client: The consumer, configured by ``consumer_config``.
        queue: The queue for fetched messages.
        assignment: The partitions, with the mark of an interrupted contact.
        offsets: Looks up start offsets.
        commits: Stores and commits positions.
        poison: The handler of poison, which holds offsets back.
        by_topic: Whether messages may be of several topics.
        joining: Logs a wait for the group's assignment; None without a group.

    Attributes:
        queue: The fetched messages that are not processed yet.
        assignment: The partitions.
        due: The time of the next contact, by ``time.monotonic``; 0 if one was interrupted.
    """

    def __init__(
        self,
        client: Client,
        *,
        queue: Queue,
        assignment: Assignment,
        offsets: Offsets,
        commits: Commits,
        poison: PoisonHandler,
        by_topic: bool,
        joining: Waiting | None,
    ) -> None:
        self._client = unguarded(client)
        self._offsets = offsets
        self._commits = commits
        self._poison = poison
        # DeserializingConsumer has no consume(), and its poll() takes five times as long for a
        # message as consume() (confluent-kafka 2.16), so both are those of its base class.
        self._poll = confluent_kafka.Consumer.poll.__get__(client)
        self._consume = confluent_kafka.Consumer.consume.__get__(client)
        self._split = splitter()
        self._by_topic = by_topic
        self._joining = joining
        self._is_closing = False
        self._sizes: dict[Partition, int] = {}
        self.queue = queue
        self.assignment = assignment
        self.due = 0.0

    def make(
        self, timeout: float | None, read: Mapping[Run, int], wanted: int | None = None
    ) -> None:
        """Store positions, serve the group, and queue new messages.

        Args:
            timeout: Seconds to wait for a message; None if there are enough in the queue.
            read: The index up to which each run was read for a list that is not returned yet.
            wanted: The number of messages to have in the queue; if left out, some that were
                delivered are replaced.

        Raises:
            ConsumeError: The topic does not exist, or the brokers did not return start offsets; the
            next contact tries again.
            DeadLetterError: A dead letter could not be delivered; raised once, and tried again.
            Exception: An error of a rebalance callback.
        """
        assignment = self.assignment
        assignment.callbacks.forbid("a call for messages")
        self._poison.serve()
        self.queue.note_positions()
        self._commits.store_if_due(assignment.table.values())
        until_commit = self._commits.commit_by_count(assignment.table.values())
        assignment.begin()
        assignment.clean()
        assignment.report()
        if timeout is not None and not self._offsets.are_topics_found:
            timeout = self._offsets.find_topics(timeout)
        sizes = self.queue.sizes(read)
        left = sum(sizes.values())
        assignment.is_dirty = True
        self.due = 0.0
        if not assignment.reach_offsets() and timeout is not None:
            timeout = min(timeout, _SOON)
        self._pause(sizes)
        if wanted is None:
            new = self._replacement(sizes, left, waits=timeout is not None)
        else:
            new = wanted - left
        if until_commit is not None:
            new = min(new, until_commit - left)
        beginnings = self._fetch(timeout, max(1, new))
        assignment.sort_queue()
        assignment.is_dirty = False
        if self._joining is not None and timeout is not None:
            if assignment.is_known:
                self._joining = None
            else:
                self._joining.note("an assignment")
        self._sizes = self.queue.sizes(read)
        self.due = time.monotonic() + INTERVAL
        self._offsets.check_beginnings(beginnings)
        assignment.callbacks.raise_first()

    def _replacement(self, sizes: Mapping[Partition, int], left: int, *, waits: bool) -> int:
        """The number of messages to get for those that were delivered.

        As many as were delivered since the last contact, so that the queue keeps its length; twice
        as many if a partition's messages ran out. Not if all are left that wait for dead letters: a
        queue that grows with each wait gets the partition paused, and librdkafka drops what it has
        of it.
        """
        delivered = max(0, sum(self._sizes.values()) - left)
        ran_out = any(size and not sizes.get(each) for each, size in self._sizes.items())
        return min(2 * delivered if waits and ran_out else delivered, _BATCH)

    def is_live(self, partition: Partition) -> bool:
        """Whether messages of a partition may be delivered."""
        return self.assignment.is_current(partition) and not self.assignment.is_paused(partition)

    def seek(self, key: Key, start: Start) -> None:
        """Continue from another offset of a partition.

        Raises:
            ConsumeError: The partition is not assigned, or the brokers did not answer.
        """
        partition = self.assignment.of(key)
        self._move({partition: self._offsets.at(partition, start)})

    def rewind(self, *, ask: bool) -> None:
        """Continue from the committed offsets; without one, from the partition's start offset.

        Args:
            ask: Whether to ask the group even for offsets that this consumer committed last.
        """
        partitions = self.assignment.table.values()
        self._move({each: UNKNOWN if ask else each.committed for each in partitions})
        self.assignment.revoked.clear()

    def _move(self, offsets: Mapping[Partition, int]) -> None:
        self.assignment.clean()
        self.due = 0.0  # so that the next call drops fetched messages before it returns any
        self.assignment.move(offsets)
        self.assignment.sort_queue()

    def pause(self, keys: Iterable[Key]) -> None:
        """Pause partitions, also in librdkafka.

        Raises:
            ConsumeError: One is not assigned.
        """
        self._set_paused(self.assignment.paused | {self.assignment.of(key).key for key in keys})

    def resume(self, keys: Iterable[Key]) -> None:
        """Resume partitions.

        Raises:
            ConsumeError: One is not assigned.
        """
        self._set_paused(self.assignment.paused - {self.assignment.of(key).key for key in keys})

    def _set_paused(self, keys: frozenset[Key]) -> None:
        # The next call begins with a contact, which resumes them in librdkafka.
        self.due = 0.0
        self.assignment.paused = keys
        self.assignment.sort_queue()

    def _pause(self, sizes: Mapping[Partition, int]) -> None:
        """Pause partitions in librdkafka that the application has paused, or that fill the queue.

        The others are resumed.
        """
        partitions = self.assignment.table.values()
        stopped = {each for each in partitions if self.assignment.is_paused(each)}
        stopped |= {
            each
            for each in partitions
            if sizes.get(each, 0) > (_MOST_QUEUED // 2 if each.is_paused else _MOST_QUEUED - 1)
        }
        full = [each for each in partitions if each in stopped and not each.is_paused]
        again = [each for each in partitions if each.is_paused and each not in stopped]
        for partition in full:
            partition.is_paused = True
        if full:
            self._client.pause([each.place(UNKNOWN) for each in full])
        if again:
            self._client.resume([each.place(UNKNOWN) for each in again])
        for partition in again:
            partition.is_paused = False

    def _fetch(self, timeout: float | None, wanted: int) -> list[tuple[Partition, int]]:
        """Queue new messages.

        Returns:
            Partitions that are read from their beginning, with their first offsets.
        """
        if timeout is None:
            return self._append(interruptible(self._consume, wanted, 0))
        first = interruptible(self._poll, timeout)
        if first is None:
            return []
        # Before consume(): in it the group may revoke partitions, whose messages consume() drops,
        # but not one that was polled before.
        found = self._append([first])
        if wanted > 1:
            # Wait for one message, and take others only if they are fetched already: consume() with
            # a timeout would wait for a full batch.
            found += self._append(interruptible(self._consume, wanted - 1, 0))
        return found

    def _append(self, raws: list[confluent_kafka.Message]) -> list[tuple[Partition, int]]:
        runs: list[Run] = []
        fetched: dict[Partition, int] = {}
        beginnings: list[tuple[Partition, int]] = []
        for messages in self._split(raws, by_topic=self._by_topic):
            first: Any = messages[0]
            if first.error() is not None:
                if self._is_to_be_raised(first):
                    runs.append(Run(self.assignment.nowhere, messages))
                continue
            partition = self.assignment.table.get((first.topic(), first.partition()))
            if partition is None or partition.is_adrift:
                continue
            at = fetched.get(partition, partition.fetched)
            if first.offset() < at:
                new = [raw for raw in messages if raw.offset() >= at]  # type: ignore[operator] # only errors have none
                if not new:
                    continue
                run = Run(partition, new)
            else:
                run = Run(partition, messages)
                if at == BEGINNING and first.offset() > 0:
                    beginnings.append((partition, first.offset()))
            runs.append(run)
            fetched[partition] = run.offset_after(run.size)
            if partition.counted == UNKNOWN:
                partition.counted = first.offset()
        # If this is interrupted before all is set, the queue has the messages.
        self.queue.runs.extend(runs)
        for partition, offset in fetched.items():
            partition.fetched = offset
        return beginnings

    def _is_to_be_raised(self, raw: confluent_kafka.Message) -> bool:
        """Handle an error of librdkafka in place of a message; return whether to raise it."""
        error: Any = raw.error()
        partition = self.assignment.table.get((str(raw.topic()), raw.partition()))  # type: ignore[arg-type] # None is not in it
        if error.code() == LocalErrorCode.PARTITION_EOF:
            if partition is not None and not partition.is_adrift:
                partition.end = raw.offset()  # type: ignore[assignment] # the end has one
            return False
        if error.code() == LocalErrorCode.AUTO_OFFSET_RESET:
            if partition is not None:
                if not self._offsets.resets(partition):
                    return True
                if partition.fetched < 0 and raw.offset() is not None:
                    partition.fetched = raw.offset()  # type: ignore[assignment] # checked above
                partition.is_gone = partition.is_adrift = True
            return False
        if error.code() == LocalErrorCode.MAX_POLL_EXCEEDED:
            # librdkafka reports it later, after its other events.
            self.assignment.lose_all()
            topic = self.assignment.nowhere.topic
            _log.warning(
                "topic %r: the application processed messages for longer than "
                "max.poll.interval.ms, so its partitions are lost, and others read them from the "
                "committed offsets: %s. Process fewer messages at once, or raise "
                "max.poll.interval.ms",
                topic,
                error.str(),
                extra={"topic": topic},
            )
            return False
        return True

    def close(self) -> None:
        """Commit the positions, if commits are automatic, and leave the group."""
        try:
            if not self._is_closing:
                self._commits.store(self.assignment.table.values())
        finally:
            self._is_closing = True
            self._client.close()
