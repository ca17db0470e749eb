"""Connections to DuckDB in which topics are tables."""

from __future__ import annotations

import contextlib
import difflib
from typing import TYPE_CHECKING, Any, Final

import duckdb

from streamcontract.kafka.connection.cluster import Cluster
from streamcontract.kafka.connection.config import split_config
from streamcontract.messages.topics import no_schema, schema_of_topic
from streamcontract.project import find_project
from streamcontract.registry import SchemaRegistry
from streamcontract.sql.errors import SqlError
from streamcontract.sql.plan import Scan, scans_of
from streamcontract.sql.planning import plan_of
from streamcontract.sql.ranges import Filters, TopicRanges, checked_lateness
from streamcontract.sql.table import TopicRead, TopicTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

    from streamcontract.project import Project

__all__ = ["TopicConnection"]

_ROWS: Final = 1_000


class TopicConnection:
    """A connection to DuckDB in which topics are tables; see :func:`streamcontract.sql.connect`.

    Attributes:
        connection: DuckDB's connection, for all that has no topics.
        reads: What the statements of the last :meth:`execute` have read, one for each topic.
        changed: How many rows its last statement wrote; None if it gives rows instead.
    """

    def __init__(
        self,
        config: Mapping[str, Any] | None = None,
        *,
        database: str | Path = ":memory:",
        project: Project | None = None,
        contracts: Sequence[str] = (),
        lateness: timedelta | None = None,
        prefix: str = "_",
    ) -> None:
        self._config = dict(config or {})
        self._settings = split_config(self._config)
        self._cluster = Cluster(self._settings.client)
        self._project = find_project() if project is None else project
        self._contracts = tuple(contracts)
        self._lateness = checked_lateness(lateness)
        self._prefix = prefix
        self.reads: list[TopicRead] = []
        self.changed: int | None = None
        self._tables: dict[str, TopicTable] = {}
        self._owns_transaction = False
        with contextlib.ExitStack() as resources:
            self._registry = resources.enter_context(
                SchemaRegistry.from_config(self._settings.registry)
            )
            self.connection = resources.enter_context(duckdb.connect(database))
            self._resources = resources.pop_all()
        # A name in a statement is never a variable of this module.
        self.connection.execute("SET python_enable_replacements = false")
        self.connection.execute("SET TimeZone = 'UTC'")

    def __enter__(self) -> TopicConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the last statement, and close the connection and the registry's."""
        self._finish()
        self._resources.close()
