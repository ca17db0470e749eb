"""Record classes that contracts have bound, and the functions that are called with each of them.

The Hypothesis plugin registers every record class, whether it or the class is imported first. This
module imports nothing, so that neither side imports the other.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable

__all__ = ["announce", "watch"]

_Listener = Callable[[type], None]

# Kept for the whole process: classes bound before a listener was added, and the listeners.
_classes: weakref.WeakSet[type] = weakref.WeakSet()
_listeners: list[_Listener] = []


def announce(cls: type) -> None:
    """Call each listener with a class that was just bound."""
    _classes.add(cls)
    for listener in _listeners:
        listener(cls)


def watch(listener: _Listener) -> None:
    """Call a function with each class bound so far, and with each class bound later."""
    _listeners.append(listener)
    for cls in list(_classes):
        listener(cls)
