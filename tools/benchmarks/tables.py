"""The tables that every part gives back: printed for people, or written as Markdown."""

from __future__ import annotations

import attrs
from rich import table as rich_table

from benchmarks.measure import Timing

__all__ = ["Row", "Table", "against", "parsed"]

Row = tuple[str, ...]


@attrs.frozen
class Table:
    """What one part measured.

    Attributes:
        title: What was measured, with its unit where all columns share one.
        columns: The columns' names; the first one names the rows.
        rows: The cells, as text.
    """

    title: str
    columns: Row
    rows: tuple[Row, ...]

    def rich(self) -> rich_table.Table:
        """For a terminal."""
        table = rich_table.Table(title=self.title)
        for index, column in enumerate(self.columns):
            table.add_column(column, justify="right" if index else "left")
        for row in self.rows:
            table.add_row(*row)
        return table

    def numbers(self, unit: str) -> dict[str, list[float]]:
        """The columns whose names have a unit, by name."""
        return {
            name: [float(row[index].replace(",", "")) for row in self.rows]
            for index, name in enumerate(self.columns)
            if unit in name
        }

    def markdown(self) -> str:
        """For a document: a heading and a table."""
        lines = [
            f"### {self.title}",
            "",
            _line(self.columns),
            _line(("---", *["---:"] * (len(self.columns) - 1))),
            *[_line(row) for row in self.rows],
        ]
        return "\n".join(lines) + "\n"


def parsed(text: str) -> list[Table]:
    """The tables of a part of a document, as :meth:`Table.markdown` writes them."""
    tables = []
    for section in text.split("\n### ")[1:]:
        title, _, rest = section.partition("\n")
        lines = [line for line in rest.splitlines() if line.startswith("| ")]
        columns, _, *rows = [tuple(line[2:-2].split(" | ")) for line in lines]
        tables.append(Table(title, columns, tuple(rows)))
    return tables


def against(timing: Timing, ours: Timing, *, scale: float = 1e6) -> Row:
    """Two cells: the median in units of ``1 / scale`` seconds, and the ratio to ours."""
    return f"{timing.median * scale:.2f}", str(timing.over(ours))


def _line(cells: Row) -> str:
    return f"| {' | '.join(cells)} |"
