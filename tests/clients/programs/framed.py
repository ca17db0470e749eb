"""Framed Avro by hand: what each Python client that has no serdes of its own needs."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import fastavro
import requests

BOOTSTRAP, REGISTRY, TOPIC, NAME = sys.argv[1:5]


def decode(payload: bytes) -> dict[str, Any]:
    """Read a magic byte, the schema's id, and the record in the schema of that id."""
    assert payload[0] == 0
    schema_id = int.from_bytes(payload[1:5], "big")
    answer = requests.get(f"{REGISTRY}/schemas/ids/{schema_id}", timeout=10)
    answer.raise_for_status()
    schema = fastavro.parse_schema(json.loads(answer.json()["schema"]))
    record = fastavro.schemaless_reader(io.BytesIO(payload[5:]), schema, None)
    assert isinstance(record, dict)
    print(json.dumps(record), flush=True)
    return record


def encode(record: dict[str, Any]) -> bytes:
    """Write a record in the newest schema of the topic."""
    answer = requests.get(f"{REGISTRY}/subjects/{TOPIC}-value/versions/latest", timeout=10)
    answer.raise_for_status()
    version = answer.json()
    buffer = io.BytesIO(b"\0" + version["id"].to_bytes(4, "big"))
    buffer.seek(5)
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(json.loads(version["schema"])), record)
    return buffer.getvalue()


def answer_to(record: dict[str, Any]) -> dict[str, Any]:
    """The record that a client writes after it has read one."""
    return {**record, "symbol": NAME}
