"""confluent_kafka's consumer over a :class:`ScriptedBroker`."""

# ruff: noqa: D102, ARG002 - the methods and parameters are confluent_kafka's, documented there

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any, ClassVar, Final

import attrs
import confluent_kafka
from confluent_kafka import KafkaError, TopicPartition
from tests.kafka.scripted_broker import ROUND_TRIP, Group, Place, ScriptedBroker
from tests.kafka.scripted_calls import (
    INVALID,
    client_call,
    exception_of,
    flag_of,
    metadata_of,
    raw_message,
)

__all__ = ["ScriptedConsumer"]

_FETCHED_AT_ONCE: Final = 100
_VERSIONS: Final = itertools.count()


@attrs.define(eq=False)
class _Fetched:
    """What a consumer has of one of its partitions.

    Attributes:
        given: The offset as it was assigned, which may stand for another one.
        next: The offset to fetch next; None while ``given`` has to be looked up.
        position: The offset after what was dequeued last; invalid before.
        version: Another one from each seek, pause and resume: what was queued before is outdated.
        stored: The offset that may be committed.
        committed: The one that was, last.
        end_met: Where the end of the partition was queued last.
        is_stopped: Whether its offset was out of range, and that was to be an error.
    """

    given: int
    ready_at: float
    next: int | None = None
    position: int = INVALID
    version: int = attrs.field(factory=_VERSIONS.__next__)
    stored: int = INVALID
    committed: int = INVALID
    end_met: int = -1
    is_paused: bool = False
    is_stopped: bool = False


class ScriptedConsumer:
    """``confluent_kafka.Consumer``."""

    broker: ClassVar[ScriptedBroker]

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._group_id = str(config["group.id"])
        self._has_eof = flag_of(config, "enable.partition.eof", default=False)
        self._auto_commit = flag_of(config, "enable.auto.commit", default=True)
        self._auto_store = flag_of(config, "enable.auto.offset.store", default=True)
        self._interval = int(config.get("auto.commit.interval.ms", 5_000)) / 1_000
        self._reset = str(config.get("auto.offset.reset", "latest"))
        self.max_poll = int(config.get("max.poll.interval.ms", 300_000)) / 1_000
        strategy = str(config.get("partition.assignment.strategy", ""))
        self.is_incremental = (
            "cooperative" in strategy or config.get("group.protocol") == "consumer"
        )
        self.polled_at = self.broker.clock.now
        self.topics: set[str] = set()
        self._callbacks: dict[str, Callable[..., None] | None] = {}
        self._fetched: dict[Place, _Fetched] = {}
        self._queue: deque[tuple[Place, int, int, int | None]] = deque()
        self._is_open = True
        self._has_assigned = False
        self._is_late = False

    # The group

    @property
    def owned(self) -> set[Place]:
        """The partitions that were assigned."""
        return set(self._fetched)

    @property
    def _group(self) -> Group:
        return self.broker.groups[self._group_id]

    @client_call
    def subscribe(
        self,
        topics: list[str],
        on_assign: Callable[..., None] | None = None,
        on_revoke: Callable[..., None] | None = None,
        on_lost: Callable[..., None] | None = None,
    ) -> None:
        self._require_open()
        self._callbacks = {"assign": on_assign, "revoke": on_revoke, "lost": on_lost}
        self.topics = set(topics)
        self.polled_at = self.broker.clock.now
        if self not in self._group.members:
            self._group.join(self)
        if self._auto_commit:
            self._commit_later()

    @client_call
    def unsubscribe(self) -> None:
        self._require_open()
        self._leave()

    def _leave(self) -> None:
        self.topics = set()
        if self in self._group.members:
            if self._fetched:
                self._rebalance("revoke", self.owned)
            self._group.leave(self)

    def _commit_later(self) -> None:
        def commit() -> None:
            if self._is_open:
                self._commit_stored()
                self._commit_later()

        self.broker.clock.call_at(self.broker.clock.now + self._interval, commit)

    def _commit_stored(self) -> dict[Place, int]:
        found = {
            place: each.stored
            for place, each in self._fetched.items()
            if each.stored not in {INVALID, each.committed}
        }
        if self not in self._group.members and self.topics:
            return {}
        for place, offset in found.items():
            self.broker.commit(self._group_id, place, offset)
            self._fetched[place].committed = offset
        return found

    def _serve_group(self) -> KafkaError | None:
        """Serve one rebalance, if one is due; or learn that this member polled too late."""
        if not self.topics:
            return None
        group = self._group
        group.expire()
        if self not in group.members:
            if not self._is_late:
                self._is_late = True
                if self._fetched:
                    self._rebalance("lost", self.owned)
                return KafkaError(KafkaError._MAX_POLL_EXCEEDED, "maximum poll interval exceeded")
            self._is_late = False
            group.join(self)
            return None
        revoked = group.to_revoke(self)
        if revoked is not None:
            self._rebalance("revoke", revoked)
        assigned = group.to_assign(self)
        if assigned is not None:
            self._rebalance("assign", assigned)
        return None

    def _rebalance(self, what: str, places: set[Place]) -> None:
        """Tell the application, and do what it should have done if it does not, or raises."""
        callback = self._callbacks.get(what)
        if callback is None and what == "lost":
            callback = self._callbacks.get("revoke")
        self._has_assigned = False
        listed = [TopicPartition(*place) for place in sorted(places)]
        try:
            if callback is not None:
                callback(self, listed)
        finally:
            if what == "assign" and not self._has_assigned:
                self._assign(dict.fromkeys(places, INVALID))
            elif what != "assign":
                if what == "revoke" and self._auto_commit:
                    self._commit_stored()
                self._unassign(places)

    # Partitions

    def _assign(self, offsets: dict[Place, int]) -> None:
        ready_at = self.broker.clock.now + ROUND_TRIP
        self.broker.clock.call_at(ready_at, lambda: None)
        for place, offset in offsets.items():
            self._fetched[place] = _Fetched(offset, ready_at)
        self._has_assigned = True

    def _unassign(self, places: Iterable[Place]) -> None:
        for place in list(places):
            self._fetched.pop(place, None)
        self._has_assigned = True

    @client_call
    def assign(self, partitions: list[TopicPartition]) -> None:
        self._require_open()
        self._unassign(self.owned)
        self._assign({(each.topic, each.partition): each.offset for each in partitions})

    @client_call
    def unassign(self) -> None:
        self._require_open()
        self._unassign(self.owned)

    @client_call
    def incremental_assign(self, partitions: list[TopicPartition]) -> None:
        self._require_open()
        self._assign({(each.topic, each.partition): each.offset for each in partitions})

    @client_call
    def incremental_unassign(self, partitions: list[TopicPartition]) -> None:
        self._require_open()
        self._unassign((each.topic, each.partition) for each in partitions)

    @client_call
    def assignment(self) -> list[TopicPartition]:
        self._require_open()
        return [TopicPartition(*place, each.given) for place, each in sorted(self._fetched.items())]

    @client_call
    def position(self, partitions: list[TopicPartition]) -> list[TopicPartition]:
        self._require_open()
        return [
            TopicPartition(
                each.topic,
                each.partition,
                self._fetched[each.topic, each.partition].position
                if (each.topic, each.partition) in self._fetched
                else INVALID,
            )
            for each in partitions
        ]

    @client_call
    def seek(self, partition: TopicPartition) -> None:
        self._require_open()
        fetched = self._fetched.get((partition.topic, partition.partition))
        if fetched is None or fetched.is_stopped:
            raise exception_of(KafkaError._STATE, f"Failed to seek to offset {partition.offset}")
        fetched.version = next(_VERSIONS)
        fetched.given, fetched.next = partition.offset, None
        fetched.position = INVALID
        fetched.end_met = -1

    @client_call
    def pause(self, partitions: list[TopicPartition]) -> None:
        self._set_paused(partitions, is_paused=True)

    @client_call
    def resume(self, partitions: list[TopicPartition]) -> None:
        self._set_paused(partitions, is_paused=False)

    def _set_paused(self, partitions: list[TopicPartition], *, is_paused: bool) -> None:
        self._require_open()
        for each in partitions:
            fetched = self._fetched.get((each.topic, each.partition))
            if fetched is None or fetched.is_paused == is_paused:
                continue
            fetched.is_paused = is_paused
            fetched.version = next(_VERSIONS)
            if fetched.position != INVALID:
                fetched.next = fetched.position
            elif fetched.next is not None:
                fetched.next = None  # looked up anew

    # Messages

    @client_call
    def poll(self, timeout: float | None = -1) -> confluent_kafka.Message | None:
        found = self._take(1, timeout)
        return found[0] if found else None

    @client_call
    def consume(self, num_messages: int = 1, timeout: float = -1) -> list[confluent_kafka.Message]:
        if not 0 <= num_messages <= 1_000_000:
            raise ValueError("num_messages must be between 0 and 1000000 (1M)")
        return self._take(num_messages, timeout)

    def _take(self, number: int, timeout: float | None) -> list[confluent_kafka.Message]:
        self._require_open()
        clock = self.broker.clock
        clock.pass_until(clock.now + ROUND_TRIP / 10)
        self._group.expire()
        forever = timeout is None or timeout < 0
        deadline = float("inf") if forever else clock.now + (timeout or 0.0)
        taken: list[tuple[Place, int, confluent_kafka.Message]] = []
        self.polled_at = clock.now
        while len(taken) < number:
            error = self._serve_group()
            if error is not None:
                taken.append((("", 0), 0, confluent_kafka.Message(error=error)))
                continue
            # As librdkafka does: what was revoked meanwhile, or left by a seek, is not given.
            taken = [each for each in taken if each[0] == ("", 0) or self._is_current(*each[:2])]
            found = self._next()
            if found is not None:
                taken.append(found)
            elif clock.now >= deadline:
                break
            else:
                clock.pass_to_next(deadline)
                self.polled_at = clock.now
        return [message for _, _, message in taken]

    def _is_current(self, place: Place, version: int) -> bool:
        return place in self._fetched and self._fetched[place].version == version

    def _next(self) -> tuple[Place, int, confluent_kafka.Message] | None:
        self._fetch()
        while self._queue:
            place, version, offset, code = self._queue.popleft()
            if not self._is_current(place, version):
                continue
            fetched = self._fetched[place]
            if code is not None:
                error = KafkaError(code, f"at offset {offset}")
                return (
                    place,
                    version,
                    confluent_kafka.Message(
                        topic=place[0], partition=place[1], offset=offset, error=error
                    ),
                )
            fetched.position = offset + 1
            if self._auto_store:
                fetched.stored = offset + 1
            message = raw_message(self.broker, place, offset)
            return place, version, message
        return None

    def _fetch(self) -> None:
        queued = {place for place, version, _, _ in self._queue if self._is_current(place, version)}
        for place, fetched in self._fetched.items():
            if (
                place in queued
                or fetched.is_paused
                or fetched.is_stopped
                or self.broker.clock.now < fetched.ready_at
            ):
                continue
            topic, number = place
            if topic not in self.broker.topics or number >= len(self.broker.topics[topic]):
                continue
            log = self.broker.topics[topic][number]
            if fetched.next is None:
                fetched.next = self._look_up(place, fetched.given)
            if fetched.next is None or not log.start <= fetched.next <= log.end:
                if self._reset == "error":
                    code = KafkaError._AUTO_OFFSET_RESET
                    self._queue.append((place, fetched.version, max(fetched.next or 0, 0), code))
                    fetched.is_stopped = True
                    continue
                fetched.next = log.start if self._is_earliest else log.end
            until = min(log.end, fetched.next + _FETCHED_AT_ONCE)
            for offset in range(fetched.next, until):
                self._queue.append((place, fetched.version, offset, None))
            fetched.next = until
            if self._has_eof and until == log.end and fetched.end_met != log.end:
                self._queue.append((place, fetched.version, log.end, KafkaError._PARTITION_EOF))
                fetched.end_met = log.end

    @property
    def _is_earliest(self) -> bool:
        return self._reset in {"earliest", "smallest", "beginning"}

    def _look_up(self, place: Place, given: int) -> int | None:
        log = self.broker.topics[place[0]][place[1]]
        if given >= 0:
            return given
        if given == confluent_kafka.OFFSET_BEGINNING:
            return log.start
        if given == confluent_kafka.OFFSET_END:
            return log.end
        return self._group.committed.get(place)

    # Offsets

    @client_call
    def store_offsets(
        self,
        message: confluent_kafka.Message | None = None,
        offsets: list[TopicPartition] | None = None,
    ) -> None:
        self._require_open()
        if self._auto_store:
            raise exception_of(KafkaError._INVALID_ARG, "StoreOffsets failed")
        stored = 0
        for each in self._offsets(message, offsets):
            fetched = self._fetched.get((each.topic, each.partition))
            if fetched is not None:
                fetched.stored = each.offset
                stored += 1
        if not stored:
            raise exception_of(KafkaError._STATE, "StoreOffsets failed")

    @client_call
    def commit(
        self,
        message: confluent_kafka.Message | None = None,
        offsets: list[TopicPartition] | None = None,
        asynchronous: bool = True,
    ) -> list[TopicPartition] | None:
        self._require_open()
        self._group.expire()
        if self.topics and self not in self._group.members:
            raise exception_of(KafkaError.UNKNOWN_MEMBER_ID, "Commit failed")
        if message is None and offsets is None:
            done = self._commit_stored()
            if not done:
                raise exception_of(KafkaError._NO_OFFSET, "Commit failed")
        else:
            done = {
                (each.topic, each.partition): each.offset
                for each in self._offsets(message, offsets)
                if each.offset >= 0
            }
            for place, offset in done.items():
                self.broker.commit(self._group_id, place, offset)
                if place in self._fetched:
                    self._fetched[place].committed = offset
        listed = [TopicPartition(*place, offset) for place, offset in done.items()]
        return None if asynchronous else listed

    def _offsets(
        self, message: confluent_kafka.Message | None, offsets: list[TopicPartition] | None
    ) -> list[TopicPartition]:
        if message is None:
            return offsets or []
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        assert topic is not None
        assert partition is not None
        assert offset is not None
        return [TopicPartition(topic, partition, offset + 1)]

    @client_call
    def committed(
        self, partitions: list[TopicPartition], timeout: float = -1
    ) -> list[TopicPartition]:
        self._require_open()
        known = self._group.committed
        return [
            TopicPartition(
                each.topic, each.partition, known.get((each.topic, each.partition), INVALID)
            )
            for each in partitions
        ]

    @client_call
    def get_watermark_offsets(
        self, partition: TopicPartition, timeout: float = -1, cached: bool = False
    ) -> tuple[int, int]:
        self._require_open()
        log = self.broker.topics[partition.topic][partition.partition]
        return log.start, log.end

    @client_call
    def offsets_for_times(
        self, partitions: list[TopicPartition], timeout: float = -1
    ) -> list[TopicPartition]:
        self._require_open()
        found = []
        for each in partitions:
            records = self.broker.topics[each.topic][each.partition].records
            late = (at for at, record in enumerate(records) if record.timestamp >= each.offset)
            offset = next(late, confluent_kafka.OFFSET_END)
            found.append(TopicPartition(each.topic, each.partition, offset))
        return found

    @client_call
    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        self._require_open()
        return metadata_of(self.broker, topic)

    def consumer_group_metadata(self) -> Any:
        self._require_open()
        return SimpleNamespace(group=self._group_id)

    def memberid(self) -> str:
        return str(id(self))

    @client_call
    def close(self) -> None:
        if not self._is_open:
            return
        try:
            self._leave()
        finally:
            self._unassign(self.owned)
            self._group.leave(self)
            self._is_open = False

    def _require_open(self) -> None:
        if not self._is_open:
            raise RuntimeError("Consumer closed")
