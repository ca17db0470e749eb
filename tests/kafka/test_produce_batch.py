"""Arrow rows as messages: each is delivered as ``produce`` delivers its record, or reported."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from typing import TYPE_CHECKING, Any

import attrs
import pyarrow as pa
import pytest
from tests.kafka.installed import skip_without_columns
from tests.kafka.observed import Observed
from tests.kafka.test_produce_all import refuse_next

from streamcontract import (
    AsyncContractProducer,
    Codec,
    ContractConsumer,
    ContractProducer,
    Stock,
    StockConsumer,
    StockProducer,
)
from streamcontract.codec import Contract
from streamcontract.errors import ArgumentError, ClientError, ColumnsError, ColumnTypesError
from streamcontract.kafka import (
    Delivery,
    DeliveryError,
    MessageEncodeError,
    OffsetRange,
    ProduceFailuresError,
    ProduceProgress,
    TopicScan,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamcontract.devstack import DevStack

skip_without_columns()

SALE: dict[str, Any] = {
    "type": "record",
    "name": "Sale",
    "fields": [{"name": "sku", "type": "string"}, {"name": "count", "type": "int"}],
}


def bars(count: int) -> list[Stock]:
    """Bars that differ by symbol and volume."""
    day = dt.date(2026, 5, 4)
    return [
        Stock(symbol=f"S{n}", date=day, open=1.5, high=2.0, low=1.0, close=1.25, volume=n)
        for n in range(count)
    ]


def table_of(records: list[Stock]) -> Any:
    """Bars as a table."""
    codec = Codec(Stock)
    return pa.table(codec.decode_columns([codec.encode(each) for each in records]))


def read(consumer: Any) -> list[Any]:
    """All messages of a topic."""
    with consumer:
        return list(consumer.until_end())


def test_rows_arrive_as_records(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """Value and key are those of ``produce``; a row that does not fit is reported, no other."""
    name, records = topic(), bars(5)
    table = table_of(records)
    volumes = pa.chunked_array([[0, None, 2], [3, 4]])
    table = table.set_column(table.column_names.index("volume"), "volume", volumes)
    told: list[Delivery] = []
    with StockProducer(config, topic=name) as producer:
        for record in records[:1]:
            producer.produce(record)
        report = producer.produce_batch(table, on_delivery=told.append)
    assert (report.delivered, report.failed, len(told)) == (4, 1, 4)
    (failure,) = report.failures
    assert (failure.index, failure.value) == (1, None)
    assert isinstance(failure.error, MessageEncodeError)
    assert failure.error.path == "Stock.volume"
    with pytest.raises(ProduceFailuresError, match="record 1: "):
        report.raise_for_failures()
    found = [(each.key, each.value) for each in read(StockConsumer(config, topic=name))]
    kept = [records[0], *records[:1], *records[2:]]
    assert sorted(found) == sorted((each.symbol, each) for each in kept)


def test_parts_of_messages_from_columns(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """Columns that are no fields are parts of the message, or belong to none."""
    name = topic(partitions=3)
    at = dt.datetime(2026, 5, 4, 12, tzinfo=dt.timezone.utc)
    rows = {
        "sku": ["tea", "salt", "oil"],
        "count": [1, 2, 3],
        "id": pa.array([b"a", None, b"c"]),
        "to": [2, 0, 1],
        "at": pa.array([at, at, None], pa.timestamp("us", "UTC")),
        "more": pa.array([[("h", b"1")], [], None], pa.map_(pa.string(), pa.binary())),
    }
    data = pa.table(rows)
    with ContractProducer(config, topic=name, schema=SALE) as producer:
        columns = {"key": "id", "partition": "to", "timestamp": "at", "headers": "more"}
        assert producer.produce_batch(data, **columns).ok  # type: ignore[arg-type]
        plain = data.select(["sku", "count"])
        assert producer.produce_batch(plain, key="sku", partition=2, headers={"h": "2"}).ok
        with pytest.raises(ColumnTypesError, match="only the fields of Sale: count, sku"):
            producer.produce_batch(data)
        with pytest.raises(ArgumentError, match="key has to be the name of a column: sku, count"):
            producer.produce_batch(plain, key="id")
        assert producer.produce_batch(plain.slice(0, 1), key=None, headers={"h": "3"}).ok
        with pytest.raises(ArgumentError, match="partition has to be a column of integers"):
            producer.produce_batch(plain, partition="sku")
    found = read(ContractConsumer(config, topic=name, schema=SALE))
    by_sku = {
        each.value["sku"]: each
        for each in found
        if [*each.headers] not in ([("h", b"2")], [("h", b"3")])
    }
    assert [each.key for each in found if [*each.headers] == [("h", b"3")]] == [None]
    assert [by_sku[each].key for each in rows["sku"]] == [b"a", None, b"c"]
    assert [by_sku[each].partition for each in rows["sku"]] == rows["to"]
    assert by_sku["tea"].timestamp == by_sku["salt"].timestamp == at
    assert [[*by_sku[each].headers] for each in rows["sku"]] == [[("h", b"1")], [], []]
    rest = [(each.key, each.partition) for each in found if [*each.headers] == [("h", b"2")]]
    assert sorted(rest) == [(b"oil", 2), (b"salt", 2), (b"tea", 2)]


def test_parts_that_cannot_be_sent(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """The report has their rows; the others are sent, as where a value does not fit."""
    name = topic(partitions=1)
    headers = pa.list_(pa.struct({"name": pa.string(), "value": pa.binary()}))
    no_text = pa.StructArray.from_arrays(
        [pa.array([b"\xff"]).view(pa.string()), pa.array([b"1"])], ["name", "value"]
    )
    more = [
        pa.array([None, None, None, [{"name": None, "value": b"1"}]], headers),
        pa.ListArray.from_arrays([0, 1], no_text),
        pa.array([[{"name": "a\0b", "value": b"1"}], None], headers),
    ]
    data = pa.table(
        {
            "sku": ["a", "b", "c", "d", "e", "f", "g"],
            "count": [0, 1, 2, 3, 4, 5, 6],
            "at": [int(time.time() * 1000), 0, None, None, None, None, None],
            "to": [0, None, -5, None, None, None, None],
            "more": pa.chunked_array(more),
        }
    )
    columns: Any = {"timestamp": "at", "partition": "to", "headers": "more"}
    with ContractProducer(config, topic=name, schema=SALE) as producer:
        report = producer.produce_batch(data, key="sku", **columns)
        plain = data.select(["sku", "count", "at"])
        with pytest.raises(ArgumentError, match="partition has to be"):
            producer.produce_batch(plain, partition=-5, timestamp="at")
    assert report.delivered == 2
    for failure, row, reason in zip(report.failures, range(1, 6), _REASONS, strict=True):
        assert failure.index == row
        assert str(failure) == f"record {row}: not sent to topic {name!r}: {reason}"
    found = read(ContractConsumer(config, topic=name, schema=SALE))
    assert sorted(each.value["sku"] for each in found) == ["a", "g"]


_REASONS = (
    (
        "timestamp: the timestamp 0 is not after 1970-01-01T00:00:00Z: Kafka has no earlier ones, "
        "and for librdkafka 0 means now"
    ),
    (
        "partition: expected a partition's number from 0, or None for the one by the key, found -5 "
        "(int)"
    ),
    "headers: expected a name, with its value, found (None, b'1') (tuple)",
    "headers: expected a name in UTF-8, with its value, found (b'\\xff', b'1') (tuple)",
    "headers: expected a name without NUL, with its value, found (b'a\\x00b', b'1') (tuple)",
)

KEY = """["null", {"type": "record", "name": "Id", "fields": [{"name": "x", "type": "int"}]}]"""
KEYED: Contract[Any, Any, Any] = Contract(
    """{"type": "record", "name": "Sale", "fields": [{"name": "n", "type": "int"}]}""",
    key_schema=KEY,
)
BY_SIDE: Contract[Any, Any, Any] = Contract(
    """{"type": "record", "name": "Sale", "fields": [{"name": "side", "type":
        {"type": "enum", "name": "Side", "symbols": ["BUY", "SELL"]}}]}""",
    key="side",
)


class KeyedProducer(ContractProducer[Any, Any]):
    """A producer with keys of their own schema."""

    contract = KEYED


class KeyedConsumer(ContractConsumer[Any, Any]):
    """Its consumer."""

    contract = KEYED


class SideProducer(ContractProducer[Any, Any]):
    """A producer with a field as the key."""

    contract = BY_SIDE


def test_keys_of_their_own_schema(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """A column of keys is encoded by the keys' schema; null is no key where that allows it."""
    name = topic()
    ids = pa.array([{"x": 1}, None, {"x": 2**31}], pa.struct([("x", pa.int64())]))
    with KeyedProducer(config, topic=name) as producer:
        report = producer.produce_batch(pa.table({"n": [1, 2, 3], "id": ids}), key="id")
        (failure,) = report.failures
        assert (failure.index, report.delivered) == (2, 2)
        assert "key.x: expected an int" in str(failure.error)
    found = read(KeyedConsumer(config, topic=name))
    assert sorted((each.value["n"], each.key) for each in found) == [(1, {"x": 1}), (2, None)]


def test_keys_of_a_field(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """They are checked as values of the field's type, whichever column they come from."""
    name = topic()
    with SideProducer(config, topic=name) as producer:
        data = pa.table({"side": ["BUY", "SELL"], "id": ["SELL", "HOLD"]})
        assert producer.produce_batch(data.select(["side"])).ok
        (failure,) = producer.produce_batch(data, key="id").failures
        assert "key: expected a symbol of Side: BUY, SELL, found 'HOLD'" in str(failure.error)
    found = read(ContractConsumer(config, topic=name, schema=BY_SIDE.schema))
    keys = sorted((each.value["side"], each.key) for each in found)
    assert keys == [("BUY", b"BUY"), ("BUY", b"SELL"), ("SELL", b"SELL")]


def test_values_of_bytes(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """They are the payload unchanged, as ``produce`` sends them."""
    name = topic()
    with ContractProducer(config, topic=name, schema="bytes") as producer:
        producer.produce(b"a")
        assert producer.produce_batch(pa.table({"value": [b"", b"bc"]})).ok
    found = read(ContractConsumer(config, topic=name, schema="bytes"))
    assert sorted(each.value for each in found) == [b"", b"a", b"bc"]


def test_consumed_batches_are_forwarded(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """A batch with its metadata columns goes to another topic as it is."""
    first, second = topic(), topic()
    data = table_of(bars(3))
    with StockProducer(config, topic=first) as producer:
        assert producer.produce_batch(data, headers={"h": b"1"}).ok
    names: Any = {each: each for each in ("key", "timestamp", "headers")}
    with (
        StockProducer(config, topic=second) as producer,
        StockConsumer(config, topic=first) as consumer,
    ):
        batch = consumer.consume_batch(3, timeout=30, metadata=tuple(names))
        assert producer.produce_batch(batch, **names).ok
    sent, found = (read(StockConsumer(config, topic=each)) for each in (first, second))
    parts = [
        [(each.key, each.value, each.timestamp, each.headers) for each in messages]
        for messages in (sent, found)
    ]
    assert parts[0] == parts[1]


def test_a_compacted_topic_is_copied(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """Tombstones go along, in their order; metadata columns that no option names do not."""
    first, second = topic(), topic()
    sent = [("S0", bars(1)[0]), ("S0", None), ("S1", None), ("S0", bars(1)[0]), ("S2", None)]
    with StockProducer(config, topic=first) as producer:
        for key, value in sent:
            producer.produce(value, key=key)
    with (
        StockProducer(config, topic=second) as producer,
        StockConsumer(config, topic=first) as consumer,
    ):
        batch = consumer.consume_batch(
            5,
            timeout=30,
            metadata=("offset", "key", "partition", "headers", "schema_id"),
            tombstones="null",
        )
        assert producer.produce_batch(batch, key="key", tombstones="null").delivered == 5
        refused = producer.produce_batch(batch, key="key")
        assert [each.index for each in refused.failures] == [1, 2, 4]
    found = [(each.key, each.value) for each in read(StockConsumer(config, topic=second))]
    assert found == [*sent, sent[0], sent[0]]
    with TopicScan(
        config, record=Stock, topic=second, ranges=[OffsetRange(second, 0, 0, 5)]
    ) as scan:
        assert sum(each.tombstones for each in scan) == 3


def test_tombstones_need_keys(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """Of a row without one, and of an option that names no column."""
    rows = pa.table(
        {
            "sku": pa.array([None, None, "tea"]),
            "count": pa.array([None, None, 1]),
            "id": ["a", None, None],
        }
    )
    with ContractProducer(config, topic=topic(), schema=SALE) as producer:
        report = producer.produce_batch(rows, key="id", tombstones="null")
        (failure,) = report.failures
        assert (report.delivered, failure.index) == (2, 1)
        assert "key" in str(failure.error)
        keys: tuple[Any, ...] = ({}, {"key": None})
        for key in keys:
            with pytest.raises(ArgumentError, match="since a tombstone needs a key"):
                producer.produce_batch(rows, tombstones="null", **key)
        wrong: Any = "drop"
        with pytest.raises(ArgumentError, match="'null', or None"):
            producer.produce_batch(rows, key="id", tombstones=wrong)


def test_columns_of_the_value(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """Others are not looked at, even if they have the name of a field."""
    name = topic()
    noted = {**SALE, "fields": [*SALE["fields"], {"name": "at", "type": "long", "default": 0}]}
    with ContractProducer(config, topic=name, schema=noted) as producer:
        rows = pa.table({"sku": ["tea"], "count": [1], "at": [7], "more": [None]})
        assert producer.produce_batch(rows, columns=["sku", "count"]).ok
        with pytest.raises(ArgumentError, match="columns has to be the name of a column: sku"):
            producer.produce_batch(rows, columns=["skew"])
        with pytest.raises(ColumnTypesError, match=r"Sale\.count: .* no column"):
            producer.produce_batch(rows, columns=["sku"])
        with ContractConsumer(config, topic=name, schema=SALE) as consumer:
            batch = consumer.consume_batch(1, timeout=30, metadata={"offset": "at"})
        assert batch.metadata == {"offset": "at"}
        assert producer.produce_batch(batch).ok
    found = read(ContractConsumer(config, topic=name, schema=noted))
    assert [each.value for each in found] == [{"sku": "tea", "count": 1, "at": 0}] * 2


def test_more_than_the_queue_holds(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """Rows wait for room in it, in their order; telemetry counts each message that is sent."""
    name, seen = topic(), Observed()
    properties = {**config, "queue.buffering.max.messages": 5, "message.max.bytes": 1000}
    rows = pa.table({"sku": ["x" * 2000 * (n == 7) for n in range(40)], "count": [*range(40)]})
    progress = list[ProduceProgress]()
    with ContractProducer(
        properties, topic=name, schema=SALE, telemetry=seen.telemetry
    ) as producer:
        report = producer.produce_batch(rows, max_in_flight=3, progress=progress.append)
    (failure,) = report.failures
    assert (report.delivered, failure.index) == (39, 7)
    assert "message.max.bytes" in str(failure.error)
    assert progress[-1] == ProduceProgress(taken=40, delivered=39, failed=1)
    found = read(ContractConsumer(config, topic=name, schema=SALE))
    assert [each.value["count"] for each in found] == [n for n in range(40) if n != 7]
    sent = seen.points("messaging.client.sent.messages")
    assert sum(count for point, count in sent if "error.type" not in point) == 39


def test_refused_by_the_brokers(
    embedded_stack: DevStack, config: dict[str, Any], topic: Callable[..., str]
) -> None:
    """The report has the rows, and their deliveries."""
    data, told = table_of(bars(3)), list[Delivery]()
    with StockProducer({**config, "linger.ms": 5}, topic=topic()) as producer:
        producer.produce_batch(data)
        refuse_next(embedded_stack)
        report = producer.produce_batch(data, on_delivery=told.append)
    assert (report.delivered, [each.index for each in report.failures]) == (0, [0, 1, 2])
    assert [each.delivery for each in report.failures] == told


def test_a_stream_that_fails(
    embedded_stack: DevStack, config: dict[str, Any], topic: Callable[..., str]
) -> None:
    """Rows that are queued already go on; where they fail, the producer raises it."""
    large = attrs.evolve(bars(1)[0], symbol="x" * 2000)
    data = table_of([*bars(3), large])

    def broken() -> Iterator[Any]:
        yield from data.to_batches()
        raise ZeroDivisionError

    properties = {**config, "linger.ms": 5, "message.max.bytes": 1000}
    with StockProducer(properties, topic=topic()) as producer:
        producer.produce_batch(data)
        refuse_next(embedded_stack)
        with pytest.raises(ColumnsError, match="ZeroDivisionError"):
            producer.produce_batch(pa.RecordBatchReader.from_batches(data.schema, broken()))
        with pytest.raises(DeliveryError, match="4 messages were not delivered"):
            producer.flush()


@pytest.mark.usefixtures("own_producer_ids")
def test_transactions(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """Rows are part of the transaction, and are refused outside of one."""
    name, data = topic(), table_of(bars(2))
    with StockProducer({**config, "transactional.id": name}, topic=name) as producer:
        refused = producer.produce_batch(data)
        assert [failure.index for failure in refused.failures] == [0, 1]
        assert "within a block `with producer.transaction()" in str(refused.failures[0].error)
        with producer.transaction():
            producer.produce_batch(data).raise_for_failures()
    found = read(StockConsumer(config, topic=name))
    assert sorted(each.value.volume for each in found) == [0, 1]


def test_asyncio(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """The same rows, the same report."""
    name, records, told = topic(), bars(3), list[Delivery]()

    async def publish() -> None:
        async with AsyncContractProducer(config, record=Stock, topic=name) as producer:
            report = await producer.produce_batch(table_of(records), on_delivery=told.append)
            assert (report.delivered, report.failed) == (3, 0)

    asyncio.run(publish())
    assert len(told) == 3
    found = read(StockConsumer(config, topic=name))
    assert sorted(each.value.volume for each in found) == [0, 1, 2]


def test_closed(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """A closed producer takes no rows."""
    producer = StockProducer(config, topic=topic())
    producer.close()
    with pytest.raises(ClientError, match="is closed"):
        producer.produce_batch(table_of(bars(1)))
