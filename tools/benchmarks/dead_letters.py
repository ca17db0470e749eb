"""Dead letters: what a message that is put aside adds to consuming, beside the floor.

The floor is confluent_kafka alone, which sends as many messages of that size and waits for all.
"""

from __future__ import annotations

import itertools
import time
from typing import Any, Final

import confluent_kafka

from benchmarks.measure import bystanders_frozen
from benchmarks.shapes import SHAPES
from benchmarks.tables import Table
from streamcontract import Codec, ContractConsumer, SchemaRegistry
from streamcontract.devstack import DevStack
from streamcontract.kafka import DeadLetters
from streamcontract.wire import header

__all__ = ["tables"]

_MESSAGES: Final = 60_000
_POISON: Final = (0.01, 0.1, 0.5)
"""Shares of the messages."""

_SHAPE: Final = SHAPES[0]
_TOGETHER: Final = 100
"""Dead letters of a partition that may wait to be delivered."""

_HEADERS: Final = 11
_NAMES = itertools.count(1)


def tables(rounds: int) -> list[Table]:
    """One table: each share of poison in a row, and before them what the first dead letter adds.

    That is what is asked of the brokers, and the producer's connection to them.
    """
    with DevStack(brokers=1) as stack:
        sound, single = _filled(stack, 0), _filled(stack, 1 / _MESSAGES)
        topics = {share: _filled(stack, share) for share in _POISON}
        _consumed(stack, single, "warm")
        seconds: dict[str, list[float]] = {}
        floors: dict[float, list[float]] = {}
        for _ in range(rounds):
            for topic in (sound, single, *topics.values()):
                seconds.setdefault(topic, []).append(
                    _consumed(stack, topic, f"group-{next(_NAMES)}")
                )
            for share in _POISON:
                floors.setdefault(share, []).append(_sent(stack, int(_MESSAGES * share)))
    best = {topic: min(found) for topic, found in seconds.items()}
    rows = [("the first one", _micros(best[single] - best[sound]), "")]
    for share, topic in topics.items():
        letters = int(_MESSAGES * share)
        rows.append(
            (
                f"each other one, {share:.0%} poison",
                _micros((best[topic] - best[single]) / (letters - 1)),
                _micros(min(floors[share]) / letters),
            )
        )
    columns = ("dead letters", "added, µs", "confluent_kafka alone, µs")
    return [Table(f"{_SHAPE.name}: {_MESSAGES:,} messages read with poison", columns, tuple(rows))]


def _micros(seconds: float) -> str:
    return f"{seconds * 1e6:.0f}"


def _brokers(stack: DevStack) -> dict[str, Any]:
    return {
        "bootstrap.servers": stack.bootstrap_servers,
        "queue.buffering.max.messages": 2 * _MESSAGES,
    }


def _filled(stack: DevStack, share: float) -> str:
    """A topic in which such a share of the messages is cut off."""
    topic = f"dead-letters-{next(_NAMES)}"
    stack.create_topic(topic, partitions=1)
    stack.create_topic(f"{topic}.dlq", partitions=1)
    codec: Codec[Any] = Codec(type(_SHAPE.record))
    with SchemaRegistry(stack.registry_url) as registry:
        schema_id = registry.register(f"{topic}-value", codec.schema)
    payload = header(schema_id) + codec.encode(_SHAPE.record)
    producer = confluent_kafka.Producer(_brokers(stack))
    for number in range(_MESSAGES):
        # Spread evenly: a hundred in a row are more than wait at once.
        is_poison = int(number * share) != int((number + 1) * share)
        producer.produce(topic, payload[:-1] if is_poison else payload)
    producer.flush()
    return topic


def _consumed(stack: DevStack, topic: str, group: str) -> float:
    """Seconds until all messages were read and committed, and all dead letters delivered."""
    config = {
        "bootstrap.servers": stack.bootstrap_servers,
        "schema.registry.url": stack.registry_url,
    }
    poison = DeadLetters(create=False)
    record = type(_SHAPE.record)
    with (
        bystanders_frozen(),
        ContractConsumer(
            config, topic=topic, record=record, group=group, poison=poison
        ) as consumer,
    ):
        next(consumer)
        start = time.perf_counter()
        for _ in consumer.until_end():
            pass
        consumer.commit()
        return time.perf_counter() - start


def _sent(stack: DevStack, letters: int) -> float:
    """Seconds to send dead letters with their headers, a hundred at a time, and wait for them."""
    topic = f"dead-letters-{next(_NAMES)}"
    stack.create_topic(topic, partitions=1)
    headers = [(f"streamcontract.dlq.{number}", b"x" * 20) for number in range(_HEADERS)]
    payload = Codec(type(_SHAPE.record)).encode(_SHAPE.record)
    producer = confluent_kafka.Producer(
        {**_brokers(stack), "enable.idempotence": True, "acks": "all"}
    )
    producer.produce(topic, payload, headers=[*headers])
    producer.flush()
    start = time.perf_counter()
    for number in range(letters):
        producer.produce(topic, payload, headers=[*headers], on_delivery=_reported)
        if number % _TOGETHER == _TOGETHER - 1:
            producer.flush()
    producer.flush()
    return time.perf_counter() - start


def _reported(*_: object) -> None: ...
