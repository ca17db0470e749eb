"""Unclosed producers, whose queues are delivered, or logged as lost.

librdkafka drops a queue with its client. So the client of each open producer is kept here, even if
the producer is garbage-collected first: then a thread serves it until all messages are delivered or
have failed. At the end of the interpreter the rest has 10 seconds. Garbage collection never waits.
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
        failures: Its failed deliveries.
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
        """Forget a producer that was closed."""
        _unclosed.pop(id(self), None)

    def drop(self) -> None:
        """Serve a producer that is garbage-collected; does not wait."""
        if not len(self._client) and not self._transactions.is_open:
            self.close()
            return
        self.is_dropped = True
        _start_serving()

    def serve(self, timeout: float) -> bool:
        """Serve it for up to ``timeout`` seconds; return whether all is delivered or has failed."""
        if self._transactions.is_open:
            _log.warning(
                "a transaction is aborted because its producer was not closed",
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
        """Discard undelivered messages, and log them."""
        self._client.purge()
        self.serve(SLICE)

    def report(self) -> None:
        """Log the failed deliveries, which no call of the producer can raise any more."""
        error = self._failures.take()
        if error is not None:
            _log.error(
                "%s. The producer was not closed: %s",
                error,
                _ADVICE,
                extra={"topic": self._topic},
            )


_unclosed: dict[int, Unclosed] = {}
_serving = threading.Lock()  # held by the thread that serves garbage-collected ones


def waiting() -> int:
    """The number of garbage-collected producers that are still served.

    Example:
        >>> waiting()
        0
    """
    return sum(each.is_dropped for each in list(_unclosed.values()))


def _start_serving() -> None:
    if not _serving.acquire(blocking=False):
        return  # the running thread will find it
    try:
        # Not threading.Thread, whose locks the thread of the garbage collection may hold.
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
    if waiting():  # one was added meanwhile
        _start_serving()


def finish_all(patience: float = _PATIENCE_AT_EXIT) -> None:
    """Flush the unclosed producers of this process; log undelivered messages.

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
    """Forget all of them in a forked child, because they belong to the parent."""
    global _serving  # noqa: PLW0603 - the parent's may be held by a thread that is not here
    _serving = threading.Lock()
    _unclosed.clear()


atexit.register(finish_all)
if hasattr(os, "register_at_fork"):
    forks.begin()
    os.register_at_fork(after_in_child=_forget)
