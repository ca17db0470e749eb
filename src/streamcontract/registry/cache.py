"""Cache of values that never change, which loads a value once for all threads that wait for it."""

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
"""Values kept by default, like the schemas of confluent-kafka's client."""


_PATIENCE: Final = 1.0
"""Seconds between two checks for a value that another thread loads."""


class _Missing:
    """The type of a missing value, which is different from None."""


_MISSING: Final = _Missing()


class OnceCache(Generic[K, V]):
    """Cache of values that never change; concurrent misses of one key share one load.

    At most ``capacity`` values are kept: those that were loaded first are removed first.

    A failed load is not kept: its error is raised in every thread that waits for it, and the next
    call loads again.

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
        """The value of a key, loaded at its first use.

        Args:
            key: The key.
            load: Returns the value. It must not get the same key from this cache.

        Raises:
            Exception: The error of ``load``, in this thread or in the one that loads now.
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
                # The thread that loaded was interrupted, which is not an error of the value.
                continue
            except FuturesTimeoutError:
                # An interrupted thread may not have reported its end.
                if not flight.done():
                    continue
                return flight.result()

    def peek(self, key: K) -> V | None:
        """The value of a key if it is in the cache."""
        return self._values.get(key)

    def put(self, key: K, value: V) -> V:
        """Add a value that was loaded elsewhere; return the cached one, which is the first."""
        with self._lock:
            kept = self._values.setdefault(key, value)
            while len(self._values) > self._capacity:
                del self._values[next(iter(self._values))]
        return kept

    def _join(self, key: K) -> tuple[Future[V], bool]:
        me = threading.get_ident()
        with self._lock:
            flight, pilot = self._flights.get(key, (None, me))
            # An earlier load of this thread was interrupted by Ctrl-C.
            if flight is not None and pilot != me:
                return flight, False
            if flight is not None:
                flight.cancel()
            flight = Future()
            self._flights[key] = flight, me
            return flight, True

    def _fly(self, key: K, flight: Future[V], load: Callable[[], V]) -> V:
        # The flight ends after the value is kept: a thread that finds no flight finds the value.
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
