"""Sets of whole numbers as unions of half-open intervals, for offsets, partitions and times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["EVERYTHING", "HIGH", "LOW", "Intervals", "contains", "intersection", "union"]

LOW: Final = -(2**63)
HIGH: Final = 2**63
"""The ends of the int64 that Kafka's offsets and timestamps are, half-open."""

Intervals = tuple[tuple[int, int], ...]
"""Disjoint intervals in ascending order, each from a number up to another, exclusive."""

EVERYTHING: Final[Intervals] = ((LOW, HIGH),)


def union(pairs: Iterable[tuple[int, int]]) -> Intervals:
    """The numbers that are in any of some intervals, which may overlap or be empty.

    Example:
        >>> union([(5, 8), (1, 3), (3, 4), (7, 9), (6, 6)])
        ((1, 4), (5, 9))
    """
    found: list[tuple[int, int]] = []
    for start, end in sorted(pairs):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)


def intersection(one: Intervals, other: Intervals) -> Intervals:
    """The numbers that are in both.

    Example:
        >>> intersection(((1, 4), (5, 9)), ((3, 6), (8, 20)))
        ((3, 4), (5, 6), (8, 9))
    """
    return union((max(a, c), min(b, d)) for a, b in one for c, d in other)


def contains(intervals: Intervals, number: int) -> bool:
    """Whether a number is in one of them."""
    return any(start <= number < end for start, end in intervals)
