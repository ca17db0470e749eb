"""asyncio's calls cancelled at every suspension: nothing is lost, and nothing committed early.

A call waits for the consumer's thread. It is cancelled where it suspends: at once, when what it
waits for has just come, and when the thread is at each of its calls of the client.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import threading
import types
from typing import TYPE_CHECKING, Any, Final, Literal

import pytest
from tests.kafka.applications import Account, Way
from tests.kafka.scripted_broker import StuckError
from tests.kafka.scripted_client import script

from streamcontract import AsyncContractConsumer, Stock
from streamcontract.kafka import MessageDecodeError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Iterable

    from tests.kafka.scripted_broker import ScriptedBroker

PATIENCE: Final = 10.0
LONGEST: Final = 300.0
_CALLS: Final = 200

When = Literal["suspended", "done", "in the thread"]
"""When a call is cancelled: as soon as it suspends, when what it waits for has come and before it
goes on, or while its thread is at a call of the client."""

WAYS: Final = [
    Way("next"),
    Way("poll", poison="dead letters"),
    Way("consume", poison="skip"),
    Way("consume", group=False),
    Way("until_end", poison="raise"),
]


class Cancellations:
    """Cancels calls at the places with some numbers.

    Attributes:
        count: How many places were met.
    """

    def __init__(self, broker: ScriptedBroker, when: When, at: tuple[int, ...]) -> None:
        self._when = when
        self._at = at
        self._task: asyncio.Task[Any] | None = None
        self._numbers = itertools.count()
        self.count = 0
        if when == "in the thread":
            broker.on_call = self._on_call

    async def call(self, awaitable: Callable[[], Awaitable[Any]]) -> Any:
        """Make a call in a task of its own."""
        self._task = asyncio.ensure_future(self._watched(awaitable))
        return await self._task

    def _is_next(self) -> bool:
        number = next(self._numbers)
        self.count = number + 1
        return number in self._at

    async def _watched(self, awaitable: Callable[[], Awaitable[Any]]) -> Any:
        return await self._driven(awaitable().__await__())

    @types.coroutine
    def _driven(self, steps: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """What a coroutine does, with a look at each of its suspensions."""
        step: Callable[[], Any] = lambda: next(steps)  # noqa: E731 - another one each time
        while True:
            try:
                awaited = step()
            except StopIteration as end:
                return end.value
            self._on_suspension(awaited)
            try:
                sent = yield awaited
            except BaseException as error:  # noqa: BLE001 - it is thrown into the coroutine
                step = lambda error=error: steps.throw(error)  # type: ignore[misc] # noqa: E731 - likewise
            else:
                step = lambda sent=sent: steps.send(sent)  # type: ignore[misc] # noqa: E731 - likewise

    def _on_suspension(self, awaited: Any) -> None:
        task = self._task
        assert task is not None
        if self._when == "suspended" and self._is_next():
            asyncio.get_running_loop().call_soon(task.cancel)
        # Added before the task's own callback, which wakes it up.
        elif self._when == "done" and asyncio.isfuture(awaited) and self._is_next():
            awaited.add_done_callback(lambda _: task.cancel())

    def _on_call(self, *_: str) -> None:
        """In the consumer's thread, which waits there until the call is cancelled."""
        task = self._task
        if threading.current_thread() is threading.main_thread() or task is None:
            return
        if self._is_next() and not task.done():
            cancelled = threading.Event()

            def cancel() -> None:
                task.add_done_callback(lambda _: cancelled.set())
                task.cancel()

            task.get_loop().call_soon_threadsafe(cancel)
            cancelled.wait(PATIENCE)


class Application:
    """Reads a topic to its end with one call cancelled."""

    def __init__(self, way: Way, broker: ScriptedBroker, cancellations: Cancellations) -> None:
        self._way = way
        self._cancellations = cancellations
        self._account = Account(way, broker)
        self._calls = 0

    async def run(self) -> None:
        """Read all, close, and check."""
        options = self._account.options(self._account.skips)
        consumer = AsyncContractConsumer[Stock](**options)
        calls: dict[str, Callable[[], Awaitable[Any]]] = {
            "next": lambda: anext(consumer),
            "poll": lambda: consumer.poll(0.05),
            "consume": lambda: consumer.consume(3, 0.05),
        }
        while self._account.missing() and self._calls < _CALLS:
            if self._way.how == "until_end":
                following = functools.partial(anext, consumer.until_end(5), None)
                while await self._once(consumer, following):
                    pass
                if not self._account.faults and (left := self._account.to_come()):
                    self._account.faults.append(f"until_end ended without {sorted(left)}")
            else:
                how = self._way.how if self._account.to_come() else "poll"
                await self._once(consumer, calls[how])
        self._account.asks(consumer)
        await self._close(consumer)
        self._account.check(closed_at_once=True)

    async def _once(
        self, consumer: AsyncContractConsumer[Stock], call: Callable[[], Awaitable[Any]]
    ) -> bool:
        self._calls += 1
        self._account.asks(consumer)
        try:
            found = await self._cancellations.call(call)
        except asyncio.CancelledError:
            return self._calls < _CALLS
        except MessageDecodeError as error:
            self._account.hears(error)
            return True
        return self._account.gets(consumer, found)

    async def _close(self, consumer: AsyncContractConsumer[Stock]) -> None:
        while True:
            try:
                await self._cancellations.call(consumer.close)
            except asyncio.CancelledError:  # noqa: PERF203 - it is what is tested
                pass
            else:
                return


def attempt(way: Way, when: When, at: tuple[int, ...]) -> tuple[int, str]:
    """One run: how many places it met, and what did not hold."""
    with pytest.MonkeyPatch.context() as patch:
        broker = script(patch)
        broker.clock.end = broker.clock.now + LONGEST
        cancellations = Cancellations(broker, when, at)
        try:
            asyncio.run(Application(way, broker, cancellations).run())
        except (Exception, StuckError) as error:  # noqa: BLE001 - whatever it is, it is reported
            return cancellations.count, f"{type(error).__name__}: {error}".splitlines()[0]
    return cancellations.count, ""


def try_all(way: Way, when: When, choices: Iterable[tuple[int, ...]]) -> None:
    """A run for each choice of places; all that fail are reported."""
    failed = [f"{at}: {fault}" for at in choices if (fault := attempt(way, when, at)[1])]
    if failed:
        pytest.fail("\n".join(failed), pytrace=False)


def places(way: Way, when: When) -> range:
    """The numbers of the places that a run comes by."""
    count, fault = attempt(way, when, ())
    assert not fault, fault
    return range(count)


@pytest.mark.parametrize("when", ["suspended", "done", "in the thread"])
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_cancelled_call_loses_nothing(way: Way, when: When) -> None:
    """At every place of that kind, one run for each."""
    try_all(way, when, ((at,) for at in places(way, when)))


@pytest.mark.searching
@pytest.mark.parametrize("when", ["suspended", "done", "in the thread"])
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_two_cancelled_calls_lose_nothing(way: Way, when: When) -> None:
    """At every two places of that kind."""
    try_all(way, when, itertools.combinations(places(way, when), 2))
