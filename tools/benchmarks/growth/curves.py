"""Curves: a cost at several sizes of the work, in several ways."""

from __future__ import annotations

import gc
import math
import statistics
import time
import tracemalloc
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Final

import attrs

__all__ = ["LIMIT", "OURS", "Curve", "Point", "Points", "Prepare", "Work", "exponent", "measured"]

OURS: Final = "streamcontract"

LIMIT: Final = 1.2
"""The exponent from which on a cost counts as growing faster than the work."""

_ENOUGH: Final = 0.02
"""Seconds that work which can be done again is done for, in each round."""

_LONGEST: Final = 8.0
"""Seconds of a size, after which a way is not asked for larger ones."""

Work = Callable[[], object]
Prepare = Callable[[int], AbstractContextManager[Work]]


@attrs.frozen
class Curve:
    """A cost over the size of the work.

    Attributes:
        name: What is done.
        unit: What the size counts.
        sizes: The sizes, ascending.
        ways: By name, ours first: called with a size, each gives a block with the work.
        is_first: Whether only the first time of the work counts.
    """

    name: str
    unit: str
    sizes: tuple[int, ...]
    ways: Mapping[str, Prepare]
    is_first: bool = True


@attrs.frozen
class Point:
    """What a size of the work costs.

    Attributes:
        size: The size.
        seconds: The least time that it took.
        peak: Bytes that Python took for it at most; None where that would take too long to see.
    """

    size: int
    seconds: float
    peak: int | None


@attrs.frozen
class Points:
    """What one way costs at each size.

    Attributes:
        way: Its name.
        points: The costs.
    """

    way: str
    points: tuple[Point, ...]

    @property
    def exponent(self) -> float:
        """How the time grows; NaN where one point says nothing of that."""
        if len(self.points) == 1:
            return math.nan
        return exponent([(point.size, point.seconds) for point in self.points])


def measured(curve: Curve, rounds: int) -> list[Points]:
    """All costs of a curve; the ways take turns at each size."""
    found: dict[str, list[Point]] = {way: [] for way in curve.ways}
    for size in curve.sizes:
        asked = {
            way: prepare
            for way, prepare in curve.ways.items()
            if not found[way] or found[way][-1].seconds < _LONGEST
        }
        seconds: dict[str, list[float]] = {way: [] for way in asked}
        for number in range(rounds):
            for way, prepare in asked.items():
                if number == 0 or seconds[way][0] < 1:
                    seconds[way].append(_seconds(prepare, size, is_first=curve.is_first))
        for way, prepare in asked.items():
            least = min(seconds[way])
            peak = _peak(prepare, size) if least < _LONGEST else None
            found[way].append(Point(size, least, peak))
    return [Points(way, tuple(points)) for way, points in found.items()]


def exponent(points: list[tuple[int, float]]) -> float:
    """The slope of the line through the points on logarithmic scales, by least squares.

    Example:
        >>> round(exponent([(10, 1.0), (20, 4.0), (40, 16.0)]), 3)
        2.0
    """
    sizes = [math.log(size) for size, _ in points]
    costs = [math.log(cost) for _, cost in points]
    return statistics.linear_regression(sizes, costs).slope


def _seconds(prepare: Prepare, size: int, *, is_first: bool) -> float:
    with prepare(size) as work:
        gc.collect()
        taken, times = _time(work), 1
        if is_first:
            return taken
        while taken < _ENOUGH:
            taken += _time(work)
            times += 1
        return taken / times


def _time(work: Work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _peak(prepare: Prepare, size: int) -> int:
    """Bytes; measured apart from the time, which it takes a multiple of."""
    with prepare(size) as work:
        tracemalloc.start()
        try:
            work()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
