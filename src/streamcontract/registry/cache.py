"""A cache for what never changes, which asks once however many threads miss at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import CancelledError, Future
from typing import Generic, TypeVar

__all__ = ["OnceCache"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class OnceCache(Generic[K, V]):
    """Values by key, kept for ever; concurrent misses of one key share one load.

    A load that fails is not kept: its error reaches every thread that waited for it, and the next
    one to ask loads again.

    Example:
        >>> cache: OnceCache[int, str] = OnceCache()
        >>> cache.get(1, lambda: "loaded"), cache.get(1, lambda: "not asked")
        ('loaded', 'loaded')
    """

    def __init__(self) -> None:
        self._values: dict[K, V] = {}
        self._flights: dict[K, Future[V]] = {}
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
            if key in self._values:
                return self._values[key]
            flight, is_mine = self._join(key)
            if is_mine:
                return self._fly(key, flight, load)
            try:
                return flight.result()
            except CancelledError:
                # The thread that loaded was interrupted, which says nothing about the value.
                continue

    def peek(self, key: K) -> V | None:
        """The value of a key if it is there."""
        return self._values.get(key)

    def put(self, key: K, value: V) -> V:
        """Keep a value that became known otherwise; the first one stays, and is returned."""
        return self._values.setdefault(key, value)

    def _join(self, key: K) -> tuple[Future[V], bool]:
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None:
                return flight, False
            flight = self._flights[key] = Future()
            return flight, True

    def _fly(self, key: K, flight: Future[V], load: Callable[[], V]) -> V:
        # The flight ends only after the value is kept: whoever finds no flight finds the value.
        try:
            value = self._values[key] if key in self._values else self.put(key, load())
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
            del self._flights[key]
