"""Line and column of the value that a JSON pointer leads to, for messages.

Schemas are parsed with the standard library's parser, which keeps no positions. Only when there is
a fault to report is the text walked a second time, here.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["child", "line_and_column", "locate", "offsets", "too_deep"]

_DECODER: Final = json.JSONDecoder()
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_SCALAR: Final = re.compile(r"[^ \t\n\r,\]}]+")
_STRING_OR_BRACKET: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def child(pointer: str, key: str | int) -> str:
    """The pointer one step further down, escaped as in RFC 6901 (section 3).

    Example:
        >>> child("/fields/0", "a/b")
        '/fields/0/a~1b'
    """
    if isinstance(key, str):
        key = key.replace("~", "~0").replace("/", "~1")
    return f"{pointer}/{key}"


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    r"""Line and column, each counted from 1, of a character of ``text``.

    Example:
        >>> line_and_column("ab\ncd", 4)
        (2, 2)
    """
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def locate(text: str, pointer: str) -> tuple[int, int]:
    r"""Line and column of the value that ``pointer`` leads to in the JSON text ``text``.

    Of a duplicated key it is the last value, which JSON parsers keep.

    Raises:
        KeyError: There is no such value.

    Example:
        >>> locate('{"type": "array",\n "items": "int"}', "/items")
        (2, 11)
    """
    return line_and_column(text, offsets(text)[pointer])


def offsets(text: str) -> Mapping[str, int]:
    """The offset of every value in a valid JSON text, by its pointer.

    Example:
        >>> offsets('["a", {"b": 1}]')["/1/b"]
        12
    """
    found: dict[str, int] = {}
    # The containers around the current value. A list and no recursion, because a message is most
    # needed when the stack is used up.
    around: list[_Container] = []
    pointer, at = "", _skip(text, 0)
    while True:
        found[pointer] = at
        if text[at] in "[{":
            around.append(_Container(pointer, is_object=text[at] == "{"))
            at = _skip(text, at + 1)
        else:
            at = _skip(text, _scalar_end(text, at))
        while around and text[at] in "]}":
            around.pop()
            at = _skip(text, at + 1)
        if not around:
            return found
        pointer, at = _next_value(text, at, around[-1])


@attrs.define
class _Container:
    pointer: str
    is_object: bool
    length: int = 0


def _next_value(text: str, at: int, container: _Container) -> tuple[str, int]:
    """The pointer to the value that comes next in ``container``, and its offset."""
    if text[at] == ",":
        at = _skip(text, at + 1)
    key: str | int = container.length
    container.length += 1
    if container.is_object:
        key, at = _read_string(text, at)
        at = _skip(text, _skip(text, at) + 1)
    return child(container.pointer, key), at


def too_deep(text: str, limit: int) -> int | None:
    """The offset of the first bracket nested deeper than ``limit``, or None.

    Works on any text, because deep nesting may keep the text from being parsed at all.

    Example:
        >>> too_deep('["[", [[1]]]', 2)
        7
    """
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        first = match.group()[0]
        if first in "[{":
            depth += 1
            if depth > limit:
                return match.start()
        elif first in "]}":
            depth -= 1
    return None


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _read_string(text: str, at: int) -> tuple[str, int]:
    string, end = _DECODER.raw_decode(text, at)
    return str(string), end


def _scalar_end(text: str, at: int) -> int:
    if text[at] == '"':
        return _read_string(text, at)[1]
    match = _SCALAR.match(text, at)
    return match.end() if match else at + 1
