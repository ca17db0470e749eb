"""The error of a condition: what is wrong, and at which column."""

from __future__ import annotations

from streamcontract.errors import ConfigurationError

__all__ = ["WhereError"]


class WhereError(ConfigurationError):
    """A condition cannot be read, or does not fit the schema.

    Attributes:
        text: The condition.
        start: Where in it, from 0.
        reason: What is wrong there, and what would be right.
    """

    def __init__(self, text: str, start: int, reason: str) -> None:
        super().__init__(text, start, reason)
        self.text = text
        self.start = start
        self.reason = reason

    def __str__(self) -> str:
        # One column for each character: a line break would put the mark below another line.
        line = "".join(each if each.isprintable() else " " for each in self.text)
        return (
            f"the condition is wrong at column {self.start + 1}: {self.reason}\n"
            f"  {line}\n  {' ' * self.start}^"
        )
