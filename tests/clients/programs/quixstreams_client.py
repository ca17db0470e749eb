"""Quix Streams: an application that reads a topic and writes to it, with its own Avro serdes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from quixstreams import Application
from quixstreams.models.serializers.avro import AvroDeserializer, AvroSerializer
from quixstreams.models.serializers.schema_registry import SchemaRegistryClientConfig

BOOTSTRAP, REGISTRY, TOPIC, NAME = sys.argv[1:5]
SCHEMA = json.loads(Path(__file__).with_name("tick.avsc").read_text("utf-8"))

config = SchemaRegistryClientConfig(url=REGISTRY)
app = Application(
    broker_address=BOOTSTRAP, consumer_group=NAME, auto_offset_reset="earliest", loglevel="ERROR"
)
source = app.topic(TOPIC, value_deserializer=AvroDeserializer(schema_registry_client_config=config))
target = app.topic(
    TOPIC, value_serializer=AvroSerializer(SCHEMA, schema_registry_client_config=config)
)


def answer(record: dict[str, Any]) -> dict[str, Any]:
    """Answer a record with another."""
    print(json.dumps(record), flush=True)
    return {**record, "symbol": NAME}


stream = app.dataframe(source)
stream = stream[stream["symbol"] != NAME].apply(answer)
stream.to_topic(target)
app.run(count=1, timeout=30)
