"""The thread of the asyncio clients: calls take turns, and a cancelled one is settled."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from streamcontract.kafka.aio.worker import Interrupted, Worker

if TYPE_CHECKING:
    from concurrent.futures import Future

WAIT = 30.0


def test_a_worker_is_idle_only_when_all_calls_are_over() -> None:
    """Between two calls that take turns it is not, at any turn of the loop."""

    async def main() -> None:
        worker = Worker("test")
        seen = [worker.is_idle]
        go_on = threading.Event()
        calls = [asyncio.create_task(worker.run(lambda: go_on.wait(WAIT))) for _ in range(5)]
        await asyncio.sleep(0)
        go_on.set()
        while not all(call.done() for call in calls):
            seen.append(worker.is_idle)
            await asyncio.sleep(0)
        seen.append(worker.is_idle)
        assert (seen[0], any(seen[1:-1]), seen[-1]) == (True, False, True)
        await worker.finish(list)

    asyncio.run(main())


def test_a_call_that_never_began_leaves_the_thread_as_busy_as_it_was() -> None:
    """Cancelled behind a call that the thread is still at, though nobody waits for that either."""

    async def run() -> None:
        worker, released = Worker("test"), threading.Event()
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()

        def busy() -> None:
            loop.call_soon_threadsafe(begun.set)
            released.wait()

        first = asyncio.ensure_future(worker.run(busy))
        await begun.wait()
        second = asyncio.ensure_future(worker.run(lambda: None))
        for cancelled in (first, second):
            cancelled.cancel()
            await asyncio.wait([cancelled])
        seen = [worker.is_idle]
        released.set()
        await worker.settled()
        seen.append(worker.is_idle)
        assert seen == [False, True]
        await worker.finish(lambda: None)

    asyncio.run(run())


def test_a_cancelled_call_is_settled_before_the_next() -> None:
    """The one that runs ends at its next check; the one that waits for its turn never begins."""
    events: list[str] = []

    def settle(future: Future[None]) -> None:
        events.append(f"settled {type(future.exception()).__name__}")

    async def main() -> None:
        worker = Worker("test")
        loop = asyncio.get_running_loop()
        begun = asyncio.Event()

        def wait() -> None:
            loop.call_soon_threadsafe(begun.set)
            while True:
                worker.check()

        running = asyncio.create_task(worker.run(wait, settle=settle))
        await begun.wait()
        waiting = asyncio.create_task(worker.run(lambda: events.append("never"), settle=settle))
        after = asyncio.create_task(worker.run(lambda: events.append("after")))
        await asyncio.sleep(0)
        assert running.cancel()
        assert waiting.cancel()
        await after
        assert running.cancelled()
        assert waiting.cancelled()
        worker.stop_waiting()
        with pytest.raises(Interrupted):
            await worker.run(list)
        await worker.finish(lambda: events.append("finished"))

    asyncio.run(asyncio.wait_for(main(), WAIT))
    assert events == ["settled Interrupted", "after", "finished"]


def test_what_a_cancelled_call_left_can_be_waited_for() -> None:
    """Until it is settled, and not longer; who gives up waiting for that leaves it alone."""
    events: list[str] = []

    async def main() -> None:
        worker = Worker("test")
        loop = asyncio.get_running_loop()
        begun, go_on = asyncio.Event(), threading.Event()
        await worker.settled()

        def work() -> None:
            loop.call_soon_threadsafe(begun.set)
            assert go_on.wait(WAIT)

        running = asyncio.create_task(worker.run(work, settle=lambda _: events.append("settled")))
        await begun.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert not worker.is_settled
        impatient, patient = (asyncio.create_task(worker.settled()) for _ in range(2))
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.gather(impatient, return_exceptions=True)
        assert (events, patient.done()) == ([], False)
        go_on.set()
        await patient
        assert (events, worker.is_settled) == (["settled"], True)
        await worker.finish(list)

    asyncio.run(main())
