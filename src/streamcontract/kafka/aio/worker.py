"""One thread for the calls that wait: one at a time, in order, and none lost to cancellation."""

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
    """The call stops waiting, since nobody waits for it any more."""


class Worker:
    """Runs blocking calls of one client in a thread of its own.

    Only one call is with the thread at a time: the next is not handed over before the one who
    waits for the last has got its outcome, or has been cancelled. In that case ``settle`` runs in
    the thread before any later call, so that it can undo what the call did for nobody.

    Args:
        name: Names the thread.
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
        """Whether the thread has nothing to do, and nobody waits for it."""
        # A lock that was released for the next in line says that it is not locked; and a cancelled
        # call is over before the thread is.
        return not self._calls and (self._last is None or self._last.done())

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left of cancelled calls."""
        return self._settling is None or self._settling.done()

    async def settled(self) -> None:
        """Wait until nothing is left of the calls that were cancelled up to now."""
        if self._settling is not None:
            # Through wait(), which leaves it alone if this is cancelled in its turn.
            await asyncio.wait([asyncio.wrap_future(self._settling)])

    def check(self) -> None:
        """Called in the thread, between two waits.

        Raises:
            Interrupted: The call is to end here.
        """
        if self._interrupted.is_set() or self._is_stopping:
            raise Interrupted

    async def run(
        self, call: Callable[[], R], *, settle: Callable[[Future[R]], None] | None = None
    ) -> R:
        """Run a call in the thread, and wait for its outcome.

        Args:
            call: Called in the thread.
            settle: Called there with the call's outcome if it was cancelled too late for not
                running at all. It must not raise.

        Raises:
            Interrupted: The worker is stopping.
            Exception: What the call raises.
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
        """Keep the thread from all calls, from when this returns until an event is set.

        Whoever gives up waiting for this has to set the event.

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
                # Through wait(), which does not cancel what the thread is to set.
                await asyncio.wait([asyncio.wrap_future(held)])
        finally:
            self._calls -= 1

    def afterwards(self, call: Callable[[], None]) -> None:
        """Make a call in the thread when all is done that it was given up to now."""
        try:
            self._executor.submit(call)
        except RuntimeError:  # the thread has ended
            call()

    def stop_waiting(self) -> None:
        """End the call that waits now, and refuse all others but that of ``finish``."""
        self._is_stopping = True

    async def finish(self, call: Callable[[], R]) -> R:
        """Run the last call; the thread ends behind it."""
        async with self._turn:
            try:
                return await self._outcome(call, None)
            finally:
                self._executor.shutdown(wait=False)

    async def _outcome(
        self, call: Callable[[], R], settle: Callable[[Future[R]], None] | None
    ) -> R:
        # In the context of the task, as asyncio.to_thread does: a trace goes on in the thread.
        future = self._executor.submit(contextvars.copy_context().run, call)
        before, self._last = self._last, future  # type: ignore[assignment] # only asked whether it is done
        try:
            return await asyncio.wrap_future(future)
        except (asyncio.CancelledError, GeneratorExit):  # a loop that ends closes its coroutines
            # Otherwise it runs or has run. The thread takes its calls in order, so the flag is
            # lowered again before it comes to any other.
            if future.cancel():
                self._last = before  # which the thread may still be at
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
    """The end of a client: begun once, waited for by all who close it, its failure told once."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._is_told = False

    @property
    def has_begun(self) -> bool:
        """Whether somebody has closed the client."""
        return self._task is not None

    async def run(self, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Close, or wait until it is done.

        It is a task of its own, which goes on if this call is cancelled. (``asyncio.shield`` would
        swallow its failure then. Like this the next call tells of it, or else asyncio logs it.)
        """
        if self._task is None:
            self._task = asyncio.ensure_future(close())
        await asyncio.wait([self._task])
        if not self._is_told:
            self._is_told = True
            self._task.result()
