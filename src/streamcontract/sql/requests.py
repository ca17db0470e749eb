"""Requests to brokers and registry, whose end an interrupt does not wait for."""

from __future__ import annotations

import contextlib
import threading
from concurrent import futures
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Requests"]

Result = TypeVar("Result")


class Requests:
    """The requests of a statement, one after the other, each in a thread of its own.

    librdkafka's calls cannot be ended. The thread of one that is not waited for any more ends with
    it, and does not keep the interpreter from ending.
    """

    def __init__(self) -> None:
        self._response: futures.Future[Any] | None = None

    def result(self, call: Callable[[], Result]) -> Result:
        """The result of a call.

        Raises:
            duckdb.InterruptException: It was interrupted, and goes on in its thread.
            Exception: The error of the call.
        """
        response: futures.Future[Result] = futures.Future()
        self._response = response
        threading.Thread(target=_carry_out, args=(call, response), daemon=True).start()
        return response.result()

    def interrupt(self) -> None:
        """Wait no longer for the call that runs, if there is one; in any thread."""
        response = self._response
        if response is not None:
            with contextlib.suppress(futures.InvalidStateError):  # it has ended
                response.set_exception(duckdb.InterruptException("interrupted"))


def _carry_out(call: Callable[[], Result], response: futures.Future[Result]) -> None:
    with contextlib.suppress(futures.InvalidStateError):  # it is not waited for any more
        try:
            response.set_result(call())
        except BaseException as error:  # noqa: BLE001 - is raised in the thread that waits
            response.set_exception(error)
