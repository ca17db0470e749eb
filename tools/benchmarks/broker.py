"""Messages a second through the embedded broker: ours against raw bytes and against confluent's.

Every rival gets a topic of its own in each round, and the same records. Producing is timed twice:
the calls alone, which put messages into the client's queue, and until the broker has acknowledged
everything. Consuming is timed from a client's queue that is full already, so that it is the client
that is measured and not the broker; the last batch does not count, as it waits for its time-out.
The garbage collector is on, but does not look at what lived before the clock started.
"""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any

import confluent_kafka
from confluent_kafka.schema_registry import SchemaRegistryClient, topic_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer

from benchmarks.measure import Timing, bystanders_frozen
from benchmarks.shapes import SHAPES, Shape
from benchmarks.tables import Table
from streamcontract import ContractConsumer, ContractProducer
from streamcontract.devstack import DevStack
from streamcontract.kafka.batches.metadata import MetadataName

__all__ = ["MESSAGES", "batches_table", "fill", "raw_consumer", "tables"]

RAW, OURS, CONFLUENT = "raw bytes", "streamcontract", "confluent Serializing/Deserializing"
MESSAGES = 20_000  # more would be more than the embedded broker keeps of a partition
_PARTITIONS = 3
_BATCH = 1_000
_SIZES = (1_000, 10_000)  # of batches
_FILLS = 2  # of a topic of batches, whose messages are small
_METADATA: Sequence[MetadataName] = ("key", "partition", "offset", "timestamp")
_PREFETCH_SECONDS = 0.5
_PATIENCE = 60
_NAMES = itertools.count(1)

Rival = Callable[[DevStack, Shape, str], tuple[float, ...]]


def tables(rounds: int) -> list[Table]:
    """Two tables for each shape."""
    with DevStack(brokers=1) as stack:
        return [
            make(stack, shape, rounds)
            for shape in SHAPES
            for make in (_produce_table, _consume_table)
        ]


def _produce_table(stack: DevStack, shape: Shape, rounds: int) -> Table:
    rivals: dict[str, Rival] = {
        RAW: _produce_raw,
        OURS: _produce_ours,
        f"{OURS}, produce_all()": _produce_all_ours,
        CONFLUENT: _produce_confluent,
    }
    queued, delivered = _in_turn(rivals, stack, shape, rounds)
    return Table(
        f"{shape.name}: {MESSAGES:,} messages produced",
        ("", "queued msg/s", "takes", "delivered msg/s", "takes"),
        tuple(
            (name, *_cells(queued[name], queued[OURS]), *_cells(delivered[name], delivered[OURS]))
            for name in rivals
        ),
    )


def _consume_table(stack: DevStack, shape: Shape, rounds: int) -> Table:
    batches, polls, iteration = (f"{OURS}, {way}" for way in ("consume()", "poll()", "iteration"))
    rivals: dict[str, Rival] = {
        f"{RAW}, consume()": functools.partial(_consume_raw, in_batches=True),
        batches: functools.partial(_consume_ours, how="consume"),
        f"{RAW}, poll()": functools.partial(_consume_raw, in_batches=False),
        polls: functools.partial(_consume_ours, how="poll"),
        iteration: functools.partial(_consume_ours, how="iteration"),
        f"{CONFLUENT}, poll()": _consume_confluent,
    }
    (seconds,) = _in_turn(rivals, stack, shape, rounds)
    return Table(
        f"{shape.name}: {MESSAGES:,} messages consumed",
        ("", "msg/s", "takes, to our consume()", "to our poll()", "to our iteration"),
        tuple(
            (
                name,
                *_cells(timing, seconds[batches]),
                str(timing.over(seconds[polls])),
                str(timing.over(seconds[iteration])),
            )
            for name, timing in seconds.items()
        ),
    )


def batches_table(rounds: int) -> Table:
    """Messages of stocks as columns, with key, partition, offset and timestamp.

    It is the CPU of the thread that calls: the others of the client do the same work for each.
    """
    ways = tuple(itertools.product(_SIZES, (RAW, OURS)))
    seconds: dict[tuple[int, str], list[float]] = {way: [] for way in ways}
    with DevStack(brokers=1) as stack:
        topic = f"bench-{next(_NAMES)}"
        stack.create_topic(topic, partitions=_PARTITIONS)
        for _ in range(_FILLS):
            fill(stack, SHAPES[0], topic)
        for counted in range(-1, rounds):  # the first round warms up
            for size, name in ways:
                taken = _take_batches(stack, topic, name, size)
                if counted >= 0:
                    seconds[size, name].append(taken)
    rows = []
    for size in _SIZES:
        raw, ours = (Timing(tuple(seconds[size, name])) for name in (RAW, OURS))
        for name, timing in ((f"{RAW}, consume()", raw), (f"{OURS}, consume_batch()", ours)):
            ratio = raw.over(timing)
            rows.append(
                (
                    f"{name}, {size:,} a call",
                    f"{timing.median * 1e6:.2f}",
                    f"{ratio.median:.2f} ({ratio.low:.2f}-{ratio.high:.2f})",
                )
            )
    return Table(
        f"{SHAPES[0].name}: messages from the broker into Arrow",
        ("", "CPU of the thread, µs/message", "rate, to raw of as many a call"),
        tuple(rows),
    )


def _take_batches(stack: DevStack, topic: str, name: str, size: int) -> float:
    """CPU seconds a message, for a group of its own from the topic's beginning."""
    group = f"{topic}-{next(_NAMES)}"
    total, clock = _FILLS * MESSAGES, time.thread_time
    if name == RAW:
        raw = raw_consumer(stack, topic, group)
        try:
            return _timed(lambda: len(raw.consume(size, 0.1)), total - size, clock)[0]
        finally:
            raw.close()
    with ContractConsumer(
        {**_consumer_config(stack), "schema.registry.url": stack.registry_url},
        topic=topic,
        group=group,
        start="earliest",
        record=type(SHAPES[0].record),
    ) as ours:
        take = functools.partial(ours.consume_batch, size, 0.1, metadata=_METADATA)
        return _timed(lambda: len(take()), total - size, clock)[0]


def _cells(timing: Timing, ours: Timing) -> tuple[str, str]:
    """Messages a second, and the ratio to ours."""
    ratio = timing.over(ours)
    return (
        f"{1 / timing.median:,.0f}",
        f"{ratio.median:.2f}x ({ratio.low:.2f}-{ratio.high:.2f})",
    )


def _in_turn(
    rivals: dict[str, Rival], stack: DevStack, shape: Shape, rounds: int
) -> list[dict[str, Timing]]:
    """Seconds a message by rival, for each of the times that the rivals take."""
    seconds: dict[str, list[tuple[float, ...]]] = {name: [] for name in rivals}
    for counted in range(-1, rounds):  # the first round warms up
        for name, rival in rivals.items():
            topic = f"bench-{next(_NAMES)}"
            stack.create_topic(topic, partitions=_PARTITIONS)
            taken = rival(stack, shape, topic)
            if counted >= 0:
                seconds[name].append(taken)
    columns = {name: list(zip(*times, strict=True)) for name, times in seconds.items()}
    return [
        {name: Timing(column[index]) for name, column in columns.items()}
        for index in range(min(len(column) for column in columns.values()))
    ]


def _timed_produce(
    produce: Callable[[], object], flush: Callable[[], object]
) -> tuple[float, float]:
    """Seconds a message until it is queued, and until all are delivered."""
    produce()  # connects, and registers the schema, once per topic
    flush()
    with bystanders_frozen():
        start = time.perf_counter()
        for _ in range(MESSAGES):
            produce()
        queued = time.perf_counter() - start
        flush()
        return queued / MESSAGES, (time.perf_counter() - start) / MESSAGES


def _config(stack: DevStack, **more: Any) -> dict[str, Any]:
    return {
        "bootstrap.servers": stack.bootstrap_servers,
        "queue.buffering.max.messages": 10 * MESSAGES,
        "linger.ms": 5,
        **more,
    }


def _typed_config(stack: DevStack) -> dict[str, Any]:
    return {**_config(stack), "schema.registry.url": stack.registry_url}


def _produce_ours(stack: DevStack, shape: Shape, topic: str) -> tuple[float, float]:
    record = shape.record
    with ContractProducer(_typed_config(stack), topic=topic, record=type(record)) as producer:
        return _timed_produce(lambda: producer.produce(record), producer.flush)


def _produce_all_ours(stack: DevStack, shape: Shape, topic: str) -> tuple[float, float]:
    """Queued and delivered are one here: the call returns when all has arrived."""
    record = shape.record
    with ContractProducer(_typed_config(stack), topic=topic, record=type(record)) as producer:
        producer.produce(record)
        producer.flush()
        records = itertools.repeat(record, MESSAGES)
        with bystanders_frozen():
            begin = time.perf_counter()
            producer.produce_all(records)
            seconds = time.perf_counter() - begin
    return seconds / MESSAGES, seconds / MESSAGES


def _produce_raw(stack: DevStack, shape: Shape, topic: str) -> tuple[float, float]:
    payload = _payload(shape)
    producer = confluent_kafka.Producer(
        _config(stack, **{"enable.idempotence": True, "acks": "all"})
    )
    return _timed_produce(lambda: producer.produce(topic, payload, b"AAPL"), producer.flush)


def _payload(shape: Shape) -> bytes:
    from streamcontract import Codec  # noqa: PLC0415 - only raw bytes need it
    from streamcontract.wire import header  # noqa: PLC0415

    codec: Codec[Any] = Codec(type(shape.record))
    return codec.encoder(header(1))(shape.record)


def _produce_confluent(stack: DevStack, shape: Shape, topic: str) -> tuple[float, float]:
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
        return _timed_produce(
            lambda: producer.produce(topic, key=b"AAPL", value=record), producer.flush
        )


def fill(stack: DevStack, shape: Shape, topic: str) -> None:
    """Publish the record so many times."""
    record = shape.record
    with ContractProducer(_typed_config(stack), topic=topic, record=type(record)) as producer:
        for _ in range(MESSAGES):
            producer.produce(record)


def _group(topic: str) -> dict[str, Any]:
    return {"group.id": f"{topic}-group", "auto.offset.reset": "earliest"}


def _consumer_config(stack: DevStack) -> dict[str, Any]:
    return {"bootstrap.servers": stack.bootstrap_servers}


def _timed(
    take: Callable[[], int],
    wanted: int = MESSAGES - _BATCH,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[float]:
    """Seconds a message, of all but the last batch; ``take`` gives how many came."""
    first = _take_until(1, take)
    time.sleep(_PREFETCH_SECONDS)
    with bystanders_frozen():
        start = clock()
        seen = _take_until(wanted - first, take)
        return ((clock() - start) / seen,)


def _take_until(wanted: int, take: Callable[[], int]) -> int:
    """Take so many at least; how many came."""
    seen, deadline = 0, time.monotonic() + _PATIENCE
    while seen < wanted:
        taken = take()
        seen += taken
        if not taken and time.monotonic() > deadline:
            raise TimeoutError(
                f"{seen:,} messages came in {_PATIENCE} s where {wanted:,} were published: "
                f"the embedded broker drops the oldest of a partition that holds more than 5 MiB"
            )
    return seen


def _consume_ours(stack: DevStack, shape: Shape, topic: str, *, how: str) -> tuple[float]:
    fill(stack, shape, topic)
    with ContractConsumer(
        {**_consumer_config(stack), "schema.registry.url": stack.registry_url},
        topic=topic,
        group=f"{topic}-group",
        start="earliest",
        record=type(shape.record),
    ) as consumer:
        takes: dict[str, Callable[[], int]] = {
            "consume": lambda: len(consumer.consume(_BATCH, 0.1)),
            "poll": lambda: 0 if consumer.poll(0.1) is None else 1,
            "iteration": lambda: 0 if next(consumer) is None else 1,
        }
        return _timed(takes[how])


def raw_consumer(stack: DevStack, topic: str, group: str | None = None) -> confluent_kafka.Consumer:
    """A consumer of bytes, from the topic's beginning."""
    properties = {**_consumer_config(stack), **_group(topic)}
    if group is not None:
        properties["group.id"] = group
    consumer = confluent_kafka.Consumer(properties)
    consumer.subscribe([topic])
    return consumer


def _consume_raw(stack: DevStack, shape: Shape, topic: str, *, in_batches: bool) -> tuple[float]:
    fill(stack, shape, topic)
    consumer = raw_consumer(stack, topic)

    def take_many() -> int:
        return len([message.value() for message in consumer.consume(_BATCH, 0.1)])

    def take_one() -> int:
        message = consumer.poll(0.1)
        return 0 if message is None or message.value() is None else 1

    try:
        return _timed(take_many if in_batches else take_one)
    finally:
        consumer.close()


def _consume_confluent(stack: DevStack, shape: Shape, topic: str) -> tuple[float]:
    fill(stack, shape, topic)
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
