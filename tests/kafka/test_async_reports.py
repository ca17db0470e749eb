"""Delivery reports in the event loop: all of them, in order, before what their thread says next."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streamcontract.kafka.aio.reports import Reports
from streamcontract.kafka.message import Delivery


def delivery(offset: int) -> Delivery:
    """A report that can be told from others."""
    return Delivery("topic", 0, offset)


@given(st.lists(st.integers(1, 300), min_size=1, max_size=5))
def test_all_are_called_before_what_comes_later(counts: list[int]) -> None:
    """However many come, in as many bursts; the last thing that the thread says is the end."""

    async def run() -> list[int | None]:
        loop = asyncio.get_running_loop()
        reports, over = Reports(loop), loop.create_future()
        told: list[int | None] = []
        tell = reports.to(lambda each: told.append(each.offset))

        def serve() -> None:
            for burst, count in enumerate(counts):
                for index in range(count):
                    tell(delivery(burst * 1_000 + index))
            loop.call_soon_threadsafe(over.set_result, None)

        thread = threading.Thread(target=serve)
        thread.start()
        await over
        seen = list(told)
        thread.join()
        return seen

    expected = [
        burst * 1_000 + index for burst, count in enumerate(counts) for index in range(count)
    ]
    assert asyncio.run(run()) == expected


def test_the_loop_is_woken_once_for_many() -> None:
    """For all that come before it has a turn; and again for those that come after."""

    async def run() -> int:
        loop = asyncio.get_running_loop()
        woken = 0
        wake = loop.call_soon_threadsafe

        def count(*arguments: Any, **options: Any) -> Any:
            nonlocal woken
            woken += 1
            return wake(*arguments, **options)

        loop.call_soon_threadsafe = count  # type: ignore[method-assign, assignment]
        told: list[Delivery] = []
        tell = Reports(loop).to(told.append)
        for turn in (1, 2):
            for offset in range(100):
                tell(delivery(offset))
            await asyncio.sleep(0)
            assert len(told) == turn * 100
        return woken

    assert asyncio.run(run()) == 2


def test_what_one_raises_goes_to_the_loop_and_keeps_no_other_from_being_called() -> None:
    """As if each were a callback of the loop."""

    async def run() -> tuple[list[str], list[int | None]]:
        loop = asyncio.get_running_loop()
        raised: list[str] = []
        loop.set_exception_handler(lambda _, context: raised.append(str(context["exception"])))
        told: list[int | None] = []

        def fail(_: Delivery) -> None:
            raise RuntimeError("no")

        reports = Reports(loop)
        reports.to(fail)(delivery(1))
        reports.to(lambda each: told.append(each.offset))(delivery(2))
        await asyncio.sleep(0)
        return raised, told

    assert asyncio.run(run()) == (["no"], [2])
