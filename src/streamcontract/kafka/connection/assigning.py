"""Assignment of a topic's partitions, without the delay of the first fetch.

To fetch, librdkafka needs the leaders of the partitions. Of a topic that is new to it, it requests
them as soon as a connection is up; where one was up before the assignment, only once a second
(2.16: rd_kafka_topic_scan_tmr_cb in rdkafka_topic.c). So they are requested here.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import confluent_kafka
from confluent_kafka import TopicPartition

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    class _Client(Protocol):
        def assign(self, partitions: list[TopicPartition], /) -> object: ...

        def list_topics(self, topic: str, timeout: float) -> object: ...


__all__ = ["assign"]


def assign(client: _Client, topic: str, offsets: Mapping[int, int]) -> None:
    """Assign partitions to a consumer, in place of those that it has.

    Args:
        client: The consumer.
        topic: The topic.
        offsets: Where to begin, by partition.
    """
    client.assign([TopicPartition(topic, *each) for each in sorted(offsets.items())])
    # Without waiting: the answer is for librdkafka. Without a connection there is an error, and
    # nothing to request: the topic is known before one is up.
    with contextlib.suppress(confluent_kafka.KafkaException):
        client.list_topics(topic, 0)
