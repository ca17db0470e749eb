"""Calls of Python functions: a measure of work that no other load of the machine changes."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["LINEAR", "calls"]

LINEAR = 2.2
"""How many times the calls a doubled input may take: 2 and what is rounded."""


def calls(work: Callable[[], object]) -> int:
    """Calls of Python functions that some work makes."""
    count = 0

    def on_event(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    gc.disable()  # what is called when it runs, such as Hypothesis' clock, is no part of the work
    sys.setprofile(on_event)
    try:
        work()
    finally:
        sys.setprofile(before)
        gc.enable()
    return count
