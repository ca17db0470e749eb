"""Records of a class that several contracts have: the client or the topic says which is meant."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka.serialization import MessageField, SerializationContext
from hypothesis import find
from tests.projects import SHOP_FILES, package_of, put, put_shop

from streamcontract import (
    AsyncContractProducer,
    Codec,
    ContractConsumer,
    ContractProducer,
    SchemaRegistry,
)
from streamcontract.errors import ArgumentError, ConfigurationError
from streamcontract.kafka import ContractSerializer, Message, MessageEncodeError
from streamcontract.testing import assert_messages
from streamcontract.testing.strategies import keys

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

Config = dict[str, Any]


class Shop:
    """The shop's code: orders have their id for a key, or none in their retry topic."""

    def __init__(self, folder: Path, topic: Callable[..., str], retry_key: str) -> None:
        self.orders, self.retries, self.parcels = topic(), topic(), topic()
        topics = {"orders": self.orders, "retries": self.retries, "parcels": self.parcels}
        put_shop(folder, **topics, retry_key=retry_key)
        package = package_of(folder)
        self.order: ModuleType = package.load("order")
        self.retry: ModuleType = package.load("order_retry")
        self.parcel: ModuleType = package.load("parcel")

    def an_order(self, number: str) -> Any:
        """An order."""
        return self.order.Order(id=number, to=self.parcel.Address(street="s"))


@pytest.fixture
def shop(tmp_path: Path, topic: Callable[..., str]) -> Shop:
    """The shop with contracts whose keys differ."""
    return Shop(tmp_path, topic, retry_key="")


@pytest.fixture
def alike(tmp_path: Path, topic: Callable[..., str]) -> Shop:
    """The shop with contracts that differ in their topics alone."""
    return Shop(tmp_path, topic, retry_key='key = "id"')


def read(config: Config, consumer_class: Any, **options: Any) -> list[Any]:
    """Topic, key and value of all messages there are."""
    with consumer_class(config, **options) as consumer:
        return [(message.topic, message.key, message.value) for message in consumer.until_end()]


def test_records_go_from_one_contract_to_another(shop: Shop, config: Config) -> None:
    """What the order's consumer gives, the retry producer takes, and a parcel has its address."""
    order = shop.an_order("7")
    with shop.order.OrderProducer(config) as producer:
        producer.produce(order)
    [(_, key, received)] = read(config, shop.order.OrderConsumer)
    assert (key, received) == ("7", order)
    with shop.retry.OrderProducer(config) as producer:
        producer.produce(received, key=b"any")
    assert read(config, shop.retry.OrderConsumer) == [(shop.retries, b"any", order)]
    parcel = shop.parcel.Parcel(to=received.to, weight=shop.parcel.Weight(grams=1))
    with shop.parcel.ParcelProducer(config) as producer:
        producer.produce(parcel)
    assert read(config, shop.parcel.ParcelConsumer) == [(shop.parcels, None, parcel)]
    with SchemaRegistry(config["schema.registry.url"]) as registry:
        versions = [
            registry.version(f"{topic}-value").references
            for topic in (shop.orders, shop.retries, shop.parcels)
        ]
    assert versions[0] == versions[1] == versions[2]
    assert [reference.subject for reference in versions[0]] == ["shop.common.Address"]


@pytest.mark.parametrize("client", [ContractProducer, ContractConsumer])
def test_a_class_of_several_contracts_needs_a_topic(
    shop: Shop, config: Config, client: Any
) -> None:
    """The error names the contracts, and what to do."""
    with pytest.raises(ConfigurationError) as caught:
        client(config, record=shop.order.Order)
    said = str(caught.value)
    assert f"'order' (topic '{shop.orders}') and 'order_retry' (topic '{shop.retries}')" in said
    assert "choose one with topic=" in said
    with pytest.raises(ConfigurationError, match=r"which differ, and topic= is 'x': use a client"):
        client(config, record=shop.order.Order, topic="x")


def test_the_topic_says_which_contract(shop: Shop, config: Config) -> None:
    """With its key, for producers and consumers."""
    order = shop.an_order("7")
    with ContractProducer(config, record=shop.order.Order, topic=shop.orders) as producer:
        producer.produce(order)
    with ContractProducer(config, record=shop.order.Order, topic=shop.retries) as producer:
        producer.produce(order)
    topics = {shop.orders: shop.order.Order, shop.retries: [shop.order.Order]}
    found = read(config, ContractConsumer, topics=topics)
    assert sorted(found, key=lambda each: each[1] is None) == [
        (shop.orders, "7", order),
        (shop.retries, None, order),
    ]
    pattern = f"^{shop.retries}$"
    assert read(config, ContractConsumer, topics={pattern: shop.order.Order}) == [
        (shop.retries, None, order)
    ]


def test_contracts_that_differ_in_their_topics_alone(
    alike: Shop, config: Config, topic: Callable[..., str]
) -> None:
    """Any will do for a topic of neither, and a topic is needed all the same."""
    other, order = topic(), alike.an_order("7")
    with pytest.raises(ConfigurationError, match="is the record of several contracts"):
        ContractProducer(config, record=alike.order.Order)
    with ContractProducer(config, record=alike.order.Order, topic=other) as producer:
        producer.produce(order)
    with ContractConsumer(config, record=alike.order.Order, topic=other) as consumer:
        assert_messages(consumer, [order])


def test_one_producer_for_several_contracts(shop: Shop, config: Config) -> None:
    """By class and topic; a tombstone too."""
    order = shop.an_order("7")
    parcel = shop.parcel.Parcel(to=order.to, weight=shop.parcel.Weight(grams=1))
    records = [shop.order.Order, shop.parcel.Parcel]
    with ContractProducer[Any](config, records=records) as producer:
        assert producer.topic == ""
        for _ in range(2):  # the second goes the quick way
            producer.produce(order, topic=shop.orders)
            producer.produce(order, topic=shop.retries)
            producer.produce(parcel)
        producer.produce(None, key="7", topic=shop.orders)
        producer.produce(None, key=b"7", topic=shop.retries)
        with pytest.raises(
            MessageEncodeError, match=r"Order is the record of several contracts: choose"
        ):
            producer.produce(order)
        with pytest.raises(MessageEncodeError, match="choose one with topic=, of"):
            producer.produce(order, topic="another")
        report = producer.produce_all([parcel, order])
        assert [failure.index for failure in report.failures] == [1]
    assert read(config, shop.order.OrderConsumer) == [
        *[(shop.orders, "7", order)] * 2,
        (shop.orders, "7", None),
    ]
    assert read(config, shop.retry.OrderConsumer) == [
        *[(shop.retries, None, order)] * 2,
        (shop.retries, b"7", None),
    ]
    assert len(read(config, shop.parcel.ParcelConsumer)) == 3


def test_one_producer_with_a_topic_of_its_own(shop: Shop, config: Config) -> None:
    """Which is where records go that no other is given for."""
    order = shop.an_order("7")
    with ContractProducer[Any](config, records=[shop.order.Order], topic=shop.retries) as producer:
        assert producer.topic == shop.retries
        for _ in range(2):
            producer.produce(order)
            producer.produce(order, topic=shop.orders)
    assert read(config, shop.retry.OrderConsumer) == [(shop.retries, None, order)] * 2
    assert read(config, shop.order.OrderConsumer) == [(shop.orders, "7", order)] * 2
    with pytest.raises(ArgumentError, match="each once"):
        ContractProducer[Any](config, records=[shop.order.Order, shop.retry.Order])


def test_plain_confluent_kafka_serializers(shop: Shop, config: Config) -> None:
    """Of a producer of several contracts, which has the topic of each message."""
    order = shop.an_order("7")
    with ContractProducer[Any](config, records=[shop.order.Order, shop.parcel.Parcel]) as producer:
        producer.client.produce(topic=shop.orders, key="7", value=order)
        producer.client.produce(topic=shop.retries, key=b"8", value=order)
    assert read(config, shop.order.OrderConsumer) == [(shop.orders, "7", order)]
    assert read(config, shop.retry.OrderConsumer) == [(shop.retries, b"8", order)]


def test_in_asyncio(shop: Shop, config: Config) -> None:
    """The same."""

    async def go() -> None:
        async with AsyncContractProducer[Any](config, records=[shop.order.Order]) as producer:
            await producer.produce(shop.an_order("7"), topic=shop.orders)
            with pytest.raises(MessageEncodeError, match="choose one with topic="):
                await producer.produce(shop.an_order("7"))

    asyncio.run(go())
    assert [key for _, key, _ in read(config, shop.order.OrderConsumer)] == ["7"]


def test_a_consumer_of_several_classes(shop: Shop, alike: Shop, config: Config) -> None:
    """The topic is the one that a contract of each names, if there is one."""
    with pytest.raises(ConfigurationError, match="name no common topic"):
        ContractConsumer[Any](config, records=[shop.order.Order])
    with ContractConsumer[Any](config, records=[alike.order.Order], topic=alike.orders) as consumer:
        assert consumer.topic == alike.orders


def test_a_type_inside_of_contracts(shop: Shop, config: Config, topic: Callable[..., str]) -> None:
    """Has neither topic nor key, whichever contracts it is inside of."""
    name = topic()
    address = shop.order.Address(street="s")
    with pytest.raises(ConfigurationError, match="no topic"):
        ContractProducer(config, record=shop.order.Address)
    with ContractProducer(config, record=shop.order.Address, topic=name) as producer:
        producer.produce(address, key="k")
    found = read(config, ContractConsumer, record=shop.order.Address, topic=name)
    assert found == [(name, b"k", address)]


def test_expected_records_by_their_keys(shop: Shop, alike: Shop) -> None:
    """Where the contracts have one key, it is known from the record; else it has to be given."""
    first, second = alike.an_order("1"), alike.an_order("2")
    messages = [Message(each, each.id, alike.orders, 0, 0) for each in (first, second)]
    assert_messages(messages, [second, first])
    unknown = shop.an_order("1")
    with pytest.raises(ConfigurationError, match="the key of what is expected is not known"):
        assert_messages([Message(unknown, "1", shop.orders, 0, 0)], [unknown])


def test_contracts_whose_schemas_are_not_one_text(tmp_path: Path, config: Config) -> None:
    """A serializer is given the contract, since it registers that one's schema."""
    described = {**SHOP_FILES["orders/order.avsc"], "doc": "Again."}
    put_shop(tmp_path)
    toml = (tmp_path / "streamcontract.toml").read_text("utf-8")
    retry = toml.replace(
        'order.avsc"\ntopic = "orders-retry"', 'retry.avsc"\ntopic = "orders-retry"'
    )
    put(tmp_path, {"orders/retry.avsc": described, "streamcontract.toml": retry})
    package = package_of(tmp_path)
    order, again = package.load("order"), package.load("order_retry")
    assert order.Order is again.Order
    with SchemaRegistry(config["schema.registry.url"]) as registry:
        with pytest.raises(ConfigurationError, match="order_retry, whose schemas differ"):
            ContractSerializer(order.Order, registry)
        serializer = ContractSerializer(again.CONTRACT, registry)
        value = order.Order(id="1", to=order.Address(street="s"))
        assert serializer(value, SerializationContext("described", MessageField.VALUE))
        assert "Again." in registry.version("described-value").schema.json


def test_classes_of_keys_are_shared_too(
    tmp_path: Path, config: Config, topic: Callable[..., str]
) -> None:
    """By the contracts of one key schema, and by the records and keys of any."""
    orders, retries, parcels = topic(), topic(), topic()
    put_shop(tmp_path, orders=orders, retries=retries, parcels=parcels, retry_key="")
    toml = (tmp_path / "streamcontract.toml").read_text("utf-8")
    toml = toml.replace('key = "id"\n', "")
    for name in (orders, retries):
        toml = toml.replace(f'"{name}"\n', f'"{name}"\nkey_schema = "orders/order-key.avsc"\n')
    fields = [{"name": "number", "type": "int"}, {"name": "at", "type": "shop.common.Address"}]
    key_schema = {"type": "record", "name": "OrderKey", "namespace": "shop", "fields": fields}
    put(tmp_path, {"streamcontract.toml": toml, "orders/order-key.avsc": key_schema})
    package = package_of(tmp_path)
    order, retry, parcel = map(package.load, ("order", "order_retry", "parcel"))
    assert order.OrderKey is retry.OrderKey
    assert order.OrderKey is package.load("shop_types").OrderKey
    key = order.OrderKey(number=1, at=parcel.Address(street="s"))
    assert Codec(order.OrderKey).decode(Codec(order.OrderKey).encode(key)) == key
    value = order.Order(id="1", to=key.at)
    with ContractProducer[Any](config, records=[order.Order, parcel.Parcel]) as producer:
        producer.produce(value, key=key, topic=orders)
        producer.produce(None, key=key, topic=retries)
    assert read(config, order.OrderConsumer) == [(orders, key, value)]
    assert read(config, retry.OrderConsumer) == [(retries, key, None)]
    assert isinstance(find(keys(order.Order), lambda _: True), order.OrderKey)
