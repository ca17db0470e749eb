"""Console blocks of a page: commands, and what the page says that they print."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from itertools import groupby
from typing import TYPE_CHECKING

from click.testing import CliRunner
from tests.docs.markdown import blocks

from streamcontract.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from streamcontract.devstack import DevStack

__all__ = ["check_console"]


def check_console(page: Path, stack: DevStack, folder: Path) -> None:
    """Run the commands of a page in their order; ``...`` stands for anything.

    Args:
        page: The page.
        stack: The brokers and the registry.
        folder: The current folder, which gets the page's files.
    """
    for block in blocks(page):
        if block.title is not None:
            (folder / block.title).write_text(block.text, "utf-8")
    for command, expected in _calls(page):
        printed = _printed(command, stack)
        if printed is not None:
            pattern = "\n".join(".*".join(map(re.escape, line.split("..."))) for line in expected)
            assert re.fullmatch(pattern, printed), f"{command}\n{printed}"


def _calls(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Each command with the lines that it prints."""
    found: list[tuple[str, list[str]]] = []
    for block in blocks(page):
        for line in block.text.splitlines() if block.language == "console" else ():
            if line.startswith("$ "):
                found.append((line.removeprefix("$ "), []))
            else:
                found[-1][1].append(line)
    yield from found


def _printed(command: str, stack: DevStack) -> str | None:
    """What a command prints, or a pipe of several; None where a program of it is not there."""
    words = shlex.shlex(command, posix=True, punctuation_chars="|")
    words.whitespace_split = True
    piped, parts = "", [[*part] for is_bar, part in groupby(words, "|".__eq__) if not is_bar]
    shown = ""
    for part in parts:
        name, *arguments = part
        if name == "streamcontract":
            done = CliRunner().invoke(main, arguments, env=stack.environment, input=piped)
            piped, shown = done.stdout, done.output
        elif shutil.which(name) is None:
            return None
        else:
            piped = shown = subprocess.run(  # noqa: S603 - the page's own
                part, check=True, capture_output=True, text=True, input=piped
            ).stdout
    return shown.rstrip("\n")
