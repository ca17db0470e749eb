"""Excerpts of a text: the lines around a position, with the position marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.text import Text

    from streamcontract.reporting.places import Place

__all__ = ["add_excerpt"]

_AROUND: Final = 1
"""Lines shown on either side of the marked one."""

_WIDTH: Final = 110
"""Characters of a line that are shown; registries keep schemas as one long line."""


def add_excerpt(text: Text, place: Place, *, mark: str) -> None:
    """Add the line of a position, marked, and the lines around it; nothing if there is no text.

    Args:
        text: The text that they are added to.
        place: The place.
        mark: The style of the mark below the line.
    """
    if not place.text:
        return
    lines = place.text.removesuffix("\n").split("\n")  # the lines that line numbers count
    first, last = max(1, place.line - _AROUND), min(len(lines), place.line + _AROUND)
    margin = len(str(last))
    for number in range(first, last + 1):
        is_marked = number == place.line
        line, caret = _cut(lines[number - 1], place.column if is_marked else 1)
        text.append(f"  {'>' if is_marked else ' '} {number:>{margin}} | ", "dim")
        text.append(f"{line}\n", "bold" if is_marked else "")
        if is_marked:
            text.append(f"    {' ' * margin} | ", "dim")
            text.append(f"{' ' * (caret - 1)}^\n", mark)


def _cut(line: str, column: int) -> tuple[str, int]:
    """The part of a line around a column, and the column in it; tabs count as one space."""
    start = 0 if column <= _WIDTH - 20 else column - _WIDTH // 2
    part = "".join(each if each.isprintable() else " " for each in line[start : start + _WIDTH])
    before, after = "..." if start else "", "..." if start + _WIDTH < len(line) else ""
    return f"{before}{part}{after}".rstrip(), column - start + len(before)
