"""The serializers inside confluent_kafka's own clients, and against its own serializers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import confluent_kafka
import pytest
from confluent_kafka.error import ValueDeserializationError
from confluent_kafka.schema_registry import (
    SchemaRegistryClient,
    topic_subject_name_strategy,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from tests.kafka.installed import needs

from streamcontract import Codec, Stock, parse_schema
from streamcontract.errors import ConfigurationError, EncodeError, FrameError
from streamcontract.kafka import ContractDeserializer, ContractSerializer
from streamcontract.registry.errors import SubjectNotFoundError
from streamcontract.registry.subjects import record_name_strategy, topic_record_name_strategy
from streamcontract.wire import unframe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamcontract import SchemaRegistry
    from streamcontract.devstack import DevStack


def value_of(topic: str) -> SerializationContext:
    """The context of a value in a topic."""
    return SerializationContext(topic, MessageField.VALUE)


@pytest.fixture
def confluent(stack: DevStack) -> Iterator[SchemaRegistryClient]:
    """confluent_kafka's own registry client."""
    with SchemaRegistryClient({"url": stack.registry_url}) as client:
        yield client


def plain(stock: Stock) -> dict[str, Any]:
    """A bar as fastavro has it."""
    names = [field["name"] for field in json.loads(Codec(Stock).schema.json)["fields"]]
    return {name: getattr(stock, name) for name in names}


def test_confluents_deserializer_reads_what_ours_writes(
    registry: SchemaRegistry,
    confluent: SchemaRegistryClient,
    bar: Callable[..., Stock],
    topic: Callable[..., str],
) -> None:
    """AvroDeserializer, which is fastavro underneath, gives the values of the record."""
    name = topic()
    data = ContractSerializer(Stock, registry)(bar(), value_of(name))
    assert AvroDeserializer(confluent)(data, value_of(name)) == plain(bar())


def test_ours_reads_and_writes_what_confluents_serializer_writes(
    registry: SchemaRegistry,
    confluent: SchemaRegistryClient,
    bar: Callable[..., Stock],
    topic: Callable[..., str],
) -> None:
    """AvroSerializer's bytes are the same bytes, and come back as the record."""
    name = topic()
    theirs = AvroSerializer(
        confluent,
        Codec(Stock).schema.json,
        lambda stock, _: plain(stock),
        {"subject.name.strategy": topic_subject_name_strategy},
    )(bar(), value_of(name))
    assert theirs == ContractSerializer(Stock, registry)(bar(), value_of(name))
    assert ContractDeserializer(Stock, registry)(theirs) == bar()


@needs(2, 13, "before, messages had no deserialized_value()")
def test_inside_confluents_own_clients(
    config: dict[str, Any],
    registry: SchemaRegistry,
    bar: Callable[..., Stock],
    topic: Callable[..., str],
) -> None:
    """A plain SerializingProducer and DeserializingConsumer take them as they are."""
    name = topic()
    servers = {"bootstrap.servers": config["bootstrap.servers"]}
    producer = confluent_kafka.SerializingProducer(
        {**servers, "value.serializer": ContractSerializer(Stock, registry)}
    )
    producer.produce(name, value=bar())
    producer.produce(name, value=None)
    assert producer.flush(30) == 0
    consumer = confluent_kafka.DeserializingConsumer(
        {
            **servers,
            "group.id": name,
            "value.deserializer": ContractDeserializer(Stock, registry),
        }
    )
    consumer.assign([confluent_kafka.TopicPartition(name, 0, 0)])
    try:
        messages = [consumer.poll(30), consumer.poll(30)]
    finally:
        consumer.close()
    values = [message.deserialized_value() for message in messages if message is not None]
    assert values == [bar(), None]


def test_a_broken_frame_inside_confluents_own_consumer(
    config: dict[str, Any], registry: SchemaRegistry, topic: Callable[..., str]
) -> None:
    """Its ValueDeserializationError holds our FrameError."""
    name = topic()
    servers = {"bootstrap.servers": config["bootstrap.servers"]}
    producer = confluent_kafka.Producer(servers)
    producer.produce(name, b"no frame at all")
    assert producer.flush(30) == 0
    deserializer = ContractDeserializer(Stock, registry)
    consumer = confluent_kafka.DeserializingConsumer(
        {**servers, "group.id": name, "value.deserializer": deserializer}
    )
    consumer.assign([confluent_kafka.TopicPartition(name, 0, 0)])
    try:
        with pytest.raises(ValueDeserializationError) as caught:
            consumer.poll(30)
    finally:
        consumer.close()
    assert isinstance(caught.value.exception, FrameError)


def test_tombstones_stay_none(registry: SchemaRegistry) -> None:
    """None is no value to encode: it deletes a key."""
    assert ContractSerializer(Stock, registry)(None, value_of("t")) is None
    assert ContractDeserializer(Stock, registry)(None) is None


def test_an_empty_record_is_a_message(registry: SchemaRegistry, topic: Callable[..., str]) -> None:
    """Five bytes of frame and no payload are legal, though other clients refuse them."""
    schema = {"type": "record", "name": "Ping", "fields": []}
    data = ContractSerializer[Any](schema, registry)({}, value_of(topic()))
    assert data is not None
    assert len(data) == 5
    assert ContractDeserializer[Any](schema, registry)(data) == {}


def test_the_topic_has_to_be_known(registry: SchemaRegistry, bar: Callable[..., Stock]) -> None:
    """Without a context there is no subject."""
    with pytest.raises(ConfigurationError, match="SerializationContext"):
        ContractSerializer(Stock, registry)(bar())


def test_a_value_that_does_not_fit(registry: SchemaRegistry, topic: Callable[..., str]) -> None:
    """The codec's error comes through as it is."""
    with pytest.raises(EncodeError, match="Stock"):
        ContractSerializer[Any](Stock, registry)({"symbol": 1}, value_of(topic()))


def test_only_looking_up(
    registry: SchemaRegistry, bar: Callable[..., Stock], topic: Callable[..., str]
) -> None:
    """With auto_register off nothing is registered, and what is there is found."""
    name = topic()
    only_looking = ContractSerializer(Stock, registry, auto_register=False)
    with pytest.raises(SubjectNotFoundError):
        only_looking(bar(), value_of(name))
    assert f"{name}-value" not in registry.subjects()
    schema_id = registry.register(f"{name}-value", Codec(Stock).schema)
    data = only_looking(bar(), value_of(name))
    assert data is not None
    assert unframe(data)[0] == schema_id


def test_the_registry_is_asked_once(
    embedded_stack: DevStack,
    registry: SchemaRegistry,
    bar: Callable[..., Stock],
    topic: Callable[..., str],
) -> None:
    """Per subject when writing, per id when reading; not per message."""
    name, asked = topic(), list[object]()
    serializer = ContractSerializer(Stock, registry)
    deserializer = ContractDeserializer(Stock, registry)

    def count(request: object) -> None:
        asked.append(request)

    embedded_stack.registry.before = count
    try:
        for _ in range(3):
            assert deserializer(serializer(bar(), value_of(name))) == bar()
    finally:
        embedded_stack.registry.before = None
    assert len(asked) <= 2
    assert asked


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (record_name_strategy, "io.streamcontract.market.Stock"),
        (topic_record_name_strategy, "{topic}-io.streamcontract.market.Stock"),
    ],
)
def test_subject_name_strategies(
    registry: SchemaRegistry,
    bar: Callable[..., Stock],
    topic: Callable[..., str],
    strategy: Any,
    expected: str,
) -> None:
    """The subject is the one the strategy names."""
    name = topic()
    ContractSerializer(Stock, registry, subject_name_strategy=strategy)(bar(), value_of(name))
    assert expected.format(topic=name) in registry.subjects()


def test_references_are_registered_first_or_found(
    registry: SchemaRegistry, topic: Callable[..., str]
) -> None:
    """A type of another file gets a subject of its own; a look-up finds both again."""
    name = topic("ref").replace("-", "_")
    money = parse_schema(
        {"type": "record", "name": f"Money_{name}", "fields": [{"name": "cents", "type": "long"}]}
    )
    order = parse_schema(
        {
            "type": "record",
            "name": f"Order_{name}",
            "fields": [{"name": "price", "type": f"Money_{name}"}],
        },
        references=[money],
    )
    value = {"price": {"cents": 5}}
    written = ContractSerializer[Any](order, registry)(value, value_of(name))
    assert f"Money_{name}" in registry.subjects()
    looking_up = ContractSerializer[Any](order, registry, auto_register=False)
    assert looking_up(value, value_of(name)) == written
    assert ContractDeserializer[Any](order, registry)(written) == value
