"""Messages on the command line: ``consume`` into a pipe, ``produce`` from a file.

``consume`` runs in this process, with a pipe to another one for its standard output, and is
compared with the typed consumer, which reads the same messages and does nothing with them. Both
are timed as a whole, from the making of their clients to the last message. ``produce`` runs as a
program of its own, so that the most memory it had is its own.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final

from benchmarks.measure import Timing, bystanders_frozen
from benchmarks.tables import Table
from streamcontract import Stock, StockConsumer, StockProducer
from streamcontract.cli._bars import BARS_FILE, read_bars
from streamcontract.cli.consume import command as consume_command
from streamcontract.devstack import DevStack
from streamcontract.json_codec import JsonCodec

__all__ = ["tables"]

_MESSAGES: Final = 100_000
_PARTITIONS: Final = 6  # the embedded broker keeps 5 MiB of each
_LINES: Final = (100_000, 1_000_000)
_PROJECT: Final = Path(__file__).parents[2]


def tables(rounds: int) -> list[Table]:
    """One table for each of both."""
    with DevStack() as stack, _environment(stack):
        return [_consume_table(stack, rounds), _produce_table(stack)]


@contextlib.contextmanager
def _environment(stack: DevStack) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(stack.environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _consume_table(stack: DevStack, rounds: int) -> Table:
    topic = "bench-messages"
    stack.create_topic(topic, partitions=_PARTITIONS)
    bars = itertools.islice(itertools.cycle(read_bars(BARS_FILE)), _MESSAGES)
    partition = itertools.cycle(range(_PARTITIONS))
    with StockProducer(topic=topic) as producer:
        producer.produce_all(bars, options=lambda _: {"partition": next(partition)})
    typed = "typed consumer, iteration"
    rivals: dict[str, Callable[[], object]] = {
        typed: functools.partial(_iterate, topic),
        "typed consumer, consume()": functools.partial(_consume, topic),
        "consume into a pipe": functools.partial(_command, topic),
        "consume --lines values": functools.partial(_command, topic, "--lines", "values"),
        "consume --where": functools.partial(_command, topic, "--where", "close > 100"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    for counted in range(-1, rounds):  # the first round warms up
        for name, rival in rivals.items():
            with bystanders_frozen():
                start = time.perf_counter()
                rival()
                taken = time.perf_counter() - start
            if counted >= 0:
                seconds[name].append(taken / _MESSAGES)
    timings = {name: Timing(tuple(each)) for name, each in seconds.items()}
    return Table(
        f"stock: {_MESSAGES:,} messages read up to the end",
        ("", "msg/s", "of the typed consumer's rate"),
        tuple(
            (name, f"{1 / each.median:,.0f}", f"{1 / each.over(timings[typed]).median:.2f}")
            for name, each in timings.items()
        ),
    )


def _iterate(topic: str) -> None:
    with StockConsumer(topic=topic, start="earliest") as consumer:
        count = sum(1 for _ in consumer.until_end())
    _require(count)


def _consume(topic: str) -> None:
    count = 0
    with StockConsumer(topic=topic, start="earliest") as consumer:
        while count < _MESSAGES:
            count += len(consumer.consume(1_000, 0.1))
    _require(count)


def _require(count: int) -> None:
    if count != _MESSAGES:
        raise AssertionError(f"{count} of {_MESSAGES} messages came")


def _command(topic: str, *options: str) -> None:
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as reader:
        assert reader.stdin is not None  # noqa: S101 - asked for
        with _stdout(reader.stdin):
            consume_command.main([topic, *options], standalone_mode=False)
        reader.stdin.close()


@contextlib.contextmanager
def _stdout(pipe: IO[bytes]) -> Iterator[None]:
    before = sys.stdout
    with open(pipe.fileno(), "w", encoding="utf-8", closefd=False) as output:
        sys.stdout = output
        try:
            yield
        finally:
            sys.stdout = before


def _produce_table(stack: DevStack) -> Table:
    rows = []
    for count in _LINES:
        topic = f"bench-produce-{count}"
        stack.create_topic(topic, partitions=_PARTITIONS)
        seconds, peak = _produce(topic, count)
        rows.append((f"{count:,}", f"{count / seconds:,.0f}", f"{peak / 1024:,.0f} MiB"))
    return Table(
        "stock: JSON lines produced from a file", ("lines", "lines/s", "peak memory"), tuple(rows)
    )


def _produce(topic: str, count: int) -> tuple[float, int]:
    """Seconds, and the most memory in KiB."""
    codec: JsonCodec[Any] = JsonCodec(Stock)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bars.jsonl"
        with file.open("w", encoding="utf-8") as lines:
            block = [f"{codec.dumps(bar)}\n" for bar in read_bars(BARS_FILE)]
            lines.writelines(itertools.islice(itertools.cycle(block), count))
        start = time.perf_counter()
        program = [sys.executable, "-c", _PROGRAM, topic, str(file)]
        found = subprocess.run(program, check=True, capture_output=True, text=True, cwd=_PROJECT)  # noqa: S603 - a constant
        seconds = time.perf_counter() - start
    return seconds, int(found.stdout.split()[-1])


# VmHWM: unlike ru_maxrss, it does not begin with what the parent had when it started the program.
_PROGRAM: Final = """
import re, sys
from pathlib import Path
from streamcontract.cli import main
main.main(["produce", sys.argv[1], sys.argv[2], "--contract", "stock"], standalone_mode=False)
print(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""
