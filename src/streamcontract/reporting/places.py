"""Position in the text of a schema, and the names of its file for people and for machines."""

from __future__ import annotations

from pathlib import Path

import attrs

__all__ = ["Place", "repository_path", "shown"]


@attrs.frozen(kw_only=True)
class Place:
    """A position in the text of a schema.

    Attributes:
        label: The name of the text for people: a path, ``"git:main:schemas/order.avsc"``, or
            ``"orders-value version 3"``.
        text: The text; empty if there is none to show.
        pointer: JSON pointer (RFC 6901) into the text, ``""`` for its root.
        line: Line in the text, counted from 1.
        column: Column in that line, counted from 1, in characters.
        file: The file in the working tree, absolute, or None for an earlier version.
    """

    label: str
    text: str = attrs.field(default="", repr=False)
    pointer: str = ""
    line: int = 1
    column: int = 1
    file: str | None = None

    def __str__(self) -> str:
        return f"{self.label}:{self.line}:{self.column}"

    @property
    def document(self) -> dict[str, str | int]:
        """The position in JSON output.

        Example:
            >>> Place(label="order.avsc", pointer="/fields/1", line=3, column=5).document
            {'file': 'order.avsc', 'line': 3, 'column': 5, 'pointer': '/fields/1'}
        """
        return {
            "file": self.label,
            "line": self.line,
            "column": self.column,
            "pointer": self.pointer,
        }


def shown(path: str | Path, base: Path | None = None) -> str:
    """A path for people: relative to ``base`` (by default the current folder) if below it."""
    absolute, base = Path(path).resolve(), (base or Path.cwd()).resolve()
    if absolute.is_relative_to(base):
        return absolute.relative_to(base).as_posix()
    return absolute.as_posix()


def repository_path(place: Place) -> str:
    """The path of a position's file from the root of its repository, for machines.

    The root is the nearest folder above that has a ``.git`` (a file in work trees and
    submodules); without one, the path is from the current folder. For a position without a file
    it is the label.
    """
    if place.file is None:
        return place.label
    file = Path(place.file).resolve()
    for folder in file.parents:
        if (folder / ".git").exists():
            return shown(file, folder)
    return shown(file)
