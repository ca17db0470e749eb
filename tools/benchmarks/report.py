"""Tables and plots inside a document that is otherwise written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from benchmarks.plots import Dots, Picture, save
from benchmarks.tables import Table, parsed

__all__ = ["dots", "measured", "rewrite"]

_BEGIN: Final = "<!-- {part}: written by `python -m benchmarks --write` -->"
_END: Final = "<!-- end of {part} -->"
_FOLDER: Final = "plots"


def rewrite(
    document: Path, part: str, setting: str, tables: Sequence[Table], plots: Sequence[Picture]
) -> None:
    """Replace what a document has between the two marks of a part; plots go into files beside it.

    Raises:
        click.ClickException: The document lacks the marks.
    """
    begin, end = _BEGIN.format(part=part), _END.format(part=part)
    before, _, after = _parts(document, part)
    pictures = {plot.title: plot.markdown(_FOLDER) for plot in plots}
    for plot in plots:
        save(plot, document.parent / _FOLDER)
    written = "\n".join(
        "\n".join(filter(None, (table.markdown(), pictures.get(table.title)))) for table in tables
    )
    document.write_text(f"{before}{begin}\n\n{setting}.\n\n{written}\n{end}{after}", "utf-8")


def measured(document: Path, part: str) -> tuple[str, list[Table]]:
    """The setting and the tables that a document has of a part.

    Raises:
        click.ClickException: The document lacks the marks of the part.
    """
    _, text, _ = _parts(document, part)
    return text.strip().partition("\n")[0].removesuffix("."), parsed(text)


def dots(part: str, tables: Sequence[Table], unit: str) -> list[Dots]:
    """Plots of the columns that have a unit.

    Args:
        part: The part that measured the tables.
        tables: Its tables.
        unit: Part of the names of the columns, such as ``"µs"``.
    """
    return [
        Dots(
            f"{part}-{table.title.partition(':')[0]}-{number}".replace(" ", "-"),
            table.title,
            tuple(row[0].replace("`", "") for row in table.rows),
            table.numbers(unit),
        )
        for number, table in enumerate(tables, start=1)
    ]


def _parts(document: Path, part: str) -> tuple[str, str, str]:
    """What is before the marks of a part, between them and after them."""
    begin, end = _BEGIN.format(part=part), _END.format(part=part)
    before, found, rest = document.read_text("utf-8").partition(begin)
    between, found_end, after = rest.partition(end)
    if not found or not found_end:
        raise click.ClickException(f"{document}: put the tables between {begin} and {end}")
    return before, between, after
