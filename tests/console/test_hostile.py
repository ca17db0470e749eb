"""Messages that nobody should write: each has its row, and the page has an answer."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import confluent_kafka
import pytest
from starlette.testclient import TestClient
from tests.console.markup import Page
from tests.console.shop import write_project
from tests.raw_headers import produce_with_header

from streamcontract import SchemaRegistry, parse_schema
from streamcontract.console.routes import console_app
from streamcontract.console.sources import Sources
from streamcontract.kafka.admin.topics import ensure_topic

if TYPE_CHECKING:
    from pathlib import Path

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


def test_an_empty_key_is_not_shown_as_none(shop: Shop) -> None:
    """A message with an empty key is compacted, and one without a key is refused."""
    ensure_topic("keys", shop.config, partitions=1)
    servers = {"bootstrap.servers": shop.config["bootstrap.servers"]}
    producer = confluent_kafka.Producer(servers)
    producer.produce("keys", b"1", b"")
    producer.produce("keys", b"2", None)
    assert producer.flush(60) == 0
    text = shop.page("/topic?name=keys").text
    assert text.count('Key "" (empty)') == 1
    assert text.count("Key none") == 1


def test_a_name_of_a_header_that_is_no_utf8_ends_nothing(shop: Shop) -> None:
    """Brokers do not check it, and confluent-kafka's first call fails."""
    ensure_topic("names.dlq", shop.config, partitions=1)
    produce_with_header(shop.config["bootstrap.servers"], "names.dlq", b"\xff\xfe")
    for address in ("/topic?name=names.dlq", "/topic?name=names.dlq&from=earliest"):
        text = shop.page(address).text
        assert "Header (headers that cannot be read: a name is not UTF-8)" in text
    text = shop.page("/dead-letters/topic?name=names.dlq").text
    assert "1 are no dead letters" in text, text[200:600]


def test_dead_letters_of_another_producer_have_their_rows(shop: Shop) -> None:
    """Their headers are of any length, and their times without a zone are none."""
    letter = {
        "version": "1",
        "error": "E\u202e<b>",
        "text": "\u202e" * 9_000,
        "path": "p" * 9_000,
        "topic": "t" * 9_000,
        "partition": "0",
        "time": "2026-11-30T22:48:27+00:00",
        "attempt": "1",
        "group": "g" * 9_000,
    }
    ensure_topic("others.dlq", shop.config, partitions=1)
    producer = confluent_kafka.Producer({"bootstrap.servers": shop.config["bootstrap.servers"]})
    changes: tuple[dict[str, str], ...] = (
        {},
        {"error": "e" * 9_000},
        {"time": "0001-01-01T00:00:00"},
    )
    for offset, more in enumerate(changes):
        headers: Any = [
            (f"streamcontract.dlq.{name}", value.encode())
            for name, value in {**letter, "offset": str(offset), **more}.items()
        ]
        producer.produce("others.dlq", b"value", b"key", headers=headers)
    assert producer.flush(60) == 0
    for address in ("/dead-letters", "/dead-letters/topic?name=others.dlq"):
        page = shop.client.get(address)
        assert page.status_code == 200
        assert len(page.content) < 50_000
        assert "\u202e" not in page.text
    assert "2 open" in page.text
    assert "1 are no dead letters" in page.text
    [link] = {each for each in Page.parse(page.text).addresses if "error=E" in each}
    assert "1 open with" in shop.page(link).text


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("order", '[contracts.order]\nschema = "nothing.avsc"', "there is no file"),
        ("<b>", '[contracts."<b>"]\nschema = "schemas/order.avsc"', "contracts.<b>"),
    ],
)
def test_a_contract_whose_table_is_wrong_says_so(
    shop: Shop, tmp_path: Path, name: str, text: str, said: str
) -> None:
    """The list of contracts does not have it, but its address may be known."""
    file = write_project(tmp_path)
    file.write_text(text, "utf-8")
    with Sources(shop.config, file) as sources:
        client = TestClient(console_app(sources), base_url="http://localhost")
        answer = client.get("/contract", params={"name": name})
    assert answer.status_code == 400
    assert said in Page.parse(answer.text).text


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
