"""One statement, from its plan to its result.

Its topics are empty tables while it is planned. Then each becomes a view on a stream of Arrow, which
has the columns that the plan reads, and null in place of the others: DuckDB reads a stream as it is,
and the statement still sees every column.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import duckdb

from streamcontract.sql.plan import Scan, scans_of
from streamcontract.sql.planning import plan_of
from streamcontract.sql.ranges import Filters
from streamcontract.sql.table import TopicRead, TopicStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamcontract.sql.table import TopicTable
    from streamcontract.sql.topics import Topics

__all__ = ["Statement"]


class Statement:
    """Executes one statement.

    Planning and execution are one transaction, in which ``now()`` is one time.

    Args:
        connection: DuckDB's connection.
        text: The statement.
        topics: The topics that it may name.

    Attributes:
        reads: What it reads of its topics.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, text: str, topics: Topics) -> None:
        self._connection = connection
        self._text = text
        self._topics = topics
        self._tables: dict[str, TopicTable] = {}
        self._names: list[str] = []
        self._is_own_transaction = False
        self.reads: list[TopicRead] = []

    def begin(self) -> None:
        """Execute it; its rows are with DuckDB's connection, which makes them as they are fetched.

        Raises:
            SqlError: It is wrong.
            duckdb.Error: It failed.
            Exception: An error of the topics.
        """
        # Else it is a statement of the caller's transaction.
        with contextlib.suppress(duckdb.TransactionException):
            self._connection.begin()
            self._is_own_transaction = True
        try:
            plan = plan_of(self._connection, self._text, self._declare)
            if not self._tables:
                self._end("rollback")  # for statements that no transaction may have
            for table in self._tables.values():
                self._connect(table, scans_of(plan, table.topic))
            self._connection.execute(self._text)
        except BaseException:
            self._end("rollback")
            raise

    def finish(self) -> None:
        """End it. What was not fetched of its rows is lost."""
        for name in self._names:
            self._connection.execute(f"DROP VIEW temp.main.{_quoted(name)}")
            self._connection.unregister(_stream_name(name))
        self._names.clear()
        self._end("commit")

    def _end(self, how: str) -> None:
        if self._is_own_transaction:
            self._is_own_transaction = False
            self._connection.execute(how)

    def _declare(self, name: str) -> None:
        """Create an empty table with the columns of a topic."""
        table = self._topics.table(name, self._text)
        columns = ", ".join(f"{_quoted(column)} {kind}" for column, kind in self._described(table))
        self._connection.execute(f"CREATE TEMP TABLE {_quoted(name)} ({columns})")
        self._tables[name] = table
