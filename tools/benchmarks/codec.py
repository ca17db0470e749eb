"""Encoding and decoding, against the peers."""

from __future__ import annotations

from benchmarks.measure import in_turn
from benchmarks.peers import OURS, peers
from benchmarks.shapes import SHAPES, Shape
from benchmarks.tables import Table, against

__all__ = ["tables"]


def tables(rounds: int) -> list[Table]:
    """A table for each shape."""
    return [_table(shape, rounds) for shape in SHAPES]


def _table(shape: Shape, rounds: int) -> Table:
    ways = peers(shape)
    encode = in_turn({way.name: way.encode for way in ways}, rounds)
    payloads = {way.name: way.encode() for way in ways}
    decode = in_turn(
        {way.name: lambda way=way: way.decode(payloads[way.name]) for way in ways},  # type: ignore[misc]
        rounds,
    )
    rows = [
        (
            way.name,
            *against(encode[way.name], encode[OURS]),
            *against(decode[way.name], decode[OURS]),
        )
        for way in ways
    ]
    return Table(
        f"{shape.name}: {len(payloads[OURS])} bytes with the frame",
        ("", "encode µs", "takes", "decode µs", "takes"),
        tuple(rows),
    )
