"""Thread that writes batches into a target while the next ones are fetched and decoded."""

from __future__ import annotations

import contextlib
import threading
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from streamcontract.export.target import PartitionBatch, Target

__all__ = ["WriterThread"]

_MOST_WAITING: Final = 64 * 1024 * 1024
"""Bytes of batches that wait to be written; a row group that is being written does not hold up
the next batches."""


@attrs.frozen(eq=False)
class _Step:
    run: Callable[[], None]
    size: int


class WriterThread:
    """Writes into a target, one step after the other; a context manager, which ends the thread.

    Its end without an error waits until everything is written. Its end with one, such as
    ``KeyboardInterrupt``, waits for the step that is being executed, and drops the others. So the
    target belongs to the caller again, also after a second interrupt.

    Both queues are of C, which an interrupt cannot leave locked, as it can leave a
    ``threading.Condition``.

    Args:
        target: The target.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._steps: SimpleQueue[_Step | None] = SimpleQueue()
        self._done: SimpleQueue[int | None] = SimpleQueue()
        self._waiting = 0
        self._error: BaseException | None = None
        self._is_dropped = self._has_ended = False
        self._thread = threading.Thread(target=self._run, name="streamcontract-export")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._wait(0)
        finally:
            self.end()

    def write(self, batch: PartitionBatch, start: int) -> None:
        """Have a batch written, as :meth:`Target.write` does.

        Raises:
            Exception: The error of an earlier step, as often as this is called.
        """
        self._add(_Step(partial(self._target.write, batch, start), batch.size))

    def finish(self, partition: int, end: int) -> None:
        """Have a partition finished, as :meth:`Target.finish` does.

        Raises:
            Exception: The error of an earlier step.
        """
        self._add(_Step(partial(self._target.finish, partition, end), 0))

    def _add(self, step: _Step) -> None:
        self._raise_error()
        self._waiting += step.size + 1
        self._steps.put(step)
        self._wait(_MOST_WAITING)

    def _wait(self, most: int) -> None:
        """Wait until no more than this number of bytes waits."""
        while self._waiting > most:
            self._raise_error()
            self._waiting -= self._done.get() or 0

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def end(self) -> None:
        """End the thread; ending twice is harmless."""
        try:
            self._end()
        except KeyboardInterrupt:
            self._end()
            raise

    def _end(self) -> None:
        """End the thread; interrupts of the wait add nothing to what ends it."""
        self._is_dropped = True
        self._steps.put(None)  # also for a thread whose start was interrupted
        while self._thread.ident is not None and not self._has_ended:
            with contextlib.suppress(KeyboardInterrupt):
                self._done.get()
        while self._thread.is_alive():
            with contextlib.suppress(KeyboardInterrupt):
                self._thread.join()

    def _run(self) -> None:
        try:
            while (step := self._steps.get()) is not None and not self._is_dropped:
                step.run()
                self._done.put(step.size + 1)
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits for it
            self._error = error
        finally:
            self._has_ended = True  # before the value that is waited for, which may get lost
            self._done.put(None)
