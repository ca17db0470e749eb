"""Facts that a command prints, for people or as one JSON document."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from streamcontract.reporting.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from streamcontract.reporting.tables import Table

__all__ = ["FACTS_FORMATS", "print_facts"]

FACTS_FORMATS: Final = ("text", "json")
"""The values of ``--format`` for commands that print facts and no findings."""


def print_facts(
    document: Mapping[str, Any],
    output_format: str,
    in_words: Callable[[], Iterable[str | Table]],
) -> None:
    """Print facts on standard output.

    Args:
        document: All of them as JSON values. New versions only add keys.
        output_format: One of :data:`FACTS_FORMATS`.
        in_words: Renders them as lines and tables, for people.
    """
    if output_format == "json":
        # ASCII alone, so that the names of topics and subjects cannot control a terminal (CWE-150).
        click.echo(json.dumps(document, indent=2, ensure_ascii=True))
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for each in in_words():
        if isinstance(each, str):
            click.echo(printable(each))
            continue
        for line in each.lines(width):
            click.echo(line)
