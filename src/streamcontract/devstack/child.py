"""Child process that runs one command with this process's environment, signals and exit code."""

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
    """Run a command and wait for it; signals to this process are forwarded to the command.

    Only the main thread may call this, since only it can handle signals.

    Args:
        arguments: The command and its arguments; no shell is used.
        environment: Variables to set on top of this process's own.

    Returns:
        Its exit code, or 128 + n if signal n ended it, like in shells.

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
    # A handler, not SIG_IGN, which the command would inherit. A signal that is ignored already
    # (nohup) stays ignored, for both.
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
    """Whether Ctrl-C reaches the command by itself.

    A terminal sends it to every process of the foreground group, which has both; sent again, it
    would look like a second one.
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:  # no terminal: a service, a CI job, a test
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)
