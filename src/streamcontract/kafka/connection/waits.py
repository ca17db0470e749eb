"""Waits for confluent_kafka in slices, with Ctrl-C, logging of long waits, and callbacks."""

from __future__ import annotations

import inspect
import logging
import time
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING, Final, TypeVar

from streamcontract.guards import seconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from types import FrameType

    from typing_extensions import ParamSpec

    P = ParamSpec("P")

__all__ = ["SLICE", "Waiting", "deadline_of", "interruptible", "is_called_by", "result_of"]

R = TypeVar("R")

SLICE: Final = 0.2
"""Seconds of a slice, between which Ctrl-C is handled."""

_LONG: Final = 3.0
"""Seconds without progress after which a wait is logged; doubled each time."""

_log = logging.getLogger("streamcontract.kafka")

_LOST: Final = (
    # CPython's message for a C function that failed without an exception.
    "returned NULL without setting an exception",
    # confluent_kafka's messages if str() fails for a topic or a header's name. They are text, for
    # which str() fails only if a signal's handler raises: PyObject_Str() runs handlers. For a
    # header's value, which may have a wrong type, the message differs.
    "expected list of unicode strings",
    "expected header key to be unicode string",
)


def deadline_of(timeout: float) -> float:
    """The end of ``timeout`` seconds, by ``time.monotonic``; infinite if they are negative.

    Raises:
        ArgumentError: It is no number.
    """
    left = seconds(timeout)
    return float("inf") if left < 0 else time.monotonic() + left


def interruptible(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a method of confluent_kafka that waits and serves callbacks, or takes text.

    If a signal's handler raises inside a callback, such as the one for log lines, and another
    callback follows, confluent_kafka returns without the exception (2.16), and Python raises a
    SystemError. If it raises while a topic or the name of a header is converted to text,
    confluent_kafka raises a TypeError instead. Only Ctrl-C is likely to raise there, so
    KeyboardInterrupt is raised.

    Raises:
        KeyboardInterrupt: An exception was lost.
        Exception: The error of the method.
    """
    try:
        return call(*args, **kwargs)
    except (SystemError, TypeError) as error:
        if not any(text in str(error) for text in _LOST):
            raise
        raise KeyboardInterrupt from error


def is_called_by(is_caller: Callable[[FrameType], bool]) -> bool:
    """Whether this is called from inside a function, such as one that calls the application.

    It looks for the function's frame, because a flag might stay set if Ctrl-C ends the function.

    Args:
        is_caller: Whether a frame is the function's.
    """
    frame = inspect.currentframe()
    while frame is not None and not is_caller(frame):
        frame = frame.f_back
    return frame is not None


class Waiting:
    """A wait in slices, which is logged when there is no progress for three seconds.

    Args:
        what: The awaited thing, in words, such as ``"the metadata of topic 'stocks'"``.
        topic: The topic; ``""`` for none or several.
        state: Returns the state, such as the client's last error; ``""`` if there is none.

    Example:
        >>> waiting = Waiting("the metadata of topic 'stocks'", "stocks")
        >>> waiting.note()
    """

    def __init__(self, what: str, topic: str, state: Callable[[], str] | None = None) -> None:
        self._what = what
        self._topic = topic
        self._state = state
        self._begin_anew(None)

    def _begin_anew(self, left: object) -> None:
        self._left = left
        self._begun = time.monotonic()
        self._pause = _LONG

    def note(self, left: object = None) -> None:
        """Note the end of a slice.

        Args:
            left: The remaining work; another value means progress.
        """
        waited = time.monotonic() - self._begun
        if left != self._left:
            self._begin_anew(left)
        elif waited >= self._pause:
            self._pause = 2 * waited
            state = self._state() if self._state is not None else ""
            _log.warning(
                "waiting for %s, without progress for %.0f s%s",
                self._what,
                waited,
                f": {state}" if state else "",
                extra={"topic": self._topic},
            )


def result_of(future: Future[R], waiting: Waiting) -> R:
    """The result of an AdminClient's request, waited for in slices.

    Raises:
        Exception: The error of the request.
    """
    while True:
        try:
            return future.result(SLICE)
        except FutureTimeoutError:  # noqa: PERF203 - each slice may end by it
            if future.done():
                raise
            waiting.note()
