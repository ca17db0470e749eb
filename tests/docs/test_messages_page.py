"""docs/messages.md: each of its commands prints what the page says."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from itertools import groupby
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from tests.docs.markdown import REPOSITORY, blocks
from tests.messages.conftest import SALE

from streamcontract.cli import main
from streamcontract.devstack import DevStack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = REPOSITORY / "docs" / "messages.md"


def calls() -> Iterator[tuple[str, list[str]]]:
    """Each command with the lines that it prints."""
    found: list[tuple[str, list[str]]] = []
    for block in blocks(PAGE):
        for line in block.text.splitlines() if block.language == "console" else ():
            if line.startswith("$ "):
                found.append((line.removeprefix("$ "), []))
            else:
                found[-1][1].append(line)
    yield from found


@pytest.fixture
def stack() -> Iterator[DevStack]:
    """A stack for the page alone, which shows the ids of schemas."""
    with DevStack() as stack:
        yield stack


@pytest.mark.searching
def test_commands_print_what_the_page_says(
    stack: DevStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In their order; ``...`` stands for anything."""
    for name in ("sales", "copies"):
        stack.create_topic(name)
    (tmp_path / "sale.avsc").write_text(json.dumps(SALE), "utf-8")
    (tmp_path / "streamcontract.toml").write_text(
        '[contracts.sale]\nschema = "sale.avsc"\ntopic = "sales"\nkey = "shop"\n', "utf-8"
    )
    for block in blocks(PAGE):
        if block.title is not None:
            (tmp_path / block.title).write_text(block.text, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    for command, expected in calls():
        printed = _printed(command, stack)
        if printed is not None:
            pattern = "\n".join(".*".join(map(re.escape, line.split("..."))) for line in expected)
            assert re.fullmatch(pattern, printed), f"{command}\n{printed}"


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


def test_the_options_of_consume_are_on_the_page() -> None:
    """Those that choose messages, each in the table."""
    text = PAGE.read_text("utf-8")
    for option in ("--from", "--partition", "--key", "--where", "--limit", "--follow", "--group"):
        assert re.search(rf"^\| `{option}\b", text, re.MULTILINE), option
