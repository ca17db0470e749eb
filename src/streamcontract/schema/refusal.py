"""The refusal of a value, or of bytes, that a type does not take."""

from __future__ import annotations

from typing import Final

__all__ = ["NOTHING", "Refused"]

NOTHING: Final = object()
"""Stands for the value of a refusal that is about none."""


class Refused(Exception):  # noqa: N818 - internal signal, never seen by a user
    """A value or its bytes do not fit; says what was expected and what was found."""

    def __init__(self, expected: str, value: object = NOTHING) -> None:
        super().__init__(expected)
        self.expected = expected
        self.value = value
