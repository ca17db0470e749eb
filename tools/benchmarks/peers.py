"""Each way to encode and decode a record, ours and the peers', behind one shape.

A peer gets what its documentation recommends for speed: schemas parsed once, and the conversion
between the record and its dict written by hand.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from typing import Any
from unittest import mock

import attrs
import avro.io
import avro.schema
import cavro
import fastavro
from confluent_kafka.schema_registry import SchemaRegistryClient, topic_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from benchmarks.dataclass_models import MODELS
from benchmarks.shapes import Shape
from streamcontract import Codec
from streamcontract.codec.engine import ENGINE_VARIABLE, choose_engine
from streamcontract.wire import HEADER_SIZE, header

__all__ = ["OURS", "Peer", "peers"]

OURS = "streamcontract"


@attrs.frozen
class Peer:
    """One way to encode and decode.

    Attributes:
        name: What it is called in the tables.
        encode: Makes bytes of the shape's record.
        decode: Makes a record of what ``encode`` gave.
    """

    name: str
    encode: Callable[[], bytes]
    decode: Callable[[bytes], Any]


def peers(shape: Shape) -> list[Peer]:
    """All ways for one record, each checked to bring the record back."""
    found = [
        _streamcontract(shape),
        *_other_engine(shape),
        _fastavro(shape),
        _cavro(shape),
        _apache_avro(shape),
        _confluent(shape),
        _dataclasses_avroschema(shape),
    ]
    for peer in found:
        back = peer.decode(peer.encode())
        wanted = MODELS[shape.name] if peer.name == "dataclasses-avroschema" else shape.record
        if back != wanted:
            raise AssertionError(f"{peer.name} gave back {back!r} for {wanted!r}")
    return found


def _streamcontract(shape: Shape) -> Peer:
    codec: Codec[Any] = Codec(type(shape.record))
    # With the frame, as the producer and the consumer use it.
    encode, record = codec.encoder(header(1)), shape.record
    return Peer(OURS, lambda: encode(record), codec.decoder(start=HEADER_SIZE))


def _other_engine(shape: Shape) -> list[Peer]:
    """Our portable engine, where the native one is measured already."""
    if choose_engine().name == "portable":
        return []
    with mock.patch.dict(os.environ, {ENGINE_VARIABLE: "portable"}):
        way = _streamcontract(shape)
    return [attrs.evolve(way, name=f"{OURS}, portable engine")]


def _fastavro(shape: Shape) -> Peer:
    schema = fastavro.parse_schema(json.loads(shape.schema.inlined_json))
    to_dict, from_dict, record = shape.to_dict, shape.from_dict, shape.record

    def encode() -> bytes:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema, to_dict(record))
        return out.getvalue()

    def decode(data: bytes) -> Any:
        value: Any = fastavro.schemaless_reader(io.BytesIO(data), schema)
        return from_dict(value)

    return Peer("fastavro, dicts converted", encode, decode)


def _cavro(shape: Shape) -> Peer:
    schema = cavro.Schema(shape.schema.inlined_json, record_decodes_to_dict=True)
    to_dict, from_dict, record = shape.to_dict, shape.from_dict, shape.record
    return Peer(
        "cavro, dicts converted",
        lambda: schema.binary_encode(to_dict(record)),
        lambda data: from_dict(schema.binary_decode(data)),
    )


def _apache_avro(shape: Shape) -> Peer:
    schema = avro.schema.parse(shape.schema.inlined_json)
    writer, reader = avro.io.DatumWriter(schema), avro.io.DatumReader(schema, schema)
    from_dict, record = shape.from_dict, shape.record

    def to_dict(value: Any) -> dict[str, Any]:
        converted = shape.to_dict(value)
        if "order_id" in converted:
            converted["order_id"] = str(value.order_id)  # it takes a UUID as text only
        return converted

    def encode() -> bytes:
        out = io.BytesIO()
        writer.write(to_dict(record), avro.io.BinaryEncoder(out))
        return out.getvalue()

    def decode(data: bytes) -> Any:
        value: Any = reader.read(avro.io.BinaryDecoder(io.BytesIO(data)))
        return from_dict(value)

    return Peer("Apache avro, dicts converted", encode, decode)


def _confluent(shape: Shape) -> Peer:
    registry = SchemaRegistryClient.new_client({"url": "mock://benchmarks"})
    text = shape.schema.inlined_json
    to_dict, from_dict, record = shape.to_dict, shape.from_dict, shape.record
    serialize = AvroSerializer(
        registry,
        text,
        lambda value, _: to_dict(value),
        conf={"subject.name.strategy": topic_subject_name_strategy},
    )
    deserialize = AvroDeserializer(
        registry,
        text,
        lambda value, _: from_dict(value),
        conf={"subject.name.strategy": topic_subject_name_strategy},
    )
    context = SerializationContext(shape.name, MessageField.VALUE)
    return Peer(
        "confluent AvroSerializer/AvroDeserializer",
        lambda: serialize(record, context),
        lambda data: deserialize(data, context),
    )


def _dataclasses_avroschema(shape: Shape) -> Peer:
    model = MODELS[shape.name]
    cls = type(model)
    return Peer("dataclasses-avroschema", model.serialize, cls.deserialize)
