"""What OpenTelemetry costs a client that asks for it, and one that does not.

Spans and measurements go to the SDK, which drops them: what exporters cost is theirs.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any, Final

from opentelemetry import propagate
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler
from opentelemetry.trace import set_span_in_context

from benchmarks.measure import Timing
from benchmarks.shapes import SHAPES
from benchmarks.tables import Table
from streamcontract import ContractConsumer, ContractProducer
from streamcontract.devstack import DevStack
from streamcontract.otel import Telemetry

__all__ = ["tables"]

OFF = "without telemetry"
MESSAGES = 10_000
_BATCH = 500
_SHAPE: Final = SHAPES[0]
_NAMES = itertools.count(1)


def tables(rounds: int) -> list[Table]:
    """Producing and the ways of consuming, by what is asked for; and the SDK alone beside it."""
    telemetries: dict[str, Telemetry | None] = {
        OFF: None,
        "no trace sampled": _telemetry(ALWAYS_OFF),
        "every trace sampled": _telemetry(ALWAYS_ON),
    }
    steps: dict[str, Callable[[DevStack, str, Telemetry | None], float]] = {
        "produce()": _produce,
        "consume()": _consume,
        "iteration": _iterate,
    }
    seconds: dict[tuple[str, str], list[float]] = {}
    with DevStack(brokers=1) as stack:
        for counted in range(-1, rounds):  # the first round warms up
            for name, telemetry in telemetries.items():
                topic = f"telemetry-{next(_NAMES)}"
                stack.create_topic(topic, partitions=1)
                for step, measure in steps.items():
                    taken = measure(stack, topic, telemetry)
                    if counted >= 0:
                        seconds.setdefault((name, step), []).append(taken)
    timings = {key: Timing(tuple(times)) for key, times in seconds.items()}
    return [
        Table(
            f"{_SHAPE.name}: telemetry, µs a message",
            ("", *steps),
            tuple(
                (name, *(f"{timings[name, step].median * 1e6:.1f}" for step in steps))
                for name in telemetries
            ),
        ),
        _of_the_sdk(rounds),
    ]


def _of_the_sdk(rounds: int) -> Table:
    """What the SDK itself takes for a message, without a line of the library."""
    attributes = {
        "messaging.system": "kafka",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "telemetry",
        "messaging.destination.partition.id": "0",
    }
    meter = MeterProvider([InMemoryMetricReader()]).get_meter("benchmark")
    counter, histogram = meter.create_counter("counter"), meter.create_histogram("histogram")
    rows = []
    for sampler, sampled in ((ALWAYS_OFF, "not sampled"), (ALWAYS_ON, "sampled")):
        tracer = TracerProvider(sampler).get_tracer("benchmark")
        inside = set_span_in_context(tracer.start_span("send"))
        calls: dict[str, Callable[[], object]] = {
            "a span": lambda tracer=tracer: tracer.start_span("send", attributes=attributes).end(),  # type: ignore[misc]
            "its context into headers": lambda inside=inside: propagate.inject({}, inside),  # type: ignore[misc]
            "a count": lambda: counter.add(1, attributes),
            "a duration": lambda: histogram.record(0.1, attributes),
        }
        taken = [_best(call, rounds) for call in calls.values()]
        rows.append((sampled, *(f"{each * 1e6:.1f}" for each in taken)))
    return Table("the SDK alone, µs a call", ("", *calls), tuple(rows))


def _best(call: Callable[[], object], rounds: int) -> float:
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(MESSAGES):
            call()
        seconds.append((time.perf_counter() - start) / MESSAGES)
    return min(seconds)


def _telemetry(sampler: Sampler) -> Telemetry:
    return Telemetry(TracerProvider(sampler), MeterProvider([InMemoryMetricReader()]))


def _config(stack: DevStack) -> dict[str, Any]:
    return {
        "bootstrap.servers": stack.bootstrap_servers,
        "schema.registry.url": stack.registry_url,
        "queue.buffering.max.messages": 10 * MESSAGES,
    }


def _produce(stack: DevStack, topic: str, telemetry: Telemetry | None) -> float:
    """Seconds a message until all are delivered."""
    record = _SHAPE.record
    with ContractProducer(
        _config(stack), topic=topic, record=type(record), telemetry=telemetry
    ) as producer:
        producer.produce(record)
        producer.flush()
        start = time.perf_counter()
        for _ in range(MESSAGES):
            producer.produce(record)
        producer.flush()
        return (time.perf_counter() - start) / MESSAGES


def _consume(stack: DevStack, topic: str, telemetry: Telemetry | None) -> float:
    return _read(stack, topic, telemetry, lambda consumer: len(consumer.consume(_BATCH, 1.0)))


def _iterate(stack: DevStack, topic: str, telemetry: Telemetry | None) -> float:
    return _read(stack, topic, telemetry, lambda consumer: 0 if next(consumer) is None else 1)


def _read(
    stack: DevStack,
    topic: str,
    telemetry: Telemetry | None,
    take: Callable[[ContractConsumer[Any]], int],
) -> float:
    """Seconds a message, after the first call, which connects."""
    with ContractConsumer(
        {"bootstrap.servers": stack.bootstrap_servers, "schema.registry.url": stack.registry_url},
        topic=topic,
        record=type(_SHAPE.record),
        telemetry=telemetry,
    ) as consumer:
        first = seen = take(consumer)
        start = time.perf_counter()
        while seen < MESSAGES:
            seen += take(consumer)
        return (time.perf_counter() - start) / (seen - first)
