"""Where the time of a consumed message goes: each step alone, on the same messages.

Every step is timed in slices of a batch, and the median slice counts: librdkafka's own threads
fetch at the same time, and what they take away from a slice is no cost of the step.
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable, Sequence
from operator import methodcaller
from typing import Any

import confluent_kafka

from benchmarks import broker
from benchmarks.shapes import SHAPES, Shape
from benchmarks.tables import Table
from streamcontract import Codec, SchemaRegistry
from streamcontract.codec import Contract
from streamcontract.devstack import DevStack
from streamcontract.kafka.contract.binding import Binding, bind
from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
from streamcontract.wire import HEADER_SIZE

__all__ = ["tables"]

_BATCH = 500
_ACCESSORS = ("error", "partition", "offset", "value", "key", "headers", "timestamp")

Raws = list[confluent_kafka.Message]


def tables(rounds: int) -> list[Table]:
    """A table for each shape."""
    with DevStack(brokers=1) as stack:
        return [_table(stack, shape, rounds) for shape in SHAPES]


def _table(stack: DevStack, shape: Shape, rounds: int) -> Table:
    seconds: dict[str, list[float]] = {}
    for round_ in range(rounds):
        topic = f"steps-{shape.name}-{round_}"
        stack.create_topic(topic, partitions=3)
        broker.fill(stack, shape, topic)
        taken, raws = _consume_raw(stack, topic)
        seconds.setdefault("librdkafka's client: consume()", []).append(taken)
        contract: Contract = type(shape.record).__contract__
        with SchemaRegistry(stack.registry_url) as registry:
            bound: Binding[Any] = bind(contract, topic=topic, record=None, schema=None)
            reader: TopicDeserializer[Any] = TopicDeserializer(bound, registry)
            reader.read(raws[0])  # which learns how its like is read
            for name, step in _steps(reader, shape).items():
                seconds.setdefault(name, []).append(_median_slice(step, raws))
            seconds.setdefault("the same of tombstones: the messages without a record", []).append(
                _median_slice(_reading(reader), [_tombstone(raw) for raw in raws])
            )
    return Table(
        f"{shape.name}: the steps of consuming",
        ("", "µs a message"),
        tuple((name, f"{statistics.median(times) * 1e6:.2f}") for name, times in seconds.items()),
    )


def _consume_raw(stack: DevStack, topic: str) -> tuple[float, Raws]:
    """Seconds a message that the raw consumer's calls take, and the messages."""
    consumer = broker.raw_consumer(stack, topic)
    slices: list[float] = []
    raws: Raws = []
    try:
        while len(raws) < broker.MESSAGES:
            start = time.perf_counter()
            batch = consumer.consume(_BATCH, 1.0)
            taken = time.perf_counter() - start
            if len(batch) == _BATCH:
                slices.append(taken / _BATCH)
            raws += batch
    finally:
        consumer.close()
    return statistics.median(slices), raws


def _steps(reader: TopicDeserializer[Any], shape: Shape) -> dict[str, Callable[[Raws], object]]:
    decode = Codec[Any](type(shape.record)).decoder(start=HEADER_SIZE)
    accessors = [methodcaller(name) for name in _ACCESSORS]

    def value_alone(raws: Raws) -> object:
        return [raw.value() for raw in raws]

    def all_accessors(raws: Raws) -> object:
        return [deque(map(accessor, raws), maxlen=0) for accessor in accessors]

    def decoding(raws: Raws) -> object:
        return [decode(raw.value() or b"") for raw in raws]

    return {
        "its value()": value_alone,
        f"its {len(_ACCESSORS)} accessors, called from Python": all_accessors,
        "value() and decoding": decoding,
        "streamcontract: typed messages of raw ones, all steps": _reading(reader),
    }


def _reading(reader: TopicDeserializer[Any]) -> Callable[[Raws], object]:
    def reading(raws: Raws) -> object:
        messages: list[Any] = []
        reader.plain.read_many(raws, 0, len(raws), messages)
        if len(messages) != len(raws):
            raise AssertionError(f"{len(raws) - len(messages)} messages were left to be read")
        return messages

    return reading


def _tombstone(raw: confluent_kafka.Message) -> confluent_kafka.Message:
    """The same message without its value."""
    return confluent_kafka.Message(
        topic=raw.topic(),
        partition=raw.partition(),
        offset=raw.offset(),
        key=raw.key(),
        timestamp=raw.timestamp(),
    )


def _median_slice(step: Callable[[Raws], object], raws: Sequence[Any]) -> float:
    slices = []
    for at in range(0, len(raws) - _BATCH, _BATCH):
        batch = list(raws[at : at + _BATCH])
        start = time.perf_counter()
        step(batch)
        slices.append((time.perf_counter() - start) / _BATCH)
    return statistics.median(slices)
