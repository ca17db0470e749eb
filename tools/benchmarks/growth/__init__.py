"""How costs grow with the work: each curve at several sizes, and the exponent that fits them.

An exponent of 1 is a cost that grows as the work does, of 2 one that grows with its square.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from benchmarks.growth.codec import CURVES as OF_THE_CODEC
from benchmarks.growth.curves import LIMIT, Curve, Points, measured
from benchmarks.growth.servers import CURVES as OF_SERVERS
from benchmarks.growth.unions import CURVES as OF_UNIONS
from benchmarks.growth.verdicts import CURVES as OF_VERDICTS
from benchmarks.plots import Panel, Plot
from benchmarks.tables import Row, Table

__all__ = ["plots", "remarks", "tables"]

_GROUPS: Final[dict[str, tuple[Curve, ...]]] = {
    "codec": OF_THE_CODEC,
    "unions": OF_UNIONS,
    "verdicts": OF_VERDICTS,
    "projects and the embedded registry": OF_SERVERS,
}
_found: dict[str, list[tuple[Curve, list[Points]]]] = {}


def tables(rounds: int) -> list[Table]:
    """A table for each group of curves; what grows faster than the limit is marked."""
    _found.update(
        (name, [(curve, measured(curve, rounds)) for curve in curves])
        for name, curves in _GROUPS.items()
    )
    return [
        Table(
            f"growth: {name}",
            ("", "", "n", "ms", "MB", "exponent"),
            tuple(row for curve, ways in found for row in _rows(curve, ways)),
        )
        for name, found in _found.items()
    ]


def plots() -> list[Plot]:
    """The plots of what :func:`tables` has measured."""
    return [
        Plot(
            f"growth-{name.split()[0]}",
            f"growth: {name}",
            tuple(
                Panel(
                    curve.name,
                    f"n: {curve.unit}",
                    {
                        each.way: [(point.size, point.seconds) for point in each.points]
                        for each in ways
                    },
                )
                for curve, ways in found
            ),
        )
        for name, found in _found.items()
    ]


def remarks() -> list[str]:
    """Every curve that :func:`tables` has found to grow faster than the limit."""
    return [
        f"exponent {each.exponent:.2f}, above {LIMIT}: {curve.name} ({each.way})"
        for found in _found.values()
        for curve, ways in found
        for each in ways
        if each.exponent > LIMIT
    ]


def _rows(curve: Curve, ways: Sequence[Points]) -> list[Row]:
    rows: list[Row] = []
    for index, each in enumerate(ways):
        sizes = " / ".join(f"{point.size:,}" for point in each.points)
        times = " / ".join(_number(point.seconds * 1e3) for point in each.points)
        peaks = " / ".join(
            "?" if point.peak is None else _number(point.peak / 1e6) for point in each.points
        )
        slope = each.exponent
        mark = " (above the limit)" if slope > LIMIT else ""
        name = f"{curve.name}; n: {curve.unit}" if index == 0 else ""
        rows.append((name, each.way, sizes, times, peaks, f"{slope:.2f}{mark}"))
    return rows


def _number(number: float) -> str:
    """Two digits that count."""
    if number >= 10:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 1 else f"{number:.2g}"
