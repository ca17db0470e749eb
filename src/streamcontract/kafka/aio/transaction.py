"""Transaction as an ``async with`` block."""

from __future__ import annotations

import asyncio
import functools
import logging
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future

    from streamcontract.kafka.producer.transactions import Transaction

__all__ = ["AsyncTransaction"]

_log = logging.getLogger("streamcontract.kafka")


class Run(Protocol):
    """Runs a call in a client's thread; ``settle`` runs there too if the call was cancelled."""

    def __call__(
        self, call: Callable[[], None], *, settle: Callable[[Future[None]], None]
    ) -> Coroutine[Any, Any, None]:
        """Run it, and wait for its result."""


class AsyncTransaction:
    """One transaction, for one block; see ``AsyncContractProducer.transaction``.

    Args:
        transaction: The synchronous one.
        run_begin: Runs its beginning.
        run_end: Runs its end, in a thread that may use the consumers, because it reads and sets
        their positions.
    """

    def __init__(self, transaction: Transaction, run_begin: Run, run_end: Run) -> None:
        self._transaction = transaction
        self._run_begin = run_begin
        self._run_end = run_end

    async def __aenter__(self) -> None:
        await self._run_begin(self._transaction.__enter__, settle=self._abort)

    async def __aexit__(
        self, error_type: object, error: BaseException | None, traceback: object
    ) -> None:
        end = functools.partial(self._transaction.__exit__, error_type, error, traceback)
        # A task of its own, which continues if this is cancelled while it waits for the threads.
        ending = asyncio.ensure_future(self._run_end(end, settle=self._log_failure))
        try:
            await asyncio.wait([ending])
        except (asyncio.CancelledError, GeneratorExit):
            # A producer that cannot continue raises that again in its next transaction.
            ending.add_done_callback(self._log_failure)
            raise
        ending.result()

    def _abort(self, begun: Future[None]) -> None:
        """Abort a transaction whose beginning was cancelled, so that its block does not run."""
        if begun.exception() is not None:
            return
        try:
            self._transaction.__exit__(asyncio.CancelledError, asyncio.CancelledError(), None)
        except Exception:  # noqa: BLE001 - no task waits; the next transaction raises a lasting error
            _log.exception(
                "a transaction that was cancelled as it began could not be aborted",
                extra=self._transaction.log_fields,
            )

    def _log_failure(self, ended: Future[None] | asyncio.Future[None]) -> None:
        """Log a failure after a cancellation, because the caller gets the CancelledError."""
        error = None if ended.cancelled() else ended.exception()
        if error is not None:
            _log.error(
                "at the end of a cancelled transaction: %s",
                error,
                extra=self._transaction.log_fields,
            )
