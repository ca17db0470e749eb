"""Words of names, and the styles of names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "CAMEL_CASE",
    "PASCAL_CASE",
    "SNAKE_CASE",
    "UPPER_SNAKE_CASE",
    "Style",
    "vocabulary",
    "words",
]

# A run of capitals is a word of its own (HTTP in HTTPServer), up to the one that starts the next.
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def words(name: str) -> list[str]:
    """The words of a name, in lower case.

    Example:
        >>> words("placed_at"), words("HTTPStatusCode"), words("line2_ID")
        (['placed', 'at'], ['http', 'status', 'code'], ['line', '2', 'id'])
    """
    return [word.lower() for word in _WORD.findall(name)]


def vocabulary(text: str) -> frozenset[str]:
    """The words of a text, for tables of words that are written as prose."""
    return frozenset(text.split())


@attrs.frozen
class Style:
    """A style of names.

    Attributes:
        name: Its name.
        pattern: The pattern of its names.
        join: Makes such a name from words.
    """

    name: str
    pattern: re.Pattern[str]
    join: Callable[[list[str]], str]

    def fits(self, name: str) -> bool:
        """Whether a name has this style."""
        return self.pattern.fullmatch(name) is not None

    def styled(self, name: str) -> str | None:
        """The name in this style; None if it cannot be.

        Example:
            >>> SNAKE_CASE.styled("placedAt"), SNAKE_CASE.styled("_")
            ('placed_at', None)
        """
        better = self.join(words(name))
        return better if self.fits(better) else None


def _pascal(parts: list[str]) -> str:
    return "".join(part.capitalize() for part in parts)


def _camel(parts: list[str]) -> str:
    return "".join(parts[:1]) + _pascal(parts[1:])


SNAKE_CASE: Final = Style("snake_case", re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*"), "_".join)
CAMEL_CASE: Final = Style("camelCase", re.compile(r"[a-z][a-zA-Z0-9]*"), _camel)
PASCAL_CASE: Final = Style("PascalCase", re.compile(r"[A-Z][a-zA-Z0-9]*"), _pascal)
UPPER_SNAKE_CASE: Final = Style(
    "UPPER_SNAKE_CASE",
    re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*"),
    lambda parts: "_".join(parts).upper(),
)
