"""The tutorial: every command, copied in order into a fresh folder, prints what the pages show.

The titles of some blocks are also for this test: they say where, or whether, a block is run.
"""

from __future__ import annotations

import re
import shutil
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest
import requests
from tests.docs.markdown import REPOSITORY, blocks, relative_links
from tests.docs.shell import Shell, calls

from figures.tutorial import FIGURES
from streamcontract.testing.fixtures.stacks import start_stack
from streamcontract.testing.plugin import stack_kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.docs.markdown import Block

PAGES: Final = sorted((REPOSITORY / "docs" / "tutorial").glob("[0-9]*.md"))
FIRST: Final = REPOSITORY / "docs" / "tutorial" / "README.md"

_BACKGROUND: Final = "Second terminal"
_REAL: Final = "On Apache Kafka and Redpanda"
_NOT_RUN: Final = {"Once", "With Docker"}
_BROKERS: Final = {"embedded": "mock", "kafka": "kafka"}

# What the console shows after a chapter, as the chapter about it says.
_IN_THE_CONSOLE: Final = {
    "4-without-a-schema.md": (
        ("/topics", ["prices", "stocks-replay", "stocks-groups", "stocks-json"]),
        ("/topic?name=prices", ["5 messages", "AAPL", "189.5", "badge none"]),
        ("/topic?name=stocks-json", ["30 messages", "starts with byte 0x7b"]),
    ),
    "6-with-avro.md": (
        ("/topic?name=stocks", ["badge fits"]),
        ("/topic?name=trades", ["against contract trade", "badge fits"]),
        ("/subjects", ["stocks-value", "trades-value"]),
        ("/contracts", ["trade", "One trade at an exchange."]),
    ),
    "7-changing-the-schema.md": (
        (
            "/topic?name=trades",
            ["badge older", "Trade.venue", "badge poison", "byte 0x7b"],
        ),
        ("/dead-letters", ["trades.dlq"]),
        ("/subject?name=trades-value", ["From version 1 to 2", "Trade.venue", "field added"]),
    ),
}

# What a clone has and the tutorial uses.
_CLONED: Final = ("examples", "schemas", "src/streamcontract/contracts", "src/streamcontract/data")


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    """The folder of the lesson, in a clone."""
    clone = tmp_path / "streamcontract"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in _CLONED:
        shutil.copytree(REPOSITORY / name, clone / name, ignore=ignored)
    shutil.copy(REPOSITORY / "streamcontract.toml", clone)
    (clone / "lesson").mkdir()
    return clone / "lesson"


class Started(NamedTuple):
    """What the first page starts.

    Attributes:
        environment: The variables with the addresses of broker and registry.
        console: The console's URL; None beside a cluster that runs.
    """

    environment: Mapping[str, str]
    console: str | None


@pytest.fixture
def stack(pytestconfig: pytest.Config, lesson: Path, signals_end: None) -> Iterator[Started]:
    """What the first page starts, on free ports; or a cluster that runs.

    Under this name the tests of every stack find the test that needs it.
    """
    kind = stack_kind(pytestconfig)
    if kind not in _BROKERS:
        with start_stack(kind) as running:
            yield Started(running.environment, None)
        return
    [(command, lines)] = calls(next(each for each in blocks(FIRST) if each.title == _BACKGROUND))
    shown = [re.sub(r":(19092|18081|8080)\b", ":...", line) for line in lines]
    with Shell(lesson, {}) as shell:
        ports = "--broker-port 0 --registry-port 0 --console-port 0"
        options = f"--broker {_BROKERS[kind]} {ports}"
        printed = shell.start(f"{command} {options}", shown)
        addresses = dict(re.findall(r"^  export (\w+)=(\S+)$", printed, re.MULTILINE))
        [console] = re.findall(r"^console +(\S+)", printed, re.MULTILINE)
        yield Started(addresses, console)
    # What is kept stays where a restart looks for it, whatever project files a reader writes.
    assert (lesson / "state").exists()
    assert not list(lesson.parent.rglob(".streamcontract"))


def _is_run(block: Block, pytestconfig: pytest.Config) -> bool:
    if block.title == _REAL:
        return stack_kind(pytestconfig) != "embedded"
    return block.title not in {_BACKGROUND, *_NOT_RUN}


@pytest.mark.searching
def test_commands_print_what_the_pages_show(
    stack: Started, lesson: Path, pytestconfig: pytest.Config
) -> None:
    """One page after the other, as a reader copies them."""
    with Shell(lesson, stack.environment) as shell:
        for page in [FIRST, *PAGES]:
            for block in blocks(page):
                if block.language == "console" and _is_run(block, pytestconfig):
                    shell.check(block, page.name)
                elif block.language != "console" and block.title is not None:
                    file = lesson / block.title
                    file.parent.mkdir(exist_ok=True)
                    file.write_text(block.text, "utf-8")
            if stack.console is not None:
                check_console(stack.console, page.name)


def check_console(url: str, page: str) -> None:
    """Look after a chapter at what the chapter about the console says of it."""
    for path, texts in _IN_THE_CONSOLE.get(page, ()):
        shown = requests.get(url + path, timeout=30).text
        assert [text for text in texts if text not in shown] == [], f"{page}: {path}"


def test_every_command_is_in_a_block() -> None:
    """No line that looks like a command is outside of the blocks that are run."""
    for page in [FIRST, *PAGES]:
        lines = [line.lstrip(" >") for line in page.read_text("utf-8").splitlines()]
        commands = [f"$ {command}" for block in blocks(page) for command, _ in calls(block)]
        assert [line for line in lines if line.startswith("$ ")] == commands, page.name


def test_titles_of_commands_are_known() -> None:
    """A misspelt title would run a block that is not to be run."""
    titles = {
        block.title
        for page in [FIRST, *PAGES]
        for block in blocks(page)
        if block.language == "console"
    }
    assert titles == {None, _BACKGROUND, _REAL, *_NOT_RUN}


def test_pages_lead_on() -> None:
    """Each page ends with a link to the next one, and the first one lists them all."""
    for page, following in pairwise([FIRST, *PAGES]):
        assert page.read_text("utf-8").splitlines()[-1].endswith(f"({following.name}).")
    assert {page.name for page in PAGES} <= set(relative_links(FIRST))


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_as_drawn(name: str) -> None:
    """`make figures` writes nothing else, and a page shows each with a text."""
    file = FIRST.parent / "figures" / f"{name}.svg"
    assert file.read_text("utf-8") == FIGURES[name]().svg()
    shown = re.compile(rf"!\[[^\]]{{20,}}\]\(figures/{name}\.svg\)")
    assert any(shown.search(page.read_text("utf-8")) for page in PAGES)
