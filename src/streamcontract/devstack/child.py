"""Runs one command as this process's stand-in: its environment, its signals, its exit code."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any

from streamcontract.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType

__all__ = ["run_command"]


def run_command(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command and wait for it; signals to this process meanwhile go to the command.

    Only the main thread may call this, since only it can handle signals.

    Args:
        arguments: The command and its arguments; no shell reads them.
        environment: Variables to set on top of this process's own.

    Returns:
        Its exit code, or 128 + n where signal n ended it, as shells have it.

    Raises:
        StackError: There is no such command, or it may not be run.
    """
    process: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT and _terminal_reaches_child():
            return
        if process is None:
            early.append(number)
        else:
            process.send_signal(number)

    with _handling(pass_on):
        try:
            process = subprocess.Popen(  # noqa: S603 - to run it is what it is given for
                arguments, env={**os.environ, **environment}
            )
        except OSError as error:
            raise StackError(f"cannot run {arguments[0]!r}: {error.strerror}") from error
        for number in early:
            process.send_signal(number)
        code = process.wait()
    return 128 - code if code < 0 else code  # Popen has -n for signal n


@contextlib.contextmanager
def _handling(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    # A handler, not SIG_IGN: the command would inherit that it ignores the signal. What is ignored
    # already (nohup) stays so, for both.
    before: dict[signal.Signals, Any] = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, handler)
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _terminal_reaches_child() -> bool:
    """Tell whether Ctrl-C reaches the command by itself.

    A terminal sends it to every process of the foreground group, in which both are; sent once more
    it would look like an impatient second one.
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:  # none: a service, a CI job, a test
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)
