"""The parsed condition as a tree of immutable values."""

from __future__ import annotations

from typing import Literal as OneOf
from typing import TypeAlias

import attrs

__all__ = ["And", "Comparison", "Condition", "Literal", "Not", "Operator", "Or", "Path", "Truth"]

Operator = OneOf["=", "!=", "<", "<=", ">", ">="]


@attrs.frozen
class Path:
    """The way to a value inside the value of a message.

    Attributes:
        steps: Names of fields and keys, and indices of items.
        start: Where it is in the text.
    """

    steps: tuple[str | int, ...]
    start: int

    def __str__(self) -> str:
        parts = (f"[{each}]" if isinstance(each, int) else f".{each}" for each in self.steps)
        return "".join(parts).removeprefix(".")


@attrs.frozen
class Literal:
    """A value that is written out.

    Attributes:
        kind: Its kind.
        text: The digits of a number, the characters of a text, else the keyword.
        start: Where it is in the text.
    """

    kind: OneOf["null", "boolean", "number", "text"]
    text: str
    start: int

    def __str__(self) -> str:
        return f"'{self.text}'" if self.kind == "text" else self.text


@attrs.frozen
class Comparison:
    """Two operands and what is asked of them; at least one of them is a path."""

    left: Path | Literal
    operator: Operator
    right: Path | Literal
    start: int


@attrs.frozen
class Truth:
    """A path that is a condition by itself, since it leads to a boolean."""

    path: Path


@attrs.frozen
class Not:
    """The opposite of a condition."""

    operand: Condition


@attrs.frozen
class And:
    """All of several conditions."""

    operands: tuple[Condition, ...]


@attrs.frozen
class Or:
    """Any of several conditions."""

    operands: tuple[Condition, ...]


Condition: TypeAlias = Comparison | Truth | Not | And | Or
