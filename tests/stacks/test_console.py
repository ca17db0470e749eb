"""Pages of the console that need Apache Kafka: groups and configurations."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import confluent_kafka
import pytest
from starlette.testclient import TestClient
from tests.console.conftest import Shop
from tests.console.shop import write_project

from streamcontract.console.pages import groups
from streamcontract.console.pages.shown import NONE
from streamcontract.console.routes import console_app
from streamcontract.console.sources import Sources
from streamcontract.kafka.connection.authentication_errors import WatchedAdminClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from streamcontract.devstack.kafka import KafkaStack

_DAY = {"retention.ms": "86400000"}


@pytest.fixture
def shop(cluster: KafkaStack, tmp_path: Path) -> Iterator[Shop]:
    """A console of three brokers of Apache Kafka."""
    config = {
        "bootstrap.servers": cluster.bootstrap_servers,
        "schema.registry.url": cluster.registry_url,
    }
    project = write_project(tmp_path)
    with Sources(config, project) as sources:
        app = console_app(sources, allow_writes=True)
        yield Shop(config, project, sources, TestClient(app, base_url="http://localhost"))


@pytest.fixture
def topic(cluster: KafkaStack, shop: Shop) -> str:
    """A topic of four partitions with a message in each, which no group reads yet."""
    name = f"read-{uuid.uuid4().hex[:12]}"
    assert cluster.create_topic(name, 4, 3, _DAY)
    producer = confluent_kafka.Producer({"bootstrap.servers": shop.config["bootstrap.servers"]})
    for partition in range(4):
        producer.produce(name, b"text", partition=partition)
    producer.flush()
    return name


@pytest.fixture
def members(shop: Shop) -> Iterator[Any]:
    """A maker of consumers that commit nothing by themselves, closed after the test."""
    made: list[confluent_kafka.Consumer] = []

    def join(group: str, topic: str | None = None) -> confluent_kafka.Consumer:
        consumer = confluent_kafka.Consumer(
            {
                "bootstrap.servers": shop.config["bootstrap.servers"],
                "group.id": group,
                "client.id": f"client-of-{group}",
                "enable.auto.commit": False,
            }
        )
        made.append(consumer)
        if topic is not None:
            consumer.subscribe([topic])
            while not consumer.assignment():
                consumer.poll(0.1)
        return consumer

    yield join
    for each in made:
        each.close()


def _commit(consumer: confluent_kafka.Consumer, topic: str, *partitions: int) -> None:
    offsets = [confluent_kafka.TopicPartition(topic, each, 0) for each in partitions]
    consumer.commit(offsets=offsets, asynchronous=False)


def test_a_group_that_committed_nothing_is_shown(shop: Shop, topic: str, members: Any) -> None:
    """With its state, and the member that each partition is assigned to."""
    group = f"silent-{uuid.uuid4().hex[:8]}"
    members(group, topic)
    text = shop.page(f"/topic/groups?name={topic}").text
    assert f"{group} lag unknown ✓ stable · 1 member · protocol classic" in text
    assert text.count(f"client-of-{group} at ") == 4
    listed = shop.page(f"/groups?q={group}")
    assert f"{group} ✓ stable classic 1 {topic} {NONE}" in listed.text
    assert f"/topic/groups?name={topic}" in listed.addresses


def test_a_group_that_committed_in_some_partitions(shop: Shop, topic: str, members: Any) -> None:
    """Its lag is that of those partitions, and the page says so."""
    group = f"partly-{uuid.uuid4().hex[:8]}"
    _commit(members(group), topic, 0, 3)
    text = shop.page(f"/topic/groups?name={topic}").text
    assert f"{group} lag 2 in 2 of 4 partitions empty · 0 members" in text
    assert (
        f"{group} empty classic 0 {topic} 2 in 2 of 4 partitions"
        in shop.page(f"/groups?q={group}").text
    )


def test_requests_are_bounded(
    shop: Shop, topic: str, members: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page asks some of the groups, and the pages together all of them."""
    names = {f"many-{uuid.uuid4().hex[:8]}" for _ in range(5)}
    for each in names:
        _commit(members(each), topic, 0)
    asked: list[str] = []
    ask: Any = WatchedAdminClient.list_consumer_group_offsets

    def counted(self: Any, requests: Any, **options: Any) -> Any:
        asked.extend(each.group_id for each in requests)
        return ask(self, requests, **options)

    monkeypatch.setattr(WatchedAdminClient, "list_consumer_group_offsets", counted)
    monkeypatch.setattr(groups, "_ASKED", 2)
    found, address = set[str](), f"/topic/groups?name={topic}&page=1"
    while address:
        page = shop.page(address)
        assert len(asked) <= 2
        asked.clear()
        found |= {each for each in names if each in page.text}
        number = int(address.rpartition("=")[2])
        address = next((each for each in page.addresses if f"page={number + 1}&" in each), "")
        address = address and f"/topic/groups?name={topic}&page={number + 1}"
    assert found == names


def test_changed_properties_come_first(shop: Shop, topic: str) -> None:
    """Marked as the topic's own, with numbers in larger units."""
    text = shop.page(f"/topic/configuration?name={topic}").text
    assert "Set retention.ms 86400000 (1 day) for this topic " in text
    assert text.count("for this topic") == 1
    assert "retention.bytes -1 (no limit) by the brokers" in text
    assert "flush.ms 9223372036854775807 (no limit) by the brokers" in text


def test_transactions_take_offsets(shop: Shop, topic: str) -> None:
    """Their marks are no messages, so the number is called the most that there may be."""
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": shop.config["bootstrap.servers"], "transactional.id": topic}
    )
    producer.init_transactions()
    producer.begin_transaction()
    producer.produce(topic, b"text", partition=0)
    producer.commit_transaction()
    text = shop.page(f"/topic?name={topic}").text
    assert "up to 6 messages" in text
    assert "5 messages, " in text


def test_a_topic_gets_the_partitions_of_its_contract(shop: Shop, cluster: KafkaStack) -> None:
    """Where none are asked for."""
    text = shop.project.read_text("utf-8").replace('topic = "stocks"', 'topic = "by-contract"')
    shop.project.write_text(text, "utf-8")
    assert "3 partitions · 0 messages" in shop.send("/topics/new", name="by-contract").text
    again = shop.send("/topics/new", 409, name="by-contract", partitions="9")
    assert "by-contract is there already, with 3 partitions; 9 were asked for." in again.text
