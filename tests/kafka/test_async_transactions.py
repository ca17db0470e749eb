"""Transactions and many records at once in asyncio: as the synchronous ones, and safe to cancel."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import threading
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import KafkaError, TopicPartition
from tests.kafka.bars import volumes

from streamcontract import AsyncContractConsumer, AsyncContractProducer, Stock, StockConsumer
from streamcontract.devstack import DevStack
from streamcontract.errors import ClientError, ConfigurationError
from streamcontract.kafka import (
    BrokerError,
    Delivery,
    DeliveryError,
    MessageEncodeError,
    ProducerFencedError,
)
from streamcontract.kafka.producer import topic_serializer

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from streamcontract.kafka.producer.options import ProduceOptions
    from streamcontract.testing.fixtures.faults import Faults
    from streamcontract.testing.fixtures.stacks import Stack

Config = dict[str, Any]
WAIT = 30.0


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run with an end in sight."""

    async def bounded() -> None:
        await asyncio.wait_for(main, 2 * WAIT)

    asyncio.run(bounded())


def read(config: Config, topic: str) -> list[int]:
    """The volumes in a topic."""
    with StockConsumer(config, topic=topic) as consumer:
        return volumes(consumer.until_end())


def test_consume_transform_produce(
    stack: Stack,
    transactional: Config,
    manual: Config,
    config: Config,
    filled: Callable[..., str],
    topic: Callable[..., str],
) -> None:
    """An exception voids its block and gives its messages again; each result is there once."""
    source, target = filled(6), topic()
    seen: list[int] = []

    async def main() -> None:
        async with (
            AsyncContractProducer(transactional, record=Stock, topic=target) as producer,
            AsyncContractConsumer(manual, record=Stock, topic=source, group=source) as consumer,
        ):
            with contextlib.suppress(ZeroDivisionError):
                async with producer.transaction(consumer):
                    seen.extend(volumes(await consumer.consume(2, WAIT)))
                    raise ZeroDivisionError  # before anything is sent: the embedded broker keeps it
            while len(seen) < 8:
                async with producer.transaction(consumer):
                    for message in await consumer.consume(2, WAIT):
                        seen.append(message.value.volume if message.value else -1)
                        await producer.produce(message.value, key=message.key)
            if not isinstance(stack, DevStack):  # which forgets what transactions commit
                place = TopicPartition(source, 0)
                client = consumer.synchronous.client
                [committed] = await consumer.run(lambda: client.committed([place], WAIT))
                assert committed.offset == 6

    run(main())
    assert seen == [0, 1, 0, 1, 2, 3, 4, 5]
    assert read(config, target) == [0, 1, 2, 3, 4, 5]


def test_cancelled_in_the_block(
    stack: Stack,
    transactional: Config,
    config: Config,
    bar: Callable[..., Stock],
    topic: Callable[..., str],
) -> None:
    """It aborts, and the producer goes on."""
    name = topic()

    async def main() -> None:
        async with AsyncContractProducer(transactional, record=Stock, topic=name) as producer:
            entered = asyncio.Event()

            async def stuck() -> None:
                async with producer.transaction():
                    await producer.produce(bar(volume=1))
                    entered.set()
                    await asyncio.Event().wait()

            task = asyncio.create_task(stuck())
            await entered.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            async with producer.transaction():
                await producer.produce(bar(volume=2))

    run(main())
    found = read(config, name)
    assert found[-1:] == [2]
    if not isinstance(stack, DevStack):
        assert found == [2]


def test_cancelled_as_it_begins(
    transactional: Config,
    config: Config,
    bar: Callable[..., Stock],
    topic: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The thread begins it all the same: it must not stay open, which would bar the next."""
    name = topic()

    async def main() -> None:
        async with AsyncContractProducer(transactional, record=Stock, topic=name) as producer:
            loop = asyncio.get_running_loop()
            begun, go_on = asyncio.Event(), threading.Event()
            transactions = producer._producer._transactions
            begin = transactions.begin

            def slow(timeout: float) -> None:
                begin(timeout)
                loop.call_soon_threadsafe(begun.set)
                assert go_on.wait(WAIT)

            monkeypatch.setattr(transactions, "begin", slow)
            task = asyncio.ensure_future(producer.transaction().__aenter__())
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            monkeypatch.undo()
            go_on.set()
            async with producer.transaction():
                await producer.produce(bar(volume=3))

    run(main())
    assert read(config, name) == [3]


def test_positions_of_several_consumers_go_with_one_transaction(
    stack: Stack,
    transactional: Config,
    manual: Config,
    config: Config,
    filled: Callable[..., str],
    topic: Callable[..., str],
) -> None:
    """Of two groups; after an abort the messages of both come again."""
    left, right, target = filled(3), filled(3), topic()
    seen: list[tuple[int, int]] = []

    async def main() -> None:
        async with (
            AsyncContractProducer(transactional, record=Stock, topic=target) as producer,
            AsyncContractConsumer(manual, record=Stock, topic=left, group=left) as one,
            AsyncContractConsumer(manual, record=Stock, topic=right, group=right) as other,
        ):
            for attempt in range(3):
                with contextlib.suppress(ZeroDivisionError):
                    async with producer.transaction([one, other]):
                        first, second = await one.poll(WAIT), await other.poll(WAIT)
                        assert first is not None
                        assert second is not None
                        seen.append((first.offset, second.offset))
                        if attempt == 0:
                            raise ZeroDivisionError  # the embedded broker would keep what is sent
                        await producer.produce(first.value, key=first.key)
            assert (await one.positions(), await other.positions()) == ({0: 2}, {0: 2})
            if not isinstance(stack, DevStack):  # which forgets what transactions commit
                assert (await one.committed(), await other.committed()) == ({0: 2}, {0: 2})

    run(main())
    assert seen == [(0, 0), (0, 0), (1, 1)]
    assert read(config, target) == [0, 1]


def test_two_transactions_with_the_same_consumers_do_not_wait_for_each_other(
    manual: Config, filled: Callable[..., str]
) -> None:
    """Whichever is named first; and while one runs no thread uses any of them."""
    left, right = filled(1), filled(1)
    locks = [threading.Lock(), threading.Lock()]
    calls: list[int] = []

    def using(*numbers: int) -> None:
        for number in numbers:
            assert locks[number].acquire(blocking=False)
        calls.append(threading.get_ident())
        for number in numbers:
            locks[number].release()

    both = functools.partial(using, 0, 1)

    async def main() -> None:
        async with (
            AsyncContractConsumer(manual, record=Stock, topic=left, group=left) as one,
            AsyncContractConsumer(manual, record=Stock, topic=right, group=right) as other,
        ):
            first, second = one._thread, other._thread
            for _ in range(20):
                await asyncio.gather(
                    first.run_with([second], both),
                    second.run_with([first], both),
                    first.run_with([second, first], both),
                    first.run(functools.partial(using, 0)),
                    second.run_with([], functools.partial(using, 1)),
                )

    run(main())
    assert len(calls) == 100


@pytest.mark.searching
def test_cancelled_while_a_consumer_is_busy_as_the_transaction_ends(
    transactional: Config,
    manual: Config,
    config: Config,
    filled: Callable[..., str],
    topic: Callable[..., str],
) -> None:
    """It is committed all the same, and the next one begins."""
    left, right, target = filled(2), filled(2), topic()

    async def main() -> None:
        async with (
            AsyncContractProducer(transactional, record=Stock, topic=target) as producer,
            AsyncContractConsumer(manual, record=Stock, topic=left, group=left) as one,
            AsyncContractConsumer(manual, record=Stock, topic=right, group=right) as other,
        ):
            loop = asyncio.get_running_loop()
            is_busy, go_on = asyncio.Event(), threading.Event()
            busy_task: asyncio.Task[None] | None = None

            def busy() -> None:
                loop.call_soon_threadsafe(is_busy.set)
                assert go_on.wait(WAIT)

            async def transform() -> None:
                nonlocal busy_task
                async with producer.transaction([one, other]):
                    message = await one.poll(WAIT)
                    assert message is not None
                    await producer.produce(message.value, key=message.key)
                    busy_task = asyncio.create_task(
                        max(one._thread, other._thread, key=id).run(busy)
                    )
                    await is_busy.wait()
                    loop.call_soon(task.cancel)  # when it waits for the threads

            task = asyncio.create_task(transform())
            with pytest.raises(asyncio.CancelledError):
                await task
            go_on.set()
            assert busy_task is not None
            await busy_task
            await one.positions()  # comes after what the threads were given
            async with producer.transaction([one, other]):
                message = await one.poll(WAIT)
                assert message is not None
                assert message.offset == 1
                await producer.produce(message.value, key=message.key)

    run(main())
    assert read(config, target) == [0, 1]


def test_a_closed_consumer_holds_up_no_other(
    transactional: Config, manual: Config, filled: Callable[..., str]
) -> None:
    """The transaction fails, and the others are read again."""
    names = [filled(2) for _ in range(3)]

    async def main() -> None:
        consumers = [
            AsyncContractConsumer(manual, record=Stock, topic=name, group=name) for name in names
        ]
        producer = AsyncContractProducer(transactional, record=Stock)
        with pytest.raises(ClientError, match="closed"):
            async with producer.transaction(consumers):
                await sorted(consumers, key=id)[1].close()
        first, _, last = sorted(consumers, key=id)
        assert (await first.positions(), await last.positions()) == ({}, {})
        for consumer in consumers:
            await consumer.close()
        await producer.close()

    run(main())


def test_a_zombie_is_told(
    real: Stack, transactional: Config, bar: Callable[..., Stock], topic: Callable[..., str]
) -> None:
    """Another producer with its id fences it, by the error's own class."""
    name = topic()

    async def main() -> None:
        zombie = AsyncContractProducer(transactional, record=Stock, topic=name)
        async with zombie.transaction():
            await zombie.produce(bar(volume=1))
        async with AsyncContractProducer(transactional, record=Stock, topic=name):
            with pytest.raises(ProducerFencedError):
                async with zombie.transaction():
                    await zombie.produce(bar(volume=2))
            await zombie.close()

    run(main())


def test_what_cannot_take_part(
    config: Config, transactional: Config, filled: Callable[..., str]
) -> None:
    """The synchronous producer's errors, before anything is begun."""
    name = filled(1)

    async def main() -> None:
        async with (
            AsyncContractProducer(config, record=Stock) as plain,
            AsyncContractProducer(transactional, record=Stock) as producer,
            AsyncContractConsumer(config, record=Stock, topic=name, group=name) as by_itself,
        ):
            with pytest.raises(ConfigurationError, match=r"transactional\.id"):
                async with plain.transaction():
                    pytest.fail("it has no transactions")
            with pytest.raises(ConfigurationError, match=r"enable\.auto\.commit"):
                producer.transaction(by_itself)

    run(main())


def test_a_producer_that_is_not_let_in_is_closed(
    transactional: Config, bar: Callable[..., Stock], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its block is not entered, so nobody else would close it."""

    async def main() -> None:
        producer = AsyncContractProducer(transactional, record=Stock)

        def refused(timeout: float) -> None:
            raise BrokerError("t", KafkaError(KafkaError._AUTHENTICATION))

        monkeypatch.setattr(producer._producer._transactions, "init", refused)
        with pytest.raises(BrokerError):
            async with producer:
                pytest.fail("it is not let in")
        with pytest.raises(ClientError, match="closed"):
            await producer.produce(bar())

    run(main())


def test_produce_all(config: Config, bar: Callable[..., Stock], topic: Callable[..., str]) -> None:
    """What fails is reported with its place; reports of delivery come in the event loop."""
    name = topic()
    wrong = bar(volume=1)
    object.__setattr__(wrong, "close", "10.75")
    told: list[tuple[int | None, int]] = []

    def options(value: Stock | None) -> ProduceOptions:
        def on_delivery(delivery: Delivery) -> None:
            told.append((delivery.offset, threading.get_ident()))

        return {"headers": {"n": "1"}, "on_delivery": on_delivery}

    async def main() -> None:
        async with AsyncContractProducer(config, record=Stock, topic=name) as producer:
            values = [bar(volume=0), wrong, bar(volume=2)]
            report = await producer.produce_all(iter(values), options=options)
            assert (report.delivered, report.failed) == (2, 1)
            [failure] = report.failures
            assert (failure.index, failure.value) == (1, wrong)
            assert isinstance(failure.error, MessageEncodeError)
            assert (await producer.produce_all([bar(volume=3)])).ok

    run(main())
    assert sorted(told) == [(0, threading.get_ident()), (1, threading.get_ident())]
    assert read(config, name) == [0, 2, 3]


@pytest.mark.parametrize("interval", [0.1, 0.0])
def test_produce_all_cancelled(
    config: Config,
    bar: Callable[..., Stock],
    topic: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    interval: float,
) -> None:
    """It takes no more from its iterable, and what it took is delivered.

    However often it looks whether it is to end.
    """
    monkeypatch.setattr(topic_serializer, "_SERVICE_INTERVAL", interval)
    name = topic()
    taken: list[int] = []

    async def main() -> None:
        async with AsyncContractProducer(config, record=Stock, topic=name) as producer:
            loop, begun = asyncio.get_running_loop(), asyncio.Event()

            def endless() -> Iterator[Stock]:
                for volume in itertools.count():
                    if volume == 3:
                        loop.call_soon_threadsafe(begun.set)
                    taken.append(volume)
                    yield bar(volume=volume)

            task = asyncio.create_task(producer.produce_all(endless(), max_in_flight=10))
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await producer.produce(bar(volume=-1))

    run(main())
    assert read(config, name) == [*taken, -1]


@pytest.mark.searching
def test_produce_all_cancelled_while_there_is_no_room(
    config: Config,
    bar: Callable[..., Stock],
    topic: Callable[..., str],
    streamcontract_faults: Faults,
) -> None:
    """The record that it waits with was taken too: the next call tells of it."""
    name = topic()
    taken: list[int] = []
    told: list[DeliveryError] = []

    async def main() -> None:
        properties = {**config, "queue.buffering.max.messages": 1}
        async with AsyncContractProducer(properties, record=Stock, topic=name) as producer:
            await producer.produce(bar(volume=-1))
            await producer.flush()
            streamcontract_faults.broker_down()
            loop, begun = asyncio.get_running_loop(), asyncio.Event()

            def values() -> Iterator[Stock]:
                for volume in range(5):
                    taken.append(volume)
                    if volume == 1:
                        loop.call_soon_threadsafe(begun.set)
                    yield bar(volume=volume)

            task = asyncio.create_task(producer.produce_all(values()))
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(DeliveryError) as caught:
                await producer.poll()
            told.append(caught.value)
            streamcontract_faults.broker_up()

    run(main())
    assert taken == [0, 1]
    assert read(config, name) == [-1, 0]
    assert [(error.count, error.first.key) for error in told] == [(1, b"AAPL")]
