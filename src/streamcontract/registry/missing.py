"""Ids that the registry does not know: waited for a moment, then remembered for a moment."""

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
"""Seconds between looks for an id that is not there: a replica may lag behind the one that gave
the id out. No registry says how far; a producer registers before it sends, so it is not far."""

MEMORY: Final = 10.0
"""Seconds for which an id that was not there is taken to be missing, without another request, and
for which the next unknown ids are not waited for: a topic full of foreign messages must not bring
the consumer down to their pace, nor the registry to its knees."""

CAPACITY: Final = 1000
"""Missing ids remembered at once; more are forgotten, the oldest first."""


class MissingIds:
    """What the registry was asked for in vain."""

    def __init__(self) -> None:
        self._until: OrderedDict[Hashable, tuple[float, SchemaNotFoundError]] = OrderedDict()
        self._patience_from = 0.0
        self._lock = threading.Lock()

    def find(self, key: Hashable, fetch: Callable[[], T]) -> T:
        """What ``fetch`` gives, asked again a few times while there is no such id.

        Raises:
            SchemaNotFoundError: There is none, or there was none a moment ago.
            RegistryError: What else ``fetch`` raised, at once.
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
        """Take an id for one that may be there, since it was just given out."""
        with self._lock:
            self._until.pop(key, None)

    def _raise_if_known(self, key: Hashable) -> None:
        with self._lock:
            until, error = self._until.get(key, (0.0, None))
        if error is not None and monotonic() < until:
            # A new one: a raised error carries its traceback, and this one is raised many times.
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
