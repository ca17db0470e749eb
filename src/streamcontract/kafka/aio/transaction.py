"""A transaction as an ``async with`` block."""

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
    """Runs a call in a client's thread; ``settle`` runs there too, if it was cancelled too late."""

    def __call__(
        self, call: Callable[[], None], *, settle: Callable[[Future[None]], None]
    ) -> Coroutine[Any, Any, None]:
        """Run it, and wait for its outcome."""


class AsyncTransaction:
    """One transaction, for one block; see ``AsyncContractProducer.transaction``.

    Args:
        transaction: The synchronous one.
        run: Runs its calls: in the consumer's thread if there is a consumer, whose place they
            read and move.
    """

    def __init__(self, transaction: Transaction, run: Run) -> None:
        self._transaction = transaction
        self._run = run

    async def __aenter__(self) -> None:
        await self._run(self._transaction.__enter__, settle=self._abort)

    async def __aexit__(
        self, error_type: object, error: BaseException | None, traceback: object
    ) -> None:
        end = functools.partial(self._transaction.__exit__, error_type, error, traceback)
        # A producer that cannot go on says so again in its next transaction.
        await self._run(end, settle=self._log_failure)

    def _abort(self, begun: Future[None]) -> None:
        """Nobody enters the block of a transaction whose beginning was cancelled."""
        if begun.exception() is not None:
            return
        try:
            self._transaction.__exit__(asyncio.CancelledError, asyncio.CancelledError(), None)
        except Exception:  # noqa: BLE001 - nobody waits; the next transaction raises what lasts
            _log.exception(
                "a transaction that was cancelled as it began could not be aborted",
                extra=self._transaction.log_fields,
            )

    def _log_failure(self, ended: Future[None]) -> None:
        """The block was left by cancellation, which is what its caller is told."""
        error = ended.exception()
        if error is not None:
            _log.error(
                "at the end of a transaction that nobody waited for: %s",
                error,
                extra=self._transaction.log_fields,
            )
