"""Where a consumer begins: the offset in each partition that a start means."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

import confluent_kafka

from streamcontract.errors import ConfigurationError
from streamcontract.kafka.errors import ConsumeError, NotSupportedError, kafka_error_of
from streamcontract.kafka.message import to_milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "BROKER_TIMEOUT",
    "Start",
    "check_start",
    "is_embedded",
    "offsets_at",
    "partitions_of",
    "watermarks",
]

Start = Literal["earliest", "latest"] | int | datetime
"""Where to begin: the first message there is, the next one to come, an offset, or a moment."""

Client = Any
"""A ``confluent_kafka.Consumer`` of any type parameters, or one of its subclasses."""

BROKER_TIMEOUT: Final = 30.0
"""Seconds that one question to the brokers (metadata, offsets) may take."""

# rdkafka_mock.c: the cluster id that librdkafka's mock cluster gives itself.
_MOCK_CLUSTER: Final = "mockCluster"
_BY_NAME: Final = {
    "earliest": confluent_kafka.OFFSET_BEGINNING,
    "smallest": confluent_kafka.OFFSET_BEGINNING,
    "beginning": confluent_kafka.OFFSET_BEGINNING,
    "latest": confluent_kafka.OFFSET_END,
    "largest": confluent_kafka.OFFSET_END,
    "end": confluent_kafka.OFFSET_END,
}
_NOT_THERE: Final = frozenset(
    {
        confluent_kafka.KafkaError.UNKNOWN_TOPIC_OR_PART,
        confluent_kafka.KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001 - a public code of librdkafka
        confluent_kafka.KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001 - another one
    }
)


def check_start(start: object) -> Start:
    """A start as it was given, in one of the forms of :data:`Start`.

    Args:
        start: One of them, or a value of librdkafka's ``auto.offset.reset`` that means one.

    Raises:
        ConfigurationError: It is no place to begin: a naive datetime, a negative offset, ...
    """
    if isinstance(start, datetime):
        to_milliseconds(start)
        return start
    if start.__class__ is int and start >= 0:
        return start
    if isinstance(start, str) and start in _BY_NAME:
        return "earliest" if _BY_NAME[start] == confluent_kafka.OFFSET_BEGINNING else "latest"
    raise ConfigurationError(
        f'a start is "earliest", "latest", an offset from 0, or an aware datetime; not {start!r}'
    )


def offsets_at(
    client: Client, topic: str, partitions: Iterable[int], start: Start
) -> dict[int, int]:
    """The offset to begin at in each partition.

    An offset outside of what a partition holds becomes the nearest one it has, its end included.

    Raises:
        ConsumeError: The brokers did not answer, or there is no such partition.
        NotSupportedError: ``start`` is a moment, and this is the embedded broker.
    """
    if start == "earliest":
        return dict.fromkeys(partitions, confluent_kafka.OFFSET_BEGINNING)
    if isinstance(start, datetime):
        return _offsets_at_time(client, topic, partitions, start)
    # The end as a number: OFFSET_END would be looked up later, behind messages still to come.
    found = {partition: watermarks(client, topic, partition) for partition in partitions}
    if start == "latest":
        return {partition: end for partition, (_, end) in found.items()}
    return {partition: min(max(start, low), end) for partition, (low, end) in found.items()}


def watermarks(client: Client, topic: str, partition: int) -> tuple[int, int]:
    """First offset there is in a partition, and the one its next message will get.

    Raises:
        ConsumeError: The brokers did not answer, or there is no such partition.
    """
    place = confluent_kafka.TopicPartition(topic, partition)
    try:
        low, end = client.get_watermark_offsets(place, BROKER_TIMEOUT)
    except confluent_kafka.KafkaException as error:
        raise consume_error(topic, kafka_error_of(error), partition) from error
    return low, end


def partitions_of(client: Client, topic: str) -> list[int]:
    """The partitions of a topic, in order.

    Raises:
        ConsumeError: The brokers did not answer, or there is no such topic.
    """
    try:
        found = client.list_topics(topic, BROKER_TIMEOUT).topics[topic]
    except confluent_kafka.KafkaException as error:
        raise consume_error(topic, kafka_error_of(error)) from error
    if found.error is not None:
        raise consume_error(topic, found.error)
    return sorted(found.partitions)


def is_embedded(metadata: Any) -> bool:
    """Whether cluster metadata is that of the embedded broker, librdkafka's mock cluster."""
    return str(metadata.cluster_id).startswith(_MOCK_CLUSTER)


def consume_error(
    topic: str, error: confluent_kafka.KafkaError, partition: int | None = None
) -> ConsumeError:
    """The typed error, with advice where there is some to give."""
    advice = ""
    if error.code() in _NOT_THERE:
        advice = f"Create it first: streamcontract topics create {topic}"
    elif error.code() in {error._TIMED_OUT, error._TRANSPORT, error._ALL_BROKERS_DOWN}:  # noqa: SLF001 - public codes of librdkafka
        advice = (
            "Are the brokers running (`streamcontract dev` starts one), and is the address right "
            "(STREAMCONTRACT_BOOTSTRAP_SERVERS, or bootstrap.servers)?"
        )
    return ConsumeError(topic, error, partition, advice)


def _offsets_at_time(
    client: Client, topic: str, partitions: Iterable[int], moment: datetime
) -> dict[int, int]:
    wanted = [
        confluent_kafka.TopicPartition(topic, partition, to_milliseconds(moment))
        for partition in partitions
    ]
    try:
        if is_embedded(client.list_topics(topic, BROKER_TIMEOUT)):
            raise NotSupportedError(
                f"topic {topic!r}: the embedded broker cannot look offsets up by time; start from "
                f"an offset, or use a Kafka or Redpanda cluster"
            )
        found = client.offsets_for_times(wanted, BROKER_TIMEOUT)
    except confluent_kafka.KafkaException as error:
        raise consume_error(topic, kafka_error_of(error)) from error
    offsets = {}
    for place in found:
        if place.error is not None:
            raise consume_error(topic, place.error, place.partition)
        # No message is that young: begin behind the last one.
        offsets[place.partition] = (
            place.offset if place.offset >= 0 else watermarks(client, topic, place.partition)[1]
        )
    return offsets
