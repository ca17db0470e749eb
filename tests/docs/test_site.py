"""The documentation site: what is added to the pages, and what is checked of it.

``make docs`` builds it, and fails on each broken link and anchor.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import click
import pytest
from tests.docs.markdown import REPOSITORY

from documentation.built import faults
from documentation.commands import reference
from documentation.repository import Outside
from documentation.tables import plain_pipes
from streamcontract.cli import main

OUTSIDE = Outside(REPOSITORY, REPOSITORY / "docs")
PAGE = REPOSITORY / "docs" / "tutorial" / "2-topics.md"


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<script src='https://cdn.example/x.js'></script>", "loads https://cdn.example/x.js"),
        ("<link rel=stylesheet href='//fonts.example/x'>", "loads //fonts.example/x"),
        ("<img src='a.svg'>", "the picture a.svg has no alternative text"),
        (
            r"<table><tr><td><code>a \| b</code></td></tr></table>",
            r"a cell shows a backslash: a \| b",
        ),
        (r"<table><tr><td>a | b</td></tr></table><p><code>a \| b</code>", None),
        ("<img src='a.svg' alt='A log'><a href='https://kafka.example'>Kafka</a>", None),
    ],
)
def test_what_a_page_loads(tmp_path: Path, html: str, fault: str | None) -> None:
    """From its own folder only; a reader may follow a link elsewhere."""
    (tmp_path / "page.html").write_text(html, "utf-8")
    assert faults(tmp_path) == ([f"page.html: {fault}"] if fault else [])


def test_what_a_style_sheet_loads(tmp_path: Path) -> None:
    """No font of another host."""
    (tmp_path / "page.css").write_text("@font-face { src: url('https://fonts.example/a') }")
    assert faults(tmp_path) == ["page.css: loads https://fonts.example/a"]


@pytest.mark.parametrize(
    ("row", "on_the_site"),
    [
        (r"| `a \| b` | ``c \| `d` `` |", "| `a | b` | ``c | `d` `` |"),
        (r"| a \| b | `c` \| `d` |", r"| a \| b | `c` \| `d` |"),
        (r"`a \| b`", r"`a \| b`"),
        ("```\n| `a \\| b` |\n```", "```\n| `a \\| b` |\n```"),
    ],
)
def test_pipes_in_the_code_of_a_table(row: str, on_the_site: str) -> None:
    """GitHub needs a backslash before them, which the site would show."""
    assert plain_pipes(row) == on_the_site


@pytest.mark.parametrize(
    ("link", "on_the_site"),
    [
        ("[x](../../examples/groups/groups.py)", "[x](../repository/examples/groups/groups.py.md)"),
        ("[x](../../examples/orders)", "[x](../repository/examples/orders/README.md)"),
        ("[x](../../.pre-commit-hooks.yaml)", "[x](../repository/pre-commit-hooks.yaml.md)"),
        ("[x](../delivery.md#errors)", "[x](../delivery.md#errors)"),
        ("[x](https://kafka.example)", "[x](https://kafka.example)"),
        ("    [x](../../README.md)", "    [x](../../README.md)"),
    ],
)
def test_links_of_a_page(link: str, on_the_site: str) -> None:
    """Those to files outside docs/ lead to pages of their own; code stays as it is."""
    assert OUTSIDE.relink(link, PAGE, PurePosixPath("tutorial/2-topics.md")) == on_the_site


def test_links_of_a_file_outside() -> None:
    """They lead back to the pages."""
    text = OUTSIDE.relink(
        "[x](../docs/delivery.md) [y](orders/README.md)",
        REPOSITORY / "examples" / "README.md",
        PurePosixPath("repository/examples/README.md"),
    )
    assert text == "[x](../../delivery.md) [y](orders/README.md)"


def test_each_page_is_in_the_navigation_once() -> None:
    """A page of two groups would open the first of them, wherever a reader comes from."""
    navigation = (REPOSITORY / "mkdocs.yml").read_text("utf-8").partition("\nnav:\n")[2]
    named = re.findall(r"^ +- (?:[^:\n]+: )?([\w/-]+\.md)$", navigation, re.MULTILINE)
    docs = REPOSITORY / "docs"
    pages = [page.relative_to(docs).as_posix() for page in docs.glob("**/*.md")]
    made = {"reference/commands.md", "repository/CHANGELOG.md", "repository/examples/README.md"}
    assert sorted(set(named) - made) == sorted(pages)
    assert len(named) == len(set(named))


@pytest.mark.searching
def test_every_command_has_a_section() -> None:
    """With its usage and its options, and those of a group in the sections below it."""
    headings = re.findall(r"^##+ `(.*)`$", reference(), re.MULTILINE)
    assert headings == [*_paths("streamcontract", main)]


def _paths(path: str, command: click.Command) -> list[str]:
    context = click.Context(command)
    subcommands = command.list_commands(context) if isinstance(command, click.Group) else []
    return [path] + [
        each
        for name in subcommands
        if isinstance(command, click.Group) and (found := command.get_command(context, name))
        for each in _paths(f"{path} {name}", found)
    ]
