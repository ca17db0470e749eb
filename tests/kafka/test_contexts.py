"""Messages of topics whose subjects are in a context: each is read under its own schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka.serialization import MessageField, SerializationContext

from streamcontract import (
    Codec,
    ContractConsumer,
    ContractProducer,
    SchemaRegistry,
    parse_schema,
)
from streamcontract.devstack.registry import RegistryServer
from streamcontract.errors import ConfigurationError
from streamcontract.kafka.connection.config import split_config
from streamcontract.kafka.contract.binding import Binding
from streamcontract.kafka.contract.dispatch import merge_bindings
from streamcontract.kafka.contract.keys import raw_key_codec
from streamcontract.kafka.contract.project_deserializers import project_readers
from streamcontract.kafka.contract.serializers import ContractDeserializer, ContractSerializer
from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
from streamcontract.project import load_project
from streamcontract.wire import frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Config = dict[str, Any]


def _record(name: str, **fields: str) -> Any:
    listed = [{"name": field, "type": kind} for field, kind in fields.items()]
    return parse_schema({"type": "record", "name": name, "fields": listed})


# Both are well-formed under the other's schema: a mix-up would not be noticed.
HERE = _record("shop.Order", amount="int")
THERE = _record("shop.Order", amount="long", note="string")
TEXT = parse_schema("string")


def in_staging(topic: str, record_name: str | None, *, is_key: bool) -> str:
    """One context for all that this application sends and reads."""
    del record_name
    return f":.staging:{topic}-{'key' if is_key else 'value'}"


@pytest.fixture
def registry_url() -> Iterator[str]:
    """A registry with contexts, in which id 1 is something else by default."""
    with RegistryServer() as server:
        with SchemaRegistry(server.url) as registry:
            assert registry.register("other-value", HERE) == 1
            assert registry.register("another-value", TEXT) == 2
        yield server.url


@pytest.fixture(params=["strategy", "url"])
def properties(request: pytest.FixtureRequest, config: Config, registry_url: str) -> Config:
    """The two ways into a context."""
    if request.param == "url":
        return {**config, "schema.registry.url": f"{registry_url}/contexts/.staging"}
    return {**config, "schema.registry.url": registry_url, "subject.name.strategy": in_staging}


def test_a_producer_and_a_consumer_in_a_context(
    properties: Config, topic: Callable[..., str], registry_url: str
) -> None:
    """Ids of the context are counted from 1 as well, and are not taken for the default one's."""
    name, value = topic(partitions=1), {"amount": 7, "note": "seven"}
    with ContractProducer(properties, topic=name, schema=THERE) as producer:
        producer.produce(value)
    with SchemaRegistry(registry_url) as registry:
        assert f":.staging:{name}-value" in registry.subjects(prefix=":.staging:")
        assert f"{name}-value" not in registry.subjects()
    with ContractConsumer(properties, topic=name, schema=THERE) as consumer:
        found = [message.value for message in consumer.until_end()]
    assert found == [value]


def test_serializers_of_their_own_in_a_context(registry_url: str) -> None:
    """The deserializer is told a subject; without one, it is the URL's context."""
    context = SerializationContext("orders", MessageField.VALUE)
    with SchemaRegistry(registry_url) as registry:
        serialize = ContractSerializer[Any](THERE, registry, subject_name_strategy=in_staging)
        data = serialize({"amount": 7, "note": "seven"}, context)
        read = ContractDeserializer[Any](THERE, registry, subject=":.staging:orders-value")
        assert read(data) == {"amount": 7, "note": "seven"}
    with SchemaRegistry(f"{registry_url}/contexts/staging") as registry:
        read = ContractDeserializer[Any](THERE, registry)
        assert read(data) == {"amount": 7, "note": "seven"}


def test_the_key_has_a_subject_too(registry_url: str) -> None:
    """A key with a schema of its own is read in the context of its subject."""
    binding = Binding("orders", Codec[Any](THERE), Codec[Any](TEXT), None)
    with SchemaRegistry(registry_url) as registry:
        serialize = ContractSerializer[Any](TEXT, registry, subject_name_strategy=in_staging)
        data = serialize("k", SerializationContext("orders", MessageField.KEY))
        reader = TopicDeserializer(binding, registry, subject_name_strategy=in_staging)
        assert reader.read_key(data) == "k"


def test_types_of_a_topic_are_in_one_context(registry_url: str) -> None:
    """An id in front of a message says nothing of its type: it could mean two schemas."""

    def by_type(topic: str, record_name: str | None, *, is_key: bool) -> str:
        del is_key
        return f":.{(record_name or '').rpartition('.')[2].lower()}:{topic}"

    schemas = [_record("shop.Order", amount="int"), _record("shop.Return", amount="int")]
    binding = merge_bindings(
        [Binding("orders", Codec[Any](each), raw_key_codec(), None) for each in schemas]
    )
    with SchemaRegistry(registry_url) as registry:
        with pytest.raises(ConfigurationError, match=r"several contexts \(\.order, \.return\)"):
            TopicDeserializer(binding, registry, subject_name_strategy=by_type)
        reader = TopicDeserializer(binding, registry, subject_name_strategy=in_staging)
        registry.register(":.staging:orders-value", schemas[1])
        assert reader.deserializer(frame(1, b"\x0e")) == {"amount": 7}


def test_deserializers_of_a_project_are_in_the_context_of_its_subjects(
    registry_url: str, tmp_path: Path
) -> None:
    """They have the configuration that its consumers have."""
    project = '[contracts.order]\nschema = "order.avsc"\ntopic = "orders"\n'
    tmp_path.joinpath("streamcontract.toml").write_text(project)
    tmp_path.joinpath("order.avsc").write_text(THERE.json)
    context = SerializationContext("orders", MessageField.VALUE)
    settings = split_config({"subject.name.strategy": in_staging})
    with SchemaRegistry(registry_url) as registry:
        serialize = ContractSerializer[Any](THERE, registry, subject_name_strategy=in_staging)
        data = serialize({"amount": 7, "note": "seven"}, context)
        reader = project_readers(load_project(tmp_path), registry, settings)["orders"]
        assert reader.deserializer(data) == {"amount": 7, "note": "seven"}
