"""The commands of a page, run in a shell and compared with the output that the page shows.

In a page, a line of a ``console`` block that begins with ``$`` is a command, and the lines up to
the next one are what it prints. ``...`` in a line stands for anything, and alone for any lines.
"""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.docs.markdown import Block
    from typing_extensions import Self

_TIMEOUT_S: Final = 120.0
# As wide as terminals are at first, without colours and without the cursor's movements.
_TERMINAL: Final = {"COLUMNS": "80", "TERM": "dumb", "NO_COLOR": "1"}


def calls(block: Block) -> list[tuple[str, list[str]]]:
    """The commands of a block, each with the lines that it prints according to the page."""
    found: list[tuple[str, list[str]]] = []
    for line in block.text.splitlines() if block.language == "console" else ():
        if line.startswith("$ "):
            found.append((line.removeprefix("$ "), []))
        elif found:
            found[-1][1].append(line)
    return found


def pattern_of(lines: Sequence[str]) -> str:
    """A regular expression for what a page shows, in which ``...`` stands for anything."""
    parts = [
        r"(?:.*\n)*?"
        if line.strip() == "..."
        else ".*".join(map(re.escape, line.split("..."))) + r"\n"
        for line in lines
    ]
    return "".join(parts)


class Shell:
    """A shell that keeps its folder and its variables from one command to the next.

    Args:
        folder: Where it starts.
        environment: Variables beside those of this process.
        is_terminal: Whether programs write to a terminal, as they do for a reader, or into a pipe.
    """

    def __init__(
        self, folder: Path, environment: Mapping[str, str], *, is_terminal: bool = True
    ) -> None:
        self._printed, writing = pty.openpty() if is_terminal else os.pipe()
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._shell = subprocess.Popen(
            ["bash", "--norc"],  # noqa: S607 - the reader's
            cwd=folder,
            env={**os.environ, **_TERMINAL, "PATH": path, **environment},
            stdin=subprocess.PIPE,
            stdout=writing,
            stderr=writing,
            start_new_session=True,
        )
        os.close(writing)
        self._read = ""

    def __enter__(self) -> Self:
        """The shell itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the shell and what still runs in it, as Ctrl-C does."""
        os.killpg(self._shell.pid, signal.SIGINT)
        assert self._shell.stdin is not None
        self._shell.stdin.close()
        self._shell.wait(_TIMEOUT_S)
        os.close(self._printed)

    def start(self, command: str, lines: Sequence[str]) -> str:
        """Start a command that does not end by itself; return what it prints at first.

        Args:
            command: The command.
            lines: What the page shows, up to which its output is waited for.
        """
        self._write(f"{command} </dev/null\n")
        # A spinner may come first, which erases itself where a cursor can move.
        return self._until(pattern_of(["...", *lines]))

    def run(self, command: str) -> str:
        """Run a command to its end; return what it prints."""
        end = uuid.uuid4().hex
        # The exit code is that of the command for the next one too, which may ask for it.
        self._write(f"{{ {command}\n}} </dev/null; code=$?; echo {end}; (exit $code)\n")
        return self._until(rf"(?s:.*?){end}\n").removesuffix(f"{end}\n")

    def check(self, block: Block, page: str) -> None:
        """Run the commands of a block of a page, and compare what they print with what it shows."""
        for command, lines in calls(block):
            printed = self.run(command)
            if printed and not printed.endswith("\n"):
                printed += "\n"
            assert re.fullmatch(pattern_of(lines), printed), (
                f"{page}:{block.line}: {command}\n{printed}"
            )

    def _write(self, text: str) -> None:
        assert self._shell.stdin is not None
        self._shell.stdin.write(text.encode())
        self._shell.stdin.flush()

    def _until(self, pattern: str) -> str:
        deadline = time.monotonic() + _TIMEOUT_S
        while (found := re.match(pattern, self._read)) is None:
            ready, _, _ = select.select([self._printed], [], [], deadline - time.monotonic())
            read = os.read(self._printed, 1 << 16) if ready else b""
            assert read, f"it ended, or took longer than {_TIMEOUT_S:.0f} s:\n{self._read}"
            self._read += read.decode().replace("\r\n", "\n")
        self._read = self._read[found.end() :]
        return found[0]


def is_there(command: str) -> bool:
    """Whether all programs of a pipe of commands are installed."""
    words = (part.split()[0] for part in re.split(r"\s[|&]+\s", command))
    return all(word == "streamcontract" or shutil.which(word) for word in words)
