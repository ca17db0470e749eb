"""What OpenTelemetry costs a client that asks for it, and one that does not.

Spans and measurements go to the SDK, which drops them: what exporters cost is theirs. Times are
those of the thread that calls, without what it waits for; each is the least of all rounds.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any, Final

import attrs
import confluent_kafka
from opentelemetry import propagate
from opentelemetry.context import Context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler
from opentelemetry.trace import get_current_span, set_span_in_context

from benchmarks.measure import bystanders_frozen
from benchmarks.shapes import SHAPES
from benchmarks.tables import Row, Table
from streamcontract import Codec, ContractConsumer, ContractProducer
from streamcontract.devstack import DevStack
from streamcontract.otel import Telemetry

__all__ = ["tables"]

OFF: Final = "without telemetry"
HEADERS: Final = "confluent_kafka alone, with the headers and a callback"
_SAMPLERS: Final[dict[str, Sampler]] = {
    "no trace sampled": ALWAYS_OFF,
    "every trace sampled": ALWAYS_ON,
}
MESSAGES = 10_000
_BATCH = 500
_SHAPE: Final = SHAPES[0]
_NAMES = itertools.count(1)


def tables(rounds: int) -> list[Table]:
    """Producing and the ways of consuming, by what is asked for; and the SDK alone beside it."""
    sdk = {name: _of_the_sdk(sampler, rounds) for name, sampler in _SAMPLERS.items()}
    telemetries: dict[str, Telemetry | None] = {
        OFF: None,
        **{name: _telemetry(sampler) for name, sampler in _SAMPLERS.items()},
    }
    steps: dict[str, Callable[[DevStack, str, Telemetry | None], float]] = {
        "produce()": _produce,
        f"consume({_BATCH})": _consume,
        "iteration": _iterate,
    }
    seconds: dict[tuple[str, str], list[float]] = {}
    with DevStack(brokers=1) as stack:
        for counted in range(-1, rounds):  # the first round warms up
            topic = f"telemetry-{next(_NAMES)}"
            stack.create_topic(topic, partitions=1)
            with bystanders_frozen():
                found = {(HEADERS, "produce()"): _produce_raw(stack, topic)}
            for name, telemetry in telemetries.items():
                topic = f"telemetry-{next(_NAMES)}"
                stack.create_topic(topic, partitions=1)
                for step, measure in steps.items():
                    with bystanders_frozen():
                        found[name, step] = measure(stack, topic, telemetry)
            if counted >= 0:
                for key, taken in found.items():
                    seconds.setdefault(key, []).append(taken)
    best = {key: min(times) for key, times in seconds.items()}
    rows: list[Row] = [(HEADERS, _micros(best[HEADERS, "produce()"]), "", "")]
    for name in telemetries:
        rows.append((name, *(_micros(best[name, step]) for step in steps)))
        if name in sdk:
            rows.append((f"{name}: the SDK's share", *map(_micros, sdk[name].shares())))
    return [
        Table(
            f"{_SHAPE.name}: telemetry, µs a message of the calling thread's time",
            ("", *steps),
            tuple(rows),
        ),
        Table(
            "the SDK alone, µs a call",
            ("", *(field.metadata["name"] for field in attrs.fields(_Sdk))),
            tuple((name, *map(_micros, attrs.astuple(each))) for name, each in sdk.items()),
        ),
    ]


def _micros(seconds: float) -> str:
    return f"{seconds * 1e6:.1f}"


@attrs.frozen
class _Sdk:
    """Seconds that a call of the SDK takes, without a line of the library."""

    span: float = attrs.field(metadata={"name": "a span"})
    headers: float = attrs.field(metadata={"name": "its context into headers"})
    count: float = attrs.field(metadata={"name": "a count"})
    duration: float = attrs.field(metadata={"name": "a duration"})
    link: float = attrs.field(metadata={"name": "a link, from headers"})

    def shares(self) -> tuple[float, float, float]:
        """Seconds of a message that is produced, consumed with others, and consumed alone.

        Counts, and durations of single messages, are given to the SDK for many of them at once.
        Links are made for spans that are recorded.
        """
        together = (self.span + self.duration) / _BATCH
        return self.span + self.headers, self.link + together, self.span + self.link


def _of_the_sdk(sampler: Sampler, rounds: int) -> _Sdk:
    attributes = {
        "messaging.system": "kafka",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "telemetry",
        "messaging.destination.partition.id": "0",
    }
    meter = MeterProvider([InMemoryMetricReader()]).get_meter("benchmark")
    counter, histogram = meter.create_counter("counter"), meter.create_histogram("histogram")
    tracer = TracerProvider(sampler).get_tracer("benchmark")
    span = tracer.start_span("send")
    carrier: dict[str, str] = {}
    propagate.inject(carrier, set_span_in_context(span))

    def link() -> None:
        sender = get_current_span(propagate.extract(carrier, Context()))
        span.add_link(sender.get_span_context(), attributes)

    return _Sdk(
        _best(lambda: tracer.start_span("send", attributes=attributes).end(), rounds),
        _best(lambda: propagate.inject({}, set_span_in_context(span)), rounds),
        _best(lambda: counter.add(1, attributes), rounds),
        _best(lambda: histogram.record(0.1, attributes), rounds),
        _best(link, rounds) if span.is_recording() else 0.0,
    )


def _best(call: Callable[[], object], rounds: int) -> float:
    seconds = []
    for _ in range(rounds):
        start = time.thread_time()
        for _ in range(MESSAGES):
            call()
        seconds.append((time.thread_time() - start) / MESSAGES)
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
        start = time.thread_time()
        for _ in range(MESSAGES):
            producer.produce(record)
        producer.flush()
        return (time.thread_time() - start) / MESSAGES


def _produce_raw(stack: DevStack, topic: str) -> float:
    """The same by confluent_kafka alone: a message with a trace's headers, and its report."""
    producer = confluent_kafka.Producer(
        {
            "bootstrap.servers": stack.bootstrap_servers,
            "queue.buffering.max.messages": 10 * MESSAGES,
        }
    )
    payload = Codec(type(_SHAPE.record)).encode(_SHAPE.record)
    carrier: dict[str, str] = {}
    span = TracerProvider(ALWAYS_ON).get_tracer("benchmark").start_span("send")
    propagate.inject(carrier, set_span_in_context(span))
    headers: list[tuple[str, str | bytes | None]] = [*carrier.items()]
    partitions = []

    def report(_: object, message: confluent_kafka.Message) -> None:
        partitions.append(message.partition())

    producer.produce(topic, payload, on_delivery=report, headers=headers)
    producer.flush()
    start = time.thread_time()
    for _ in range(MESSAGES):
        producer.produce(topic, payload, None, -1, report, None, 0, headers)
    producer.flush()
    return (time.thread_time() - start) / MESSAGES


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
        start = time.thread_time()
        while seen < MESSAGES:
            seen += take(consumer)
        return (time.thread_time() - start) / (seen - first)
