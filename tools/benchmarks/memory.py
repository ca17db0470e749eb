"""Memory: what a million decoded records take, beside the same records made by their class.

Each way runs in a process of its own: ``python -m benchmarks.memory WAY`` prints what it found.
"""

from __future__ import annotations

import datetime as dt
import gc
import json
import os
import statistics
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import attrs

from benchmarks.shapes import SHAPES
from benchmarks.tables import Table
from streamcontract import Codec, Stock
from streamcontract.codec.engine import ENGINE_VARIABLE

__all__ = ["tables"]

_RECORDS: Final = 1_000_000
_MADE: Final = "made by the constructor"
_WAYS: Final = {
    _MADE: "portable",  # which engine is no matter
    "decoded, portable engine": "portable",
    "decoded, native engine": "native",
}


@attrs.frozen
class _Use:
    """What one process found.

    Attributes:
        held: Bytes by which its resident set grew while every record was alive.
        left: Blocks of its allocator more than before, after all records were dropped.
    """

    held: int
    left: int


def tables(rounds: int) -> list[Table]:
    """One table."""
    uses: dict[str, list[_Use]] = {way: [] for way in _WAYS}
    for _ in range(rounds):
        for way, engine in _WAYS.items():
            uses[way].append(_use_of_process(way, engine))
    held = {way: statistics.median(use.held for use in found) for way, found in uses.items()}
    rows = tuple(
        (
            way,
            f"{held[way] / _RECORDS:.0f}",
            f"{held[way] / held[_MADE]:.2f}x",
            str(max(use.left for use in uses[way])),
        )
        for way in _WAYS
    )
    columns = ("", "bytes a record", "of the constructor's", "blocks kept when dropped")
    return [Table(f"memory: {_RECORDS:,} stock records alive", columns, rows)]


def _use_of_process(way: str, engine: str) -> _Use:
    answer = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "benchmarks.memory", way],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, ENGINE_VARIABLE: engine},
    )
    return _Use(**json.loads(answer.stdout))


def _use(make: Callable[[], Any]) -> _Use:
    """Make the records, keep them all, and drop them."""
    records: list[Any] = [None] * _RECORDS
    for _ in range(1_000):  # what the first calls compile and cache is not the records'
        make()
    gc.collect()
    blocks, resident = sys.getallocatedblocks(), _resident()
    for index in range(_RECORDS):
        records[index] = make()
    held = _resident() - resident
    for index in range(_RECORDS):
        records[index] = None
    gc.collect()
    return _Use(held, sys.getallocatedblocks() - blocks)


def _resident() -> int:
    """Bytes of this process in memory now, as Linux's proc(5) gives them.

    The peak that ``resource`` tells would not do: a child begins with its parent's.
    """
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _maker(way: str) -> Callable[[], Any]:
    """What makes one record more, none of whose values another record shares."""
    stock = SHAPES[0].record
    if way != _MADE:
        codec = Codec(Stock)
        decode, data = codec.decoder(), codec.encode(stock)
        return lambda: decode(data)
    symbol, volume, day = stock.symbol.encode(), str(stock.volume), stock.date.toordinal()
    prices = struct.Struct("<5d")
    packed = prices.pack(stock.open, stock.high, stock.low, stock.close, stock.adjusted_close)

    def make() -> Stock:
        first, high, low, last, adjusted = prices.unpack(packed)
        return Stock(
            symbol=symbol.decode(),
            date=dt.date.fromordinal(day),
            open=first,
            high=high,
            low=low,
            close=last,
            volume=int(volume),
            adjusted_close=adjusted,
        )

    return make


if __name__ == "__main__":
    print(json.dumps(attrs.asdict(_use(_maker(sys.argv[1])))))
