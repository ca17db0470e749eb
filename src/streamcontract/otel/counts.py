"""Counts that are added to OpenTelemetry's counters for many messages at once.

A counter of the SDK takes several microseconds for each call, more than a message does. Counts are
flushed when metrics are collected, and when the last client is closed.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.metrics import Counter
    from opentelemetry.util.types import AttributeValue

    from streamcontract.otel.instruments import Guard

__all__ = ["Count", "Counts", "flush_all"]


class Count:
    """The count of one counter with one set of attributes; threads may share it.

    Args:
        counter: The counter.
        attributes: The attributes.

    Attributes:
        one: Counts one: a single step of C code, which no other thread comes between.
    """

    __slots__ = ("_attributes", "_counter", "_given", "_lock", "_ones", "_pending", "one")

    def __init__(self, counter: Counter, attributes: Mapping[str, AttributeValue]) -> None:
        self._counter = counter
        self._attributes = attributes
        # Objects that the garbage collector closes may count while this thread does.
        self._lock = threading.RLock()
        self._pending: float = 0
        self._ones = itertools.count()
        self._given = 0
        self.one = self._ones.__next__

    def add(self, amount: float) -> None:
        """Count."""
        with self._lock:
            self._pending += amount

    def flush(self) -> None:
        """Add the count to the counter."""
        with self._lock:
            amount, self._pending = self._pending, 0
            ones = next(self._ones)
            amount += ones - self._given
            self._given = ones + 1  # with the one just now
        if amount:
            # Without the lock: the counter has locks of its own.
            self._counter.add(amount, self._attributes)


class Counts:
    """All counts of one :class:`~streamcontract.otel.telemetry.Telemetry`.

    Args:
        guard: Keeps a counter that fails from stopping the others.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._counts: dict[object, Count] = {}
        with _lock:
            _all.add(self)
        # Counts are not lost with the last client.
        weakref.finalize(self, _flush, self._counts, guard)

    def of(self, counter: Counter, attributes: Mapping[str, AttributeValue]) -> Count:
        """The one count of a counter with these attributes."""
        key = counter, frozenset(attributes.items())
        return self._counts.setdefault(key, Count(counter, attributes))

    def flush(self) -> None:
        """Give what was counted to the counters."""
        _flush(self._counts, self._guard)


def _flush(counts: Mapping[object, Count], guard: Guard) -> None:
    for count in tuple(counts.values()):
        guard(count.flush)


_lock = threading.RLock()
_all: weakref.WeakSet[Counts] = weakref.WeakSet()


def flush_all() -> None:
    """Add all counts to their counters, for every ``Telemetry`` of the process.

    The SDK calls one callback for a gauge, even if two ``Telemetry`` have created it.
    """
    with _lock:
        known = tuple(_all)
    for counts in known:
        counts.flush()
