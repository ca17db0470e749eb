"""What a command found out, for people or as one JSON document."""

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
"""What ``--format`` may name where there are facts, and no findings."""


def print_facts(
    document: Mapping[str, Any],
    output_format: str,
    in_words: Callable[[], Iterable[str | Table]],
) -> None:
    """Print facts on standard output.

    Args:
        document: All of them as values that JSON has. Keys are only ever added to it.
        output_format: One of :data:`FACTS_FORMATS`.
        in_words: Makes lines and tables of them, for people.
    """
    if output_format == "json":
        # ASCII alone: whatever others have named their topics and subjects, it cannot steer a
        # terminal (CWE-150).
        click.echo(json.dumps(document, indent=2, ensure_ascii=True))
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for each in in_words():
        if isinstance(each, str):
            click.echo(printable(each))
            continue
        for line in each.lines(width):
            click.echo(line)
