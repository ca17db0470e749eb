"""on_assign, on_revoke and on_lost: when they are called, and what they may do."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast

import pytest
from tests.kafka.applications import TOPIC, ScriptedRegistry, payload
from tests.kafka.bars import volumes
from tests.kafka.scripted_client import script

from streamcontract import SchemaRegistry, StockConsumer
from streamcontract.errors import ClientError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.kafka.scripted_broker import ScriptedBroker

Config = dict[str, Any]
WAIT = 30.0


class Heard:
    """What callbacks were called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[int, ...]]] = []

    @property
    def options(self) -> dict[str, Any]:
        """The callbacks, as a consumer takes them."""
        return {f"on_{what}": self.hears(what) for what in ("assign", "revoke", "lost")}

    def hears(self, what: str) -> Callable[[StockConsumer, tuple[int, ...]], None]:
        """One of them."""

        def called(consumer: StockConsumer, partitions: tuple[int, ...]) -> None:
            assert isinstance(consumer, StockConsumer)
            self.calls.append((what, partitions))

        return called


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedBroker]:
    """A scripted broker with a topic of two partitions, with four messages each."""
    broker = script(monkeypatch)
    broker.create_topic(TOPIC, 2)
    for partition in (0, 1):
        for number in range(4):
            broker.append(TOPIC, partition, payload(number), b"AAPL")
    broker.clock.end = broker.clock.now + 3_600
    yield broker
    monkeypatch.undo()


def member(**options: Any) -> StockConsumer:
    """A member of a group that reads that topic."""
    properties = {
        "bootstrap.servers": "scripted",
        "group.protocol": "consumer",
        **options.pop("properties", {}),
    }
    return StockConsumer(
        properties,
        topic=TOPIC,
        group="readers",
        registry=cast("SchemaRegistry", ScriptedRegistry()),
        **options,
    )


def committed(broker: ScriptedBroker) -> dict[int, int]:
    """What the group has committed."""
    return {place[1]: offset for place, offset in broker.groups["readers"].committed.items()}


def test_partitions_are_reported_as_they_come_and_go(
    config: Config, filled: Callable[..., str]
) -> None:
    """Each in its turn: who joins hears of them after the one who had them; closing revokes."""
    name = filled(5, partitions=2)
    properties = {**config, "group.protocol": "consumer"}
    first, second = Heard(), Heard()
    with StockConsumer(properties, topic=name, group=name, **first.options) as one:
        assert one.assignment(WAIT) == (0, 1)
        assert sorted({number for _, found in first.calls for number in found}) == [0, 1]
        joined, done = threading.Event(), threading.Event()

        def other() -> None:
            with StockConsumer(properties, topic=name, group=name, **second.options) as two:
                while not two.assignment(0.1):
                    pass
                joined.set()
                done.wait(WAIT)

        thread = threading.Thread(target=other)
        thread.start()
        while not joined.is_set():
            one.poll(0.05)
        (kept,) = one.assignment()
        done.set()
        thread.join(WAIT)
    ((_, revoked),) = [call for call in first.calls if call[0] == "revoke"][:1]
    assert revoked == (1 - kept,)
    assert ("assign", revoked) in second.calls
    assert ("revoke", revoked) in second.calls
    assert not [what for what, _ in first.calls + second.calls if what == "lost"]


def test_what_was_worked_on_can_be_committed_when_it_is_revoked(broker: ScriptedBroker) -> None:
    """Also when the consumer is closed; and no message that was fetched only."""
    seen: list[dict[int, int]] = []

    def on_revoke(consumer: StockConsumer, partitions: tuple[int, ...]) -> None:
        assert set(partitions) <= set(consumer.assignment())
        assert consumer.commit() == consumer.positions()
        seen.append({number: at or 0 for number, at in consumer.committed().items()})

    manual = {"enable.auto.commit": False}
    with member(on_revoke=on_revoke, properties=manual) as one:
        messages = one.consume(3, 1)
        with member(properties=manual) as two:
            while not two.assignment(0.01):
                messages += one.consume(1, 0.01)
        expected = dict.fromkeys((0, 1), 0)
        for message in messages:
            expected[message.partition] = message.offset + 1
        assert seen
        assert committed(broker) == {n: at for n, at in seen[0].items() if at}
    assert committed(broker) == {n: at for n, at in expected.items() if at}


def test_what_a_block_left_by_an_exception_commits_in_its_callback(broker: ScriptedBroker) -> None:
    """The message in hand is not part of it."""

    def work(consumer: StockConsumer) -> None:
        assert len(consumer.consume(2, 1)) == 2
        next(consumer)
        raise KeyError

    properties = {"enable.auto.commit": False}
    with (
        pytest.raises(KeyError),
        member(on_revoke=lambda consumer, _: consumer.commit(), properties=properties) as one,
    ):
        work(one)
    assert sum(committed(broker).values()) == 2


@pytest.mark.parametrize("what", ["assign", "revoke"])
@pytest.mark.parametrize("how", ["next", "poll", "consume", "until_end"])
def test_what_a_callback_raises_comes_out_of_the_call(
    broker: ScriptedBroker, what: str, how: str
) -> None:
    """Once; the rebalance goes on, and no message is lost or comes twice."""
    del broker
    failures = [KeyError(what)]

    def fail(_: object, partitions: tuple[int, ...]) -> None:
        if partitions and failures:
            raise failures.pop()

    callback: Config = {f"on_{what}": fail}
    seen: list[tuple[int, int]] = []
    with member(**callback) as one, member() as two:
        calls: dict[str, Callable[[], list[Any]]] = {
            "next": lambda: [next(one)],
            "poll": lambda: [one.poll(0.01)],
            "consume": lambda: one.consume(3, 0.01),
            "until_end": lambda: [next(one.until_end(1), None)],
        }
        raised = 0
        for _ in range(40):
            try:
                found = [each for each in calls[how]() if each is not None]
            except KeyError:
                raised += 1
                continue
            seen += [(each.partition, each.offset) for each in found]
            if len(seen) == 2:
                two.poll(0.01)
            if how == "next" and len(seen) == 8:
                break
            if not found:
                break
        two.assignment(0.01)
        for _ in range(40):
            for each in two.consume(3, 0.01):
                seen.append((each.partition, each.offset))
            try:
                seen += [(each.partition, each.offset) for each in one.consume(3, 0.01)]
            except KeyError:
                raised += 1
    assert raised == 1
    assert sorted(seen) == [(partition, at) for partition in (0, 1) for at in range(4)]


def test_what_a_callback_raises_when_the_consumer_is_closed(
    broker: ScriptedBroker, caplog: pytest.LogCaptureFixture
) -> None:
    """It comes out of close, and all is closed; an exception that leaves the block goes first."""

    def fail(_: object, __: object) -> None:
        raise KeyError("revoked")

    one = member(on_revoke=fail)
    assert len(one.consume(8, 1)) == 8
    with pytest.raises(KeyError, match="revoked"):
        one.close()
    one.close()
    assert committed(broker) == {0: 4, 1: 4}
    assert not broker.groups["readers"].members
    with (  # noqa: PT012 - the block is what is tested
        pytest.raises(ValueError, match="mine"),
        member(on_revoke=fail) as two,
    ):
        two.poll(0.1)
        raise ValueError("mine")
    assert "mine" in caplog.text
    assert not broker.groups["readers"].members


@pytest.mark.parametrize(
    "call",
    [
        next,
        lambda consumer: consumer.poll(0),
        lambda consumer: consumer.consume(1, 0),
        lambda consumer: next(consumer.until_end()),
        lambda consumer: consumer.close(),
    ],
    ids=["next", "poll", "consume", "until_end", "close"],
)
def test_a_callback_asks_for_no_messages(
    broker: ScriptedBroker, call: Callable[[StockConsumer], object]
) -> None:
    """It is called in the middle of a call that does: the error says what a callback may do."""
    del broker
    with member(on_assign=lambda consumer, _: call(consumer)) as one:
        with pytest.raises(ClientError, match=r"inside on_assign.* seek"):
            one.consume(8, 1)
        assert sorted(volumes(one.consume(8, 1))) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_reading_begins_where_on_assign_seeks(
    config: Config, filled: Callable[..., str], quick_group: Config
) -> None:
    """As with offsets that the application keeps itself; a partition can be paused there too."""
    name = filled(5, partitions=2)

    def on_assign(consumer: StockConsumer, partitions: tuple[int, ...]) -> None:
        for number in partitions:
            consumer.seek(number, 3)
        consumer.pause([number for number in partitions if number == 1])

    with StockConsumer(
        {**config, **quick_group}, topic=name, group=name, on_assign=on_assign
    ) as consumer:
        messages = consumer.consume(2, WAIT)
        assert [(each.partition, each.offset) for each in messages] == [(0, 3), (0, 4)]
        assert consumer.poll(0.2) is None
        consumer.resume([1])
        messages = consumer.consume(2, WAIT)
        assert [(each.partition, each.offset) for each in messages] == [(1, 3), (1, 4)]


@pytest.mark.parametrize("given", ["lost", "revoke"])
def test_lost_partitions(broker: ScriptedBroker, given: str) -> None:
    """Those of a consumer that did not call for too long; without on_lost, on_revoke hears it."""
    heard = Heard()
    with member(
        properties={"max.poll.interval.ms": 1000}, **{f"on_{given}": heard.hears(given)}
    ) as one:
        assert len(one.consume(2, 1)) == 2
        broker.clock.sleep(5)
        for _ in range(20):
            one.consume(8, 0.01)
        assert heard.calls[0] == (given, (0, 1))
        assert one.assignment() == (0, 1)


def test_callbacks_need_a_group_that_assigns(config: Config) -> None:
    """Elsewhere they would never be called, and what cannot be called is refused."""
    for what in ("on_assign", "on_revoke", "on_lost"):
        callback: Config = {what: print}
        with pytest.raises(ConfigurationError, match=what):
            StockConsumer(config, **callback)
        with pytest.raises(ConfigurationError, match="partitions="):
            StockConsumer(config, group="g", partitions=[0], **callback)
        wrong: Config = {what: "print"}
        with pytest.raises(ConfigurationError, match=f"{what} has to be a callable"):
            StockConsumer(config, group="g", **wrong)
