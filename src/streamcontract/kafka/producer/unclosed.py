"""Producers that were never closed: what is in their queues is delivered, or reported as lost.

librdkafka drops a queue with its client. So the client of each open producer is kept here, beyond
the producer if that goes out of use first: a thread then serves it until all is delivered or has
failed. When the interpreter ends, what is left has 10 seconds. No garbage collection waits for
anything.
"""

from __future__ import annotations

import _thread
import atexit
import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from streamcontract.kafka.connection import forks
from streamcontract.kafka.connection.waits import SLICE
from streamcontract.kafka.timeouts import TRANSACTION_TIMEOUT

if TYPE_CHECKING:
    from streamcontract.kafka.producer.delivery_failures import Failures
    from streamcontract.kafka.producer.transactions import Transactions

__all__ = ["Unclosed", "finish_all", "waiting"]

_log = logging.getLogger("streamcontract.kafka")

_PATIENCE_AT_EXIT: Final = 10.0
"""Seconds that the end of the interpreter waits for deliveries, in all."""

_ADVICE: Final = "close the producer, or use it in a with block, and a failure is raised there"


class Unclosed:
    """The client of one producer that is not closed, without the producer.

    Args:
        client: Its client.
        topic: Its topic, for messages.
        failures: Its deliveries that failed.
        transactions: Its transactions.
    """

    def __init__(
        self, client: Any, topic: str, failures: Failures, transactions: Transactions
    ) -> None:
        self._client = client
        self._topic = topic
        self._failures = failures
        self._transactions = transactions
        self.is_dropped = False
        _unclosed[id(self)] = self

    def close(self) -> None:
        """The producer was closed: nothing is left to do."""
        _unclosed.pop(id(self), None)

    def drop(self) -> None:
        """The producer went out of use. Called within garbage collection, so nothing waits."""
        if not len(self._client) and not self._transactions.is_open:
            self.close()
            return
        self.is_dropped = True
        _start_serving()

    def serve(self, timeout: float) -> bool:
        """Serve it for up to ``timeout`` seconds; whether all is delivered or has failed."""
        if self._transactions.is_open:
            _log.warning(
                "a transaction is aborted, as its producer was not closed",
                extra=self._transactions.log_fields,
            )
        try:
            self._transactions.abort(TRANSACTION_TIMEOUT if self.is_dropped else timeout)
            self._client.poll(timeout)
        except Exception:  # noqa: BLE001 - of an on_delivery; no call can raise it
            _log.exception(
                "topic %r: an on_delivery failed", self._topic, extra={"topic": self._topic}
            )
        self.report()
        return not len(self._client)

    def purge(self) -> None:
        """Give up what is not delivered, and say so."""
        self._client.purge()
        self.serve(SLICE)

    def report(self) -> None:
        """Log the deliveries that failed, of which no call of the producer tells any more."""
        error = self._failures.take()
        if error is not None:
            _log.error(
                "%s. The producer was not closed: %s",
                error,
                _ADVICE,
                extra={"topic": self._topic},
            )


_unclosed: dict[int, Unclosed] = {}
_serving = threading.Lock()  # held by the thread that serves dropped ones


def waiting() -> int:
    """How many producers went out of use, and are still served.

    Example:
        >>> waiting()
        0
    """
    return sum(each.is_dropped for each in list(_unclosed.values()))


def _start_serving() -> None:
    if not _serving.acquire(blocking=False):
        return  # the thread that is there will find it
    try:
        # Not by threading.Thread, whose locks the thread that collects garbage may hold.
        _thread.start_new_thread(_serve_dropped, ())
    except RuntimeError:  # the interpreter ends: finish_all() has it
        _serving.release()


def _serve_dropped() -> None:
    try:
        while dropped := [each for each in list(_unclosed.values()) if each.is_dropped]:
            for each in dropped:
                if each.serve(SLICE):
                    each.close()
    finally:
        _serving.release()
    if waiting():  # one was dropped just now
        _start_serving()


def finish_all(patience: float = _PATIENCE_AT_EXIT) -> None:
    """Deliver what the producers of this process have left; log what cannot be delivered.

    Args:
        patience: Seconds for all of them together.
    """
    deadline = time.monotonic() + patience
    left = list(_unclosed.values())
    while left and time.monotonic() < deadline:
        left = [each for each in left if not each.serve(min(SLICE, patience))]
    for each in left:
        each.purge()
    _unclosed.clear()


def _forget() -> None:
    """This is a forked child: all of them are the parent's."""
    global _serving  # noqa: PLW0603 - the parent's may be held by a thread that is not here
    _serving = threading.Lock()
    _unclosed.clear()


atexit.register(finish_all)
if hasattr(os, "register_at_fork"):
    forks.begin()
    os.register_at_fork(after_in_child=_forget)
