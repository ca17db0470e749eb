"""Waits for confluent_kafka: Ctrl-C, which it does not hear, or can lose, long ones, callbacks."""

from __future__ import annotations

import inspect
import logging
import time
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from types import FrameType

    from typing_extensions import ParamSpec

    P = ParamSpec("P")

__all__ = ["SLICE", "Waiting", "deadline_of", "interruptible", "is_called_by", "result_of"]

R = TypeVar("R")

SLICE: Final = 0.2
"""Seconds: waiting happens in slices, so that Ctrl-C is heard between two calls into librdkafka."""

_LONG: Final = 3.0
"""Seconds without progress after which a wait is logged; after that, twice as many each time."""

_log = logging.getLogger("streamcontract.kafka")

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


def is_called_by(is_caller: Callable[[FrameType], bool]) -> bool:
    """Whether this is called from within some function, such as one that calls the application.

    Its frame is looked for, since a flag might stay set when Ctrl-C breaks the function off.

    Args:
        is_caller: Whether a frame is the function's.
    """
    frame = inspect.currentframe()
    while frame is not None and not is_caller(frame):
        frame = frame.f_back
    return frame is not None


class Waiting:
    """A wait in slices, of which a line is logged when nothing has changed for three seconds.

    Args:
        what: What is waited for, in words, such as ``"the metadata of topic 'stocks'"``.
        topic: The topic it is about; ``""`` if it is about none or several.
        state: Says how it stands, such as the client's last error; ``""`` if there is nothing.

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
        """Called after each slice.

        Args:
            left: What is left to wait for: another value means progress.
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
    """The result of an AdminClient's question, waited for in slices.

    Raises:
        Exception: What the question failed with.
    """
    while True:
        try:
            return future.result(SLICE)
        except FutureTimeoutError:  # noqa: PERF203 - each slice may end by it
            if future.done():
                raise
            waiting.note()
