"""What Apache Kafka does and the embedded broker does not, through this project's own clients."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any

import confluent_kafka
import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined] # two are documented there
    AdminClient,
    ConfigResource,
    ResourceType,
)

from streamcontract import Codec, SchemaRegistry, Stock, StockConsumer, StockProducer
from streamcontract.devstack.kafka import KafkaStack
from streamcontract.errors import StackError
from streamcontract.kafka import describe_groups, describe_topics, ensure_topic
from streamcontract.wire import frame

if TYPE_CHECKING:
    from collections.abc import Callable

WAIT = 30.0
NOON = dt.datetime(2026, 5, 4, 12, tzinfo=dt.timezone.utc)


def bar(volume: int) -> Stock:
    """A stock bar that its volume tells from others."""
    return Stock(
        symbol="AAPL",
        date=dt.date(2026, 5, 4),
        open=1.5,
        high=2.0,
        low=1.0,
        close=1.75,
        volume=volume,
    )


@pytest.fixture
def config(cluster: KafkaStack) -> dict[str, Any]:
    """Client properties that lead to three brokers of Apache Kafka."""
    return {
        "bootstrap.servers": cluster.bootstrap_servers,
        "schema.registry.url": cluster.registry_url,
    }


@pytest.fixture
def topic(cluster: KafkaStack) -> Callable[..., str]:
    """A maker of topics that nobody else uses, on all three brokers."""

    def create(partitions: int = 1, **settings: str) -> str:
        name = f"stocks-{uuid.uuid4().hex[:12]}"
        assert cluster.create_topic(name, partitions, 3, settings)
        return name

    return create


def test_reading_begins_at_a_moment(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """The first message that is as young as asked for."""
    name = topic()
    with StockProducer(config, topic=name) as producer:
        for hour in range(5):
            producer.produce(bar(hour), timestamp=NOON + dt.timedelta(hours=hour))
    with StockConsumer(config, topic=name, start=NOON + dt.timedelta(hours=2.5)) as consumer:
        assert [message.value for message in consumer.until_end()] == [bar(3), bar(4)]


def test_groups_are_listed(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """Without naming it, the group that reads a topic is found, with its lag."""
    name, group = topic(), uuid.uuid4().hex
    with StockProducer(config, topic=name) as producer:
        for volume in range(3):
            producer.produce(bar(volume))
    with StockConsumer(config, topic=name, group=group) as consumer:
        assert len(consumer.consume(2, WAIT)) == 2
    [state] = describe_topics([name], config).topics
    [found] = [each for each in describe_groups(state, None, config) if each.group == group]
    assert found.total_lag == 1


def test_new_groups_get_partitions_soon(config: dict[str, Any]) -> None:
    """By what the brokers say of their waits, and so without waiting.

    The first consumer of a share group gets partitions with its second heartbeat. The broker tells
    it when to send that: after 5 seconds by default.
    """
    longest = {
        "group.share.heartbeat.interval.ms": 1000,
        "group.initial.rebalance.delay.ms": 100,
    }
    admin = AdminClient({"bootstrap.servers": config["bootstrap.servers"]})
    brokers = [str(each) for each in admin.list_topics(timeout=WAIT).brokers]
    for broker in brokers:
        resource = ConfigResource(ResourceType.BROKER, broker)
        settings = admin.describe_configs([resource])[resource].result(WAIT)
        found = {name: int(settings[name].value) for name in longest}
        assert all(found[name] <= most for name, most in longest.items()), found
    assert len(brokers) == 3


def test_topic_properties_are_compared(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """A property that the topic has, and one that it has otherwise."""
    name = topic(**{"cleanup.policy": "compact"})
    same = ensure_topic(name, config, topic_config={"cleanup.policy": "compact"})
    assert (same.created, same.mismatches) == (False, ())
    other = ensure_topic(name, config, topic_config={"cleanup.policy": "delete"})
    assert str(other.mismatches[0]) == "cleanup.policy: compact, and not delete as requested"


def test_what_was_aborted_is_not_read(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """A consumer reads what was committed, and nothing of a transaction that was not."""
    name = topic()
    with SchemaRegistry(config["schema.registry.url"]) as registry:
        schema_id = registry.register(f"{name}-value", Codec(Stock).schema)
    value = frame(schema_id, Codec(Stock).encode(bar(0)))
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": config["bootstrap.servers"], "transactional.id": name}
    )
    producer.init_transactions(WAIT)
    for key, end in {
        "aborted": producer.abort_transaction,
        "committed": producer.commit_transaction,
    }.items():
        producer.begin_transaction()
        producer.produce(name, value, key=key)
        producer.flush(WAIT)
        end(WAIT)
    with StockConsumer(config, topic=name) as consumer:
        assert [message.key for message in consumer.until_end()] == ["committed"]


def test_a_topic_of_that_name_that_is_otherwise(
    cluster: KafkaStack, topic: Callable[..., str]
) -> None:
    """Creating a topic again is harmless as long as it is the same."""
    name = topic(2)
    assert cluster.create_topic(name, 2, 3) is False
    with pytest.raises(StackError, match="partitions: 2, and not 4"):
        cluster.create_topic(name, 4, 3)
    with pytest.raises(StackError, match="replication factor"):
        cluster.create_topic(f"{name}-x", 1, 4)


def test_clients_have_to_authenticate(real_servers: None) -> None:
    """Properties secure the clients' listener alone; the cluster's own go on without."""
    login = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_ann="pass";'
    properties = {
        "listener.security.protocol.map": (
            "CLIENT:SASL_PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT"
        ),
        "listener.name.client.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.client.plain.sasl.jaas.config": login,
    }
    with KafkaStack(properties=properties) as stack:
        assert stack.create_topic("stocks")
        config = {
            "bootstrap.servers": stack.bootstrap_servers,
            "schema.registry.url": stack.registry_url,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "PLAIN",
            "sasl.username": "ann",
            "sasl.password": "pass",
        }
        with StockProducer(config) as producer:
            producer.produce(bar(1))
        with StockConsumer(config) as consumer:
            assert [message.value for message in consumer.until_end()] == [bar(1)]
        stranger = confluent_kafka.Producer(
            {**config_of(config), "sasl.password": "other", "log_level": 0}
        )
        with pytest.raises(confluent_kafka.KafkaException):
            stranger.list_topics(timeout=2)


def config_of(config: dict[str, Any]) -> dict[str, Any]:
    """The client's part of a configuration."""
    return {key: value for key, value in config.items() if not key.startswith("schema.")}
