"""Decoding into a list: what it costs to keep the records, garbage collection included."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any, Final

from benchmarks.measure import Timing, bystanders_frozen
from benchmarks.peers import OURS, peers
from benchmarks.shapes import SHAPES, Shape
from benchmarks.tables import Table

__all__ = ["tables"]

_RECORDS: Final = {"stock": 1_000_000, "order": 100_000}
_RIVALS: Final = (
    OURS,
    f"{OURS}, portable engine",
    "fastavro, dicts converted",
    "cavro, dicts converted",
)


def tables(rounds: int) -> list[Table]:
    """A table for each shape."""
    return [_table(shape, rounds) for shape in SHAPES]


def _table(shape: Shape, rounds: int) -> Table:
    number = _RECORDS[shape.name]
    ways = [way for way in peers(shape) if way.name in _RIVALS]
    kept: dict[str, list[float]] = {way.name: [] for way in ways}
    uncollected: dict[str, list[float]] = {way.name: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            data = way.encode()
            kept[way.name].append(_seconds(way.decode, data, number))
            gc.disable()
            try:
                uncollected[way.name].append(_seconds(way.decode, data, number))
            finally:
                gc.enable()
    timings = {name: Timing(tuple(seconds)) for name, seconds in kept.items()}
    rows = tuple(
        (
            name,
            f"{timing.median * 1e6:.2f}",
            str(timing.over(timings[OURS])),
            str(timing.over(Timing(tuple(uncollected[name])))),
        )
        for name, timing in timings.items()
    )
    columns = ("", "µs a record", "takes", "of the same with the collector off")
    return Table(f"{shape.name}: {number:,} records decoded and kept", columns, rows)


def _seconds(decode: Callable[[bytes], Any], data: bytes, number: int) -> float:
    """Seconds a record."""
    with bystanders_frozen():
        start = time.perf_counter()
        records = [decode(data) for _ in range(number)]
        taken = time.perf_counter() - start
        del records
    return taken / number
