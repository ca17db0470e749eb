"""A model of one topic and one consumer group, and the moves that put the clients to the test.

The model knows what each partition holds, and for each partition the offsets at which the group may
go on: ``Places``. By hand that is one offset, the last committed. With commits made in the
background it is an interval: not before what was surely committed, not behind what was worked on.
A member that was given a partition has to go on inside of it, and from there without a gap.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import gc
import time
import uuid
from typing import TYPE_CHECKING, Any, Final

import attrs
import confluent_kafka
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
)

from streamcontract import Stock, StockConsumer, StockProducer
from streamcontract.devstack import DevStack, EmbeddedBroker
from streamcontract.kafka import Delivery, Message, MessageDecodeError
from streamcontract.kafka.consumer.config import COMMIT_COUNT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamcontract import SchemaRegistry

PARTITIONS: Final = 2
WAIT: Final = 30.0
SESSION_MS: Final = 2000
"""After how long without a heartbeat the broker takes a crashed member's partitions away."""

_PRODUCE: Final = 0  # the request's number in Kafka's protocol
_KEYS: Final = st.sampled_from(["A", "B", "C"])
_WHO: Final = st.integers(0, 1)
_POISON: Final = b"no frame"


@attrs.frozen
class Entry:
    """What a partition holds at one offset: a record's number, None for a tombstone, or poison."""

    key: str
    content: int | bytes | None


@attrs.define
class Places:
    """Where the group may go on in a partition: from ``first`` to ``last``, both included."""

    first: int = 0
    last: int = 0

    def is_now(self, offset: int) -> None:
        """The group committed this, and nothing else is on its way."""
        self.first = self.last = offset

    def may_be(self, offset: int) -> None:
        """The group commits this sooner or later, unless the member crashes first."""
        self.first, self.last = min(self.first, offset), max(self.last, offset)


class Member:
    """A consumer of the group, and where the model sees it in each of its partitions.

    Attributes:
        at: The offset of the next message by partition; None where it was just assigned and
            nothing came yet.
        in_hand: What the last call gave.
    """

    def __init__(self, consumer: StockConsumer) -> None:
        self.consumer = consumer
        self.at: dict[int, int | None] = {}
        self.in_hand: list[tuple[int, int]] = []
        assignment = consumer._assignment
        assigned, left = assignment._on_assign, assignment._leave

        def on_assign(client: Any, places: list[confluent_kafka.TopicPartition]) -> None:
            self.at.update(dict.fromkeys((place.partition for place in places), None))
            assigned(client, places)

        def leave(keys: Sequence[tuple[str, int]], timeout: float) -> None:
            for _, partition in keys:
                self.at.pop(partition, None)
            left(keys, timeout)

        assignment._on_assign = on_assign  # type: ignore[method-assign] # what the group says, told to the model too
        assignment._leave = leave  # type: ignore[method-assign] # likewise


class Delivering(RuleBasedStateMachine):
    """Producers, members that come, go and crash, and what each message has to look like."""

    def __init__(self, stack: DevStack, registry: SchemaRegistry) -> None:
        super().__init__()
        assert isinstance(stack.broker, EmbeddedBroker)
        self.stack, self.broker, self.registry = stack, stack.broker, registry
        self.topic = f"delivery-{uuid.uuid4().hex}"
        stack.create_topic(self.topic, PARTITIONS)
        servers = {"bootstrap.servers": stack.bootstrap_servers}
        self.producer = StockProducer(
            {
                **servers,
                "linger.ms": 0,
                "retry.backoff.ms": 10,
                # With more than one request on its way, Kafka keeps the order by the sequence
                # numbers of idempotence, at which the mock cluster does not look.
                "max.in.flight.requests.per.connection": 1,
            },
            topic=self.topic,
            registry=registry,
        )
        self.raw_producer = confluent_kafka.Producer({**servers, "linger.ms": 0})
        self.log: list[list[Entry]] = [[] for _ in range(PARTITIONS)]
        self.homes: dict[str, int] = {}
        self.number = 0
        self.members: list[Member] = []
        self.places = [Places() for _ in range(PARTITIONS)]
        self.accounted: list[set[int]] = [set() for _ in range(PARTITIONS)]
        self.first_seen: dict[str, list[int]] = {}
        self.crashes = 0

    def teardown(self) -> None:
        """Nothing was lost: with the crashes over, every message comes."""
        try:
            if not self.members:
                self.join()
            deadline = time.monotonic() + WAIT
            while any(missing := self._missing()):
                assert time.monotonic() < deadline, f"offsets that never came: {missing}"
                for member in self.members:
                    self._consume(member, 10, 0.02)
            for key, numbers in self.first_seen.items():
                assert numbers == sorted(numbers), f"out of order for the key {key}"
        finally:
            self.producer.close()
            for member in self.members:
                member.consumer.close()

    def _missing(self) -> list[set[int]]:
        """What no member has seen or passed over yet, by partition."""
        return [
            set(range(len(self.log[partition]))) - self.accounted[partition]
            for partition in range(PARTITIONS)
        ]

    @initialize(
        automatic=st.booleans(),
        interval=st.sampled_from([10, 60_000]),
        count=st.sampled_from([None, 1, 3]),
    )
    def found(self, automatic: bool, interval: int, count: int | None = None) -> None:
        """The group's members commit by themselves, soon or late, by count too, or by hand."""
        self.automatic = automatic
        self.properties = {
            "bootstrap.servers": self.stack.bootstrap_servers,
            # Members come and go within a tenth of a second by the newer protocol (KIP-848).
            "group.protocol": "consumer",
            "group.id": self.topic,
            "enable.auto.commit": automatic,
            "auto.commit.interval.ms": interval,
            "fetch.wait.max.ms": 10,
        }
        if automatic and count is not None:
            self.properties[COMMIT_COUNT] = count

    # What is written

    @rule(key=_KEYS, count=st.integers(1, 4), tombstones=st.booleans(), refused=st.booleans())
    def produce(self, key: str, count: int, tombstones: bool, refused: bool) -> None:
        """Records or tombstones of one key, each told where it went; one request may fail."""
        if refused:
            code = confluent_kafka.KafkaError.NOT_LEADER_FOR_PARTITION
            self.broker.push_request_errors(_PRODUCE, [code])
        numbers = range(self.number, self.number + count)
        self.number += count
        reports: list[Delivery] = []
        for number in numbers:
            value = None if tombstones else _bar(key, number)
            self.producer.produce(value, key=key, on_delivery=reports.append)
        assert self.producer.flush(WAIT) == 0
        self.broker.clear_request_errors(_PRODUCE)
        for number, report in zip(numbers, reports, strict=True):
            assert report.ok, report.error
            assert report.partition == self.homes.setdefault(key, report.partition or 0)
            self._log(report.partition, report.offset, Entry(key, None if tombstones else number))

    @rule(key=_KEYS)
    def poison(self, key: str) -> None:
        """Somebody writes what is no message of the contract."""
        reports: list[confluent_kafka.Message] = []
        self.raw_producer.produce(
            self.topic,
            _POISON,
            key.encode(),
            self.homes.get(key, 0),
            on_delivery=lambda _, message: reports.append(message),
        )
        assert self.raw_producer.flush(WAIT) == 0
        self._log(reports[0].partition(), reports[0].offset(), Entry(key, _POISON))

    def _log(self, partition: int | None, offset: int | None, entry: Entry) -> None:
        assert partition is not None
        assert offset == len(self.log[partition]), "written twice, or not at all"
        self.log[partition].append(entry)

    # Members

    @precondition(lambda self: len(self.members) < PARTITIONS)
    @rule()
    def join(self) -> None:
        """Another member takes its share of the partitions, or all of them."""
        consumer = StockConsumer(self.properties, topic=self.topic, registry=self.registry)
        self.members.append(Member(consumer))
        self._settle()

    @precondition(lambda self: self.members)
    @rule(who=_WHO)
    def leave(self, who: int) -> None:
        """A member is closed: if commits are automatic, its last one is exact."""
        member = self._take(who)
        before = dict(member.at)  # closing takes every partition away
        member.consumer.close()
        if self.automatic:
            for partition, at in before.items():
                if at is not None:
                    self.places[partition].is_now(at)
        self._settle()

    @precondition(lambda self: self.members)
    @rule(who=_WHO)
    def fail(self, who: int) -> None:
        """An exception leaves the ``with`` block: what was in hand comes again."""
        member = self._take(who)
        # The first of a partition counts, which is the last to enter the dictionary.
        again = {**member.at, **dict(reversed(member.in_hand))}
        member.consumer.__exit__(KeyError, KeyError(), None)
        if self.automatic:
            for partition, at in again.items():
                if at is not None:
                    self.places[partition].is_now(at)
        self._settle()

    @precondition(lambda self: self.members and self.crashes < 1)
    @rule(who=_WHO)
    def crash(self, who: int) -> None:
        """A member is gone without a word, before its commit or after it.

        Others wait for its partitions as long as its session lasts, so there is one crash a run;
        without automatic commits, leaving is the same and takes no time.
        """
        self.crashes += 1
        member = self._take(who)
        del member
        gc.collect()  # which ends librdkafka's client, without closing the consumer
        self._settle()

    def _take(self, who: int) -> Member:
        return self.members.pop(who % len(self.members))

    def _settle(self) -> None:
        """Let the members run until every partition is some member's, and each has some."""
        deadline = time.monotonic() + WAIT
        while self.members and not self._is_settled():
            assert time.monotonic() < deadline, [member.at for member in self.members]
            for member in self.members:
                self._consume(member, 1, 0.02)

    def _is_settled(self) -> bool:
        shares = [member.consumer.assignment() for member in self.members]
        assigned = [partition for share in shares for partition in share]
        return all(shares) and sorted(assigned) == list(range(PARTITIONS))

    # What a member does

    @precondition(lambda self: self.members)
    @rule(who=_WHO, most=st.integers(1, 5))
    def read(self, who: int, most: int) -> None:
        """Where a message has to be there, one comes; where none is, none comes."""
        member = self.members[who % len(self.members)]
        deadline = time.monotonic() + WAIT
        while not self._consume(member, most, 0.02) and self._is_due(member):
            assert time.monotonic() < deadline, member.at

    def _is_due(self, member: Member) -> bool:
        return any(
            (self.places[partition].last if at is None else at) < len(self.log[partition])
            for partition, at in member.at.items()
        )

    @precondition(lambda self: self.members)
    @rule(who=_WHO)
    def commit(self, who: int) -> None:
        """What was returned is committed, and exactly that."""
        member = self.members[who % len(self.members)]
        committed = member.consumer.commit()
        assert committed == {key: at for key, at in member.at.items() if at is not None}
        for partition, offset in committed.items():
            self.places[partition].is_now(offset)

    @precondition(lambda self: self.members)
    @rule(who=_WHO, which=st.integers(0, PARTITIONS - 1), where=st.integers(0, 20))
    def seek(self, who: int, which: int, where: int) -> None:
        """A member goes on from any other place in one of its partitions."""
        member = self.members[who % len(self.members)]
        # Which member has which partitions is the group's choice, so nothing is drawn from it.
        partition = sorted(member.at)[which % len(member.at)]
        offset = where % (len(self.log[partition]) + 1)
        member.consumer.seek(partition, offset)
        before = member.at[partition]
        passed_over = range(self.places[partition].first if before is None else before, offset)
        self.accounted[partition].update(passed_over)
        member.at[partition] = offset
        member.in_hand = [place for place in member.in_hand if place[0] != partition]

    def _consume(self, member: Member, most: int, timeout: float) -> bool:
        """Whether a call gave anything, all of which is checked."""
        if self.automatic:
            for partition, at in member.at.items():
                if at is not None:
                    self.places[partition].may_be(at)
        try:
            messages = member.consumer.consume(most, timeout)
        except MessageDecodeError as error:
            member.in_hand = [(error.partition, error.offset)]
            poison = Entry("", error.raw.value())
            self._see(member, error.partition, error.offset, poison)
            return True
        member.in_hand = [(message.partition, message.offset) for message in messages]
        for message in messages:
            self._see(member, message.partition, message.offset, _entry(message))
        return bool(messages)

    def _see(self, member: Member, partition: int, offset: int, entry: Entry) -> None:
        """A message is the one that is next, and it is what was written."""
        assert partition in member.at, "from a partition that is not this member's"
        at, places = member.at[partition], self.places[partition]
        if at is None:
            assert places.first <= offset <= places.last, "goes on where the group was not"
        else:
            assert offset == at, "left out, or came twice"
        written = self.log[partition][offset]
        assert entry.content == written.content
        assert entry.content == _POISON or entry.key == written.key
        if offset not in self.accounted[partition] and isinstance(written.content, int):
            self.first_seen.setdefault(written.key, []).append(written.content)
        self.accounted[partition].add(offset)
        member.at[partition] = offset + 1


def let_sessions_end_soon(stack: DevStack) -> None:
    """Have the mock cluster give up on members of crashed processes after ``SESSION_MS``.

    The embedded broker has no name for it, as nobody but this model needs it.
    """
    assert isinstance(stack.broker, EmbeddedBroker)
    cluster = stack.broker._cluster
    function = cluster._library.rd_kafka_mock_set_group_consumer_session_timeout_ms
    function(ctypes.c_void_p(cluster._cluster), ctypes.c_int(SESSION_MS))


def _entry(message: Message[Stock]) -> Entry:
    return Entry(message.key, None if message.value is None else message.value.volume)


def _bar(key: str, number: int) -> Stock:
    return Stock(
        symbol=key,
        date=dt.date(2026, 5, 4),
        open=1.0,
        high=1.0,
        low=1.0,
        close=1.0,
        volume=number,
    )
