"""Reads a whole topic and holds it against the records that were sent."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka

from reliability.records import KEYS, key_of, number_of, record
from streamcontract import StockConsumer

if TYPE_CHECKING:
    from collections.abc import Callable

    from reliability.verdict import Verdict
    from streamcontract import Stock

__all__ = ["judge_topic", "wait_until_decided"]

_LIMIT: Final = 300.0
_ANSWER_SECONDS: Final = 30.0


def judge_topic(
    config: dict[str, Any],
    topic: str,
    sent: int,
    verdict: Verdict,
    *,
    expected: Callable[[int], Stock] = record,
) -> int:
    """Read a topic from its beginning to its end.

    Each of the records 0 to ``sent`` - 1 has to be there once, with its own key and content, and
    the records of a key in the order of their numbers.

    Args:
        config: Client properties.
        topic: The topic.
        sent: How many records.
        verdict: Gets what must not be.
        expected: What the record of a number has to be.

    Returns:
        How many messages there are.
    """
    verdict.expect("lost", "duplicated", "out of order", "altered")
    seen = bytearray(sent)
    last_of_key: dict[str, int] = {}
    count = 0
    with StockConsumer(config, topic=topic) as consumer:
        for message in consumer.until_end():
            count += 1
            place = f"partition {message.partition}, offset {message.offset}"
            found = message.value
            number = -1 if found is None else number_of(found)
            if not 0 <= number < sent or found != expected(number) or message.key != key_of(number):
                verdict.found("altered", place)
                continue
            if seen[number]:
                verdict.found("duplicated", f"record {number} again at {place}")
            seen[number] = 1
            before = last_of_key.get(message.key, number % KEYS - KEYS)
            if number != before + KEYS:
                verdict.found("out of order", f"record {number} behind {before} at {place}")
            last_of_key[message.key] = number
    for number, was_seen in enumerate(seen):
        if not was_seen:
            verdict.found("lost", f"record {number}")
    return count


def wait_until_decided(config: dict[str, Any], topic: str) -> None:
    """Wait until no transaction is open in a topic.

    Committing returns when the coordinator has it; the partitions get their marks after that, and a
    reader with ``read_committed`` sees nothing behind a mark that is still missing (KIP-98).

    Raises:
        TimeoutError: One is open for too long.
    """
    deadline = time.monotonic() + _LIMIT
    while _ends(config, topic, "read_committed") != _ends(config, topic, "read_uncommitted"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"a transaction in topic {topic!r} is open after {_LIMIT:g} s")
        time.sleep(0.2)  # between two questions


def _ends(config: dict[str, Any], topic: str, isolation_level: str) -> list[int]:
    """Where each partition ends for readers of an isolation level."""
    client = confluent_kafka.Consumer(
        {
            "bootstrap.servers": config["bootstrap.servers"],
            "group.id": "reliability-ends",  # needed, and never joined
            "isolation.level": isolation_level,
        }
    )
    try:
        partitions = client.list_topics(topic, _ANSWER_SECONDS).topics[topic].partitions
        found = []
        for partition in sorted(partitions):
            place = confluent_kafka.TopicPartition(topic, partition)
            found.append(client.get_watermark_offsets(place, _ANSWER_SECONDS)[1])
        return found
    finally:
        client.close()
