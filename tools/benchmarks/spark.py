"""Framed messages of one version into Spark's columns: this library, and Spark's ``from_avro``.

Every rival reads the same Parquet files, and its result is thrown away, so that reading costs all
the same.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.measure import Timing
from benchmarks.shapes import SHAPES, Shape
from benchmarks.spark_session import local_spark
from benchmarks.tables import Table, against
from streamcontract import Codec
from streamcontract.registry.lock import Lock, LockedSchema, canonical_fingerprint
from streamcontract.registry.lock_file import write_locks
from streamcontract.wire import header

__all__ = ["tables"]

_MESSAGES: Final = 1_000_000
_FILES: Final = 2  # one for each thread
_ID: Final = 7
_OURS: Final = "streamcontract.spark"


def tables(rounds: int) -> list[Table]:
    """A table for each shape."""
    with _session() as spark, tempfile.TemporaryDirectory() as folder:
        return [_table(spark, shape, Path(folder) / shape.name, rounds) for shape in SHAPES]


@contextmanager
def _session() -> Iterator[Any]:
    spark = local_spark()
    try:
        yield spark
    finally:
        spark.stop()


def _table(spark: Any, shape: Shape, folder: Path, rounds: int) -> Table:
    _write(shape, folder)
    rivals = _rivals(spark.read.parquet(str(folder / "messages")), shape, folder / "lock")
    found = _in_turn(rivals, rounds)
    return Table(
        f"{shape.name}: framed messages into Spark's columns, two threads",
        ("", "µs a message", "takes"),
        tuple((name, *against(timing, found[_OURS])) for name, timing in found.items()),
    )


def _write(shape: Shape, folder: Path) -> None:
    """The messages, and the lock of their schema."""
    data = Codec[Any](type(shape.record)).encoder(header(_ID))(shape.record)
    (folder / "messages").mkdir(parents=True)
    values = pa.array([data] * (_MESSAGES // _FILES), pa.binary())
    for number in range(_FILES):
        pq.write_table(
            pa.table({"value": values}),
            folder / "messages" / f"{number}.parquet",
            compression="none",
            use_dictionary=False,
        )
    locked = LockedSchema(
        fingerprint=canonical_fingerprint(shape.schema), schema=shape.schema.inlined_json
    )
    write_locks(folder / "lock", [Lock(environment="here", contracts={}, schemas={_ID: locked})])


def _rivals(messages: Any, shape: Shape, lock: Path) -> dict[str, Callable[[], None]]:
    from pyspark.sql import functions as sql  # noqa: PLC0415 - few environments have it
    from pyspark.sql.avro.functions import from_avro  # noqa: PLC0415

    from streamcontract.spark import from_contract  # noqa: PLC0415 - it needs PySpark

    record: type[Any] = type(shape.record)
    one = [shape.schema.root.fields[0].name]  # type: ignore[union-attr] # it is of a record
    payload = sql.expr(f"substring(value, {1 + len(header(_ID))})")
    read = from_avro(payload, shape.schema.inlined_json, {"mode": "FAILFAST"})
    decoded = from_contract(messages, record, lock=lock)
    chosen = from_contract(messages, record, lock=lock, columns=one)
    frames = {
        _OURS: decoded.records.select("value.*"),
        "the same, one column": chosen.records.select("value.*"),
        "from_avro, frames cut off": messages.select(read.alias("value")).select("value.*"),
        "bytes as they are": messages,
    }
    return {name: _sink(frame) for name, frame in frames.items()}


def _sink(frame: Any) -> Callable[[], None]:
    """A job that makes all of a frame, and keeps nothing."""
    return lambda: frame.write.format("noop").mode("overwrite").save()


def _in_turn(rivals: Mapping[str, Callable[[], None]], rounds: int) -> dict[str, Timing]:
    """Seconds a message; a job is long enough to be timed alone, after one that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    for number in range(rounds + 1):
        for name, run in rivals.items():
            start = time.perf_counter()
            run()
            if number > 0:
                seconds[name].append((time.perf_counter() - start) / _MESSAGES)
    return {name: Timing(tuple(times)) for name, times in seconds.items()}
