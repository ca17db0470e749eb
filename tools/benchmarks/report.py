"""Tables and plots inside a document that is otherwise written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from benchmarks.plots import Plot, save
from benchmarks.tables import Table

__all__ = ["rewrite"]

_BEGIN: Final = "<!-- {part}: written by `python -m benchmarks --write` -->"
_END: Final = "<!-- end of {part} -->"
_FOLDER: Final = "plots"


def rewrite(
    document: Path, part: str, setting: str, tables: Sequence[Table], plots: Sequence[Plot]
) -> None:
    """Replace what a document has between the two marks of a part; plots go into files beside it.

    Raises:
        click.ClickException: The document lacks the marks.
    """
    begin, end = _BEGIN.format(part=part), _END.format(part=part)
    before, found, rest = document.read_text("utf-8").partition(begin)
    _, found_end, after = rest.partition(end)
    if not found or not found_end:
        raise click.ClickException(f"{document}: put the tables between {begin} and {end}")
    pictures = {plot.title: plot.markdown(_FOLDER) for plot in plots}
    for plot in plots:
        save(plot, document.parent / _FOLDER)
    written = "\n".join(
        "\n".join(filter(None, (table.markdown(), pictures.get(table.title)))) for table in tables
    )
    document.write_text(f"{before}{begin}\n\n{setting}.\n\n{written}\n{end}{after}", "utf-8")
