"""Calls of scripted clients: what all of them share."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, Final, TypeVar

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException
from tests.kafka.scripted_broker import Place, ScriptedBroker

__all__ = [
    "INVALID",
    "bytes_of",
    "client_call",
    "exception_of",
    "flag_of",
    "metadata_of",
    "raw_message",
    "raw_messages",
    "spec_offset",
    "topic_metadata",
]

F = TypeVar("F", bound="Callable[..., Any]")

INVALID: Final = confluent_kafka.OFFSET_INVALID


def client_call(method: F) -> F:
    """Let the test act around a call: what it raises afterwards destroys the result."""
    name = method.__name__

    @functools.wraps(method)
    def called(self: Any, *arguments: Any, **options: Any) -> Any:
        act = self.broker.on_call
        if act is None:
            return method(self, *arguments, **options)
        act(name, "before")
        result = method(self, *arguments, **options)
        act(name, "after")
        return result

    return called  # type: ignore[return-value] # it has the same parameters


def spec_offset(log: Any, spec: Any) -> int:
    """The offset that an ``OffsetSpec`` asks for."""
    code = int(spec._value)
    if code == confluent_kafka.OFFSET_BEGINNING:
        return int(log.start)
    if code == confluent_kafka.OFFSET_END:
        return int(log.end)
    late = (at for at, record in enumerate(log.records) if record.timestamp >= code)
    return next(late, -1)


def metadata_of(broker: ScriptedBroker, topic: str | None) -> Any:
    """The cluster as ``list_topics`` gives it."""
    known = {name: topic_metadata(broker, name) for name in broker.topics}
    if topic is not None:
        missing = SimpleNamespace(
            topic=topic, partitions={}, error=KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)
        )
        known = {topic: known.get(topic, missing)}
    return SimpleNamespace(cluster_id="scripted", topics=known, brokers={1: None})


def topic_metadata(broker: ScriptedBroker, name: str) -> Any:
    """One topic of it."""
    partitions = {
        number: SimpleNamespace(id=number, leader=1, replicas=[1], isrs=[1], error=None)
        for number in range(len(broker.topics[name]))
    }
    return SimpleNamespace(topic=name, partitions=partitions, error=None)


def raw_message(broker: ScriptedBroker, place: Place, offset: int) -> confluent_kafka.Message:
    """A message as a consumer is given it."""
    record = broker.topics[place[0]][place[1]].records[offset]
    return confluent_kafka.Message(
        topic=place[0],
        partition=place[1],
        offset=offset,
        key=record.key,
        value=record.value,
        headers=[*record.headers] or None,
        timestamp=(confluent_kafka.TIMESTAMP_CREATE_TIME, record.timestamp),
    )


def raw_messages(broker: ScriptedBroker, topic: str) -> list[confluent_kafka.Message]:
    """All messages of a topic, as a consumer would get them."""
    return [
        raw_message(broker, (topic, number), offset)
        for number, partition in enumerate(broker.topics.get(topic, ()))
        for offset in range(partition.end)
    ]


def exception_of(code: int, text: str) -> KafkaException:
    """What a client raises for one of librdkafka's codes."""
    return KafkaException(KafkaError(code, text))


def flag_of(config: Mapping[str, Any], key: str, *, default: bool) -> bool:
    """A property that is true or false."""
    return config.get(key, default) in {True, "true"}


def bytes_of(value: bytes | str | None) -> bytes | None:
    """A key or value as it is sent."""
    return value.encode() if isinstance(value, str) else value
