"""Raw messages in and out, for the tests of dead letters."""

from __future__ import annotations

from typing import Any

import confluent_kafka
from confluent_kafka import KafkaError

from streamcontract.kafka.dead_letters.dead_letter import DeadLetter, read_dead_letter

__all__ = ["WAIT", "Headers", "Raw", "letters", "produce_raw", "read_all"]

Config = dict[str, Any]
Headers = list[tuple[str, "str | bytes | None"]]
Raw = tuple[bytes | None, bytes | None, Headers, int]
"""Value, key, headers, and timestamp in milliseconds (0: the present)."""
WAIT = 30.0


def produce_raw(config: Config, topic: str, *messages: Raw, partition: int = 0) -> None:
    """Publish messages as they are."""
    producer = confluent_kafka.Producer({"bootstrap.servers": config["bootstrap.servers"]})
    errors: list[KafkaError | None] = []
    for value, key, headers, timestamp in messages:
        report = lambda error, _: errors.append(error)  # noqa: E731 - typed by its use
        producer.produce(topic, value, key, partition, report, None, timestamp, headers)
    producer.flush(WAIT)
    assert errors == [None] * len(messages)


def read_all(config: Config, topic: str) -> list[confluent_kafka.Message]:
    """Every message of a topic, as it is."""
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": config["bootstrap.servers"],
            "group.id": "reader",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 10,
        }
    )
    partitions = consumer.list_topics(topic, WAIT).topics[topic].partitions
    consumer.assign([confluent_kafka.TopicPartition(topic, number, 0) for number in partitions])
    found, ends = [], 0
    while ends < len(partitions):
        raw = consumer.poll(WAIT)
        assert raw is not None
        error = raw.error()
        if error is None:
            found.append(raw)
        else:
            assert error.code() == KafkaError._PARTITION_EOF
            ends += 1
    consumer.close()
    return found


def letters(config: Config, topic: str) -> list[DeadLetter]:
    """Every dead letter of a dead letter topic."""
    return [read_dead_letter(raw) for raw in read_all(config, topic)]
