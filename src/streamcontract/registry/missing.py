"""Missing ids: a short wait for a lagging replica, then a short memory of the failure."""

from __future__ import annotations

import threading
from collections import OrderedDict
from time import monotonic, sleep
from typing import TYPE_CHECKING, Final, TypeVar

from streamcontract.registry.errors import SchemaNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["MissingIds"]

T = TypeVar("T")

PAUSES: Final = (0.1, 0.2, 0.4)
"""Seconds between attempts for a missing id: a replica may lag behind the one that assigned it. No
registry documents the lag; it is short, because a producer registers before it sends."""

MEMORY: Final = 10.0
"""Seconds for which a missing id counts as missing without another request, and for which other
unknown ids are not waited for: a topic full of foreign messages must not slow the consumer down or
overload the registry."""

CAPACITY: Final = 1000
"""The number of missing ids that are remembered; the oldest are forgotten first."""


class MissingIds:
    """Ids that the registry did not find."""

    def __init__(self) -> None:
        self._until: OrderedDict[Hashable, tuple[float, SchemaNotFoundError]] = OrderedDict()
        self._patience_from = 0.0
        self._lock = threading.Lock()

    def find(self, key: Hashable, fetch: Callable[[], T]) -> T:
        """The result of ``fetch``, which is repeated a few times while there is no such id.

        Raises:
            SchemaNotFoundError: There is no such id, or there was none a moment ago.
            RegistryError: Any other error of ``fetch``, without a repetition.
        """
        self._raise_if_known(key)
        for pause in self._pauses():
            try:
                return fetch()
            except SchemaNotFoundError:  # noqa: PERF203 - each round waits for a request
                sleep(pause)
        try:
            return fetch()
        except SchemaNotFoundError as error:
            self._remember(key, error)
            raise

    def forget(self, key: Hashable) -> None:
        """Forget that an id was missing, because it was just assigned."""
        with self._lock:
            self._until.pop(key, None)

    def _raise_if_known(self, key: Hashable) -> None:
        with self._lock:
            until, error = self._until.get(key, (0.0, None))
        if error is not None and monotonic() < until:
            # A new error: a raised one has its traceback, and this one is raised many times.
            raise type(error)(*error.args)

    def _pauses(self) -> tuple[float, ...]:
        return PAUSES if monotonic() >= self._patience_from else ()

    def _remember(self, key: Hashable, error: SchemaNotFoundError) -> None:
        with self._lock:
            self._patience_from = monotonic() + MEMORY
            self._until[key] = (self._patience_from, type(error)(*error.args))
            self._until.move_to_end(key)
            while len(self._until) > CAPACITY:
                self._until.popitem(last=False)
