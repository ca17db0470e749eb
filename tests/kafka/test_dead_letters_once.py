"""One poison message is one dead letter, whatever is broken off, fails, or is done again."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, cast

import pytest
from confluent_kafka import KafkaError
from tests.kafka.applications import POISON, TOPIC, ScriptedRegistry, payload
from tests.kafka.dlq_io import WAIT, letters, produce_raw
from tests.kafka.scripted_calls import raw_messages
from tests.kafka.scripted_client import script

from streamcontract import (
    AsyncContractConsumer,
    ContractConsumer,
    SchemaRegistry,
    Stock,
    StockConsumer,
    StockProducer,
)
from streamcontract.kafka import DeadLetterError, DeadLetters, MessageDecodeError, Skip
from streamcontract.kafka.dead_letters.dead_letter import SUFFIX, read_dead_letter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.kafka.scripted_broker import ScriptedBroker

    from streamcontract.kafka.dead_letters.poison import Poison

Config = dict[str, Any]


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedBroker]:
    """A scripted broker with a topic of one partition."""
    broker = script(monkeypatch)
    broker.create_topic(TOPIC)
    broker.clock.end = broker.clock.now + 3_600
    yield broker
    monkeypatch.undo()


def reader(poison: Poison, **properties: Any) -> ContractConsumer[Stock]:
    """A consumer of that topic."""
    return StockConsumer(
        {"bootstrap.servers": "scripted", "auto.commit.interval.ms": 20, **properties},
        topic=TOPIC,
        group="readers",
        registry=cast("SchemaRegistry", ScriptedRegistry()),
        poison=poison,
    )


def interrupt_after(broker: ScriptedBroker, seconds: float) -> None:
    """Ctrl-C in a while."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    broker.clock.call_at(broker.clock.now + seconds, interrupt)


def put_aside(broker: ScriptedBroker) -> list[int]:
    """The offsets of the messages in the dead letter topic."""
    return [read_dead_letter(raw).source.offset for raw in raw_messages(broker, TOPIC + SUFFIX)]


@pytest.mark.parametrize("values", [[payload(0), POISON], [POISON, payload(0)], [POISON]])
def test_a_batch_that_is_broken_off_puts_a_message_aside_once(
    broker: ScriptedBroker, values: list[bytes]
) -> None:
    """Three times, while it waits for more messages than there are."""
    for value in values:
        broker.append(TOPIC, 0, value, b"AAPL")
    told: list[MessageDecodeError] = []
    for policy in (DeadLetters(), Skip(told.append)):
        broker.groups.clear()
        with reader(policy) as consumer:
            for _ in range(3):
                interrupt_after(broker, 10)
                with pytest.raises(KeyboardInterrupt):
                    consumer.consume(10, 60)
            good = [offset for offset, value in enumerate(values) if value != POISON]
            assert [message.offset for message in consumer.consume(10, 5)] == good
        assert broker.groups["readers"].committed == {(TOPIC, 0): len(values)}
    assert put_aside(broker) == [values.index(POISON)]
    assert [error.offset for error in told] == [values.index(POISON)]


@pytest.mark.parametrize("is_batch", [False, True])
def test_waiting_for_dead_letters_fills_no_queue(broker: ScriptedBroker, is_batch: bool) -> None:
    """A full one has its partition paused, and librdkafka fetches again what it had of it."""
    count = 3_000
    for number in range(count):
        broker.append(TOPIC, 0, payload(number) if number % 2 else POISON, b"AAPL")
    called: list[str] = []
    broker.on_call = lambda name, when: called.append(name) if when == "after" else None
    seen: list[int] = []
    with reader(DeadLetters()) as consumer:
        while len(seen) < count // 2:
            found = consumer.consume(500, 1) if is_batch else [consumer.poll(1)]
            seen += [message.offset for message in found if message is not None]
        broker.on_call = None
    assert seen == [*range(1, count, 2)]
    assert put_aside(broker) == [*range(0, count, 2)]
    assert "pause" not in called


@pytest.mark.parametrize("is_batch", [False, True])
def test_a_topic_that_is_missing_costs_no_letters_and_no_memory(
    broker: ScriptedBroker, is_batch: bool
) -> None:
    """However often the application calls; the failure is told as it is, and not within itself."""
    count = 20
    for _ in range(count):
        broker.append(TOPIC, 0, POISON, b"AAPL")
    broker.append(TOPIC, 0, payload(0), b"AAPL")
    texts: list[str] = []
    sizes: list[int] = []
    seen: list[int] = []
    consumer = reader(DeadLetters(create=False))

    def call() -> None:
        try:
            found = consumer.consume(5, 2) if is_batch else [consumer.poll(2)]
        except DeadLetterError as error:
            texts.append(str(error))
        else:
            seen.extend(message.offset for message in found if message is not None)

    for _ in range(10):
        call()
        sizes.append(size(consumer))
        broker.clock.sleep(40)  # longer than any pause before the next attempt
    assert texts
    assert all(text.count("because") == 1 for text in texts), texts
    assert max(map(len, texts)) < 600
    assert max(sizes[5:]) <= max(sizes[:5])
    assert broker.groups["readers"].committed.get((TOPIC, 0), 0) == 0
    broker.create_topic(TOPIC + SUFFIX)
    for _ in range(10):
        call()
        broker.clock.sleep(40)
    consumer.close()
    assert seen == [count]
    assert put_aside(broker) == [*range(count)]
    assert broker.groups["readers"].committed == {(TOPIC, 0): count + 1}


def size(consumer: object) -> int:
    """How many objects a consumer holds, what its functions and frames hold aside."""
    import gc
    import types

    code = (type, types.ModuleType, types.FunctionType, types.CodeType, property)
    passed_over = (*code, types.FrameType)
    seen: dict[int, object] = {}
    waiting = [consumer]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, passed_over):
            continue
        if type(each).__module__ in {"tests.kafka.scripted_client", "tests.kafka.scripted_broker"}:
            continue
        seen[id(each)] = each
        waiting += gc.get_referents(each)
    return len(seen)


def test_a_refused_letter_is_sent_until_it_is_taken(broker: ScriptedBroker) -> None:
    """The application hears of it, and nothing behind it is committed before."""
    for value in (payload(0), POISON, payload(2)):
        broker.append(TOPIC, 0, value, b"AAPL")
    broker.create_topic(TOPIC + SUFFIX)
    broker.refused[TOPIC + SUFFIX] = KafkaError.TOPIC_AUTHORIZATION_FAILED
    seen: list[int] = []
    consumer = reader(DeadLetters())
    told = 0
    for _ in range(5):
        try:
            seen += [message.offset for message in consumer.consume(5, 40)]
        except DeadLetterError:  # noqa: PERF203 - the application goes on
            told += 1
    assert told
    assert broker.groups["readers"].committed.get((TOPIC, 0), 0) <= 1
    broker.refused.clear()
    for _ in range(5):
        with contextlib.suppress(DeadLetterError):
            seen += [message.offset for message in consumer.consume(5, 40)]
    consumer.close()
    assert seen == [0, 2]
    assert put_aside(broker) == [1]
    assert broker.groups["readers"].committed == {(TOPIC, 0): 3}


def test_a_rebalance_in_order_adds_no_letter(broker: ScriptedBroker) -> None:
    """What was put aside is delivered and committed before the next owner reads on."""
    for value in (payload(0), POISON, payload(2)):
        broker.append(TOPIC, 0, value, b"AAPL")
    first, second = reader(DeadLetters()), reader(DeadLetters())
    assert [message.offset for message in first.consume(3, 1)] == [0, 2]
    first.consume(1, 0.1)
    for _ in range(20):
        second.poll(0.05)
        first.poll(0.05)
    first.close()
    assert second.consume(3, 1) == []
    second.close()
    assert put_aside(broker) == [1]


@pytest.mark.searching
def test_calls_that_are_cancelled_put_a_message_aside_once(
    config: Config, topic: Callable[..., str], bar: Callable[..., Stock]
) -> None:
    """Eight of them, by a time-out."""
    name = topic(partitions=1)
    with StockProducer(config, topic=name) as producer:
        producer.produce(bar(), partition=0)
    produce_raw(config, name, (POISON, b"AAPL", [], 0))

    async def read() -> list[int]:
        async with AsyncContractConsumer(
            config, record=Stock, topic=name, group=name, poison=DeadLetters()
        ) as consumer:
            for _ in range(8):
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(consumer.consume(10, 60), 0.4)
            message = await consumer.poll(WAIT)
            assert message is not None
            assert await consumer.poll(1) is None
            return [message.offset]

    assert asyncio.run(read()) == [0]
    assert [letter.source.offset for letter in letters(config, f"{name}{SUFFIX}")] == [1]
