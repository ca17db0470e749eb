"""Spark itself: topics of mixed versions and poison, batch and streaming, and the way back."""

from __future__ import annotations

import datetime as dt
import os
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import attrs
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from confluent_kafka import Producer

from streamcontract import Codec, ContractConsumer, SchemaRegistry, parse_schema
from streamcontract.errors import ArgumentError, ConfigurationError
from streamcontract.kafka import ensure_topic
from streamcontract.registry.lock import Lock
from streamcontract.registry.lock_builder import LockBuilder
from streamcontract.registry.lock_file import write_locks
from streamcontract.registry.references import register_in_order
from streamcontract.schema import Schema
from streamcontract.testing.fixtures.stacks import Stack
from streamcontract.testing.plugin import stack_kind
from streamcontract.wire import frame

pytest.importorskip("pyspark", reason="make test-guides installs PySpark")

from pyspark.errors import StreamingQueryException

from streamcontract.spark import DecodedFrame, from_contract, to_contract

MESSAGES: Final = int(os.environ.get("SPARK_MESSAGES", "10_000"))
PARTITIONS: Final = 4
POISON_EVERY: Final = 100
PATIENCE_S: Final = 60.0
UTC: Final = dt.timezone.utc
START: Final = dt.datetime(2024, 5, 17, tzinfo=UTC)


def _version(n: str, *fields: dict[str, Any]) -> Schema:
    side = {"type": "enum", "name": "Side", "symbols": ["BUY", "SELL"]}
    common = [{"name": "n", "type": n}, {"name": "side", "type": side}]
    return parse_schema({"type": "record", "name": "Trade", "fields": [*common, *fields]})


_AT: Final = ["null", {"type": "long", "logicalType": "timestamp-millis"}]
VERSIONS: Final = (
    _version("int", {"name": "gone", "type": "string"}),
    _version("int", {"name": "price", "type": "float", "default": 0}),
    _version(
        "long",
        {"name": "price", "type": "double", "default": -1},
        {"name": "at", "type": _AT, "default": None},
    ),
)
"""The versions of a contract, the newest last: a promotion, defaults, a removed field."""


def written(n: int) -> dict[str, Any]:
    """The n-th record in the version it is written with."""
    record = {"n": n, "side": "SELL" if n % 2 else "BUY"}
    match n % 3:
        case 0:
            return {**record, "gone": "x" * (n % 7)}
        case 1:
            return {**record, "price": n % 1000 / 8}
        case _:
            at = START + dt.timedelta(seconds=n) if n % 2 else None
            return {**record, "price": n / 3, "at": at}


def read(n: int) -> dict[str, Any]:
    """The same as the newest version reads it."""
    record = {"price": -1.0, "at": None, **written(n)}
    return {name: record[name] for name in ("n", "side", "price", "at")}


def is_poison(n: int) -> bool:
    """Whether the n-th message is poison."""
    return n % POISON_EVERY == 0


@attrs.frozen
class Topic:
    """A topic of all versions and 1 % poison; message n is in partition n % PARTITIONS."""

    name: str
    config: dict[str, Any]
    lock: Path

    @property
    def options(self) -> dict[str, str]:
        """Of Spark's Kafka source."""
        return {
            "kafka.bootstrap.servers": self.config["bootstrap.servers"],
            "subscribe": self.name,
            "startingOffsets": "earliest",
        }


@pytest.fixture(scope="module")
def topic(
    pytestconfig: pytest.Config,
    streamcontract_stack: Stack,
    tmp_path_factory: pytest.TempPathFactory,
) -> Topic:
    """The topic, produced once."""
    if stack_kind(pytestconfig) != "kafka":
        pytest.skip("Spark's connector needs --streamcontract-stack=kafka (make test-guides)")
    config = {
        "bootstrap.servers": streamcontract_stack.bootstrap_servers,
        "schema.registry.url": streamcontract_stack.registry_url,
    }
    for name in ("versions", "copied-versions"):
        ensure_topic(name, config, partitions=PARTITIONS)
    lock = tmp_path_factory.mktemp("lock") / "streamcontract.lock"
    with SchemaRegistry(streamcontract_stack.registry_url) as registry:
        builder = LockBuilder(registry, "test")
        for schema in VERSIONS:
            found = register_in_order(registry, "versions-value", schema)
        builder.add("trade", "value", found)
        builder.add("copy", "value", register_in_order(registry, "copied-versions-value", schema))
        write_locks(lock, [builder.lock()])
        ids = [registry.lookup("versions-value", each).id for each in VERSIONS]
    _produce(config, "versions", ids)
    return Topic("versions", config, lock)


def _produce(config: dict[str, Any], topic: str, ids: list[int]) -> None:
    encoders = [
        Codec[Any](schema).encoder(frame(i, b"")) for i, schema in zip(ids, VERSIONS, strict=True)
    ]
    producer = Producer(
        {
            "bootstrap.servers": config["bootstrap.servers"],
            "enable.idempotence": True,
            "queue.buffering.max.messages": 0,
        }
    )
    for n in range(MESSAGES):
        value = encoders[n % 3](written(n))
        if is_poison(n):
            value = (value[:-1], frame(2**30, value[5:]), b"{}")[n // POISON_EVERY % 3]
        producer.produce(topic, value, str(n), partition=n % PARTITIONS)
    assert producer.flush(PATIENCE_S) == 0


def check(records: Any, poison: Any) -> None:
    """Both tables have what was produced: every value, and the place of all poison."""
    places = [("partition", "ascending"), ("offset", "ascending")]
    numbers = sorted(range(MESSAGES), key=lambda n: (n % PARTITIONS, n // PARTITIONS))
    good = [n for n in numbers if not is_poison(n)]
    expected = pa.Table.from_pylist([read(n) for n in good])
    records = records.sort_by(places)
    assert records.num_rows == len(good)
    for name in expected.column_names:
        found = records.column(name).cast(expected.schema.field(name).type)
        assert found.combine_chunks().equals(expected.column(name).combine_chunks()), name
    keys = records.column("key").cast(pa.string()).cast(pa.int64())
    assert pc.all(pc.equal(keys, records.column("n"))).as_py()
    poison = poison.sort_by(places)
    assert poison.column("offset").to_pylist() == [n // PARTITIONS for n in numbers if is_poison(n)]


def columns_of(decoded: DecodedFrame) -> tuple[Any, Any]:
    """The frames of records and poison, flat."""
    kafka = ("key", "partition", "offset", "timestamp")
    return decoded.records.select("value.*", *kafka), decoded.poison.select(*kafka, "error")


def test_batch(topic: Topic, spark: Any) -> None:
    """Counts and values are what was produced."""
    source = spark.read.format("kafka").options(**topic.options).load()
    decoded = from_contract(source, VERSIONS[-1], lock=topic.lock)
    records, poison = (each.toArrow() for each in columns_of(decoded))
    check(records, poison)
    reasons = poison.column("error").combine_chunks().field("reason")
    for reason in ("the data end", "`streamcontract lock --environment test`", "magic byte"):
        assert pc.any(pc.match_substring(reasons, reason)).as_py()


def test_streaming(topic: Topic, spark: Any, tmp_path: Path) -> None:
    """One query reads the topic once, in several batches, and writes both frames.

    Where it fails it begins again at its checkpoint.
    """
    options = {**topic.options, "maxOffsetsPerTrigger": str(MESSAGES // 3)}
    source = spark.readStream.format("kafka").options(**options).load()
    decoded = from_contract(source, VERSIONS[-1], lock=topic.lock)

    failures = iter([RuntimeError("the second batch fails once, when it is written")])

    def write(batch: Any, number: int) -> None:
        batch.persist()
        for name, frame_ in zip(
            ("records", "poison"), columns_of(DecodedFrame(batch)), strict=True
        ):
            frame_.write.mode("overwrite").parquet(str(tmp_path / name / str(number)))
        batch.unpersist()
        if number == 1:
            for failure in failures:
                raise failure

    query = (
        decoded.frame.writeStream.foreachBatch(write)
        .trigger(availableNow=True)
        .option("checkpointLocation", str(tmp_path / "checkpoint"))
    )
    with pytest.raises(StreamingQueryException, match="fails once"):
        query.start().awaitTermination()
    query.start().awaitTermination()
    assert len([*(tmp_path / "records").iterdir()]) > 2
    check(pq.read_table(tmp_path / "records"), pq.read_table(tmp_path / "poison"))


def test_the_way_back(topic: Topic, spark: Any) -> None:
    """A typed consumer reads what Spark's sink wrote."""
    source = spark.read.format("kafka").options(**topic.options).load()
    decoded = from_contract(source, VERSIONS[-1], lock=topic.lock)
    messages = to_contract(decoded.records, VERSIONS[-1], lock=topic.lock, topic="copied-versions")
    assert messages.columns == ["key", "value"]
    options = {**topic.options, "topic": "copied-versions"}
    messages.write.format("kafka").options(**options).save()
    with ContractConsumer(topic.config, topic="copied-versions", schema=VERSIONS[-1]) as consumer:
        found = {int(message.key or b""): message.value for message in consumer.until_end()}
    assert found == {n: read(n) for n in range(MESSAGES) if not is_poison(n)}


def test_executors_ask_no_registry(
    topic: Topic, spark: Any, executors_registry: socket.socket
) -> None:
    """Neither for records and poison, whose ids are not all locked, nor for the way back."""

    def registry_url(batches: Iterable[Any]) -> Iterator[Any]:
        for _ in batches:
            yield pa.RecordBatch.from_pydict({"url": [os.environ["STREAMCONTRACT_REGISTRY_URL"]]})

    urls = [row.url for row in spark.range(1).mapInArrow(registry_url, "url string").collect()]
    assert urls == [f"http://127.0.0.1:{executors_registry.getsockname()[1]}"]
    source = spark.read.format("kafka").options(**topic.options).load()
    decoded = from_contract(source, VERSIONS[-1], lock=topic.lock)
    messages = to_contract(decoded.records, VERSIONS[-1], lock=topic.lock, topic="copied-versions")
    for frame_ in (decoded.poison, messages):
        frame_.write.format("noop").mode("overwrite").save()
    with pytest.raises(BlockingIOError):
        executors_registry.accept()


class TestArguments:
    """Mistakes are refused on the driver, before any query runs."""

    PING: Final = parse_schema(
        {"type": "record", "name": "Ping", "fields": [{"name": "n", "type": "int"}]}
    )

    @pytest.fixture
    def lock(self, tmp_path: Path) -> Path:
        """A lock of nothing."""
        path = tmp_path / "streamcontract.lock"
        write_locks(path, [Lock(environment="test", contracts={}, schemas={})])
        return path

    @pytest.mark.parametrize("columns", ["offset long", "value string", "value binary, Error int"])
    def test_frames_that_have_no_messages(self, spark: Any, lock: Path, columns: str) -> None:
        """A column of bytes is needed, and the name of the column of errors."""
        with pytest.raises(ArgumentError):
            from_contract(spark.createDataFrame([], columns), self.PING, lock=lock)

    @pytest.mark.parametrize("columns", ["n int", "value long", "value struct<n: long>"])
    def test_frames_that_have_no_records(self, spark: Any, lock: Path, columns: str) -> None:
        """The types are those that ``from_contract`` gives."""
        with pytest.raises(ArgumentError):
            to_contract(spark.createDataFrame([], columns), self.PING, lock=lock, topic="pings")

    def test_a_subject_that_is_not_locked(self, spark: Any, lock: Path) -> None:
        """The error names the command that locks it."""
        frame_ = spark.createDataFrame([], "value struct<n: int>")
        with pytest.raises(ConfigurationError, match="`streamcontract lock --environment test`"):
            to_contract(frame_, self.PING, lock=lock, topic="pings")
