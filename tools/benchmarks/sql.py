"""Queries over a topic of Apache Kafka, beside DuckDB over the same messages in Parquet.

The messages are in three partitions, one for each millisecond. Each query is asked of the topic and
of the file in turn, and both answers have to be equal. What a query fetches is counted: ranges of
time and of offsets read their part alone. ``MESSAGES`` in the environment changes their number.
"""

from __future__ import annotations

import datetime as dt
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.measure import Timing
from benchmarks.tables import Table
from streamcontract import Codec, SchemaRegistry, parse_schema, sql
from streamcontract.devstack.kafka import KafkaStack
from streamcontract.kafka import OffsetRange, TopicScan
from streamcontract.wire import header

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamcontract.schema import Schema
    from streamcontract.sql.connection import TopicConnection

__all__ = ["tables"]

_MESSAGES: Final = int(os.environ.get("MESSAGES", "5_000_000"))
_PARTITIONS: Final = 3
_START: Final = dt.datetime(2024, 5, 17, tzinfo=dt.timezone.utc)
_DISTINCT: Final = 1_000
"""Payloads, each of which is sent again and again: encoding is not what is measured."""

_BAR: Final = parse_schema(
    {
        "type": "record",
        "name": "Bar",
        "fields": [
            {"name": "symbol", "type": "string"},
            {"name": "exchange", "type": "string"},
            {"name": "open", "type": "double"},
            {"name": "high", "type": "double"},
            {"name": "low", "type": "double"},
            {"name": "close", "type": "double"},
            {"name": "volume", "type": "long"},
            {"name": "note", "type": ["null", "string"], "default": None},
        ],
    }
)
_FIELDS: Final = ("symbol", "exchange", "open", "high", "low", "close", "volume", "note")
_ONE, _ALL = "one column of eight", "all eight columns"
_RAW: Final = "raw consume(), no query"
_CALL: Final = 500
"""Messages of a call of it, as of a query."""


_TENTH: Final = [
    (_START + dt.timedelta(milliseconds=int(share * _MESSAGES))).isoformat() for share in (0.4, 0.5)
]
_QUERIES: Final = {
    _ONE: "from bars select max(high)",
    _ALL: f"from bars select {', '.join(f'max({each})' for each in _FIELDS)}",
    "groups": "from bars select symbol, count(*), max(close), count(note) group by 1 order by 1",
    "a tenth by time": "from bars select count(*), sum(volume) "
    f"where _timestamp >= '{_TENTH[0]}' and _timestamp < '{_TENTH[1]}'",
    "a tenth by offset": "from bars select count(*), sum(volume) "
    f"where _offset < {_MESSAGES // _PARTITIONS // 10}",
    "one partition": "from bars select count(*), max(_offset) where _partition = 1",
}


def tables(rounds: int) -> list[Table]:
    """What the queries take and fetch."""
    with KafkaStack() as stack, tempfile.TemporaryDirectory() as folder:
        config = {
            "bootstrap.servers": stack.bootstrap_servers,
            "schema.registry.url": stack.registry_url,
        }
        stack.create_topic("bars", _PARTITIONS)
        _fill(config)
        file = Path(folder, "bars.parquet")
        _export(config, file)
        with (
            duckdb.connect() as parquet,
            # The timestamps are in order, so that the upper bound may end the fetch.
            sql.connect(config, lateness=dt.timedelta(0)) as topics,
        ):
            parquet.execute(f"set TimeZone = 'UTC'; create view bars as from '{file}'")
            return [_table(topics, parquet, config, rounds)]


def _fill(config: Mapping[str, Any]) -> None:
    with SchemaRegistry(config["schema.registry.url"]) as registry:
        encode = Codec[Any](_BAR).encoder(header(_registered(registry, _BAR)))
    payloads = [encode(_bar(number)) for number in range(_DISTINCT)]
    start = int(_START.timestamp() * 1_000)
    producer = confluent_kafka.Producer(
        {
            "bootstrap.servers": config["bootstrap.servers"],
            "compression.type": "lz4",
            "linger.ms": 20,
            "queue.buffering.max.messages": 500_000,
        }
    )
    for number in range(_MESSAGES):
        message = "bars", payloads[number % _DISTINCT], None, number % _PARTITIONS
        while True:
            try:
                producer.produce(*message, timestamp=start + number)
                break
            except BufferError:
                producer.poll(0.1)
    if producer.flush(600):
        raise AssertionError("messages were not delivered")


def _registered(registry: SchemaRegistry, schema: Schema) -> int:
    return registry.register("bars-value", schema)


def _bar(number: int) -> dict[str, Any]:
    return {
        "symbol": f"SYM{number % 100}",
        "exchange": "XNAS",
        "open": number * 0.5,
        "high": number * 0.7,
        "low": number * 0.3,
        "close": number * 0.4,
        "volume": number,
        "note": None if number % 3 else "a note of some length",
    }


def _export(config: Mapping[str, Any], file: Path) -> None:
    each, more = divmod(_MESSAGES, _PARTITIONS)
    ranges = [OffsetRange("bars", at, 0, each + (at < more)) for at in range(_PARTITIONS)]
    metadata: Any = {name: f"_{name}" for name in ("partition", "offset", "timestamp")}
    with (
        TopicScan(config, schema=_BAR, topic="bars", ranges=ranges, metadata=metadata) as scan,
        pq.ParquetWriter(file, pa.schema(scan)) as writer,
    ):
        for batch in scan:
            writer.write_table(pa.table(batch))


def _table(topics: TopicConnection, parquet: Any, config: Mapping[str, Any], rounds: int) -> Table:
    seconds: dict[str, list[float]] = {name: [] for name in _QUERIES}
    of_file: dict[str, list[float]] = {name: [] for name in _QUERIES}
    fetched: dict[str, int] = {}
    raw: list[float] = []
    for _ in range(rounds):
        _consume(config, raw)
        for name, query in _QUERIES.items():
            answer = _timed(topics, query, seconds[name])
            if answer != _timed(parquet, query, of_file[name]):
                raise AssertionError(f"{name}: another answer than that of Parquet")
            fetched[name] = sum(read.fetched for read in topics.reads)
    one, no_query = Timing(tuple(seconds[_ONE])), Timing(tuple(raw))
    rows = [
        (
            name,
            f"{fetched[name]:,}",
            f"{timing.median:.2f}",
            str(timing.over(one)),
            f"{Timing(tuple(of_file[name])).median:.2f}",
        )
        for name, timing in ((name, Timing(tuple(each))) for name, each in seconds.items())
    ]
    rows.append((_RAW, f"{_MESSAGES:,}", f"{no_query.median:.2f}", str(no_query.over(one)), ""))
    columns = ("", "messages fetched", "seconds", f"beside {_ONE}", "seconds over Parquet")
    return Table(f"queries over {_MESSAGES:,} messages of Apache Kafka", columns, tuple(rows))


def _consume(config: Mapping[str, Any], taken: list[float]) -> None:
    """Take all messages from confluent_kafka, and do nothing with them."""
    properties = {"bootstrap.servers": config["bootstrap.servers"], "fetch.queue.backoff.ms": 10}
    consumer = confluent_kafka.Consumer({**properties, "group.id": "raw"})
    try:
        start, count = time.perf_counter(), 0
        places = [confluent_kafka.TopicPartition("bars", each, 0) for each in range(_PARTITIONS)]
        consumer.assign(places)
        while count < _MESSAGES:
            count += len(consumer.consume(_CALL, 1))
        taken.append(time.perf_counter() - start)
    finally:
        consumer.close()


def _timed(connection: Any, query: str, taken: list[float]) -> Any:
    start = time.perf_counter()
    found = connection.execute(query).fetchall()
    taken.append(time.perf_counter() - start)
    return found
