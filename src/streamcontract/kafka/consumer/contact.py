"""Contact with librdkafka: positions go there, messages come from there.

librdkafka counts a message as consumed when it leaves its queue, and takes a consumer that does not
call it for ``max.poll.interval.ms`` for dead. So it is called often and asked for little, and where
the application is, is told apart from where librdkafka is.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka

from streamcontract.kafka.connection.error_codes import LocalErrorCode
from streamcontract.kafka.connection.guarded_client import unguarded
from streamcontract.kafka.connection.waits import interruptible
from streamcontract.kafka.consumer.commits import INTERVAL
from streamcontract.kafka.consumer.partition import BEGINNING, UNKNOWN
from streamcontract.kafka.consumer.queue import Run
from streamcontract.kafka.contract.message_deserializer import splitter

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
"""Messages that one contact asks for, at most."""

_MOST_QUEUED: Final = 1000
"""Messages of one partition in the queue from which on librdkafka is to fetch no more of it."""

_SOON: Final = 0.01
"""Seconds to wait for messages while a partition cannot be sought yet."""


class Contact:
    """Calls librdkafka for one consumer.

    Args:
        client: The consumer, configured by ``consumer_config``.
        queue: Gets what was fetched.
        assignment: The partitions; carries the mark for a contact that was broken off.
        offsets: Knows where partitions are to be read.
        commits: Stores and commits positions.
        poison: Holds back what may be stored or committed.
        by_topic: Whether messages may be of several topics.
        joining: Logs that the group has not assigned any partitions yet; None without a group.

    Attributes:
        queue: What was fetched and is not worked on yet.
        assignment: The partitions.
        due: When the next contact is due, by ``time.monotonic``; at once if one was broken off.
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
        # DeserializingConsumer offers no consume(), and its poll() takes five times as long for
        # a message as consume() does (confluent-kafka 2.16), so both are its base class's.
        self._poll = confluent_kafka.Consumer.poll.__get__(client)
        self._consume = confluent_kafka.Consumer.consume.__get__(client)
        self._split = splitter()
        self._by_topic = by_topic
        self._joining = joining
        self._is_closing = False
        self._size = 0
        self.queue = queue
        self.assignment = assignment
        self.due = 0.0

    def make(self, timeout: float | None, read: Mapping[Run, int]) -> None:
        """Store positions, serve the group, and put what has arrived into the queue.

        Args:
            timeout: Seconds to wait for something; None if there is enough in the queue.
            read: Up to which index runs were read for a list that the application does not have
                yet.

        Raises:
            ConsumeError: The topic is not there, or the brokers did not say where to begin or go
                on: the next contact asks again.
            DeadLetterError: A dead letter could not be delivered; raised once, and tried again.
            Exception: What a rebalance callback raised.
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
        # What was delivered since the last contact comes in again, so that the queue keeps its
        # length; twice that if it ran empty. Not if dead letters are waited for: a queue that grows
        # with each wait has the partition paused in the end, and what librdkafka has of it dropped.
        delivered = max(0, self._size - left)
        wanted = delivered if timeout is None or left else 2 * delivered
        if until_commit is not None:
            wanted = min(wanted, until_commit - left)
        beginnings = self._fetch(timeout, max(1, min(wanted, _BATCH)))
        assignment.sort_queue()
        assignment.is_dirty = False
        if self._joining is not None and timeout is not None:
            if assignment.is_known:
                self._joining = None
            else:
                self._joining.note("an assignment")
        self._size = sum(self.queue.sizes(read).values())
        self.due = time.monotonic() + INTERVAL
        self._offsets.check_beginnings(beginnings)
        assignment.callbacks.raise_first()

    def is_live(self, partition: Partition) -> bool:
        """Whether messages of a partition may be delivered."""
        return self.assignment.is_current(partition) and not self.assignment.is_paused(partition)

    def seek(self, key: Key, start: Start) -> None:
        """Go on from another offset in a partition.

        Raises:
            ConsumeError: The partition is not assigned, or the brokers did not answer.
        """
        partition = self.assignment.of(key)
        self._move({partition: self._offsets.at(partition, start)})

    def rewind(self, *, ask: bool) -> None:
        """Go on from what is committed; where nothing is, from where the partition began.

        Args:
            ask: Ask the group, also where this consumer knows what it committed last.
        """
        partitions = self.assignment.table.values()
        self._move({each: UNKNOWN if ask else each.committed for each in partitions})
        self.assignment.revoked.clear()

    def _move(self, offsets: Mapping[Partition, int]) -> None:
        self.assignment.clean()
        self.due = 0.0  # so that the next call drops what was fetched before it returns any of it
        self.assignment.move(offsets)
        self.assignment.sort_queue()

    def pause(self, keys: Iterable[Key]) -> None:
        """Deliver nothing of partitions, and have librdkafka fetch nothing of them.

        Raises:
            ConsumeError: One is not assigned.
        """
        self._set_paused(self.assignment.paused | {self.assignment.of(key).key for key in keys})

    def resume(self, keys: Iterable[Key]) -> None:
        """Deliver messages of partitions again.

        Raises:
            ConsumeError: One is not assigned.
        """
        self._set_paused(self.assignment.paused - {self.assignment.of(key).key for key in keys})

    def _set_paused(self, keys: frozenset[Key]) -> None:
        # The next call takes no short cut, and the contact that it begins with tells librdkafka.
        self.due = 0.0
        self.assignment.paused = keys
        self.assignment.sort_queue()

    def _pause(self, sizes: Mapping[Partition, int]) -> None:
        """Have librdkafka fetch nothing of a partition that the application has paused.

        Nor of one whose messages pile up in the queue.
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
        """Put messages into the queue.

        Returns:
            Partitions that were to be read from their beginning, and their first offsets.
        """
        if timeout is None:
            return self._append(interruptible(self._consume, wanted, 0))
        first = interruptible(self._poll, timeout)
        if first is None:
            return []
        # Before more is fetched: the group may revoke partitions within consume(), which forgets
        # its own messages of these, but not one that was polled before.
        found = self._append([first])
        if wanted > 1:
            # One message is waited for, the rest is taken only if it is there already: consume()
            # with a time-out would wait for a full batch.
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
        # If this is broken off before all is set, the queue counts.
        self.queue.runs.extend(runs)
        for partition, offset in fetched.items():
            partition.fetched = offset
        return beginnings

    def _is_to_be_raised(self, raw: confluent_kafka.Message) -> bool:
        """Note what librdkafka reports in place of a message; whether to raise it."""
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
            # librdkafka says so next, after what else it has.
            self.assignment.lose_all()
            topic = self.assignment.nowhere.topic
            _log.warning(
                "topic %r: the application worked on messages for longer than "
                "max.poll.interval.ms, so its partitions are lost, and others read them from what "
                "is committed: %s. Work on fewer messages at once, or raise max.poll.interval.ms",
                topic,
                error.str(),
                extra={"topic": topic},
            )
            return False
        return True

    def close(self) -> None:
        """Commit what was worked on, if that is done by itself, and leave the group."""
        try:
            if not self._is_closing:
                self._commits.store(self.assignment.table.values())
        finally:
            self._is_closing = True
            self._client.close()
