"""Raw confluent-kafka on both ends: what the embedded broker is checked with."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from confluent_kafka import Consumer, Producer, TopicPartition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

PATIENCE_S = 60.0
QUIET = {"log_level": 0, "fetch.wait.max.ms": 10}


def wait_until(condition: Callable[[], object]) -> None:
    """Poll a condition until it holds; fail after PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def producer(bootstrap: str, **config: object) -> Producer:
    """A producer that does not log."""
    settings = {name.replace("_", "."): value for name, value in config.items()}
    return Producer({"bootstrap.servers": bootstrap, "log_level": 0, **settings})


def consumer(bootstrap: str, group: str = "readers", **config: object) -> Consumer:
    """A consumer from the earliest message on that does not log."""
    settings = {name.replace("_", "."): value for name, value in config.items()}
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            **QUIET,
            **settings,
        }
    )


def publish(bootstrap: str, topic: str, values: Iterable[bytes], **config: object) -> None:
    """Send values, keyed by themselves, and see every one delivered."""
    errors: list[object] = []

    def on_delivery(error: object, _message: object) -> None:
        if error is not None:
            errors.append(error)

    sender = producer(bootstrap, **config)
    for value in values:
        sender.produce(topic, value, key=value, on_delivery=on_delivery)
        sender.poll(0)
    assert sender.flush(PATIENCE_S) == 0
    assert errors == []


def watermarks(bootstrap: str, topic: str, partition: int = 0) -> tuple[int, int]:
    """The first and the next offset of a partition."""
    reader = consumer(bootstrap)
    try:
        low, high = reader.get_watermark_offsets(TopicPartition(topic, partition), PATIENCE_S)
    finally:
        reader.close()
    return low, high


def read_all(bootstrap: str, topic: str, partitions: int) -> dict[int, list[bytes]]:
    """Every value that the partitions hold now, in order."""
    ends = {number: watermarks(bootstrap, topic, number) for number in range(partitions)}
    values: dict[int, list[bytes]] = {number: [] for number in ends}
    reader = consumer(bootstrap)
    reader.assign([TopicPartition(topic, number, low) for number, (low, _) in ends.items()])
    expected = {number: high - low for number, (low, high) in ends.items()}
    deadline = time.monotonic() + PATIENCE_S
    while _counts(values) != expected:
        assert time.monotonic() < deadline, f"read {_counts(values)} of {expected}"
        for message in reader.consume(10_000, 0.05):
            partition, value = message.partition(), message.value()
            assert message.error() is None
            assert partition is not None
            assert value is not None
            values[partition].append(value)
    reader.close()
    return values


def _counts(values: Mapping[int, list[bytes]]) -> dict[int, int]:
    return {number: len(found) for number, found in values.items()}
