"""What a slow handler's consumer pays for being heard of: a call that comes late, and one at once.

The same calls of a consumer of bytes stand beside them.

Only the calls are timed. The handler is a sleep between them, longer than the consumer goes without
calling librdkafka.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Final

from benchmarks import broker
from benchmarks.shapes import SHAPES
from benchmarks.tables import Table
from streamcontract import ContractConsumer
from streamcontract.devstack import DevStack

__all__ = ["tables"]

_CALLS: Final = 100
_HANDLER_SECONDS: Final = 0.03

OURS, RAW = "streamcontract, poll()", "raw bytes, poll()"


def tables(rounds: int) -> list[Table]:
    """One table, of the first shape."""
    shape = SHAPES[0]
    late: dict[str, list[float]] = {OURS: [], RAW: []}
    at_once: dict[str, list[float]] = {OURS: [], RAW: []}
    with DevStack(brokers=1) as stack:
        config = {
            "bootstrap.servers": stack.bootstrap_servers,
            "schema.registry.url": stack.registry_url,
        }
        for round_ in range(rounds):
            topic = f"liveness-{round_}"
            stack.create_topic(topic, partitions=3)
            broker.fill(stack, shape, topic)
            raw = broker.raw_consumer(stack, topic)
            with ContractConsumer[object](
                config, topic=topic, record=type(shape.record), group=f"{topic}-ours"
            ) as ours:
                for name, poll in ((OURS, ours.poll), (RAW, raw.poll)):
                    _call(poll, 0)
                    late[name] += _call(poll, _HANDLER_SECONDS)
                    at_once[name] += _call(poll, 0)
            raw.close()
    return [
        Table(
            f"a slow handler: {shape.name}, one call",
            ("", f"µs, {_HANDLER_SECONDS * 1000:.0f} ms after the last one", "µs, at once"),
            tuple(
                (name, *(f"{statistics.median(each[name]) * 1e6:.1f}" for each in (late, at_once)))
                for name in (OURS, RAW)
            ),
        )
    ]


def _call(poll: Callable[[float], object], pause: float) -> list[float]:
    """Seconds that each of some calls takes that give a message."""
    taken: list[float] = []
    while len(taken) < _CALLS:
        time.sleep(pause)  # the handler
        start = time.perf_counter()
        found = poll(10.0)
        if found is not None:
            taken.append(time.perf_counter() - start)
    return taken
