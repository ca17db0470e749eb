"""The refusal of a value, or of bytes, that a type does not take."""

from __future__ import annotations

from typing import Final

__all__ = ["NOTHING", "Refused"]

NOTHING: Final = object()
"""The value of a refusal that is not about a value."""


class Refused(Exception):  # noqa: N818 - internal signal, never seen by a user
    """A value or its bytes do not fit.

    Args:
        expected: The type that was expected.
        value: What was found.
        limit: The limit on values of this type, in words that hold for its JSON too.
        hint: How to make such a value in Python.
    """

    def __init__(
        self, expected: str, value: object = NOTHING, *, limit: str = "", hint: str = ""
    ) -> None:
        super().__init__(expected)
        self.expected = f"{expected} {limit}" if limit else expected
        self.limit = limit
        self.value = value
        self.hint = hint
