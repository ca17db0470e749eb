"""The producer for asyncio: records in order, no failure lost, the event loop never held up."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import gc
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.kafka.bars import volumes
from tests.searching import examples

from streamcontract import AsyncContractProducer, SchemaRegistry, Stock, StockConsumer
from streamcontract.errors import ClientError
from streamcontract.kafka import (
    BrokerError,
    Delivery,
    DeliveryError,
    Message,
    MessageEncodeError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from streamcontract.devstack import DevStack

Config = dict[str, Any]
WAIT = 30.0
NOON = dt.datetime(2026, 5, 4, 12, tzinfo=dt.timezone.utc)


@pytest.fixture
def nowhere(config: Config) -> Config:
    """Properties of a broker that is not there, and little patience with it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    return {**config, "bootstrap.servers": f"127.0.0.1:{port}", "message.timeout.ms": 200}


def read(config: Config, topic: str) -> list[Message[Stock]]:
    """All messages of a topic of bars."""
    with StockConsumer(config, topic=topic) as consumer:
        return list(consumer.until_end())


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run with an end in sight."""

    async def bounded() -> None:
        await asyncio.wait_for(main, 2 * WAIT)

    asyncio.run(bounded())


def test_a_record_arrives_with_all_that_was_said(
    config: Config, bar: Callable[..., Stock], topic: Callable[..., str]
) -> None:
    """The options are those of the synchronous producer; a report comes in the event loop."""
    name = topic(partitions=3)
    reports: list[tuple[Delivery, int]] = []

    async def main() -> None:
        async with AsyncContractProducer(config, record=Stock, topic=name) as producer:
            await producer.produce(
                bar("MSFT"),
                headers={"trace": "1"},
                timestamp=NOON,
                partition=2,
                on_delivery=lambda report: reports.append((report, threading.get_ident())),
            )
            assert await producer.flush() == 0
            assert len(reports) == 1  # before flush returns
            await producer.produce(None, key="MSFT", partition=2)
            with pytest.raises(MessageEncodeError, match="tombstone"):
                await producer.produce(None)  # type: ignore[call-overload]

    run(main())
    first, tombstone = read(config, name)
    assert (first.value, first.key, first.partition) == (bar("MSFT"), "MSFT", 2)
    assert (first.headers, first.timestamp) == ([("trace", b"1")], NOON)
    assert tombstone.is_tombstone
    [(report, thread)] = reports
    assert (report.ok, report.partition, report.offset) == (True, 2, 0)
    assert thread == threading.get_ident()


def test_records_keep_the_order_of_the_calls(
    config: Config, bar: Callable[..., Stock], topic: Callable[..., str]
) -> None:
    """Through a queue that is full most of the time, and with options now and then."""
    name = topic()
    config = {**config, "queue.buffering.max.messages": 20}

    async def main() -> None:
        async with AsyncContractProducer(config, record=Stock, topic=name) as producer:
            for volume in range(600):
                if volume % 7:
                    await producer.produce(bar(volume=volume))
                else:
                    await producer.produce(bar(volume=volume), headers={"n": str(volume)})

    run(main())
    assert volumes(read(config, name)) == list(range(600))


def test_calls_that_are_gathered_are_queued_in_their_order(
    config: Config, bar: Callable[..., Stock], topic: Callable[..., str]
) -> None:
    """Those that need no waiting do not overtake those that were left to the thread."""
    name = topic()

    async def main() -> None:
        async with AsyncContractProducer(config, record=Stock, topic=name) as producer:
            await producer.produce(bar(volume=0))  # asks the registry
            await asyncio.gather(
                *(
                    producer.produce(bar(volume=n))
                    if n % 5
                    else producer.produce(bar(volume=n), headers={"n": str(n)})
                    for n in range(1, 51)
                )
            )

    run(main())
    assert volumes(read(config, name)) == list(range(51))


def test_the_event_loop_goes_on_while_the_registry_stalls(
    embedded_stack: DevStack,
    config: Config,
    bar: Callable[..., Stock],
    topic: Callable[..., str],
) -> None:
    """The loop itself lets the registry go; what was cancelled meanwhile is not in the way."""
    name = topic()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        met, go_on = asyncio.Event(), threading.Event()

        def stall(_: object) -> None:
            loop.call_soon_threadsafe(met.set)
            assert go_on.wait(WAIT)

        async with AsyncContractProducer(config, record=Stock, topic=name) as producer:
            embedded_stack.registry.before = stall
            try:
                running = asyncio.create_task(producer.produce(bar(volume=1)))
                await met.wait()
                waiting = asyncio.create_task(producer.produce(bar(volume=2)))
                last = asyncio.create_task(producer.produce(bar(volume=3)))
                await asyncio.sleep(0)
                assert running.cancel()
                assert waiting.cancel()
                cancelled = await asyncio.gather(running, waiting, return_exceptions=True)
                assert [type(each) for each in cancelled] == [asyncio.CancelledError] * 2
            finally:
                embedded_stack.registry.before = None
                go_on.set()
            await last

    run(main())
    # The first was with the thread, so it may have been queued; the second was not.
    assert volumes(read(config, name)) in ([3], [1, 3])


@given(steps=st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 6)), max_size=30))
@settings(max_examples=examples(10), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_cancelled_record_is_queued_or_not_and_no_other_is_touched(
    config: Config,
    registry: SchemaRegistry,
    bar: Callable[..., Stock],
    topic: Callable[..., str],
    steps: list[tuple[bool, bool, int]],
) -> None:
    """Every record that was not cancelled arrives once, and all that arrive are in order."""
    name = topic()

    async def main(sure: list[int]) -> None:
        async with AsyncContractProducer(
            {**config, "queue.buffering.max.messages": 3},
            record=Stock,
            topic=name,
            registry=registry,
        ) as producer:
            for volume, (with_headers, is_cancelled, turns) in enumerate(steps):
                task = asyncio.create_task(
                    producer.produce(bar(volume=volume), headers={"a": "b"})
                    if with_headers
                    else producer.produce(bar(volume=volume))
                )
                if is_cancelled:
                    for _ in range(turns):
                        await asyncio.sleep(0)
                    task.cancel()
                [outcome] = await asyncio.gather(task, return_exceptions=True)
                if outcome is None:
                    sure.append(volume)

    sure: list[int] = []
    run(main(sure))
    arrived = volumes(read(config, name))
    assert arrived == sorted(set(arrived))
    assert set(sure) <= set(arrived)


def test_failures_are_told_by_flush_and_by_close(
    nowhere: Config, bar: Callable[..., Stock]
) -> None:
    """An undelivered message is an error, once."""

    async def main() -> None:
        producer = AsyncContractProducer(nowhere, record=Stock)
        await producer.produce(bar())
        with pytest.raises(DeliveryError, match="1 message was not delivered"):
            await producer.flush(-1)
        assert await producer.flush() == 0
        await producer.produce(bar())
        with pytest.raises(DeliveryError, match="1 message was not delivered"):
            await producer.close()
        with pytest.raises(ClientError, match="closed"):
            await producer.produce(bar())

    run(main())


@pytest.mark.searching
def test_a_failure_that_a_cancelled_call_met_is_told_by_the_next(
    nowhere: Config, bar: Callable[..., Stock]
) -> None:
    """The thread hears of failed deliveries for a task that is gone: the next call tells."""

    async def main() -> None:
        # Long enough for all three calls to be made before the first message fails.
        config = {**nowhere, "queue.buffering.max.messages": 2, "message.timeout.ms": 2000}

        def cancel(_: Delivery) -> None:
            waiting.cancel()

        async with AsyncContractProducer(config, record=Stock) as producer:
            # Both fail together. The report of the first cancels the call that hears of both.
            await producer.produce(bar(), on_delivery=cancel)
            await producer.produce(bar())
            waiting = asyncio.create_task(producer.produce(bar()))  # for room in the queue
            with pytest.raises(asyncio.CancelledError):
                await waiting
            with pytest.raises(DeliveryError, match="1 message was not delivered"):
                await producer.flush()

    run(main())


def test_a_cancelled_flush_keeps_nobody_waiting(nowhere: Config, bar: Callable[..., Stock]) -> None:
    """It would wait for minutes; the calls behind it do not."""

    async def main() -> None:
        config = {**nowhere, "message.timeout.ms": 300_000}
        producer = AsyncContractProducer(config, record=Stock)
        await producer.produce(bar())
        flushing = asyncio.create_task(producer.flush())
        await asyncio.sleep(0)
        assert flushing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await flushing
        assert await producer.flush(0) == 1
        await producer.poll(0)  # it may serve what librdkafka says of the brokers
        with pytest.raises(DeliveryError, match="1 message was not delivered"):
            await producer.close(0)
        await producer.close()

    run(main())


def test_other_tasks_have_their_turn(
    config: Config, bar: Callable[..., Stock], topic: Callable[..., str]
) -> None:
    """A task that produces without a pause leaves room for others every few hundred records."""
    name = topic()

    async def main() -> None:
        produced = 0
        gaps: list[int] = []

        async def produce() -> None:
            nonlocal produced
            async with AsyncContractProducer(config, record=Stock, topic=name) as producer:
                for produced in range(1, 3001):  # noqa: B007 - read by the other task
                    await producer.produce(bar())

        producing = asyncio.create_task(produce())
        while not producing.done():
            before = produced
            await asyncio.sleep(0)
            gaps.append(produced - before)
        await producing
        assert max(gaps) <= 300

    run(main())


def test_brokers_that_do_not_let_the_client_in_end_a_flush(
    embedded_stack: DevStack, bar: Callable[..., Stock]
) -> None:
    """The embedded brokers know no SASL: the error says so long before deliveries time out."""
    config = {
        "bootstrap.servers": embedded_stack.bootstrap_servers,
        "schema.registry.url": embedded_stack.registry_url,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "somebody",
        "sasl.password": "anything",
    }

    async def main() -> None:
        producer = AsyncContractProducer(config, record=Stock)
        is_queued = False
        while not is_queued:
            # Connecting goes on meanwhile: a refusal that was heard already is told here.
            with contextlib.suppress(BrokerError):
                await producer.produce(bar())
                is_queued = True
        with pytest.raises(BrokerError, match="SASL Handshake not supported"):
            await producer.flush()
        with pytest.raises((BrokerError, DeliveryError)):
            await producer.close(0)

    run(main())


@pytest.mark.searching
def test_a_forgotten_producer_warns_by_its_own_name(config: Config) -> None:
    """Not by that of the synchronous one inside it."""
    named = "AsyncContractProducer was not closed"
    with pytest.warns(ResourceWarning, match=named):  # noqa: PT031 - other resources warn as well
        producer = AsyncContractProducer(config, record=Stock)
        producer._producer._resources.close()
        del producer
        gc.collect()
