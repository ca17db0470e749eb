"""What commands that talk to the brokers share: client properties, tables."""

from __future__ import annotations

from typing import Any, Final

import click
from rich.console import Console
from rich.table import Table

__all__ = ["config_option", "number", "open_console", "properties_of", "table"]

_PIPE_WIDTH: Final = 1000
"""Columns where there is no terminal: nothing is folded that a program may read."""

config_option = click.option(
    "--config",
    "-X",
    "properties",
    multiple=True,
    metavar="NAME=VALUE",
    help="A client property, such as bootstrap.servers=host:9092; else the environment's.",
)


def properties_of(pairs: tuple[str, ...]) -> dict[str, str]:
    """NAME=VALUE pairs as a dict."""
    for pair in pairs:
        if not pair.partition("=")[1]:
            # Not shown: it may be a secret whose name was forgotten.
            raise click.BadParameter("one of those given is not NAME=VALUE")
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


def open_console() -> Console:
    """A console for standard output."""
    console = Console()
    return console if console.is_terminal else Console(width=_PIPE_WIDTH)


def table(*left: str, **columns: Any) -> Table:
    """A table of columns that stand to the left, then others with where they stand."""
    rows = Table()
    for name in left:
        rows.add_column(name)
    for name, justify in columns.items():
        rows.add_column(name, justify=justify)
    return rows


def number(value: int | None) -> str:
    """A number with its thousands set apart, or a dash."""
    return "-" if value is None else f"{value:,}"
