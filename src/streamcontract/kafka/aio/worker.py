"""Worker thread for blocking calls: one at a time, in order, without loss by cancellation."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["Closing", "Interrupted", "Worker"]

R = TypeVar("R")


class Interrupted(Exception):  # noqa: N818 - it reports no error, it ends a wait
    """A call stops waiting because it was cancelled."""


class Worker:
    """Runs blocking calls of one client in a thread of its own.

    The thread has only one call at a time: the next is submitted after the task of the last has got
    its result, or was cancelled. In that case ``settle`` runs in the thread before any later call,
    to undo the effects of the cancelled call.

    Args:
        name: The name of the thread.
    """

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._turn = asyncio.Lock()
        self._interrupted = threading.Event()
        self._is_stopping = False
        self._calls = 0
        self._last: Future[object] | None = None
        self._settling: Future[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether the thread is idle, and no task waits for it."""
        # A lock that was released for the next waiter counts as not locked; and a cancelled call
        # ends before the thread does.
        return not self._calls and (self._last is None or self._last.done())

    @property
    def is_settled(self) -> bool:
        """Whether all cancelled calls have ended."""
        return self._settling is None or self._settling.done()

    async def settled(self) -> None:
        """Wait until all calls that were cancelled up to now have ended."""
        if self._settling is not None:
            # Through wait(), which does not cancel it if this is cancelled.
            await asyncio.wait([asyncio.wrap_future(self._settling)])

    def check(self) -> None:
        """Check for cancellation in the thread, between two waits.

        Raises:
            Interrupted: The call has to end.
        """
        if self._interrupted.is_set() or self._is_stopping:
            raise Interrupted

    async def run(
        self, call: Callable[[], R], *, settle: Callable[[Future[R]], None] | None = None
    ) -> R:
        """Run a call in the thread, and wait for its result.

        Args:
            call: Called in the thread.
            settle: Called in the thread with the call's result if the call was cancelled after it
            started. It must not raise.

        Raises:
            Interrupted: The worker is stopping.
            Exception: The error of the call.
        """
        self._calls += 1
        try:
            async with self._turn:
                if self._is_stopping:
                    raise Interrupted
                return await self._outcome(call, settle)
        finally:
            self._calls -= 1

    async def hold(self, released: threading.Event) -> None:
        """Block the thread, from the return of this call until an event is set.

        A task that stops waiting for this has to set the event.

        Raises:
            Interrupted: The worker is stopping.
        """
        held: Future[None] = Future()

        def keep() -> None:
            held.set_result(None)
            released.wait()

        self._calls += 1
        try:
            async with self._turn:
                if self._is_stopping:
                    raise Interrupted
                self._last = self._executor.submit(keep)
                # Through wait(), which does not cancel the future that the thread sets.
                await asyncio.wait([asyncio.wrap_future(held)])
        finally:
            self._calls -= 1

    def afterwards(self, call: Callable[[], None]) -> None:
        """Run a call in the thread after all calls that were submitted up to now."""
        try:
            self._executor.submit(call)
        except RuntimeError:  # the thread has ended
            call()

    def stop_waiting(self) -> None:
        """End the waiting call, and refuse all others except that of ``finish``."""
        self._is_stopping = True

    async def finish(self, call: Callable[[], R]) -> R:
        """Run the last call; the thread ends after it."""
        async with self._turn:
            try:
                return await self._outcome(call, None)
            finally:
                self._executor.shutdown(wait=False)

    async def _outcome(
        self, call: Callable[[], R], settle: Callable[[Future[R]], None] | None
    ) -> R:
        # In the context of the task, like asyncio.to_thread, so that a trace continues in the
        # thread.
        future = self._executor.submit(contextvars.copy_context().run, call)
        before, self._last = self._last, future  # type: ignore[assignment] # only asked whether it is done
        try:
            return await asyncio.wrap_future(future)
        except (asyncio.CancelledError, GeneratorExit):  # a loop that ends closes its coroutines
            # Otherwise it runs or has run. The thread takes its calls in order, so the flag is
            # reset before any other call.
            if future.cancel():
                self._last = before  # which the thread may still run
            else:
                self._interrupted.set()
                self._settling = self._executor.submit(self._settle, future, settle)
                self._last = self._settling  # type: ignore[assignment] # as above
            raise

    def _settle(self, future: Future[R], settle: Callable[[Future[R]], None] | None) -> None:
        self._interrupted.clear()
        if settle is not None:
            settle(future)


class Closing:
    """The closing of a client, which runs once for all callers and raises its failure once."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._is_told = False

    @property
    def has_begun(self) -> bool:
        """Whether the client is closed or closing."""
        return self._task is not None

    async def run(self, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Close, or wait until it is closed.

        It is a task of its own, which continues if this call is cancelled. (``asyncio.shield``
        would swallow its failure then. This way the next call raises it, or asyncio logs it.)
        """
        if self._task is None:
            self._task = asyncio.ensure_future(close())
        await asyncio.wait([self._task])
        if not self._is_told:
            self._is_told = True
            self._task.result()
