"""Tables as lines of text that fit a terminal.

Columns are separated by spaces, without boxes, and output to another program is never wrapped. If a
terminal is too narrow for the columns, each row is a block of its own, with a line for each cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs
from rich.cells import cell_len, chop_cells

from streamcontract.reporting.terminal import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["GrowingTable", "Table", "number"]

_GAP: Final = "  "


@attrs.frozen
class Table:
    """Rows of text under the names of columns.

    Attributes:
        columns: The names of the columns.
        right: The columns with right-aligned cells, such as numbers.
        rows: The rows, each with a cell for each column. Control characters are escaped when the
        table is shown.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: frozenset[str] = frozenset()

    def lines(self, width: int | None) -> Iterator[str]:
        r"""The table as lines; the first one has the names of the columns, if they fit.

        Args:
            width: Columns of the terminal, or None for none.

        Example:
            >>> table = Table(["topic", "messages"], [["orders", "12"]], frozenset(["messages"]))
            >>> print(*table.lines(80), sep="\n")
            topic   messages
            orders        12
            >>> print(*table.lines(12), sep="\n")
            topic     or
                      de
                      rs
            messages  12
        """
        rows = [[on_one_line(cell) for cell in row] for row in self.rows]
        lengths = [max(map(cell_len, cells)) for cells in zip(self.columns, *rows, strict=True)]
        if width is None or sum(lengths) + len(_GAP) * (len(lengths) - 1) <= width:
            for row in (self.columns, *rows):
                cells = map(self._padded, self.columns, row, lengths)
                yield _GAP.join(cells).rstrip()
        else:
            yield from self._blocks(rows, width)

    def _padded(self, column: str, cell: str, length: int) -> str:
        return _padded(cell, length, is_right=column in self.right)

    def _blocks(self, rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
        indent = max(map(cell_len, self.columns)) + len(_GAP)
        for index, row in enumerate(rows):
            if index:
                yield ""
            for column, cell in zip(self.columns, row, strict=True):
                first, *others = chop_cells(cell, max(1, width - indent)) or [""]
                yield f"{column}{' ' * (indent - cell_len(column))}{first}".rstrip()
                yield from (f"{' ' * indent}{part}" for part in others)


class GrowingTable:
    r"""A table whose rows come bit by bit: columns are as wide as the first rows ask for.

    A cell that is longer pushes what follows it on its line to the right; the columns are set for
    the widest cell from then on.

    Args:
        columns: The names of the columns.
        right: Those of them whose cells stand to the right.

    Example:
        >>> table = GrowingTable(["topic", "messages"], frozenset(["messages"]))
        >>> print(*table.lines([["orders", "12"]]), *table.lines([["a", "9"]]), sep="\n")
        topic   messages
        orders        12
        a              9
    """

    def __init__(self, columns: Sequence[str], right: frozenset[str] = frozenset()) -> None:
        self._columns = columns
        self._right = right
        self._lengths = [cell_len(each) for each in columns]
        self._has_begun = False

    def lines(self, rows: Sequence[Sequence[str]]) -> Iterator[str]:
        """More rows as lines; the names of the columns come with the first.

        Args:
            rows: Each with a cell for each column, or with fewer, the last of which is a remark.
        """
        if not rows:
            return
        shown = [[on_one_line(cell) for cell in row] for row in rows]
        for row in shown:
            if len(row) == len(self._columns):
                self._lengths = list(map(max, self._lengths, map(cell_len, row)))
        if not self._has_begun:
            self._has_begun = True
            yield self._line(self._columns)
        yield from map(self._line, shown)

    def _line(self, row: Sequence[str]) -> str:
        cells = (
            _padded(cell, length, is_right=column in self._right)
            for column, cell, length in zip(self._columns, row, self._lengths, strict=False)
        )
        return _GAP.join(cells).rstrip()


def _padded(cell: str, length: int, *, is_right: bool) -> str:
    padding = " " * (length - cell_len(cell))
    return f"{padding}{cell}" if is_right else f"{cell}{padding}"


def number(value: int | None) -> str:
    """A number with thousands separators, or a dash for None.

    Example:
        >>> number(12154), number(None)
        ('12,154', '-')
    """
    return "-" if value is None else f"{value:,}"
