"""Messages that nobody should write: each has its row, and the page has an answer."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import confluent_kafka
import pytest

from streamcontract import SchemaRegistry, parse_schema
from streamcontract.kafka.admin.topics import ensure_topic

if TYPE_CHECKING:
    from tests.console.conftest import Shop

_LIST: Any = {
    "type": "record",
    "name": "L",
    "fields": [{"name": "next", "type": ["null", "L"], "default": None}],
}
_TREE: Any = {
    "type": "record",
    "name": "T",
    "fields": [{"name": "kids", "type": {"type": "array", "items": "T"}}],
}
_EDGES: Any = {
    "type": "record",
    "name": "E",
    "fields": [
        {"name": "number", "type": "double"},
        {"name": "time", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "amount", "type": {"type": "bytes", "logicalType": "decimal", "precision": 999}},
        {"name": "text", "type": "string"},
    ],
}
_NAN = struct.pack("<d", float("nan"))
_LEAST = b"\xff" * 9 + b"\x01"
"""The least long."""

_SURROGATE = b"\x06\xed\xa0\x80"
_VALUES: dict[str, tuple[Any, list[bytes]]] = {
    "deep": (_LIST, [b"\x02" * depth + b"\x00" for depth in (60, 300, 1_000, 100_000)]),
    "wide": (_TREE, [b"\x02" * depth + b"\x00" * (depth + 1) for depth in (60, 1_000, 100_000)]),
    "edges": (
        _EDGES,
        [
            _NAN + b"\x00\x02\x01\x02<",
            _NAN + _LEAST + b"\x02\x01\x02<",
            _NAN + b"\x00\xa0\x1f" + b"\x7f" * 2_000 + b"\x02<",
            _NAN + b"\x00\x02\x01" + _SURROGATE,
        ],
    ),
}
_RAWS = [b"[" * 50_000, b'{"a":' * 5_000, b"1" * 50_000, b"\xff" * 99, b"NaN", b'"\\ud800"', b""]


@pytest.mark.parametrize("name", _VALUES)
def test_values_of_a_schema_have_their_rows(shop: Shop, name: str) -> None:
    """Nested deeper than a stack, beyond what a datetime or a decimal holds, no UTF-8."""
    schema, values = _VALUES[name]
    ensure_topic(name, shop.config, partitions=1)
    with SchemaRegistry.from_config(shop.config) as registry:
        schema_id = registry.register(f"{name}-value", parse_schema(schema))
    _send(shop, name, [b"\x00" + struct.pack(">I", schema_id) + each for each in values])
    page = shop.client.get(f"/topic?name={name}")
    assert page.status_code == 200
    assert page.text.count('<li class="message">') == len(values)
    assert len(page.content) < 1_000_000


def test_values_without_a_schema_have_their_rows(shop: Shop) -> None:
    """With the same bytes as keys and in hundreds of headers."""
    ensure_topic("raws", shop.config, partitions=1)
    _send(shop, "raws", _RAWS, has_more=True)
    page = shop.client.get("/topic?name=raws")
    assert page.status_code == 200
    assert page.text.count('<li class="message">') == len(_RAWS)
    assert len(page.content) < 1_000_000
    letters = shop.client.get("/dead-letters/topic?name=raws")
    assert letters.status_code == 200


def _send(shop: Shop, topic: str, values: list[bytes], *, has_more: bool = False) -> None:
    servers = shop.config["bootstrap.servers"]
    producer = confluent_kafka.Producer({"bootstrap.servers": servers})
    for each in values:
        more: Any = {}
        if has_more:
            names = (f"<b>{number}\u202e" for number in range(200))
            more = {"key": each, "headers": [(name, each[:500]) for name in names]}
        producer.produce(topic, each, **more)
    assert producer.flush(60) == 0
