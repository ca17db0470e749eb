"""Columns by two threads, beside two processes, which share nothing: what the machine can reach."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

from benchmarks.measure import in_turn
from benchmarks.shapes import SHAPES, Shape
from benchmarks.tables import Table
from streamcontract import Codec

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["table"]

_PAYLOADS: Final = {"stock": 1_000_000, "order": 200_000}
"""So many that starting and joining a thread is little of it."""


def table(shape: Shape, rounds: int) -> Table:
    """How many times as fast as one thread two threads and two processes are."""
    number = _PAYLOADS[shape.name]
    one, two = _decoder(shape, number, 1), _decoder(shape, number, 2)
    with _processes(shape, number // 2) as both:
        found = in_turn({"one thread": one, "two threads": two, "two processes": both}, rounds)
    first = found["one thread"]
    rows = [
        (name, f"{timing.median / number * 1e6:.3f}", f"{first.over(timing).median:.2f}x")
        for name, timing in found.items()
    ]
    title = f"{shape.name}: {number:,} payloads into columns"
    return Table(title, ("", "µs a message", "as fast"), tuple(rows))


def _decoder(shape: Shape, number: int, threads: int) -> Callable[[], Any]:
    codec: Codec[Any] = Codec(type(shape.record))
    data = codec.encode(shape.record)
    # Each in memory of its own.
    payloads = [bytes(bytearray(data)) for _ in range(number)]
    return lambda: codec.decode_columns(payloads, threads=threads)


@contextmanager
def _processes(shape: Shape, number: int) -> Iterator[Callable[[], None]]:
    """What has each of two processes decode as many payloads of its own, and waits for both."""
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        ends: list[Connection] = []
        for _ in range(2):
            mine, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(shape.name, number, theirs))
            process.start()
            stack.callback(process.join)
            stack.callback(mine.send, None)  # before the join: last in, first out
            ends.append(mine)

        def decode() -> None:
            for end in ends:
                end.send("decode")
            for end in ends:
                end.recv()

        yield decode


def _serve(name: str, number: int, asked: Connection) -> None:
    shape = next(each for each in SHAPES if each.name == name)
    decode = _decoder(shape, number, 1)
    while asked.recv() is not None:
        decode()
        asked.send("decoded")
