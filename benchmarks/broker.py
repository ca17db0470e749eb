"""Messages a second through the embedded broker: ours against raw bytes and against confluent's.

Every rival gets a topic of its own in each round, and the same records. Producing is timed until
the broker has acknowledged everything; consuming from the first message handed out to the last.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import confluent_kafka
from confluent_kafka.schema_registry import SchemaRegistryClient, topic_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer

from benchmarks.measure import Timing
from benchmarks.shapes import SHAPES, Shape
from benchmarks.tables import Table
from streamcontract import ContractConsumer, ContractProducer
from streamcontract.devstack import DevStack

__all__ = ["tables"]

RAW, OURS, CONFLUENT = "raw bytes", "streamcontract", "confluent Serializing/Deserializing"
MESSAGES = 20_000
_PARTITIONS = 3
_BATCH = 1_000
_NAMES = itertools.count(1)

Rival = Callable[[DevStack, Shape, str], float]


def tables(rounds: int) -> list[Table]:
    """A table for each shape."""
    with DevStack(brokers=1) as stack:
        return [_table(stack, shape, rounds) for shape in SHAPES]


def _table(stack: DevStack, shape: Shape, rounds: int) -> Table:
    produce = _produce_rates(stack, shape, rounds)
    consume = _consume_rates(stack, shape, rounds)
    rows = tuple(
        (
            name,
            f"{1 / produce[name].median:,.0f}",
            str(produce[name].over(produce[OURS])),
            f"{1 / consume[name].median:,.0f}",
            str(consume[name].over(consume[OURS])),
        )
        for name in produce
    )
    return Table(
        f"{shape.name}: {MESSAGES:,} messages on the embedded broker",
        ("", "produce msg/s", "takes", "consume msg/s", "takes"),
        rows,
    )


def _produce_rates(stack: DevStack, shape: Shape, rounds: int) -> dict[str, Timing]:
    """Seconds per produced message, by rival."""
    rivals: dict[str, Rival] = {
        RAW: _produce_raw,
        OURS: _produce_ours,
        CONFLUENT: _produce_confluent,
    }
    return _in_turn(rivals, stack, shape, rounds)


def _consume_rates(stack: DevStack, shape: Shape, rounds: int) -> dict[str, Timing]:
    """Seconds per consumed message, by rival; all read what our producer wrote."""
    rivals: dict[str, Rival] = {
        RAW: _consume_raw,
        OURS: _consume_ours,
        CONFLUENT: _consume_confluent,
    }
    return _in_turn(rivals, stack, shape, rounds)


def _in_turn(
    rivals: dict[str, Rival], stack: DevStack, shape: Shape, rounds: int
) -> dict[str, Timing]:
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    for counted in range(-1, rounds):  # the first round warms up
        for name, rival in rivals.items():
            topic = f"bench-{next(_NAMES)}"
            stack.create_topic(topic, partitions=_PARTITIONS)
            taken = rival(stack, shape, topic) / MESSAGES
            if counted >= 0:
                seconds[name].append(taken)
    return {name: Timing(tuple(times)) for name, times in seconds.items()}


def _config(stack: DevStack, **more: Any) -> dict[str, Any]:
    return {
        "bootstrap.servers": stack.bootstrap_servers,
        "queue.buffering.max.messages": 10 * MESSAGES,
        "linger.ms": 5,
        **more,
    }


def _typed_config(stack: DevStack) -> dict[str, Any]:
    return {**_config(stack), "schema.registry.url": stack.registry_url}


def _produce_ours(stack: DevStack, shape: Shape, topic: str) -> float:
    record = shape.record
    with ContractProducer(_typed_config(stack), topic=topic, record=type(record)) as producer:
        producer.produce(record)  # connects, and registers the schema, once per topic
        producer.flush()
        start = time.perf_counter()
        for _ in range(MESSAGES):
            producer.produce(record)
        producer.flush()
        return time.perf_counter() - start


def _produce_raw(stack: DevStack, shape: Shape, topic: str) -> float:
    payload = _payload(shape)
    producer = confluent_kafka.Producer(
        _config(stack, **{"enable.idempotence": True, "acks": "all"})
    )
    producer.produce(topic, payload, b"AAPL")  # connects, as the others' first record does
    producer.flush()
    start = time.perf_counter()
    for _ in range(MESSAGES):
        producer.produce(topic, payload, b"AAPL")
        producer.poll(0)
    producer.flush()
    return time.perf_counter() - start


def _payload(shape: Shape) -> bytes:
    from streamcontract import Codec  # noqa: PLC0415 - only raw bytes need it
    from streamcontract.wire import header  # noqa: PLC0415

    codec: Codec[Any] = Codec(type(shape.record))
    return codec.encoder(header(1))(shape.record)


def _produce_confluent(stack: DevStack, shape: Shape, topic: str) -> float:
    record, to_dict = shape.record, shape.to_dict
    with SchemaRegistryClient({"url": stack.registry_url}) as registry:
        serializer = AvroSerializer(
            registry,
            shape.schema.inlined_json,
            lambda value, _: to_dict(value),
            conf={"subject.name.strategy": topic_subject_name_strategy},
        )
        producer = confluent_kafka.SerializingProducer(
            _config(
                stack,
                **{"enable.idempotence": True, "acks": "all", "value.serializer": serializer},
            )
        )
        producer.produce(topic, key=b"AAPL", value=record)
        producer.flush()
        start = time.perf_counter()
        for _ in range(MESSAGES):
            producer.produce(topic, key=b"AAPL", value=record)
            producer.poll(0)
        producer.flush()
        return time.perf_counter() - start


def _fill(stack: DevStack, shape: Shape, topic: str) -> None:
    record = shape.record
    with ContractProducer(_typed_config(stack), topic=topic, record=type(record)) as producer:
        for _ in range(MESSAGES):
            producer.produce(record)


def _group(topic: str) -> dict[str, Any]:
    return {"group.id": f"{topic}-group", "auto.offset.reset": "earliest"}


def _consumer_config(stack: DevStack) -> dict[str, Any]:
    return {"bootstrap.servers": stack.bootstrap_servers}


def _timed(take: Callable[[], int]) -> float:
    """Seconds from the first messages to the last; ``take`` gives how many came."""
    seen = take()
    while not seen:
        seen = take()
    first, start = seen, time.perf_counter()
    while seen < MESSAGES:
        seen += take()
    return (time.perf_counter() - start) * MESSAGES / max(1, MESSAGES - first)


def _consume_ours(stack: DevStack, shape: Shape, topic: str) -> float:
    _fill(stack, shape, topic)
    with ContractConsumer(
        {**_consumer_config(stack), "schema.registry.url": stack.registry_url},
        topic=topic,
        group=f"{topic}-group",
        start="earliest",
        record=type(shape.record),
    ) as consumer:
        return _timed(lambda: len(consumer.consume(_BATCH, 0.1)))


def _consume_raw(stack: DevStack, shape: Shape, topic: str) -> float:
    _fill(stack, shape, topic)
    consumer = confluent_kafka.Consumer({**_consumer_config(stack), **_group(topic)})
    consumer.subscribe([topic])

    def take() -> int:
        return len([message.value() for message in consumer.consume(_BATCH, 0.1)])

    try:
        return _timed(take)
    finally:
        consumer.close()


def _consume_confluent(stack: DevStack, shape: Shape, topic: str) -> float:
    _fill(stack, shape, topic)
    from_dict = shape.from_dict
    with SchemaRegistryClient({"url": stack.registry_url}) as registry:
        consumer = confluent_kafka.DeserializingConsumer(
            {
                **_consumer_config(stack),
                **_group(topic),
                "value.deserializer": AvroDeserializer(
                    registry,
                    shape.schema.inlined_json,
                    lambda value, _: from_dict(value),
                    conf={"subject.name.strategy": topic_subject_name_strategy},
                ),
            }
        )
        consumer.subscribe([topic])

        def take() -> int:
            # Its consume() raises NotImplementedError: poll is the only way.
            message = consumer.poll(0.1)
            return 0 if message is None or message.value() is None else 1

        try:
            return _timed(take)
        finally:
            consumer.close()
