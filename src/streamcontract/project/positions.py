"""Line and column of the keys of a TOML document, for messages.

Project files are parsed with the standard library's parser, which keeps no positions. Only when
there is a fault to report is the text walked a second time, here. It is known to be TOML then; keys
after syntax that this module does not know have no position of their own.
"""

from __future__ import annotations

import contextlib
import re
import sys
from typing import TYPE_CHECKING, Final

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["KeyPath", "key_offsets"]

KeyPath = tuple[str | int, ...]
"""Keys from the root of a document, and indices of arrays."""

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_KEY: Final = re.compile(r"""[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*'""")
# Strings of several lines first; up to two quotes may come before their three closing ones.
_SCALAR: Final = re.compile(
    r'''"""(?:\\.|[^\\])*?""""{0,2}|'{3}.*?'{3}'{0,2}'''
    r"""|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|[^,\]}#\n]+""",
    re.DOTALL,
)


def key_offsets(text: str) -> Mapping[KeyPath, int]:
    r"""The offset of each key, and of each item of an array, by its path.

    A key that is written several times, as tables are, has the offset of the first.

    Args:
        text: A valid TOML document.

    Example:
        >>> key_offsets('a = 1\n[b.c]\nd = ["x", "y"]')["b", "c", "d", 1]
        22
    """
    scanner = _Scanner(text)
    with contextlib.suppress(_UnknownSyntaxError):
        scanner.document()
    return scanner.found


class _UnknownSyntaxError(Exception):
    """The text continues with syntax that is not known here."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.found: dict[KeyPath, int] = {}
        self._text = text
        self._at = 0
        self._lengths: dict[KeyPath, int] = {}
        """Of arrays of tables."""

    def document(self) -> None:
        table: KeyPath = ()
        while self._next() != "":
            if self._next() == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> KeyPath:
        brackets = 2 if self._text.startswith("[[", self._at) else 1
        self._at += brackets
        *parents, (last, offset) = self._keys()
        self._at += brackets
        table: KeyPath = ()
        for name, start in parents:
            table = self._add(table, name, start)
            if table in self._lengths:
                table = (*table, self._lengths[table] - 1)
        table = self._add(table, last, offset)
        if brackets == 1:
            return table
        index = self._lengths[table] = self._lengths.get(table, 0) + 1
        return self._add(table, index - 1, offset)

    def _pair(self, table: KeyPath) -> None:
        for name, offset in self._keys():
            table = self._add(table, name, offset)
        self._expect("=")
        self._value(table)

    def _keys(self) -> list[tuple[str, int]]:
        """The names of a dotted key with their offsets; the position is then after the key."""
        found: list[tuple[str, int]] = []
        while not found or self._text.startswith(".", self._at):
            self._at += bool(found)
            self._match(_SPACE)
            offset = self._at
            written = self._match(_KEY)
            is_quoted = written[0] in "\"'"
            name = tomllib.loads(f"key = {written}")["key"] if is_quoted else written
            found.append((name, offset))
            self._match(_SPACE)
        return found

    def _value(self, path: KeyPath) -> None:
        self._match(_SPACE)
        if self._next() == "[":
            self._array(path)
        elif self._next() == "{":
            self._inline_table(path)
        else:
            self._match(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        self._expect("[")
        index = 0
        while self._next() != "]":
            self._value(self._add(path, index, self._at))
            index += 1
            if self._next() != "]":
                self._expect(",")
        self._expect("]")

    def _inline_table(self, path: KeyPath) -> None:
        self._expect("{")
        while self._next() != "}":
            self._pair(path)
            if self._next() != "}":
                self._expect(",")
        self._expect("}")

    def _add(self, table: KeyPath, name: str | int, offset: int) -> KeyPath:
        path = (*table, name)
        self.found.setdefault(path, offset)
        return path

    def _next(self) -> str:
        """The next character that is neither space nor comment; "" at the end."""
        self._match(_BLANK)
        return self._text[self._at : self._at + 1]

    def _expect(self, character: str) -> None:
        if self._next() != character:
            raise _UnknownSyntaxError
        self._at += 1

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise _UnknownSyntaxError
        self._at = match.end()
        return match.group()
