"""A shop with two contracts: its project, and topics with messages of every verdict."""

from __future__ import annotations

import gzip
import json
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import confluent_kafka

from streamcontract import (
    Codec,
    ContractConsumer,
    ContractProducer,
    SchemaRegistry,
    parse_schema,
)
from streamcontract.contracts.stock import Stock, StockProducer
from streamcontract.kafka import DeadLetters
from streamcontract.kafka.admin.topics import ensure_topic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["ORDER", "fill", "write_project"]

_STATUS: Any = {
    "type": "enum",
    "name": "OrderStatus",
    "doc": "How far an order has come.",
    "symbols": ["UNKNOWN", "ACCEPTED", "SHIPPED", "CANCELLED"],
    "default": "UNKNOWN",
}
_LINE: Any = {
    "type": "record",
    "name": "Line",
    "doc": "One article of an order.",
    "fields": [
        {"name": "article", "type": "string", "doc": "The article's number.", "example": "TEA-12"},
        {"name": "count", "type": "int", "doc": "How many.", "example": 3},
    ],
}
_FIELDS: list[Any] = [
    {
        "name": "order_id",
        "type": {"type": "string", "logicalType": "uuid"},
        "doc": "The order; also the key of its messages.",
        "example": "6f9619ff-8b86-4d01-b42d-00c04fc964ff",
    },
    {"name": "customer", "type": "string", "doc": "The customer's number.", "example": "C-1042"},
    {
        "name": "total",
        "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2},
        "doc": "What the customer pays, in euros, taxes included.",
    },
    {"name": "status", "type": _STATUS, "doc": "How far the order has come."},
    {
        "name": "accepted_at",
        "type": {"type": "long", "logicalType": "timestamp-millis"},
        "doc": "When the shop accepted the order.",
    },
]
_LINES: Any = {
    "name": "lines",
    "type": {"type": "array", "items": _LINE},
    "default": [],
    "doc": "What was ordered.",
}
_NOTE: Any = {
    "name": "note",
    "type": ["null", "string"],
    "default": None,
    "doc": "What the customer wrote; null for nothing.",
}


def _order(fields: list[Any]) -> Any:
    return {
        "type": "record",
        "name": "Order",
        "namespace": "com.example.shop",
        "doc": "An order, as the shop has accepted it.",
        "fields": fields,
    }


ORDER: Any = _order([*_FIELDS, _LINES, _NOTE])
"""Today's contract."""

_FIRST: Any = _order([*_FIELDS, {"name": "branch", "type": "string", "doc": "The shop's branch."}])
_NEXT: Any = _order([*ORDER["fields"], {"name": "channel", "type": "string", "default": "web"}])
_SECONDS: Any = _order(
    [
        *(each for each in ORDER["fields"] if each["name"] != "accepted_at"),
        {"name": "accepted_at", "type": "long", "doc": "Seconds."},
    ]
)
_PROJECT = """\
output = "contracts"

[contracts.order]
schema = "schemas/order.avsc"
topic = "orders"
key = "order_id"
partitions = 3
compatibility = "BACKWARD"

[contracts.stock]
schema = "schemas/stock.avsc"
topic = "stocks"
key = "symbol"
partitions = 3
compatibility = "BACKWARD"

[lint]
tier = "standard"
"""


def write_project(folder: Path) -> Path:
    """Write the project file and the schemas; the project file."""
    schemas = folder / "schemas"
    schemas.mkdir(parents=True, exist_ok=True)
    (schemas / "order.avsc").write_text(json.dumps(ORDER, indent=2), "utf-8")
    stock = parse_schema(Path("schemas/stock.avsc")).json
    (schemas / "stock.avsc").write_text(stock, "utf-8")
    file = folder / "streamcontract.toml"
    file.write_text(_PROJECT, "utf-8")
    return file


def fill(config: Mapping[str, Any], *, bars: int = 0, missing_id: int = 10_000) -> None:
    """Create the topics of the shop, with messages of every verdict.

    Args:
        config: Client properties.
        bars: How many bars of stocks; none leave their topic out.
        missing_id: The id of a schema that the registry does not have, of an order.
    """
    ensure_topic("orders", config, partitions=3)
    _register(config)
    _produce(config, _FIRST, (_record(each, branch="Vienna") for each in range(6)))
    _produce(config, ORDER, (_record(each, lines=_lines(each)) for each in range(6, 30)))
    _produce(config, _NEXT, (_record(each, lines=[], channel="app") for each in range(30, 32)))
    _produce(config, _SECONDS, [_record(32, lines=[], accepted_at=int(_at(32).timestamp()))])
    _produce_raw(config, _poison(missing_id))
    _produce(config, ORDER, (_record(each, lines=_lines(each)) for each in range(33, 40)))
    _consume_into_dead_letters(config)
    if bars:
        ensure_topic("stocks", config, partitions=3)
        with StockProducer(config) as producer:
            for bar in _bars(bars):
                producer.produce(bar)


def _register(config: Mapping[str, Any]) -> None:
    """The versions of the order, and of a subject that only the registry has."""
    with SchemaRegistry.from_config(config) as registry:
        registry.set_compatibility("NONE", "orders-value")
        for each in (_FIRST, ORDER, _NEXT, _SECONDS):
            registry.register("orders-value", parse_schema(each))
        registry.set_compatibility("BACKWARD", "orders-value")


def _at(number: int) -> datetime:
    return datetime(2026, 11, 27, 8, 0, tzinfo=timezone.utc) + timedelta(minutes=7 * number)


def _record(number: int, **others: Any) -> dict[str, Any]:
    return {
        "order_id": UUID(int=0x6F9619FF8B864D01B42D00C04FC90000 + number),
        "customer": f"C-{1000 + 37 * number % 89}",
        "total": Decimal(1999 + 411 * number).scaleb(-2),
        "status": ("ACCEPTED", "SHIPPED", "CANCELLED")[number % 3],
        "accepted_at": _at(number),
        **others,
    }


def _lines(number: int) -> list[dict[str, Any]]:
    articles = ("TEA-12", "CUP-3", "POT-1", "SUGAR-7")
    return [{"article": articles[each % 4], "count": each} for each in range(1, 2 + number % 3)]


def _produce(config: Mapping[str, Any], schema: Any, records: Any) -> None:
    producer: ContractProducer[Any]
    with ContractProducer(config, topic="orders", schema=parse_schema(schema)) as producer:
        for each in records:
            at = each["accepted_at"]
            at = at if isinstance(at, datetime) else datetime.fromtimestamp(at, timezone.utc)
            producer.produce(each, key=str(each["order_id"]), timestamp=at)


def _poison(missing_id: int) -> Iterator[tuple[bytes, bytes | None]]:
    yield b"6f9619ff-8b86-4d01-b42d-000000000001", b'{"order_id": "written as JSON by mistake"}'
    yield b"6f9619ff-8b86-4d01-b42d-000000000002", _frame(2) + bytes([72, 54])
    yield b"6f9619ff-8b86-4d01-b42d-000000000003", _frame(missing_id) + _elsewhere()
    yield b"6f9619ff-8b86-4d01-b42d-000000000004", None


def _frame(schema_id: int) -> bytes:
    return bytes([0]) + schema_id.to_bytes(4, "big")


def _elsewhere() -> bytes:
    """An order that was written with a schema of another registry."""
    return Codec[Any](parse_schema(ORDER)).encode(_record(41, lines=[]))


def _produce_raw(config: Mapping[str, Any], messages: Iterator[tuple[bytes, bytes | None]]) -> None:
    producer = confluent_kafka.Producer({"bootstrap.servers": config["bootstrap.servers"]})
    for number, (key, value) in enumerate(messages):
        milliseconds = int((_at(32) + timedelta(seconds=47 * number)).timestamp() * 1000)
        headers: Any = [("source", b"legacy-import")]
        producer.produce("orders", value, key, timestamp=milliseconds, headers=headers)
    producer.flush()


def _consume_into_dead_letters(config: Mapping[str, Any]) -> None:
    with ContractConsumer(
        {**config, "group.protocol": "consumer"},
        topic="orders",
        schema=parse_schema(ORDER),
        group="billing",
        poison=DeadLetters(),
    ) as consumer:
        for _ in consumer.until_end():
            pass


def _bars(count: int) -> Iterator[Stock]:
    data = resources.files("streamcontract.data").joinpath("stocks.csv.gz").read_bytes()
    lines = gzip.decompress(data).decode().splitlines()
    names = lines[0].split(",")
    for line in lines[1 :: (len(lines) - 1) // count][:count]:
        row = dict(zip(names, line.split(","), strict=True))
        yield Stock(
            symbol=row["Ticker"],
            date=date.fromisoformat(row["Date"]),
            **{each.lower(): float(row[each]) for each in ("Open", "High", "Low", "Close")},
            volume=int(row["Volume"]),
        )
