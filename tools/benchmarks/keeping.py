"""Decoding into a list: what it costs to keep the records, garbage collection included.

The recipe is the one of docs/performance.md: the collector waits until all records are there, and
does not look at them after that.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any, Final

import attrs

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
    kept: dict[str, list[_Kept]] = {way.name: [] for way in ways}
    frozen: dict[str, list[_Kept]] = {way.name: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            data = way.encode()
            kept[way.name].append(_keep(way.decode, data, number))
            frozen[way.name].append(_keep(way.decode, data, number, freeze=True))
    timings = {name: _timing(found) for name, found in kept.items()}
    rows = tuple(
        (
            name,
            f"{timing.median * 1e6:.2f}",
            str(timing.over(timings[OURS])),
            f"{_timing(frozen[name]).median * 1e6:.2f}",
            str(timing.over(_timing(frozen[name]))),
            _milliseconds(kept[name]),
            _milliseconds(frozen[name]),
        )
        for name, timing in timings.items()
    )
    columns = (
        "",
        "µs a record",
        "takes",
        "µs by the recipe",
        "saves",
        "then a full collection, ms",
        "by the recipe",
    )
    return Table(f"{shape.name}: {number:,} records decoded and kept", columns, rows)


@attrs.frozen
class _Kept:
    """What keeping records costs.

    Attributes:
        seconds: For each of them, until all are there.
        collection: Seconds that the next full collection takes, which finds nothing to free.
    """

    seconds: float
    collection: float


def _timing(found: list[_Kept]) -> Timing:
    return Timing(tuple(each.seconds for each in found))


def _milliseconds(found: list[_Kept]) -> str:
    return f"{min(each.collection for each in found) * 1e3:.1f}"


def _keep(
    decode: Callable[[bytes], Any], data: bytes, number: int, *, freeze: bool = False
) -> _Kept:
    """Decode as many records; by the recipe of docs/performance.md, or as any program does."""
    with bystanders_frozen():
        start = time.perf_counter()
        if freeze:
            gc.disable()
        records = [decode(data) for _ in range(number)]
        if freeze:
            gc.freeze()
            gc.enable()
        taken = time.perf_counter() - start
        start = time.perf_counter()
        gc.collect()
        collection = time.perf_counter() - start
        del records
    return _Kept(taken / number, collection)
