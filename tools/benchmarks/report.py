"""The tables inside a document that is otherwise written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from benchmarks.tables import Table

__all__ = ["rewrite"]

_BEGIN: Final = "<!-- tables: written by `python -m benchmarks --write` -->"
_END: Final = "<!-- end of the tables -->"


def rewrite(document: Path, setting: str, tables: Sequence[Table]) -> None:
    """Replace what stands between the two marks.

    Raises:
        click.ClickException: The document lacks the marks.
    """
    before, begin, rest = document.read_text().partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise click.ClickException(f"{document}: put the tables between {_BEGIN} and {_END}")
    written = "\n".join(table.markdown() for table in tables)
    document.write_text(f"{before}{_BEGIN}\n\n{setting}.\n\n{written}\n{_END}{after}")
