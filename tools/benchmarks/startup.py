"""How long it takes to start: our imports and command line, against the peers' imports."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.measure import Timing
from benchmarks.tables import Table

__all__ = ["tables"]

_COMMANDS = {
    "python alone": ["-c", "pass"],
    "import streamcontract": ["-c", "import streamcontract"],
    "from streamcontract import Codec": ["-c", "from streamcontract import Codec"],
    "from streamcontract import StockProducer": ["-c", "from streamcontract import StockProducer"],
    "streamcontract --help": ["-m", "streamcontract", "--help"],
    "import fastavro": ["-c", "import fastavro"],
    "import avro.schema, avro.io": ["-c", "import avro.schema, avro.io"],
    "confluent_kafka + AvroSerializer": [
        "-c",
        "import confluent_kafka; from confluent_kafka.schema_registry.avro import AvroSerializer",
    ],
    "import dataclasses_avroschema": ["-c", "import dataclasses_avroschema"],
}


def tables(rounds: int) -> list[Table]:
    """One table."""
    timings = _startup_seconds(rounds)
    alone = timings["python alone"].median
    rows = tuple(
        (
            name,
            f"{timing.median * 1e3:.0f}",
            f"{(timing.median - alone) * 1e3:.0f} ms",
        )
        for name, timing in timings.items()
    )
    return [Table("start-up", ("process", "ms", "over python alone"), rows)]


def _startup_seconds(rounds: int) -> dict[str, Timing]:
    """Seconds each command takes as a process of its own, in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in _COMMANDS}
    for counted in range(-1, rounds):  # the first round warms the disk's cache
        for name, arguments in _COMMANDS.items():
            start = time.perf_counter()
            subprocess.run(  # noqa: S603 - our own interpreter
                [sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL
            )
            if counted >= 0:
                seconds[name].append(time.perf_counter() - start)
    return {name: Timing(tuple(times)) for name, times in seconds.items()}
