"""The record classes that contracts have bound, for those who must hear of each one.

Test tools tell Hypothesis of every record class, whichever of the two is imported first. Neither
the contracts nor Hypothesis shall pay for the other, so this stands between them and imports
nothing.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable

__all__ = ["announce", "watch"]

_Listener = Callable[[type], None]

# Kept for the whole process, on purpose: classes bound before anybody listens, and who listens.
_classes: weakref.WeakSet[type] = weakref.WeakSet()
_listeners: list[_Listener] = []


def announce(cls: type) -> None:
    """Tell everyone who listens of a class that was just bound."""
    _classes.add(cls)
    for listener in _listeners:
        listener(cls)


def watch(listener: _Listener) -> None:
    """Have a function called with each class bound so far, and with each bound from now on."""
    _listeners.append(listener)
    for cls in list(_classes):
        listener(cls)
