"""The consumer for asyncio: the promises of the synchronous one, and cancelling loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
from typing import TYPE_CHECKING, Any

import confluent_kafka
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.kafka.bars import volumes
from tests.searching import examples

from streamcontract import (
    AsyncContractConsumer,
    SchemaRegistry,
    Stock,
    StockConsumer,
)
from streamcontract.errors import ArgumentError, ClientError
from streamcontract.kafka import MessageDecodeError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from streamcontract.devstack import DevStack
    from streamcontract.kafka import Message

Config = dict[str, Any]
WAIT = 30.0


@contextlib.asynccontextmanager
async def stalled(stack: DevStack) -> AsyncIterator[tuple[asyncio.Event, threading.Event]]:
    """A registry that stalls: an event that says so, and one that lets it go on."""
    loop = asyncio.get_running_loop()
    met, go_on = asyncio.Event(), threading.Event()

    def stall(_: object) -> None:
        loop.call_soon_threadsafe(met.set)
        assert go_on.wait(WAIT)

    stack.registry.before = stall
    try:
        yield met, go_on
    finally:
        stack.registry.before = None
        go_on.set()


async def cancel(task: asyncio.Task[Any]) -> None:
    """Cancel a task that was not done, and see that it is cancelled."""
    assert task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run with an end in sight."""

    async def bounded() -> None:
        await asyncio.wait_for(main, 2 * WAIT)

    asyncio.run(bounded())


def test_iteration_poll_and_consume_share_one_place(
    config: Config, filled: Callable[..., str]
) -> None:
    """Whichever is awaited, the next message is the next message."""

    async def main() -> None:
        async with AsyncContractConsumer(config, record=Stock, topic=filled(6)) as consumer:
            first = await consumer.__anext__()
            second = await consumer.poll(WAIT)
            assert second is not None
            batch = await consumer.consume(2, WAIT)
            rest = [message async for message in consumer.until_end()]
            assert volumes([first, second, *batch, *rest]) == [0, 1, 2, 3, 4, 5]
            assert await consumer.poll(0) is None
            await consumer.seek(0, 4)
            assert volumes([message async for message in consumer.until_end()]) == [4, 5]
            assert await consumer.positions() == {0: 6}
            assert await consumer.assignment() == (0,)

    run(main())


def test_the_event_loop_goes_on_while_the_registry_stalls(
    embedded_stack: DevStack, config: Config, filled: Callable[..., str]
) -> None:
    """The registry is let go by the loop itself, which therefore cannot be waiting for it."""
    name = filled(1)

    async def main() -> None:
        async with (
            AsyncContractConsumer(config, record=Stock, topic=name) as consumer,
            stalled(embedded_stack) as (met, go_on),
        ):
            task = asyncio.create_task(consumer.poll(WAIT))
            await met.wait()
            assert not task.done()
            go_on.set()
            message = await task
            assert message is not None
            assert volumes([message]) == [0]

    run(main())


def test_remaining_partitions(config: Config, filled: Callable[..., str]) -> None:
    """A message counts as read when the next one is asked for."""

    async def main() -> None:
        async with AsyncContractConsumer(config, record=Stock, topic=filled(2)) as consumer:
            until_end = consumer.until_end()
            found = [(message.offset, await until_end.remaining()) async for message in until_end]
            assert found == [(0, {0: (None, 2)}), (1, {0: (1, 2)})]
            assert await until_end.remaining() == {}

    run(main())


@pytest.mark.parametrize("method", ["poll", "consume", "__anext__", "until_end"])
def test_what_arrives_for_a_cancelled_call_is_given_by_the_next(
    embedded_stack: DevStack, config: Config, filled: Callable[..., str], method: str
) -> None:
    """The thread takes the message after the cancellation; the next call still gives it."""
    name = filled(3)

    async def main() -> None:
        async with AsyncContractConsumer(config, record=Stock, topic=name) as consumer:
            until_end = consumer.until_end()
            call: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
                "poll": consumer.poll,
                "consume": lambda: consumer.consume(2),
                "__anext__": consumer.__anext__,
                "until_end": until_end.__anext__,
            }
            async with stalled(embedded_stack) as (met, go_on):
                task = asyncio.create_task(call[method]())
                await met.wait()
                await cancel(task)
                go_on.set()
            assert volumes([message async for message in until_end]) == [0, 1, 2]

    run(main())


def test_what_a_cancelled_call_took_is_not_committed(
    embedded_stack: DevStack,
    config: Config,
    quick_group: Config,
    filled: Callable[..., str],
) -> None:
    """The consumer is closed while its thread holds the message: the group gets it again."""
    name = filled(2)
    config = {**config, **quick_group}

    async def main() -> None:
        consumer = AsyncContractConsumer(config, record=Stock, topic=name, group=name)
        async with stalled(embedded_stack) as (met, go_on):
            task = asyncio.create_task(consumer.poll())
            await met.wait()
            await cancel(task)
            closing = asyncio.create_task(consumer.close())
            go_on.set()
            await closing

    run(main())
    with StockConsumer(config, topic=name, group=name) as consumer:
        assert volumes(list(consumer.until_end())) == [0, 1]


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["poll", "consume", "until_end"]), st.integers(0, 12)),
        max_size=12,
    )
)
@settings(max_examples=examples(15), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cancelling_at_any_point_loses_nothing(
    config: Config,
    registry: SchemaRegistry,
    cancellable: str,
    steps: list[tuple[str, int]],
) -> None:
    """Calls are cancelled after some turns of the loop: all messages come, once and in order."""

    async def main() -> None:
        got: list[Message[Stock]] = []
        async with AsyncContractConsumer(
            config, record=Stock, topic=cancellable, registry=registry
        ) as consumer:
            until_end = consumer.until_end()
            got.append(await consumer.__anext__())  # from here on messages are at hand

            async def call(method: str) -> None:
                if method == "consume":
                    got.extend(await consumer.consume(3, 0))
                elif method == "poll":
                    message = await consumer.poll(0)
                    got.extend([message] if message is not None else [])
                else:
                    with contextlib.suppress(StopAsyncIteration):
                        got.append(await until_end.__anext__())

            for method, turns in steps:
                task = asyncio.create_task(call(method))
                for _ in range(turns):
                    # Long enough for the thread to come to any point of its call.
                    await asyncio.sleep(0.0001)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            got.extend([message async for message in until_end])
        assert volumes(got) == list(range(40))

    run(main())


@pytest.fixture
def cancellable(filled: Callable[..., str]) -> str:
    """One topic for all examples, none of which changes it."""
    return filled(40)


def test_poison_of_a_cancelled_call_is_told_by_the_next(
    embedded_stack: DevStack, config: Config, filled: Callable[..., str]
) -> None:
    """An error is as little lost as a message."""
    name = filled(1)
    producer = confluent_kafka.Producer({"bootstrap.servers": config["bootstrap.servers"]})
    unknown = b"\x00\x7f\xff\xff\xff"
    producer.produce(name, unknown, b"AAPL")
    assert producer.flush(WAIT) == 0

    async def main() -> None:
        async with AsyncContractConsumer(config, record=Stock, topic=name) as consumer:
            assert await consumer.poll(WAIT) is not None
            async with stalled(embedded_stack) as (met, go_on):
                task = asyncio.create_task(consumer.poll())
                await met.wait()
                await cancel(task)
                go_on.set()
            with pytest.raises(MessageDecodeError) as caught:
                await consumer.poll(WAIT)
            assert caught.value.offset == 1

    run(main())


def test_tasks_take_turns(config: Config, filled: Callable[..., str]) -> None:
    """Each message goes to one task only."""
    name = filled(20)

    async def main() -> None:
        async with AsyncContractConsumer(config, record=Stock, topic=name) as consumer:
            found = await asyncio.gather(*(consumer.poll(WAIT) for _ in range(20)))
            assert volumes([each for each in found if each is not None]) == list(range(20))

    run(main())


def test_an_error_in_the_block_leaves_the_message_in_hand(
    config: Config, quick_group: Config, filled: Callable[..., str]
) -> None:
    """What was not worked on to its end comes again, as with the synchronous consumer."""
    name = filled(3)
    config = {**config, **quick_group}

    async def main() -> None:
        async with AsyncContractConsumer(config, record=Stock, topic=name, group=name) as consumer:
            assert await consumer.poll(WAIT) is not None
            assert await consumer.poll(WAIT) is not None
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(main())
    with StockConsumer(config, topic=name, group=name) as consumer:
        assert volumes(list(consumer.until_end())) == [1, 2]


def test_close_ends_a_wait(config: Config, filled: Callable[..., str]) -> None:
    """A task that waits for a message learns that there will be none, and so does the next."""
    name = filled(1)

    async def main() -> None:
        consumer = AsyncContractConsumer(config, record=Stock, topic=name)
        assert await consumer.poll(WAIT) is not None
        task = asyncio.create_task(consumer.poll())
        await asyncio.sleep(0)
        await consumer.close()
        await consumer.close()
        with pytest.raises(ClientError, match="closed"):
            await task
        with pytest.raises(ClientError, match="closed"):
            await consumer.consume()

    run(main())


def test_partitions_are_paused_committed_and_followed(
    config: Config, quick_group: Config, filled: Callable[..., str]
) -> None:
    """As with the synchronous consumer, which is what the callbacks get, in its own thread."""
    name = filled(3, partitions=2)
    config = {**config, **quick_group, "enable.auto.commit": False}
    revoked: list[tuple[int, ...]] = []

    def on_assign(consumer: StockConsumer, partitions: tuple[int, ...]) -> None:
        consumer.pause([number for number in partitions if number == 0])

    def on_revoke(consumer: StockConsumer, partitions: tuple[int, ...]) -> None:
        consumer.commit()
        revoked.append(partitions)

    async def main() -> None:
        async with AsyncContractConsumer(
            config,
            record=Stock,
            topic=name,
            group=name,
            on_assign=on_assign,
            on_revoke=on_revoke,
            start={1: 1},
        ) as consumer:
            found = [each async for each in consumer.until_end()]
            assert [(each.partition, each.offset) for each in found] == [(1, 1), (1, 2)]
            assert await consumer.paused() == (0,)
            await consumer.resume([0])
            assert volumes([each async for each in consumer.until_end()]) == [0, 1, 2]
            await consumer.pause([1])
            assert await consumer.paused() == (1,)
            assert await consumer.committed() == {0: None, 1: None}
            assert await consumer.commit(offsets={0: 1}) == {0: 1}
            assert await consumer.committed([0]) == {0: 1}

    run(main())
    assert sorted(number for partitions in revoked for number in partitions) == [0, 1]
    with StockConsumer(config, topic=name, group=name) as consumer:
        assert consumer.committed([0, 1]) == {0: 3, 1: 3}


def test_a_wrong_argument_is_refused_before_the_thread_is_asked(config: Config) -> None:
    """It cannot be an error of the call after one that was cancelled."""

    async def main() -> None:
        async with AsyncContractConsumer(config, record=Stock) as consumer:
            for call in (
                consumer.consume(-1),
                consumer.consume(timeout=math.nan),
                consumer.consume_batch(timeout=math.nan),
                consumer.poll(math.nan),
            ):
                with pytest.raises(ArgumentError):
                    call.send(None)  # without a wait, in which it could be cancelled

    run(main())
