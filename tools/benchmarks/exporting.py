"""Export of a topic to Parquet on Apache Kafka, beside fastavro with pyarrow: rate and memory.

Half of the messages are of an older version, and one in a hundred is poison. Each way runs in a
process of its own, which prints what it found. ``python -m benchmarks.exporting --messages
10_000_000`` measures a larger topic than ``python -m benchmarks --only export``.
"""

from __future__ import annotations

import datetime as dt
import io
import itertools
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import attrs
import click
import confluent_kafka
import fastavro
import pyarrow as pa
from pyarrow import parquet
from rich.console import Console

from benchmarks.measure import Timing
from benchmarks.tables import Table, against
from streamcontract import Codec, SchemaRegistry, Stock, parse_schema
from streamcontract.__main__ import collect_seldom
from streamcontract.devstack.kafka import KafkaStack
from streamcontract.export import Export
from streamcontract.wire import HEADER_SIZE, header, schema_id_of

__all__ = ["tables"]

OURS: Final = "streamcontract export"
_TENTH: Final = "the same, a tenth of the messages"
_THREADS: Final = "the same, two threads"
_RIVAL: Final = "fastavro and pyarrow"

_TOPIC: Final = "stocks"
_MESSAGES: Final = 1_000_000
_RIVALS: Final = 1_000_000
"""Messages of the rival, which takes so long."""

_VARIANTS: Final = 20_000
_POISON_EVERY: Final = 100
_BATCH: Final = 10_000


@attrs.frozen
class _Use:
    """What one process found.

    Attributes:
        seconds: How long it took, without its start.
        cpu: Seconds of CPU that it took for that, on all threads.
        peak: The largest size of its resident set, in MiB.
        rows: Rows in its files.
        faults: Messages that it could not decode.
    """

    seconds: float
    cpu: float
    peak: float
    rows: int
    faults: int


def tables(rounds: int, messages: int = _MESSAGES) -> list[Table]:
    """One table."""
    counts = {
        OURS: messages,
        _TENTH: messages // 10,
        _THREADS: messages,
        _RIVAL: min(_RIVALS, messages),
    }
    with KafkaStack() as stack:
        stack.create_topic(_TOPIC, 1)
        _fill(stack, messages)
        environment = {**os.environ, **stack.environment}
        found: dict[str, list[_Use]] = {way: [] for way in counts}
        for _, way in itertools.product(range(rounds), counts):
            found[way].append(_use_of_process(way, counts[way], environment))
    wall, cpu = (
        {
            way: Timing(tuple(getattr(use, what) / counts[way] for use in uses))
            for way, uses in found.items()
        }
        for what in ("seconds", "cpu")
    )
    rows = tuple(
        (
            way,
            f"{counts[way]:,}",
            *against(wall[way], wall[OURS]),
            *against(cpu[way], cpu[OURS]),
            f"{max(use.peak for use in uses):.0f}",
        )
        for way, uses in found.items()
    )
    columns = ("", "messages", "µs a message", "takes", "µs of CPU", "takes", "MiB at the most")
    title = "export to Parquet: two versions, 1 % poison, Apache Kafka"
    return [Table(title, columns, rows)]


def _fill(stack: KafkaStack, messages: int) -> None:
    """Produce the messages: those of the older version come first."""
    rng = random.Random(7)
    newer = Codec(Stock).schema
    document = json.loads(newer.json)
    older = parse_schema({**document, "fields": document["fields"][:-1]})
    with SchemaRegistry(stack.registry_url) as registry:
        ids = [registry.register(f"{_TOPIC}-value", schema) for schema in (older, newer)]
    halves = []
    for schema, schema_id in zip((older, newer), ids, strict=True):
        encode = Codec[Any](schema).encoder(header(schema_id))
        halves.append([encode(_bar(rng)) for _ in range(_VARIANTS)])
    producer = confluent_kafka.Producer(
        {
            "bootstrap.servers": stack.bootstrap_servers,
            "linger.ms": 50,
            "compression.type": "lz4",
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    for number in range(messages):
        value = halves[2 * number // messages][number % _VARIANTS]
        if number % _POISON_EVERY == 0:
            value = value[:-3]
        while True:
            try:
                producer.produce(_TOPIC, value, partition=0)
                break
            except BufferError:
                producer.poll(0.1)
    if producer.flush(300):
        raise AssertionError("not all messages were delivered")


def _bar(rng: random.Random) -> dict[str, Any]:
    price = rng.uniform(10, 500)
    return {
        "symbol": rng.choice(("AAPL", "AMZN", "GOOG", "IBM", "MSFT")),
        "date": dt.date(2000, 1, 1) + dt.timedelta(days=rng.randrange(9000)),
        "open": price,
        "high": price + rng.random(),
        "low": price - rng.random(),
        "close": price + rng.uniform(-1, 1),
        "volume": rng.randrange(1_000_000_000),
    }


def _use_of_process(way: str, messages: int, environment: dict[str, str]) -> _Use:
    answer = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "benchmarks.exporting", "--way", way, "--messages", str(messages)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    use = _Use(**json.loads(answer.stdout))
    if use.rows != messages - use.faults or use.faults != -(-messages // _POISON_EVERY):
        raise AssertionError(f"{way} gave {use}")
    return use


def _use(export: Callable[[Path, int], tuple[int, int]], messages: int) -> _Use:
    """Export into a folder of its own."""
    with tempfile.TemporaryDirectory() as name:
        began, began_cpu = time.perf_counter(), time.process_time()
        rows, faults = export(Path(name), messages)
        seconds, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    # getrusage(2) would have the size of the process that started this one, where that is larger.
    status = Path("/proc/self/status").read_text("utf-8")
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return _Use(seconds, cpu, int(peak) / 1024, rows, faults)


def _ours(folder: Path, messages: int, threads: int = 1) -> tuple[int, int]:
    collect_seldom()  # as the command line does
    report = Export(
        topic=_TOPIC,
        schema=Codec(Stock).schema,
        into=folder / "out",
        format="parquet",
        until=messages,
        threads=threads,
    ).run()
    (partition,) = report.partitions
    return partition.messages, partition.faults


def _rival(folder: Path, messages: int) -> tuple[int, int]:
    """What people write: a reader of each id's schema, and tables of dicts."""
    reader = fastavro.parse_schema(json.loads(Codec(Stock).schema.json))
    schema = pa.table(Codec(Stock).decode_columns([])).schema
    writers: dict[int, Any] = {}
    rows, faults = 0, 0
    registry = SchemaRegistry()
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": os.environ["STREAMCONTRACT_BOOTSTRAP_SERVERS"],
            "group.id": "rival",
        }
    )
    consumer.assign([confluent_kafka.TopicPartition(_TOPIC, 0, 0)])
    with parquet.ParquetWriter(folder / "out.parquet", schema, compression="zstd") as file:
        while rows + faults < messages:
            records: list[Any] = []
            left = messages - rows - faults
            for message in consumer.consume(min(_BATCH, left), timeout=1):
                value = message.value() or b""
                try:
                    found = schema_id_of(value)
                    if found not in writers:
                        text = registry.schema_by_id(found).json
                        writers[found] = fastavro.parse_schema(json.loads(text))
                    buffer = io.BytesIO(value[HEADER_SIZE:])
                    records.append(fastavro.schemaless_reader(buffer, writers[found], reader))
                except (EOFError, IndexError, ValueError):
                    faults += 1
            file.write_table(pa.Table.from_pylist(records, schema=schema))
            rows += len(records)
    consumer.close()
    return rows, faults


_WAYS: Final[dict[str, Callable[[Path, int], tuple[int, int]]]] = {
    OURS: _ours,
    _TENTH: _ours,
    _THREADS: lambda folder, messages: _ours(folder, messages, threads=2),
    _RIVAL: _rival,
}


@click.command()
@click.option("--messages", type=int, default=_MESSAGES, show_default=True)
@click.option("--rounds", type=int, default=1, show_default=True)
@click.option("--way", type=click.Choice(list(_WAYS)), hidden=True)
def main(messages: int, rounds: int, way: str | None) -> None:
    """Measure the export of a topic of this number of messages."""
    if way is not None:
        click.echo(json.dumps(attrs.asdict(_use(_WAYS[way], messages))))
        return
    for table in tables(rounds, messages):
        Console(width=110).print(table.rich())


if __name__ == "__main__":
    main()
