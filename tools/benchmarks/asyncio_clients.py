"""What a message costs in asyncio, beside the same call of the synchronous clients.

The messages are there already: it is the calls that are timed, not the waits for a broker.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import attrs

from benchmarks import broker
from benchmarks.measure import Timing
from benchmarks.shapes import SHAPES
from benchmarks.tables import Table, against
from streamcontract import (
    AsyncContractConsumer,
    AsyncContractProducer,
    ContractConsumer,
    ContractProducer,
    Stock,
)
from streamcontract.devstack import DevStack

__all__ = ["tables"]

_CALLS: Final = 5_000
_BAR: Final[Any] = SHAPES[0].record

Call = Callable[[], Any]


@attrs.define
class _Pair:
    """Seconds a call of both clients takes, round by round."""

    ours: list[float] = attrs.field(factory=list)
    synchronous: list[float] = attrs.field(factory=list)


def tables(rounds: int) -> list[Table]:
    """One table."""
    pairs: dict[str, _Pair] = {}
    with DevStack(brokers=1) as stack:
        for number in range(rounds):
            topic = f"asyncio-{number}"
            stack.create_topic(topic, partitions=1)
            broker.fill(stack, SHAPES[0], topic)
            config = {
                "bootstrap.servers": stack.bootstrap_servers,
                "schema.registry.url": stack.registry_url,
            }
            asyncio.run(_consume(config, topic, pairs))
            asyncio.run(_produce(config, topic, pairs))
    return [
        Table(
            "asyncio: a message that is there, or for which there is room",
            ("", "µs", "the synchronous call: µs", "of ours"),
            tuple(_row(name, pair) for name, pair in pairs.items()),
        )
    ]


def _row(name: str, pair: _Pair) -> tuple[str, ...]:
    ours = Timing(tuple(pair.ours))
    return name, f"{ours.median * 1e6:.2f}", *against(Timing(tuple(pair.synchronous)), ours)


async def _consume(config: dict[str, Any], topic: str, pairs: dict[str, _Pair]) -> None:
    async with AsyncContractConsumer(config, record=Stock, topic=topic) as ours:
        with ContractConsumer(config, record=Stock, topic=topic) as synchronous:
            calls: dict[str, tuple[Callable[[], Awaitable[Any]], Call]] = {
                "next": (lambda: anext(ours), lambda: next(synchronous)),
                "poll": (lambda: ours.poll(5), lambda: synchronous.poll(5)),
            }
            for name, (call, other) in calls.items():
                await _time(pairs.setdefault(name, _Pair()), call, other)


async def _produce(config: dict[str, Any], topic: str, pairs: dict[str, _Pair]) -> None:
    reported = 0

    def count(_: object) -> None:
        nonlocal reported
        reported += 1

    async with AsyncContractProducer(config, record=Stock, topic=topic) as ours:
        with ContractProducer(config, record=Stock, topic=topic) as synchronous:
            calls: dict[str, tuple[Callable[[], Awaitable[Any]], Call]] = {
                "produce": (lambda: ours.produce(_BAR), lambda: synchronous.produce(_BAR)),
                "produce with on_delivery": (
                    lambda: ours.produce(_BAR, on_delivery=count),
                    lambda: synchronous.produce(_BAR, on_delivery=count),
                ),
            }
            for name, (call, other) in calls.items():
                await _time(pairs.setdefault(name, _Pair()), call, other)
                await ours.flush()
                synchronous.flush()
    if reported != 2 * (_CALLS + 1):
        raise AssertionError(f"{reported} deliveries were reported")


async def _time(pair: _Pair, call: Callable[[], Awaitable[Any]], other: Call) -> None:
    await call()
    start = time.perf_counter()
    for _ in range(_CALLS):
        await call()
    pair.ours.append((time.perf_counter() - start) / _CALLS)
    other()
    start = time.perf_counter()
    for _ in range(_CALLS):
        other()
    pair.synchronous.append((time.perf_counter() - start) / _CALLS)
