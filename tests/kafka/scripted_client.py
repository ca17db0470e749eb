"""confluent_kafka's clients over a :class:`ScriptedBroker`, as far as this library calls them.

``test_client_behaviour.py`` runs one set of tests against these and against the real ones.
"""

# ruff: noqa: D102, ARG002 - the methods and parameters are confluent_kafka's, documented there

from __future__ import annotations

import functools
import itertools
import time
import zlib
from collections import deque
from concurrent.futures import Future
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

import attrs
import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from tests.kafka.installed import skip_without_messages
from tests.kafka.scripted_broker import ROUND_TRIP, Group, Place, ScriptedBroker

from streamcontract.kafka.connection import cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import pytest

__all__ = ["Clients", "ScriptedConsumer", "ScriptedProducer", "raw_messages", "script"]

F = TypeVar("F", bound="Callable[..., Any]")

_FETCHED_AT_ONCE: Final = 100
_INVALID: Final = confluent_kafka.OFFSET_INVALID
_VERSIONS: Final = itertools.count()


def script(patch: pytest.MonkeyPatch) -> ScriptedBroker:
    """Put scripted clients in the place of confluent_kafka's, and their clock in that of time's.

    The library finds the classes as attributes of ``confluent_kafka``, and calls methods of a base
    class on a client too, so it is there that they are replaced.
    """
    skip_without_messages()
    broker = ScriptedBroker()
    clients = Clients(broker)
    patch.setattr(confluent_kafka, "Consumer", clients.consumer_class)
    patch.setattr(confluent_kafka, "DeserializingConsumer", clients.consumer_class)
    patch.setattr(confluent_kafka, "Producer", clients.producer_class)
    patch.setattr(confluent_kafka, "SerializingProducer", clients.producer_class)
    patch.setattr(cluster, "WatchedAdminClient", clients.admin_class)
    patch.setattr(time, "monotonic", broker.clock.monotonic)
    patch.setattr(time, "sleep", broker.clock.sleep)
    return broker


class Clients:
    """The client classes of one broker."""

    def __init__(self, broker: ScriptedBroker) -> None:
        skip_without_messages()
        self.consumer_class = type("Consumer", (ScriptedConsumer,), {"broker": broker})
        self.producer_class = type("Producer", (ScriptedProducer,), {"broker": broker})
        self.admin_class = type("AdminClient", (ScriptedAdminClient,), {"broker": broker})


def _call(method: F) -> F:
    """Let the test act around a call: what it raises afterwards destroys the result."""
    name = method.__name__

    @functools.wraps(method)
    def called(self: Any, *arguments: Any, **options: Any) -> Any:
        act = self.broker.on_call
        if act is None:
            return method(self, *arguments, **options)
        act(name, "before")
        result = method(self, *arguments, **options)
        act(name, "after")
        return result

    return called  # type: ignore[return-value] # it has the same parameters


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
    position: int = _INVALID
    version: int = attrs.field(factory=_VERSIONS.__next__)
    stored: int = _INVALID
    committed: int = _INVALID
    end_met: int = -1
    is_paused: bool = False
    is_stopped: bool = False


class ScriptedConsumer:
    """``confluent_kafka.Consumer``."""

    broker: ClassVar[ScriptedBroker]

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._group_id = str(config["group.id"])
        self._has_eof = _flag(config, "enable.partition.eof", default=False)
        self._auto_commit = _flag(config, "enable.auto.commit", default=True)
        self._auto_store = _flag(config, "enable.auto.offset.store", default=True)
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

    @_call
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

    @_call
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
            if each.stored not in {_INVALID, each.committed}
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
                self._assign(dict.fromkeys(places, _INVALID))
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

    @_call
    def assign(self, partitions: list[TopicPartition]) -> None:
        self._require_open()
        self._unassign(self.owned)
        self._assign({(each.topic, each.partition): each.offset for each in partitions})

    @_call
    def unassign(self) -> None:
        self._require_open()
        self._unassign(self.owned)

    @_call
    def incremental_assign(self, partitions: list[TopicPartition]) -> None:
        self._require_open()
        self._assign({(each.topic, each.partition): each.offset for each in partitions})

    @_call
    def incremental_unassign(self, partitions: list[TopicPartition]) -> None:
        self._require_open()
        self._unassign((each.topic, each.partition) for each in partitions)

    @_call
    def assignment(self) -> list[TopicPartition]:
        self._require_open()
        return [TopicPartition(*place, each.given) for place, each in sorted(self._fetched.items())]

    @_call
    def position(self, partitions: list[TopicPartition]) -> list[TopicPartition]:
        self._require_open()
        return [
            TopicPartition(
                each.topic,
                each.partition,
                self._fetched[each.topic, each.partition].position
                if (each.topic, each.partition) in self._fetched
                else _INVALID,
            )
            for each in partitions
        ]

    @_call
    def seek(self, partition: TopicPartition) -> None:
        self._require_open()
        fetched = self._fetched.get((partition.topic, partition.partition))
        if fetched is None or fetched.is_stopped:
            raise _exception(KafkaError._STATE, f"Failed to seek to offset {partition.offset}")
        fetched.version = next(_VERSIONS)
        fetched.given, fetched.next = partition.offset, None
        fetched.position = _INVALID
        fetched.end_met = -1

    @_call
    def pause(self, partitions: list[TopicPartition]) -> None:
        self._set_paused(partitions, is_paused=True)

    @_call
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
            if fetched.position != _INVALID:
                fetched.next = fetched.position
            elif fetched.next is not None:
                fetched.next = None  # looked up anew

    # Messages

    @_call
    def poll(self, timeout: float | None = -1) -> confluent_kafka.Message | None:
        found = self._take(1, timeout)
        return found[0] if found else None

    @_call
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
            message = _raw(self.broker, place, offset)
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

    @_call
    def store_offsets(
        self,
        message: confluent_kafka.Message | None = None,
        offsets: list[TopicPartition] | None = None,
    ) -> None:
        self._require_open()
        if self._auto_store:
            raise _exception(KafkaError._INVALID_ARG, "StoreOffsets failed")
        stored = 0
        for each in self._offsets(message, offsets):
            fetched = self._fetched.get((each.topic, each.partition))
            if fetched is not None:
                fetched.stored = each.offset
                stored += 1
        if not stored:
            raise _exception(KafkaError._STATE, "StoreOffsets failed")

    @_call
    def commit(
        self,
        message: confluent_kafka.Message | None = None,
        offsets: list[TopicPartition] | None = None,
        asynchronous: bool = True,
    ) -> list[TopicPartition] | None:
        self._require_open()
        self._group.expire()
        if self.topics and self not in self._group.members:
            raise _exception(KafkaError.UNKNOWN_MEMBER_ID, "Commit failed")
        if message is None and offsets is None:
            done = self._commit_stored()
            if not done:
                raise _exception(KafkaError._NO_OFFSET, "Commit failed")
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

    @_call
    def committed(
        self, partitions: list[TopicPartition], timeout: float = -1
    ) -> list[TopicPartition]:
        self._require_open()
        known = self._group.committed
        return [
            TopicPartition(
                each.topic, each.partition, known.get((each.topic, each.partition), _INVALID)
            )
            for each in partitions
        ]

    @_call
    def get_watermark_offsets(
        self, partition: TopicPartition, timeout: float = -1, cached: bool = False
    ) -> tuple[int, int]:
        self._require_open()
        log = self.broker.topics[partition.topic][partition.partition]
        return log.start, log.end

    @_call
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

    @_call
    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        self._require_open()
        return _metadata(self.broker, topic)

    def consumer_group_metadata(self) -> Any:
        self._require_open()
        return SimpleNamespace(group=self._group_id)

    def memberid(self) -> str:
        return str(id(self))

    @_call
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


@attrs.frozen
class _Report:
    """A delivery report, and when it is there."""

    ready_at: float
    tell: Callable[..., None] | None
    error: KafkaError | None
    message: confluent_kafka.Message


class ScriptedProducer:
    """``confluent_kafka.Producer``."""

    broker: ClassVar[ScriptedBroker]

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._limit = int(config.get("queue.buffering.max.messages", 100_000))
        timeout = config.get("message.timeout.ms", config.get("delivery.timeout.ms", 300_000))
        self._timeout = int(timeout) / 1_000
        self._on_delivery = config.get("on_delivery")
        self._reports: deque[_Report] = deque()
        self._is_open = True

    def __len__(self) -> int:
        return len(self._reports)

    def __bool__(self) -> bool:
        return True

    @_call
    def produce(
        self,
        topic: str,
        value: bytes | str | None = None,
        key: bytes | str | None = None,
        partition: int = -1,
        callback: Callable[..., None] | None = None,
        on_delivery: Callable[..., None] | None = None,
        timestamp: int = 0,
        headers: Any = None,
    ) -> None:
        self._require_open()
        if len(self._reports) >= self._limit:
            raise BufferError("Local: Queue full")
        value, key = _bytes(value), _bytes(key)
        now = self.broker.clock.now
        code = self.broker.refused.get(topic)
        offset, ready_at, error = _INVALID, now + ROUND_TRIP, None
        if topic not in self.broker.topics:
            ready_at = now + self._timeout
            error = KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART, "there is no such topic")
        elif code is not None or key in self.broker.refused_keys:
            error = KafkaError(code or KafkaError.INVALID_RECORD, "refused")
        else:
            if partition < 0:
                partition = zlib.crc32(key or b"") % len(self.broker.topics[topic])
            pairs = headers.items() if isinstance(headers, dict) else headers or ()
            listed = [(name, _bytes(content)) for name, content in pairs]
            offset = self.broker.append(topic, partition, value, key, listed, timestamp)
        message = confluent_kafka.Message(
            topic=topic, partition=partition, offset=offset, key=key, value=value, error=error
        )
        tell = callback or on_delivery or self._on_delivery
        self._reports.append(_Report(ready_at, tell, error, message))
        self.broker.clock.call_at(ready_at, lambda: None)

    @_call
    def poll(self, timeout: float | None = -1) -> int:
        self._require_open()
        return self._serve(timeout, until_empty=False)

    @_call
    def flush(self, timeout: float | None = -1) -> int:
        self._require_open()
        self._serve(timeout, until_empty=True)
        return len(self._reports)

    def _serve(self, timeout: float | None, *, until_empty: bool) -> int:
        clock = self.broker.clock
        forever = timeout is None or timeout < 0
        deadline = float("inf") if forever else clock.now + (timeout or 0.0)
        served = 0
        raised: BaseException | None = None
        while self._reports:
            report = min(self._reports, key=lambda each: each.ready_at)
            if report.ready_at > clock.now:
                if clock.now >= deadline or (served and not until_empty):
                    break
                clock.pass_to_next(min(deadline, report.ready_at))
                continue
            self._reports.remove(report)
            served += 1
            try:
                if report.tell is not None:
                    report.tell(report.error, report.message)
            except BaseException as error:  # noqa: BLE001 - raised below
                raised = error  # poll() ends here, flush() goes on and raises the last one
                if not until_empty:
                    break
        if raised is not None:
            raise raised
        if not served and not until_empty and not forever:
            clock.pass_until(deadline)
        return served

    @_call
    def purge(self, in_queue: bool = True, in_flight: bool = True, blocking: bool = True) -> None:
        self._require_open()
        now = self.broker.clock.now
        gone = KafkaError(KafkaError._PURGE_QUEUE, "purged")
        self._reports = deque(
            each if each.ready_at <= now else attrs.evolve(each, ready_at=now, error=gone)
            for each in self._reports
        )

    @_call
    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        self._require_open()
        return _metadata(self.broker, topic)

    @_call
    def abort_transaction(self, timeout: float = -1) -> None:
        raise _exception(KafkaError._NOT_CONFIGURED, "no transactional.id")

    @_call
    def close(self, timeout: float | None = -1) -> bool:
        if self._is_open:
            self._serve(timeout, until_empty=True)
            self._is_open = False
        return True

    def _require_open(self) -> None:
        if not self._is_open:
            raise RuntimeError("Producer closed")


class ScriptedAdminClient:
    """``confluent_kafka.admin.AdminClient``."""

    broker: ClassVar[ScriptedBroker]

    def __init__(self, config: Mapping[str, Any]) -> None:
        del config

    @_call
    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        return _metadata(self.broker, topic)

    @_call
    def list_offsets(
        self, topic_partition_offsets: dict[TopicPartition, Any], **options: Any
    ) -> dict[TopicPartition, Future[Any]]:
        found: dict[TopicPartition, Future[Any]] = {}
        for place, spec in topic_partition_offsets.items():
            future: Future[Any] = Future()
            logs = self.broker.topics.get(place.topic, [])
            if place.partition >= len(logs):
                future.set_exception(
                    _exception(KafkaError.UNKNOWN_TOPIC_OR_PART, "there is no such partition")
                )
            else:
                future.set_result(SimpleNamespace(offset=_spec_offset(logs[place.partition], spec)))
            found[place] = future
        return found

    @_call
    def describe_configs(self, resources: list[Any], **options: Any) -> dict[Any, Future[Any]]:
        found = {}
        for each in resources:
            future: Future[Any] = Future()
            future.set_result({})
            found[each] = future
        return found

    @_call
    def create_topics(self, topics: list[Any], **options: Any) -> dict[str, Future[None]]:
        found = {}
        for each in topics:
            future: Future[None] = Future()
            if each.topic in self.broker.missing:
                future.set_exception(
                    _exception(KafkaError.TOPIC_AUTHORIZATION_FAILED, "not allowed")
                )
            else:
                self.broker.create_topic(each.topic, max(1, each.num_partitions))
                future.set_result(None)
            found[each.topic] = future
        return found

    @_call
    def poll(self, timeout: float = -1) -> int:
        return 0


def _spec_offset(log: Any, spec: Any) -> int:
    code = int(spec._value)
    if code == confluent_kafka.OFFSET_BEGINNING:
        return int(log.start)
    if code == confluent_kafka.OFFSET_END:
        return int(log.end)
    late = (at for at, record in enumerate(log.records) if record.timestamp >= code)
    return next(late, -1)


def _metadata(broker: ScriptedBroker, topic: str | None) -> Any:
    known = {name: _topic_metadata(broker, name) for name in broker.topics}
    if topic is not None:
        missing = SimpleNamespace(
            topic=topic, partitions={}, error=KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)
        )
        known = {topic: known.get(topic, missing)}
    return SimpleNamespace(cluster_id="scripted", topics=known, brokers={1: None})


def _topic_metadata(broker: ScriptedBroker, name: str) -> Any:
    partitions = {
        number: SimpleNamespace(id=number, leader=1, replicas=[1], isrs=[1], error=None)
        for number in range(len(broker.topics[name]))
    }
    return SimpleNamespace(topic=name, partitions=partitions, error=None)


def _raw(broker: ScriptedBroker, place: Place, offset: int) -> confluent_kafka.Message:
    record = broker.topics[place[0]][place[1]].records[offset]
    return confluent_kafka.Message(
        topic=place[0],
        partition=place[1],
        offset=offset,
        key=record.key,
        value=record.value,
        headers=[*record.headers] or None,
        timestamp=(confluent_kafka.TIMESTAMP_CREATE_TIME, record.timestamp),
    )


def raw_messages(broker: ScriptedBroker, topic: str) -> list[confluent_kafka.Message]:
    """All messages of a topic, as a consumer would get them."""
    return [
        _raw(broker, (topic, number), offset)
        for number, partition in enumerate(broker.topics.get(topic, ()))
        for offset in range(partition.end)
    ]


def _exception(code: int, text: str) -> KafkaException:
    return KafkaException(KafkaError(code, text))


def _flag(config: Mapping[str, Any], key: str, *, default: bool) -> bool:
    return config.get(key, default) in {True, "true"}


def _bytes(value: bytes | str | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
