"""Contact with librdkafka: the partitions that are assigned, and the messages that come of them.

librdkafka counts a message as consumed when it leaves its queue, and takes a consumer that does not
call it for ``max.poll.interval.ms`` for dead. So it is called often and asked for little, and where
the application is, is told apart from where librdkafka is.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka

from streamcontract.kafka.access import watched_metadata
from streamcontract.kafka.assembly import splitter
from streamcontract.kafka.cluster import BROKER_TIMEOUT, consume_error
from streamcontract.kafka.consumer.partition import BEGINNING, UNKNOWN, Key, Partition
from streamcontract.kafka.consumer.queue import Queue, Run
from streamcontract.kafka.error_codes import LocalErrorCode
from streamcontract.kafka.errors import ConsumeError, kafka_error_of
from streamcontract.kafka.interrupts import interruptible
from streamcontract.kafka.start import offsets_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from confluent_kafka import TopicPartition

    from streamcontract.kafka.access import AccessWatch
    from streamcontract.kafka.cluster import Cluster
    from streamcontract.kafka.poison import PoisonHandler
    from streamcontract.kafka.reading import TypedReader
    from streamcontract.kafka.start import Start

__all__ = ["Contact"]

Client = Any
"""A ``confluent_kafka.Consumer`` of any type parameters, or one of its subclasses."""

_log = logging.getLogger("streamcontract.kafka")

_INTERVAL: Final = 0.1
"""Seconds between two contacts while there are messages in the queue, and from storing positions to
storing them again."""

_BATCH: Final = 500
"""Messages that one contact asks for, at most."""

_MOST_QUEUED: Final = 1000
"""Messages of one partition in the queue from which on librdkafka is to fetch no more of it."""

_SOON: Final = 0.01
"""Seconds to wait for messages while a partition cannot be sought yet."""

_PATIENCE: Final = 1.0
"""Seconds after which a partition that cannot be sought is assigned anew."""

_LOOK_UP: Final = 5.0
"""Seconds to wait for committed offsets that librdkafka would fetch by itself too."""

_ORDERLY: Final = 5.0
"""Seconds to wait for dead letters on their way when their partition is revoked."""


class Contact:
    """Reads one topic, as member of a group or on its own.

    While librdkafka is called, and while partitions change, a mark says so. Whatever breaks that
    off leaves the mark: the next call finds it, asks librdkafka what is assigned, and has each
    partition fetched again from where its messages in the queue end.

    Args:
        client: The consumer, configured by ``consumer_config``.
        cluster: Knows the offsets that a start means.
        reader: Reads the topic's messages.
        group: Whether the group assigns the partitions and keeps committed offsets.
        partitions: Without a group: which ones to read; None for all.
        start: Where to begin in a partition for which nothing is committed.
        resets: Whether to go on from there where an offset is gone too; else that is an error.
        auto_commit: Whether librdkafka commits, now and then, what was worked on.
        commit_count: Commit also whenever so many messages were worked on, counted by offsets.
        incremental: Whether the group assigns and revokes partitions one by one (KIP-429, KIP-848).
        poison: Holds back what may be stored or committed.
        access: What the client's ``error_cb`` heard.

    Attributes:
        table: The partitions that are assigned.
        queue: What was fetched and is not worked on yet.
        is_assigned: Whether partitions were assigned, be it none.
        revoked: Partitions that were revoked or lost after messages of theirs were given to the
            application and before that was committed.
        due: When the next contact is due, by ``time.monotonic``; at once if one was broken off.
    """

    def __init__(  # noqa: PLR0913 - each is one fact of the consumer it reads for, given by name
        self,
        client: Client,
        cluster: Cluster,
        reader: TypedReader[Any],
        *,
        group: bool,
        partitions: Sequence[int] | None,
        start: Start,
        resets: bool,
        auto_commit: bool,
        commit_count: int | None,
        incremental: bool,
        poison: PoisonHandler,
        access: AccessWatch,
    ) -> None:
        self._client = client
        self._cluster = cluster
        self._topic = reader.topic
        self._reader = reader
        self._group = group
        self._partitions = partitions
        self._start = start
        self._resets = resets
        self._auto_commit = auto_commit
        self._commit_count = commit_count
        self._incremental = incremental
        self._poison = poison
        self._access = access
        # DeserializingConsumer offers no consume(), and its poll() takes five times as long for
        # a message as consume() does (confluent-kafka 2.16), so both are its base class's.
        self._poll = confluent_kafka.Consumer.poll.__get__(client)
        self._consume = confluent_kafka.Consumer.consume.__get__(client)
        self._split = splitter()
        # What librdkafka reports of no partition is given to the application as a run of this one.
        self._nowhere = Partition(reader.topic, -1, reader)
        self._has_begun = False
        self._is_dirty = False
        self._is_closing = False
        self._seeks_since: float | None = None
        self._size = 0
        self._store_due = 0.0
        self.table: dict[Key, Partition] = {}
        self.queue = Queue()
        self.is_assigned = False
        self.revoked: set[Key] = set()
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
        """
        self._poison.serve()
        self.queue.note_positions()
        if time.monotonic() >= self._store_due:
            self.store()
        until_commit = self._commit_by_count()
        if not self._has_begun:
            self._begin()
        self.clean()
        sizes = self.queue.sizes(read)
        left = sum(sizes.values())
        self._mark()
        if not self._reach_offsets() and timeout is not None:
            timeout = min(timeout, _SOON)
        self._pause(sizes)
        # What was handed out since the last contact comes in again, so that the queue keeps its
        # length; twice that if it ran empty.
        handed = max(0, self._size - left)
        wanted = handed if timeout is None else 2 * handed
        if until_commit is not None:
            wanted = min(wanted, until_commit - left)
        beginnings = self._fetch(timeout, max(1, min(wanted, _BATCH)))
        self.queue.keep(self.is_live)
        self._is_dirty = False
        self._size = sum(self.queue.sizes(read).values())
        self.due = time.monotonic() + _INTERVAL
        if beginnings and self._cluster.is_embedded():
            for partition, offset in beginnings:
                reason = "the embedded broker keeps 5 MiB of a partition"
                _warn_of_missing(partition, 0, offset, reason, offset)

    def _mark(self) -> None:
        """Leave the mark, which the next call finds if this one does not come to its end."""
        self._is_dirty = True
        self.due = 0.0

    def is_live(self, partition: Partition) -> bool:
        """Whether a partition is assigned, and was not left by a seek."""
        return self.table.get(partition.key) is partition or partition is self._nowhere

    # Partitions

    def _begin(self) -> None:
        if self._group:
            interruptible(
                self._client.subscribe,
                [self._topic],
                on_assign=self._on_assign,
                on_revoke=self._on_revoke,
                on_lost=self._on_lost,
            )
        else:
            known = self._known_partitions()
            wanted = known if self._partitions is None else self._partitions
            for number in wanted:
                if number not in known:
                    # librdkafka waits for such a partition, since it may be added to the topic.
                    raise self._no_partition(number, f"the topic has {len(known)}")
            offsets = offsets_at(self._cluster, self._topic, wanted, self._start)
            partitions = [self._partition(number) for number in wanted]
            for partition in partitions:
                partition.start = partition.fetched = offsets[partition.number]
            self._client.assign([each.place(each.fetched) for each in partitions])
            self.table = {each.key: each for each in partitions}
            self.is_assigned = True
        self._has_begun = True

    def _partition(self, number: int) -> Partition:
        return Partition(self._topic, number, self._reader)

    def _no_partition(self, number: int, text: str) -> ConsumeError:
        return consume_error(
            self._topic, confluent_kafka.KafkaError(LocalErrorCode.UNKNOWN_PARTITION, text), number
        )

    def _known_partitions(self) -> list[int]:
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
        return sorted(found.partitions)

    def _on_assign(self, client: Client, places: list[TopicPartition]) -> None:
        del client
        partitions = [self._partition(place.partition) for place in places]
        if partitions and self._resets:
            try:
                self._look_up(partitions, BROKER_TIMEOUT if self._has_position else _LOOK_UP)
            except ConsumeError:
                # confluent_kafka has the partitions read from what is committed then.
                if self._has_position:
                    raise
        self.table.update({each.key: each for each in partitions})
        if any(each.fetched != UNKNOWN for each in partitions):
            assign = self._client.incremental_assign if self._incremental else self._client.assign
            assign([each.place(each.fetched) for each in partitions])
        self.is_assigned = True

    @property
    def _has_position(self) -> bool:
        """Whether a start has to be looked up when partitions are assigned.

        It is to be committed then, even if nothing comes before the next rebalance: otherwise
        "latest" would mean a later offset, and skip what came in between.
        """
        return self._start != "earliest"

    def _look_up(self, partitions: Sequence[Partition], timeout: float) -> None:
        """Find where to go on in partitions: what is committed, else where they start."""
        committed = self._committed(partitions, timeout) if self._group else {}
        new = [
            each.number
            for each in partitions
            if each.key not in committed and each.start == UNKNOWN
        ]
        starts = offsets_at(self._cluster, self._topic, sorted(new), self._start)
        for partition in partitions:
            if partition.key in committed:
                partition.fetched = partition.committed = committed[partition.key]
            else:
                partition.start = starts.get(partition.number, partition.start)
                partition.fetched = partition.start
            if self._has_position and partition.fetched >= 0:
                partition.position = partition.fetched

    def _committed(self, partitions: Iterable[Partition], timeout: float) -> dict[Key, int]:
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

    def _on_revoke(self, client: Client, places: list[TopicPartition]) -> None:
        """The group revokes partitions: their next owner is to go on from where we are."""
        del client
        self._leave([(place.topic, place.partition) for place in places], _ORDERLY)

    def _on_lost(self, client: Client, places: list[TopicPartition]) -> None:
        """The group gave partitions to others already: nothing can be committed any more."""
        del client
        self._leave([(place.topic, place.partition) for place in places], 0.0)

    def _leave(self, keys: Sequence[Key], timeout: float) -> None:
        """Partitions are not ours any more.

        Args:
            keys: Which.
            timeout: Seconds to wait for what holds their offsets back, while it can be committed.
        """
        leaving = [self.table[key] for key in keys if key in self.table]
        self._poison.release(leaving, timeout)
        if timeout:
            self.store()
        for partition in leaving:
            if partition.position not in {UNKNOWN, partition.committed, partition.start}:
                self.revoked.add(partition.key)
            if partition.is_paused:  # librdkafka would not forget it
                self._client.resume([partition.place(UNKNOWN)])
            self.table.pop(partition.key, None)

    def clean(self) -> None:
        """Make up for a contact that was broken off, if one was."""
        if not self._is_dirty:
            return
        assigned = {(place.topic, place.partition) for place in self._client.assignment()}
        left = [key for key, each in self.table.items() if key not in assigned and not each.is_gone]
        self._leave(left, 0.0)
        for key in assigned - self.table.keys():
            self.table[key] = self._partition(key[1])
        self.is_assigned = self.is_assigned or bool(assigned)
        self.queue.keep(self.is_live)
        for run in self.queue.runs:
            if run.partition is not self._nowhere:
                run.partition.fetched = max(run.partition.fetched, run.offset_after(run.size))
        paused = [each for each in self.table.values() if each.is_paused]
        if paused:
            self._client.resume([each.place(UNKNOWN) for each in paused])
        for partition in self.table.values():
            partition.is_paused = False
            partition.is_adrift = True
        self._is_dirty = False

    # Offsets

    def move(self, offsets: Mapping[Partition, int]) -> None:
        """Go on from other offsets; ``UNKNOWN`` stands for the committed one."""
        self.clean()
        moved = {each.key: each.moved(offset) for each, offset in offsets.items()}
        self._mark()
        self.table = {**self.table, **moved}
        self.queue.keep(self.is_live)
        self._is_dirty = False

    def seek(self, number: int, start: Start) -> None:
        """Go on from another offset in a partition.

        Raises:
            ConsumeError: The partition is not assigned, or the brokers did not answer.
        """
        partition = self.table.get((self._topic, number))
        if partition is None:
            raise self._no_partition(number, "not assigned to this consumer")
        self.move({partition: offsets_at(self._cluster, self._topic, [number], start)[number]})

    def rewind(self, *, ask: bool) -> None:
        """Go on from what is committed; where nothing is, from where the partition began.

        Args:
            ask: Ask the group, also where this consumer knows what it committed last.
        """
        self.move({each: UNKNOWN if ask else each.committed for each in self.table.values()})
        self.revoked.clear()

    def _reach_offsets(self) -> bool:
        """Have librdkafka go to where partitions are to be fetched; whether it is there."""
        adrift = [each for each in self.table.values() if each.is_adrift]
        if not adrift:
            return True
        gone = [each for each in adrift if each.is_gone]
        for partition in gone:
            self._skip_to_start(partition)
        unknown = [each for each in adrift if each.fetched == UNKNOWN]
        if unknown:
            # An offset that an open transaction holds back is waited for (KIP-447).
            self._look_up(unknown, BROKER_TIMEOUT)
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

    def _skip_to_start(self, partition: Partition) -> None:
        """Leave an offset that the brokers do not have, and say what is missing."""
        number, known = partition.number, partition.fetched
        if known < 0:
            partition.fetched = UNKNOWN
            return
        first = self._cluster.first_offsets(self._topic, [number])[number]
        end = self._cluster.end_offsets(self._topic, [number])[number]
        start = offsets_at(self._cluster, self._topic, [number], self._start)[number]
        if not first <= known <= end:
            start = first if start == BEGINNING else start
            missing = known - end if known > end else max(start, first) - known
            _warn_of_missing(partition, known, missing, f"it has {first} to {end - 1}", start)
        partition.start = partition.fetched = start

    def _pause(self, sizes: Mapping[Partition, int]) -> None:
        """Have librdkafka fetch nothing of a partition whose messages pile up in the queue."""
        full = [
            each
            for each, size in sizes.items()
            if size >= _MOST_QUEUED and not each.is_paused and each is not self._nowhere
        ]
        again = [
            each
            for each in self.table.values()
            if each.is_paused and sizes.get(each, 0) <= _MOST_QUEUED // 2
        ]
        for partition in full:
            partition.is_paused = True
        if full:
            self._client.pause([each.place(UNKNOWN) for each in full])
        if again:
            self._client.resume([each.place(UNKNOWN) for each in again])
        for partition in again:
            partition.is_paused = False

    # Messages

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
        for messages in self._split(raws, by_topic=False):
            first: Any = messages[0]
            if first.error() is not None:
                if self._is_to_be_raised(first):
                    runs.append(Run(self._nowhere, messages))
                continue
            partition = self.table.get((first.topic(), first.partition()))
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
        partition = self.table.get((str(raw.topic()), raw.partition()))  # type: ignore[arg-type] # None is not in it
        if error.code() == LocalErrorCode.PARTITION_EOF:
            if partition is not None and not partition.is_adrift:
                partition.end = raw.offset()  # type: ignore[assignment] # the end has one
            return False
        if error.code() == LocalErrorCode.AUTO_OFFSET_RESET and self._resets:
            if partition is not None:
                if partition.fetched < 0 and raw.offset() is not None:
                    partition.fetched = raw.offset()  # type: ignore[assignment] # checked above
                partition.is_gone = partition.is_adrift = True
            return False
        if error.code() == LocalErrorCode.MAX_POLL_EXCEEDED:
            # librdkafka says so next, behind what else it has.
            self._leave(list(self.table), 0.0)
            _log.warning(
                "topic %r: the application worked on messages for longer than "
                "max.poll.interval.ms, so its partitions are lost, and others read them from what "
                "is committed: %s. Work on fewer messages at once, or raise max.poll.interval.ms",
                self._topic,
                error.str(),
                extra={"topic": self._topic},
            )
            return False
        return True

    # Commits

    def store(self) -> None:
        """Tell librdkafka how far it may commit.

        It does so now and then, and when partitions are revoked or the client is closed.
        """
        if not self._auto_commit:
            return
        self._store_due = time.monotonic() + _INTERVAL
        for partition in self.table.values():
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
            partition.committed = offset

    def assigned(self, number: int) -> Partition:
        """The partition of a number, to be committed.

        Raises:
            ConsumeError: It is not assigned to this consumer, or not any more.
        """
        self.clean()
        partition = self.table.get((self._topic, number))
        if partition is None:
            reason = confluent_kafka.KafkaError(
                LocalErrorCode.ASSIGNMENT_LOST, "revoked, or lost, before the message was committed"
            )
            raise consume_error(self._topic, reason, number)
        return partition

    def _commit_by_count(self) -> int | None:
        """Commit if enough was worked on.

        Returns:
            How many messages to have in the queue at most, so that the next commit is in time; None
            if nothing is committed by count.
        """
        if self._commit_count is None:
            return None
        counted = {
            each: each.storable for each in self.table.values() if each.storable > each.counted >= 0
        }
        total = sum(offset - each.counted for each, offset in counted.items())
        if total >= self._commit_count:
            # Not waited for, as with commits by time: if one fails, a later one makes up for it.
            self.commit(counted, asynchronous=True)
            for partition, offset in counted.items():
                partition.counted = offset
            total = 0
        return self._commit_count - total

    def close(self) -> None:
        """Commit what was worked on, if that is done by itself, and leave the group."""
        try:
            if not self._is_closing:
                self.store()
        finally:
            self._is_closing = True
            self._client.close()


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
