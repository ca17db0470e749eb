"""Exports of any topic, in any runs: together they are what a typed consumer reads, each once."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import confluent_kafka
import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.export.fakes import faults_in, names_in, read
from tests.messages.conftest import SALE
from tests.searching import examples

from streamcontract import (
    Codec,
    ContainerFileReader,
    ContractConsumer,
    SchemaRegistry,
    parse_schema,
)
from streamcontract.export import Export, Rotation
from streamcontract.export.job import FORMATS
from streamcontract.kafka.errors import MessageDecodeError
from streamcontract.wire import header

if TYPE_CHECKING:
    from streamcontract.testing.fixtures.topics import TopicMaker

SCHEMAS = tuple(
    parse_schema({**SALE, "fields": [*SALE["fields"][:3], *more]})
    for more in itertools.accumulate(
        ([], SALE["fields"][3:], [{"name": "note", "type": "string", "default": "it's"}])
    )
)
"""Of each run one or the next: the second adds a nullable field, the third one that is not."""

MESSAGES = (*range(len(SCHEMAS)), "poison", "tombstone")


@attrs.frozen
class Run:
    """Messages that are sent, and the export after them."""

    messages: list[int | str]
    is_newer: bool
    rotation: Rotation
    threads: int


def runs() -> st.SearchStrategy[list[Run]]:
    """Some of them."""
    rotations = st.builds(
        Rotation, messages=st.none() | st.integers(1, 5), size=st.none() | st.integers(1, 2000)
    )
    messages = st.lists(st.sampled_from(MESSAGES), max_size=12)
    run = st.builds(Run, messages, st.booleans(), rotations, st.integers(1, 2))
    return st.lists(run, min_size=1, max_size=4)


class Topic:
    """A topic of one partition, with the records that a consumer of the last schema reads."""

    def __init__(self, name: str, config: dict[str, Any]) -> None:
        self.name = name
        self.config = config
        self.sent = 0
        self._reads = 0
        with SchemaRegistry(config["schema.registry.url"]) as registry:
            self._ids = [registry.register(f"{name}-value", each) for each in SCHEMAS]
        servers = {"bootstrap.servers": config["bootstrap.servers"]}
        self._producer = confluent_kafka.Producer(servers)

    def send(self, kind: int | str) -> None:
        """Send a message: of a version, or one that is no row."""
        value: bytes | None = b"poison" if kind == "poison" else None
        if isinstance(kind, int):
            codec = Codec[Any](SCHEMAS[kind])
            sale = {
                "shop": "shop",
                "day": dt.date(2024, 5, 17),
                "count": self.sent,
                "price": 0.25 * self.sent,
                "note": f"note {self.sent}",
            }
            fields = list(sale)[: 3 + kind]
            record = {name: sale[name] for name in fields}
            value = codec.encoder(header(self._ids[kind]))(record)
        self._producer.produce(self.name, value, b"a key", partition=0)
        self.sent += 1

    def flush(self) -> None:
        """Wait until all messages are there."""
        assert self._producer.flush(30) == 0

    def records(self, newest: int) -> tuple[dict[int, dict[str, Any]], list[int]]:
        """The records that a typed consumer of a schema reads, by offset; and where it raises."""
        found: dict[int, dict[str, Any]] = {}
        faults: list[int] = []
        self._reads += 1  # each of a group that has committed nothing
        group = {"group.id": f"{self.name}-{self._reads}", "auto.offset.reset": "earliest"}
        config = {**self.config, **group}
        with ContractConsumer(config, topic=self.name, schema=SCHEMAS[newest]) as consumer:
            messages = consumer.until_end()
            while True:
                try:
                    message = next(messages)
                except StopIteration:
                    return found, faults
                except MessageDecodeError as error:
                    faults.append(error.offset)
                    continue
                if message.value is not None:
                    found[message.offset] = dict(message.value)


def exported(path: Path, file_format: str) -> tuple[list[dict[str, Any]], list[int]]:
    """The rows in their order, and the offsets of faults."""
    if file_format == "duckdb":
        with duckdb.connect(str(path)) as connection:
            tables = connection.sql("show tables").fetchall()
            rows = connection.sql("from sales").to_arrow_table().to_pylist() if tables else []
            faults = connection.sql('select "offset" from streamcontract.faults').fetchall()
        return rows, [offset for (offset,) in faults]
    rows = []
    for name in names_in(path):
        if file_format == "avro":
            with ContainerFileReader(path / str(name)) as reader:
                rows += list(reader)
        else:
            rows += read(path / str(name)).to_pylist()
    return rows, list(faults_in(path).get(0, ()))


@pytest.mark.searching
@pytest.mark.parametrize("file_format", FORMATS)
@settings(
    deadline=None,
    max_examples=examples(8),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(runs())
def test_exports_are_what_a_consumer_reads(
    streamcontract_config: dict[str, Any], topic: TopicMaker, file_format: str, found: list[Run]
) -> None:
    """Of mixed versions, poison and tombstones, with a schema that gets fields between runs."""
    sales = Topic(topic("mixture"), streamcontract_config)
    newest = 0
    expected: list[dict[str, Any]] = []
    faults: list[int] = []
    columns: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "out")
        for run in found:
            newest = min(newest + run.is_newer, len(SCHEMAS) - 1)
            begin = sales.sent
            for each in run.messages:
                sales.send(each)
            sales.flush()
            Export(
                topic=sales.name,
                schema=SCHEMAS[newest],
                into=path,
                format=file_format,
                config=streamcontract_config,
                metadata=() if file_format == "avro" else ("offset",),
                rotation=run.rotation,
                table="sales",
                threads=run.threads,
            ).run()
            records, wrong = sales.records(newest)
            if file_format == "duckdb" and "note" not in columns and newest == len(SCHEMAS) - 1:
                expected = [{**row, "note": "it's"} for row in expected]
            new = {at: row for at, row in records.items() if at >= begin}
            for at, row in new.items():
                expected.append(row if file_format == "avro" else {**row, "offset": at})
            columns = {field["name"] for field in json.loads(SCHEMAS[newest].json)["fields"]}
            faults = wrong
        rows, poison = exported(path, file_format)
        assert [without_nulls(row) for row in rows] == [without_nulls(row) for row in expected]
        assert poison == faults


def without_nulls(row: dict[str, Any]) -> dict[str, Any]:
    """Of a row, the columns that have a value: files of an older schema lack some."""
    return {name: value for name, value in row.items() if value is not None}
