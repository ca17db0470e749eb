"""Cache of what never changes, which asks once however many threads miss at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FuturesTimeoutError
from typing import Final, Generic, TypeVar

__all__ = ["CAPACITY", "OnceCache"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

CAPACITY: Final = 1000
"""Values kept by default, as many schemas as confluent-kafka's client keeps by default."""


_PATIENCE: Final = 1.0
"""Seconds between two looks for a value that another thread loads."""


class _Missing:
    """Tells a value that is not there from one that is None."""


_MISSING: Final = _Missing()


class OnceCache(Generic[K, V]):
    """Values by key that never change; concurrent misses of one key share one load.

    At most ``capacity`` are kept: those that were loaded first go first.

    A load that fails is not kept: its error reaches every thread that waited for it, and the next
    one to ask loads again.

    Example:
        >>> cache: OnceCache[int, str] = OnceCache()
        >>> cache.get(1, lambda: "loaded"), cache.get(1, lambda: "not asked")
        ('loaded', 'loaded')
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._values: dict[K, V] = {}
        # With the number of the thread that loads.
        self._flights: dict[K, tuple[Future[V], int]] = {}
        self._lock = threading.Lock()

    def get(self, key: K, load: Callable[[], V]) -> V:
        """The value of a key, loaded if this is its first use.

        Args:
            key: The key.
            load: Gives the value. It must not ask this cache for the same key.

        Raises:
            Exception: What ``load`` raised, here or in the thread that loads at this moment.
        """
        while True:
            # Reading a dict is atomic and values are never replaced: a hit takes no lock.
            value = self._values.get(key, _MISSING)
            if not isinstance(value, _Missing):
                return value
            flight, is_mine = self._join(key)
            if is_mine:
                return self._fly(key, flight, load)
            try:
                return flight.result(_PATIENCE)
            except CancelledError:
                # The thread that loaded was interrupted, which says nothing about the value.
                continue
            except FuturesTimeoutError:
                # Interrupted at the wrong moment, that thread has not even said so.
                if not flight.done():
                    continue
                return flight.result()

    def peek(self, key: K) -> V | None:
        """The value of a key if it is there."""
        return self._values.get(key)

    def put(self, key: K, value: V) -> V:
        """Keep a value that became known otherwise; the first one stays, and is returned."""
        with self._lock:
            kept = self._values.setdefault(key, value)
            while len(self._values) > self._capacity:
                del self._values[next(iter(self._values))]
        return kept

    def _join(self, key: K) -> tuple[Future[V], bool]:
        me = threading.get_ident()
        with self._lock:
            flight, pilot = self._flights.get(key, (None, me))
            # A flight of this thread's own was broken off, by Ctrl-C, before it began or landed.
            if flight is not None and pilot != me:
                return flight, False
            if flight is not None:
                flight.cancel()
            flight = Future()
            self._flights[key] = flight, me
            return flight, True

    def _fly(self, key: K, flight: Future[V], load: Callable[[], V]) -> V:
        # The flight ends only after the value is kept: whoever finds no flight finds the value.
        try:
            known = self._values.get(key, _MISSING)
            value = self.put(key, load()) if isinstance(known, _Missing) else known
        except Exception as error:
            self._land(key)
            flight.set_exception(error)
            raise
        except BaseException:
            self._land(key)
            flight.cancel()
            raise
        self._land(key)
        flight.set_result(value)
        return value

    def _land(self, key: K) -> None:
        with self._lock:
            self._flights.pop(key, None)
