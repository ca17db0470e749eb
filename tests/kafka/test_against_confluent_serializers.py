"""Confluent's AvroSerializer and AvroDeserializer beside ours, over any schema and value."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from confluent_kafka.schema_registry import (
    SchemaRegistryClient,
    header_schema_id_serializer,
    topic_subject_name_strategy,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.serde import SchemaId
from confluent_kafka.serialization import MessageField, SerializationContext, SerializationError
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.codec.equality import equal, same
from tests.codec.oracles import (
    bare,
    fastavro_schema,
    for_fastavro,
    names_null_namespace,
    read_by_fastavro,
)
from tests.kafka.disagreements import TAKEN_BY_CONFLUENT
from tests.kafka.installed import needs
from tests.peers import said_of_others
from tests.searching import examples

from streamcontract import SchemaRegistry, parse_schema
from streamcontract.devstack.registry import RegistryServer
from streamcontract.errors import EncodeError, FrameError
from streamcontract.kafka import ContractDeserializer, ContractSerializer
from streamcontract.registry.errors import UnsupportedRequestError
from streamcontract.schema import PrimitiveType
from streamcontract.testing.strategies import from_schema, schemas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.schema import Schema


@attrs.frozen
class Both:
    """Confluent's client and ours of one registry."""

    theirs: SchemaRegistryClient
    ours: SchemaRegistry

    def serializer(self, schema: Schema) -> Any:
        """Confluent's serializer of a schema."""
        configuration = {"subject.name.strategy": topic_subject_name_strategy}
        return AvroSerializer(self.theirs, schema.json, conf=configuration)


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    """The clients of a registry without a broker."""
    with (
        RegistryServer() as server,
        SchemaRegistryClient({"url": server.url}) as theirs,
        SchemaRegistry(server.url) as ours,
    ):
        yield Both(theirs, ours)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Schema, Any]:
    """A schema that fastavro takes, and a value of it with its branches named."""
    drawn = draw(schemas(ill_fitting=False))
    assume(not names_null_namespace(drawn))
    schema = parse_schema(json.dumps(fastavro_schema(drawn)))
    return schema, draw(from_schema(schema, tag_unions=True))


def _somewhere(field: MessageField) -> SerializationContext:
    """A subject that no other example uses, so that no compatibility is asked for."""
    return SerializationContext(f"t{uuid.uuid4().hex}", field)


@pytest.mark.parametrize("field", [MessageField.KEY, MessageField.VALUE])
@given(case=cases())
@settings(max_examples=examples(60), deadline=None)
def test_the_bytes_are_the_same_and_each_reads_the_others(
    both: Both, field: MessageField, case: tuple[Schema, Any]
) -> None:
    """The same frame and payload for keys and values; both deserializers give the value."""
    schema, value = case
    context = _somewhere(field)
    theirs = both.serializer(schema)(for_fastavro(schema.root, value), context)
    assume(theirs is not None)  # they take the value of a null schema for a tombstone
    assert ContractSerializer[Any](schema, both.ours)(value, context) == theirs
    ours = ContractDeserializer[Any](schema, both.ours)(theirs, context)
    assert same(ours, bare(schema.root, value))
    if len(theirs) > 5:
        read = AvroDeserializer(both.theirs)(theirs, context)
        # Bytes alone they give back as they are, whatever their logical type.
        whole = isinstance(schema.root, PrimitiveType) and schema.root.name == "bytes"
        assert equal(read, theirs[5:] if whole else read_by_fastavro(schema.root, value))


@pytest.mark.parametrize("name", TAKEN_BY_CONFLUENT)
def test_what_confluent_takes_and_we_refuse(both: Both, name: str) -> None:
    """They write something, we say what does not fit; a row that is no longer one is reported."""
    row = TAKEN_BY_CONFLUENT[name]
    optional = {"name": "a", "type": ["null", "int"], "default": None}
    field = optional if row.type is ... else {"name": "a", "type": row.type}
    schema = parse_schema({"type": "record", "name": "R", "fields": [field]})
    value = row.value if row.type is ... else {"a": row.value}
    context = _somewhere(MessageField.VALUE)
    with pytest.raises(EncodeError):
        ContractSerializer[Any](schema, both.ours)(value, context)
    try:
        data = both.serializer(schema)(value, context)
    except Exception:  # noqa: BLE001 - whatever a newer version refuses it with
        data = None
    with said_of_others(f"tests/kafka/disagreements.py: Confluent's serializer writes {name}"):
        assert data is not None


@needs(2, 13, "before, Confluent wrote their length")
@pytest.mark.parametrize("value", [b"", b"\6abc", bytes(300)])
def test_bare_bytes(both: Both, value: bytes) -> None:
    """Where the whole schema is bytes, no length stands in front, and each reads the other's."""
    schema, context = parse_schema("bytes"), _somewhere(MessageField.VALUE)
    ours = ContractSerializer[Any](schema, both.ours)(value, context)
    assert ours == both.serializer(schema)(value, context)
    assert ours is not None
    assert ours[5:] == value
    assert ContractDeserializer[Any](schema, both.ours)(ours, context) == value


def test_an_empty_payload(both: Both) -> None:
    """``EMPTY_PAYLOAD``: what their own serializer writes, their deserializer refuses."""
    schema = parse_schema({"type": "record", "name": "Nothing", "fields": []})
    context = _somewhere(MessageField.VALUE)
    data = both.serializer(schema)({}, context)
    assert ContractDeserializer[Any](schema, both.ours)(data, context) == {}
    with (
        said_of_others("tests/kafka/disagreements.py: EMPTY_PAYLOAD"),
        pytest.raises(SerializationError),
    ):
        AvroDeserializer(both.theirs)(data, context)


def test_ids_in_headers(both: Both) -> None:
    """The payload alone is no message of ours; with its header, it names a GUID."""
    context = SerializationContext("t", MessageField.VALUE, [])
    guid = SchemaId("AVRO", guid=str(uuid.UUID(int=7)))
    payload = header_schema_id_serializer(b"\2payload", context, guid)
    assert payload == b"\2payload"
    deserialize = ContractDeserializer[Any](parse_schema("string"), both.ours)
    with pytest.raises(FrameError):
        deserialize(payload)
    with pytest.raises(UnsupportedRequestError, match="finds no schemas by GUID"):
        deserialize(payload, context)  # this registry is Redpanda's
