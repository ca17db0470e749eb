"""Rotation: when a file ends and the next one begins."""

from __future__ import annotations

import math
from typing import Any, Final

import attrs

from streamcontract.errors import ArgumentError

__all__ = ["Rotation"]

_LARGE: Final = 512 * 1024 * 1024
"""Bytes of a file of the default: Parquet's own advice is row groups of 512 MiB to 1 GiB."""


def _positive(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is not None and not (is_number and value > 0):  # type: ignore[operator] # a number
        raise ArgumentError(attribute.name, value, "a number above 0, or None for no limit")


@attrs.frozen(kw_only=True)
class Rotation:
    """Limits of a file: rows exactly, the others after the batch that reaches one.

    Attributes:
        messages: Rows, or None.
        size: Bytes on disk, or None.
        age: Seconds since it was opened, or None: what a killed export loses at the most.

    Raises:
        ArgumentError: A limit is not above 0.

    Example:
        >>> Rotation(messages=1000, size=None).is_due(rows=1000, size=5, age=0.0)
        True
    """

    messages: int | None = attrs.field(default=None, validator=_positive)
    size: float | None = attrs.field(default=_LARGE, validator=_positive)
    age: float | None = attrs.field(default=None, validator=_positive)

    def room(self, rows: int) -> int | None:
        """How many rows more a file of this number of rows takes; None for any number.

        Example:
            >>> Rotation(messages=1000).room(400), Rotation().room(400)
            (600, None)
        """
        return None if self.messages is None else max(0, math.ceil(self.messages) - rows)

    def is_due(self, *, rows: int, size: int, age: float) -> bool:
        """Whether a file of these measures ends."""
        return (
            (self.messages is not None and rows >= self.messages)
            or (self.size is not None and size >= self.size)
            or (self.age is not None and age >= self.age)
        )
