"""The error of a query: what is wrong, and at which line and column."""

from __future__ import annotations

from streamcontract.errors import ConfigurationError
from streamcontract.schema.positions import line_and_column

__all__ = ["SqlError"]


class SqlError(ConfigurationError):
    """A query cannot be parsed or executed.

    Attributes:
        query: The statement.
        start: The character in it, from 0; None where DuckDB gives none.
        reason: What is wrong there, mostly in DuckDB's words.
    """

    def __init__(self, query: str, start: int | None, reason: str) -> None:
        super().__init__(query, start, reason)
        self.query = query
        self.start = start
        self.reason = reason

    def __str__(self) -> str:
        if self.start is None:
            return f"the query failed: {self.reason}"
        line, column = line_and_column(self.query, self.start)
        # One column for each character: a tab would move the mark.
        shown = "".join(
            each if each.isprintable() else " " for each in self.query.split("\n")[line - 1]
        )
        return (
            f"the query is wrong at line {line}, column {column}: {self.reason}\n"
            f"  {shown}\n  {' ' * (column - 1)}^"
        )
