"""Partitions that the application pauses: their messages are kept, and returned when resumed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kafka.applications import TOPIC, ScriptedRegistry, payload
from tests.kafka.bars import volumes
from tests.kafka.matrix import first_of_each, places_of, try_all
from tests.kafka.scripted_client import script
from tests.searching import examples

import streamcontract.kafka.consumer.contact
from streamcontract import SchemaRegistry, StockConsumer
from streamcontract.errors import ClientError, ConfigurationError
from streamcontract.kafka import ConsumeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kafka.interrupts import Interrupts
    from tests.kafka.scripted_broker import ScriptedBroker

    from streamcontract import Stock
    from streamcontract.kafka import Message

Config = dict[str, Any]
WAIT = 30.0

READ: list[Any] = [
    pytest.param(lambda consumer: next(consumer.until_end(), None), id="until_end"),
    pytest.param(lambda consumer: consumer.poll(0.05), id="poll"),
    pytest.param(lambda consumer: next(iter(consumer.consume(1, 0.05)), None), id="consume"),
]


def places(messages: list[Message[Stock]]) -> list[tuple[int, int]]:
    """Where messages were."""
    return [(each.partition, each.offset) for each in messages]


@pytest.mark.parametrize("with_group", [False, True])
@pytest.mark.parametrize("read", READ)
def test_a_paused_partition_returns_nothing_and_loses_nothing(
    config: Config,
    quick_group: Config,
    filled: Callable[..., str],
    with_group: bool,
    read: Callable[[StockConsumer], Message[Stock] | None],
) -> None:
    """What is in the queue is kept, whichever way it is read; order and positions stay."""
    name = filled(6, partitions=2)
    group: Config = {"group": name} if with_group else {}
    with StockConsumer({**config, **quick_group}, topic=name, **group) as consumer:
        seen = consumer.consume(5, WAIT)
        in_hand = next(consumer)
        seen.append(in_hand)
        consumer.pause([in_hand.partition])
        assert consumer.paused() == (in_hand.partition,)
        before = consumer.positions()
        found: list[Message[Stock]] = []
        while (message := read(consumer)) is not None:
            found.append(message)
        assert in_hand.partition not in {each.partition for each in found}
        assert consumer.positions().get(in_hand.partition) == before.get(in_hand.partition)
        if with_group:
            assert consumer.commit()[in_hand.partition] == in_hand.offset + 1
        consumer.resume([in_hand.partition])
        assert consumer.paused() == ()
        seen += found + list(consumer.until_end())
        for partition in (0, 1):
            assert [at for number, at in places(seen) if number == partition] == list(range(6))


def test_all_partitions_paused(config: Config, filled: Callable[..., str]) -> None:
    """Nothing comes, and a bounded read ends at once, as there is nothing to wait for."""
    with StockConsumer(config, topic=filled(3)) as consumer:
        assert consumer.assignment(WAIT) == (0,)
        consumer.pause([0])
        assert list(consumer.until_end(WAIT)) == []
        assert consumer.consume(3, 0.1) == []
        consumer.resume([0])
        assert volumes(consumer.until_end()) == [0, 1, 2]


def test_a_paused_partition_can_be_sought(config: Config, filled: Callable[..., str]) -> None:
    """It stays paused, and goes on from there."""
    with StockConsumer(config, topic=filled(6)) as consumer:
        assert volumes(consumer.consume(2, WAIT)) == [0, 1]
        consumer.pause([0])
        consumer.seek(0, 4)
        assert consumer.poll(0.1) is None
        consumer.resume([0])
        assert volumes(consumer.until_end()) == [4, 5]


def test_pausing_of_our_own_leaves_the_application_s(
    config: Config, filled: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A partition whose messages pile up is paused and resumed by the library, beside that."""
    monkeypatch.setattr(streamcontract.kafka.consumer.contact, "_MOST_QUEUED", 4)
    name = filled(40, partitions=2)
    with StockConsumer(config, topic=name) as consumer:
        seen = consumer.consume(2, WAIT)
        for _ in range(10):
            consumer.pause([0])
            found = consumer.consume(3, 0.1)
            assert {each.partition for each in found} <= {1}
            seen += found
            consumer.resume([0])
            seen += consumer.consume(3, 0.1)
        seen += consumer.until_end()
        for partition in (0, 1):
            assert [at for number, at in places(seen) if number == partition] == list(range(40))


def test_what_cannot_be_paused(config: Config, filled: Callable[..., str]) -> None:
    """Each error says what is wrong."""
    with StockConsumer(config, topic=filled(1)) as consumer:
        for call in (consumer.pause, consumer.resume):
            with pytest.raises(ConsumeError, match="partition 3: not assigned"):
                call([0, 3])
            for wrong in (0, "0", None, ["0"], [True]):
                with pytest.raises(ConfigurationError, match="partition"):
                    call(wrong)  # type: ignore[arg-type] # what is tested
        assert consumer.paused() == ()
    for call in (consumer.pause, consumer.resume):
        with pytest.raises(ClientError, match="closed"):
            call([0])


def scripted(**properties: Any) -> StockConsumer:
    """A consumer of the scripted broker."""
    return StockConsumer(
        {"bootstrap.servers": "scripted", **properties},
        topic=TOPIC,
        group="readers",
        registry=cast("SchemaRegistry", ScriptedRegistry()),
    )


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_partition_that_was_revoked_comes_back_paused(
    monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    """As in confluent_kafka, whose client keeps what was paused over rebalances."""
    with monkeypatch.context() as patch:
        broker = script(patch)
        broker.create_topic(TOPIC, 2)
        broker.clock.end = broker.clock.now + 3_600
        with scripted(**{"group.protocol": protocol}) as one:
            while not one.assignment(0.1):
                pass
            one.pause([0, 1])
            with scripted(**{"group.protocol": protocol}) as two:
                while len(one.assignment()) != 1 or len(two.assignment()) != 1:
                    one.poll(0.01)
                    two.poll(0.01)
                assert two.paused() == ()
                assert one.paused() == one.assignment()
            while len(one.assignment()) < 2:
                assert one.poll(0.01) is None
            assert one.paused() == (0, 1)
            for partition in (0, 1):
                broker.append(TOPIC, partition, payload(partition), b"AAPL")
            assert one.consume(2, 1) == []
            one.resume([1])
            assert places(one.consume(2, 1)) == [(1, 0)]


def test_nothing_is_fetched_of_a_paused_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    """Librdkafka is told, and told again when the partition is resumed."""
    with monkeypatch.context() as patch:
        broker = script(patch)
        broker.create_topic(TOPIC, 2)
        broker.clock.end = broker.clock.now + 3_600
        called: list[str] = []
        with scripted() as consumer:
            while not consumer.assignment(0.1):
                pass
            broker.on_call = lambda name, when: called.append(name) if when == "after" else None
            for paused in ([1], [0, 1], [1]):
                consumer.pause(paused)
                assert consumer.poll(0.01) is None
            assert called.count("pause") == 2
            assert called.count("resume") == 0
            consumer.resume([0])
            consumer.resume([0])
            assert consumer.poll(0.01) is None
            assert called.count("resume") == 1
            broker.on_call = None


@pytest.mark.parametrize("is_batch", [False, True])
def test_a_paused_partition_slows_no_other(
    monkeypatch: pytest.MonkeyPatch, *, is_batch: bool
) -> None:
    """Its messages in the queue do not keep the others from being fetched many at a time."""
    count = 2_000
    with monkeypatch.context() as patch:
        broker = script(patch)
        broker.create_topic(TOPIC, 2)
        broker.clock.end = broker.clock.now + 3_600
        for number in range(100):
            broker.append(TOPIC, 0, payload(number), b"AAPL")
        called: list[str] = []
        with scripted() as consumer:
            # Each fetch is twice the one before, so that the last of these leaves some queued.
            assert all(consumer.poll(WAIT) is not None for _ in range(4))
            consumer.pause([0])
            for number in range(count):
                broker.append(TOPIC, 1, payload(number), b"AAPL")
            broker.on_call = lambda name, when: called.append(name) if when == "after" else None
            found = 0
            while found < count:
                got = consumer.consume(500, 0.1) if is_batch else [consumer.poll(0.1)]
                found += sum(message is not None for message in got)
            broker.on_call = None
        assert called.count("poll") + called.count("consume") < count // 10


class Pausing:
    """An application that pauses and resumes, and does again what was interrupted."""

    def __init__(self, broker: ScriptedBroker, interrupts: Interrupts) -> None:
        broker.create_topic(TOPIC, 2)
        for partition in (0, 1):
            for number in range(5):
                broker.append(TOPIC, partition, payload(number), b"AAPL")
        self._interrupts = interrupts
        self._seen: list[tuple[int, int]] = []
        self._paused: set[int] = set()
        self._consumer = scripted()

    def run(self) -> None:
        """Pause each partition in turn, in the middle of its messages."""
        for paused in (0, 1):
            self._read(2)
            self._until_done(lambda paused=paused: self._consumer.pause([paused]))  # type: ignore[misc] # its default is no parameter
            self._paused = {paused}
            self._read(3)
            self._paused = set()
            self._until_done(lambda paused=paused: self._consumer.resume([paused]))  # type: ignore[misc] # likewise
        while self._read(3):
            pass
        self._until_done(self._consumer.close)

    def _until_done(self, call: Callable[[], Any]) -> Any:
        while True:
            try:
                return self._interrupts.call(call)
            except KeyboardInterrupt:  # noqa: PERF203 - it is made again
                pass

    def _read(self, count: int) -> bool:
        messages = self._until_done(lambda: self._consumer.consume(count, 0.05))
        assert not self._paused & {each.partition for each in messages}
        self._seen += places(messages)
        return bool(messages)

    def check(self) -> None:
        """All came, in order."""
        for partition in (0, 1):
            assert [at for number, at in self._seen if number == partition] == list(range(5))


@pytest.mark.searching
def test_an_interrupt_anywhere_loses_nothing_that_is_paused() -> None:
    """In pause and resume, and in the calls between them."""
    try_all(Pausing, ((number,) for number in first_of_each(places_of(Pausing))[::2]))


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(1, 5)),
        st.tuples(st.just("poll"), st.just(0)),
        st.tuples(st.just("pause"), st.integers(0, 2)),
        st.tuples(st.just("resume"), st.integers(0, 2)),
        st.tuples(st.just("seek"), st.integers(0, 2)),
        st.tuples(st.just("write"), st.integers(0, 2)),
    ),
    max_size=30,
)


@settings(max_examples=examples(60), deadline=None)
@given(_STEPS)
def test_whatever_is_paused_each_partition_comes_in_order(steps: list[tuple[str, int]]) -> None:
    """Each message once, as long as nothing is sought, and none of a partition while it is paused.

    The model has a partition's next offset and whether it is paused, and nothing else.
    """
    with pytest.MonkeyPatch.context() as patch:
        broker = script(patch)
        broker.create_topic(TOPIC, 3)
        broker.clock.end = broker.clock.now + 100_000
        ends = [0, 0, 0]
        following = [0, 0, 0]
        paused: set[int] = set()

        def write(partition: int) -> None:
            for _ in range(3):
                broker.append(TOPIC, partition, payload(ends[partition]), b"AAPL")
                ends[partition] += 1

        def check(messages: list[Message[Stock]]) -> None:
            for message in messages:
                assert message.partition not in paused
                assert message.offset == following[message.partition]
                following[message.partition] += 1

        for partition in range(3):
            write(partition)
        with scripted() as consumer:
            while not consumer.assignment(0.1):
                pass
            for step, number in steps:
                if step == "read":
                    check(consumer.consume(number, 0.01))
                elif step == "poll":
                    check([each for each in [consumer.poll(0.01)] if each is not None])
                elif step == "pause":
                    consumer.pause([number])
                    paused.add(number)
                elif step == "resume":
                    consumer.resume([number])
                    paused.discard(number)
                elif step == "write":
                    write(number)
                else:
                    consumer.seek(number, 1)
                    following[number] = 1
                assert set(consumer.paused()) == paused
            check(list(consumer.until_end(10)))
            assert {n for n in range(3) if following[n] < ends[n]} <= paused
            consumer.resume(paused)
            paused.clear()
            check(list(consumer.until_end(10)))
            assert following == ends
