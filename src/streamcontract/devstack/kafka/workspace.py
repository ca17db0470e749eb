"""Workspace of server processes: a temporary folder, and processes that end with their owner."""

from __future__ import annotations

import contextlib
import logging
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from streamcontract.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["START_SECONDS", "Server", "Workspace"]

_log = logging.getLogger(__name__)

START_SECONDS: Final = 120.0
"""Seconds to wait for a server's answer. It takes 2 on an idle machine; this is for a busy one."""

_GUARD: Final = (sys.executable, "-I", "-S", str(Path(__file__).with_name("guard.py")))
_POLL_SECONDS: Final = 0.02
_LINES_SHOWN: Final = 8
_WRONG: Final = re.compile(r"^(?!.*\bINFO\b).*(\bERROR\b|Exception\b)")


class Workspace:
    """A folder of temporary data, and the processes that use it.

    Args:
        name: The beginning of the folder's name.

    Attributes:
        path: The folder.
        logs: The folder inside it with each server's output.
    """

    def __init__(self, name: str) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=f"streamcontract-{name}-"))
        self.logs = self.path / "logs"
        self.logs.mkdir()
        self._servers: list[Server] = []
        self._guard = subprocess.Popen(  # noqa: S603 - this package's own script
            (*_GUARD, "watch", str(self.path)), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._guard.stdout is not None  # noqa: S101 - it was asked for a line above
        if self._guard.stdout.read(1) != b"!":
            self._guard.wait()
            raise StackError(f"the guard of {self.path} did not start; its message is on stderr")

    def start(self, name: str, command: Sequence[str], inherited: Sequence[int] = ()) -> Server:
        """Start a server; its output is added to ``logs/NAME.log``.

        Args:
            name: What messages call it.
            command: The program's path and its arguments.
            inherited: File descriptors that it has too, such as of a lock.
        """
        server = Server(name, command, self.logs / f"{name}.log", self._guard.pid, inherited)
        self._servers.append(server)
        return server

    def run(self, name: str, command: Sequence[str], timeout: float = START_SECONDS) -> None:
        """Run a command to its end.

        Raises:
            StackError: It failed, or did not end in time.
        """
        self.start(name, command).wait_done(timeout)

    def close(self, *, keep_logs: bool = False) -> None:
        """Kill every server and delete the folder. Closing twice is harmless.

        Args:
            keep_logs: Keep the logs, and log their path.
        """
        for server in self._servers:
            server.kill()
        if self._guard.poll() is None:
            self._guard.communicate(b"!")
        if not keep_logs:
            shutil.rmtree(
                self.path, ignore_errors=True
            )  # a temporary folder, which the system cleans up
            return
        for path in self.path.iterdir():
            if path != self.logs and path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
        _log.warning("logs were kept in %s", self.logs)


class Server:
    """One server process.

    Args:
        name: Its name in messages.
        command: The program's path and its arguments.
        log: The file its output is added to.
        group: The process group it joins.
        inherited: File descriptors that it has too.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        group: int,
        inherited: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - Java, found by this package
                (*_GUARD, "join", str(group), *command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=inherited,
            )

    @property
    def running(self) -> bool:
        """Whether the process has not ended; a paused one is running."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it at once, with SIGKILL, even if it is paused."""
        self._process.kill()
        self._process.wait()

    def terminate(self, timeout: float = START_SECONDS) -> None:
        """Stop it cleanly, with SIGTERM, and wait until it has ended.

        Raises:
            StackError: It has not ended after ``timeout`` seconds.
        """
        self._process.terminate()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise StackError(f"{self.name} did not end within {timeout:g} s") from error

    def pause(self) -> None:
        """Suspend it, with its connections open, until :meth:`resume`."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Continue it after :meth:`pause`."""
        self._process.send_signal(signal.SIGCONT)

    def check_running(self) -> None:
        """See that the process has not ended.

        Raises:
            StackError: It has; the message shows the end of its log.
        """
        if not self.running:
            raise StackError(f"{self.name} ended by itself; {self._last_words()}")

    def wait_until(self, ready: Callable[[], bool], timeout: float = START_SECONDS) -> None:
        """Poll until the answer is yes.

        Raises:
            StackError: The process ended, or the answer was still no after ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        while not ready():
            if not self.running:
                raise StackError(f"{self.name} ended as it started; {self._last_words()}")
            if time.monotonic() > deadline:
                raise StackError(
                    f"{self.name} did not answer in {timeout:g} s; {self._last_words()}"
                )
            time.sleep(_POLL_SECONDS)  # between two polls

    def wait_done(self, timeout: float) -> None:
        """Wait until it has ended by itself without a failure.

        Raises:
            StackError: It failed, or did not end in time.
        """
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise StackError(f"{self.name} did not end within {timeout:g} s") from error
        if code:
            raise StackError(f"{self.name} failed with exit code {code}; {self._last_words()}")

    def _last_words(self) -> str:
        text = ""
        with contextlib.suppress(OSError):  # a missing log must not hide the error
            text = self.log.read_text(errors="replace")
        # Without the frames of stack traces, which would hide the messages of exceptions; and after
        # an error, without the messages of the shutdown.
        lines = [line for line in text.splitlines() if line.strip() and line[0] != "\t"]
        lines = [line for line in lines if _WRONG.search(line)] or lines
        return "\n  ".join([f"from {self.log}:", *lines[-_LINES_SHOWN:]])
