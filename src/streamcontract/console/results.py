"""Results of forms, for the pages that they lead to.

A form leads to a page that a browser may load again. The result that the page shows is kept here,
under a name that no link from elsewhere can know.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final, TypeVar

from streamcontract.console.security import new_token

__all__ = ["Results"]

_MOST: Final = 100
"""Results that are kept, the latest."""

Result = TypeVar("Result")


class Results:
    """The latest results, each by its name and of one topic.

    Example:
        >>> results = Results()
        >>> name = results.keep("orders", "sent")
        >>> results.of(name, "orders", str), results.of(name, "stocks", str)
        ('sent', None)
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[str, object]] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, topic: str, result: object) -> str:
        """Keep a result; its name."""
        name = new_token()
        with self._lock:
            self._kept[name] = (topic, result)
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return name

    def of(self, name: str, topic: str, kind: type[Result]) -> Result | None:
        """The result of a name; None for an unknown one, or one of another topic or kind."""
        with self._lock:
            found = self._kept.get(name)
        if found is None or found[0] != topic or not isinstance(found[1], kind):
            return None
        return found[1]
