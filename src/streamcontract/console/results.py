"""Results of forms, for the pages that they lead to.

A form leads to a page that a browser may load again. The result that the page shows is kept here,
under a name that no link from elsewhere can know.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

from streamcontract.console.security import new_token

__all__ = ["Results"]

_MOST: Final = 100
"""Results that are kept, the latest."""


class Results:
    """The latest results, each by its name.

    Example:
        >>> results = Results()
        >>> results.of(results.keep("sent")), results.of("another name")
        ('sent', None)
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, object] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, result: object) -> str:
        """Keep a result; its name."""
        name = new_token()
        with self._lock:
            self._kept[name] = result
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return name

    def of(self, name: str) -> object:
        """The result of a name; None for an unknown one."""
        with self._lock:
            return self._kept.get(name)
