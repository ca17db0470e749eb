"""Ctrl-C while confluent_kafka waits, which it does not hear, or can lose."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import ParamSpec

    P = ParamSpec("P")

__all__ = ["SLICE", "deadline_of", "interruptible"]

R = TypeVar("R")

SLICE: Final = 0.2
"""Seconds: waiting happens in slices, so that Ctrl-C is heard between two calls into librdkafka."""

_LOST: Final = (
    # What CPython says of a C function that failed and does not say why.
    "returned NULL without setting an exception",
    # What confluent_kafka says of topics, and of a header's name, that str() made no text of. Text
    # is what they are, of which str() fails only where a signal's handler raises: PyObject_Str()
    # runs them. Of a header's value, which may be of a wrong type, it says something else.
    "expected list of unicode strings",
    "expected header key to be unicode string",
)


def deadline_of(timeout: float) -> float:
    """The end of ``timeout`` seconds, by ``time.monotonic``; never if they are below zero."""
    return float("inf") if timeout < 0 else time.monotonic() + timeout


def interruptible(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a method of confluent_kafka that waits and serves callbacks, or takes text.

    If a signal's handler raises within a callback, such as the one for log lines, and another
    callback follows, confluent_kafka returns without the exception (2.16), and Python raises a
    SystemError. If it raises while a topic or the name of a header is made text, confluent_kafka
    raises a TypeError instead. Hardly anything but Ctrl-C raises there, so that is what is raised.

    Raises:
        KeyboardInterrupt: An exception was lost.
        Exception: What the method raises.
    """
    try:
        return call(*args, **kwargs)
    except (SystemError, TypeError) as error:
        if not any(text in str(error) for text in _LOST):
            raise
        raise KeyboardInterrupt from error
