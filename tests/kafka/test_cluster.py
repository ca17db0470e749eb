"""Questions to the cluster whose answers need another attempt."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from streamcontract import ContractConsumer, Stock, StockConsumer
from streamcontract.kafka import ConsumeError
from streamcontract.kafka.connection.cluster import END, Cluster, offsets_of
from streamcontract.kafka.connection.config import build_client, split_config

if TYPE_CHECKING:
    from collections.abc import Callable


class Admin:
    """Answers look-ups of offsets with errors, one look-up each, then with offsets."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)
        self.asked: list[list[int]] = []

    def list_offsets(self, wanted: dict[TopicPartition, Any], **_: Any) -> dict[Any, Any]:
        """As an ``AdminClient`` does; the error is that of partition 0."""
        self.asked.append([place.partition for place in wanted])
        code = self.codes.pop(0) if self.codes else None
        futures: dict[Any, Any] = {}
        for place in wanted:
            future: Future[Any] = Future()
            if code is not None and place.partition == 0:
                future.set_exception(KafkaException(KafkaError(code)))
            else:
                future.set_result(type("Result", (), {"offset": 7}))
            futures[place] = future
        return futures


def test_a_partition_without_a_leader_is_asked_again() -> None:
    """As those of a topic that was created a moment ago; the others are not."""
    admin: Any = Admin(KafkaError.LEADER_NOT_AVAILABLE, KafkaError.NOT_LEADER_FOR_PARTITION)
    assert offsets_of(admin, "bars", [0, 1], END) == {0: 7, 1: 7}
    assert admin.asked == [[0, 1], [0], [0]]


def test_other_errors_and_ones_that_stay_are_raised() -> None:
    """With the topic, the partition and the reason."""
    for codes, timeout in (
        ([KafkaError.TOPIC_AUTHORIZATION_FAILED], 30),
        ([KafkaError.NOT_LEADER_FOR_PARTITION] * 99, -1),
    ):
        admin: Any = Admin(*codes)
        with pytest.raises(ConsumeError, match=r"bars.*partition 0") as caught:
            offsets_of(admin, "bars", [0], END, timeout=timeout)
        assert caught.value.code == codes[0]
        assert len(admin.asked) == 1


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The classes of clients that are made for requests."""
    noted: list[Any] = []

    def note(kind: Any, properties: Any) -> Any:
        noted.append(kind)
        return build_client(kind, properties)

    monkeypatch.setattr("streamcontract.kafka.connection.cluster.build_client", note)
    return noted


def test_connections_are_kept_inside_connected(
    config: dict[str, Any], topic: Callable[..., str], made: list[Any]
) -> None:
    """And made anew for each request outside of it."""
    name, cluster = topic(), Cluster(split_config(config).client)
    made.clear()  # on Apache Kafka the topic is made by one
    with cluster.connected():
        assert cluster.bounds(name, cluster.partitions(name)) == ({0: 0}, {0: 0})
        with cluster.connected():
            assert cluster.partitions(name) == [0]
        assert cluster.partitions(name) == [0]
        assert len(made) == 1
    assert cluster.partitions(name) == [0]
    assert len(made) == 2


@pytest.mark.parametrize(("start", "expected"), [({0: 0, 1: 1, 2: 2}, 1), ("earliest", 0)])
def test_starts_of_partitions_are_looked_up_over_one_connection(
    config: dict[str, Any],
    filled: Callable[..., str],
    made: list[Any],
    start: Any,
    expected: int,
) -> None:
    """Each offset is a request; "earliest" is none."""
    name = filled(2, partitions=3)
    made.clear()
    with StockConsumer(config, topic=name, start=start) as consumer:
        assert consumer.poll(30) is not None
    assert len(made) == expected


def test_ends_of_several_topics_are_looked_up_over_one_connection(
    config: dict[str, Any], filled: Callable[..., str], made: list[Any]
) -> None:
    """Each topic is a request."""
    topics = {filled(1): Stock, filled(2): Stock}
    made.clear()
    with ContractConsumer(config, topics=topics) as consumer:
        assert len(list(consumer.until_end())) == 3
    assert len(made) == 1
