"""Assignment of a topic's partitions: the metadata for the first fetch are requested with it."""

from __future__ import annotations

from typing import Any

import attrs
import confluent_kafka
import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from streamcontract.kafka.connection.assigning import assign


@attrs.define
class Client:
    """A consumer that notes what it is asked, with or without a connection."""

    is_connected: bool
    asked: list[Any] = attrs.field(factory=list)

    def assign(self, partitions: list[TopicPartition], /) -> None:
        """Note the partitions."""
        self.asked.append([(each.topic, each.partition, each.offset) for each in partitions])

    def list_topics(self, topic: str, timeout: float) -> None:
        """Note the request; there is no answer."""
        self.asked.append((topic, timeout))
        if not self.is_connected:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT))


@pytest.mark.parametrize("is_connected", [True, False])
def test_metadata_are_requested_after_the_assignment(is_connected: bool) -> None:
    """Without waiting for them: librdkafka takes the answer."""
    client = Client(is_connected)
    assign(client, "bars", {1: 7, 0: 5})
    assert client.asked == [[("bars", 0, 5), ("bars", 1, 7)], ("bars", 0)]


def test_librdkafka_has_both(config: dict[str, Any]) -> None:
    """A real consumer takes both calls, also if it has no connection."""
    properties = {"group.id": "a", "bootstrap.servers": config["bootstrap.servers"]}
    for servers in (properties["bootstrap.servers"], "127.0.0.1:1"):
        client = confluent_kafka.Consumer({**properties, "bootstrap.servers": servers})
        assign(client, "bars", {0: 5})
        assert [(each.topic, each.offset) for each in client.assignment()] == [("bars", 5)]
        client.close()
