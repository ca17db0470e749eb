"""SQL over topics, by DuckDB: topics are tables, and only what a query needs of them is fetched.

    from streamcontract import sql

    with sql.connect() as topics:
        highs = topics.execute("select symbol, max(high) from stocks group by 1").df()
        print([(read.topic, read.fetched) for read in topics.reads])

It needs the extra ``sql``: DuckDB and pyarrow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamcontract._lazy import Later
from streamcontract.errors import ConfigurationError
from streamcontract.sql.errors import SqlError

if TYPE_CHECKING:
    from streamcontract import project as projects
    from streamcontract.sql import connection
else:
    projects = Later("streamcontract.project")
    connection = Later("streamcontract.sql.connection")

__all__ = ["SqlError", "connect"]


def connect(
    config: Mapping[str, Any] | None = None,
    *,
    database: str | Path = ":memory:",
    project: projects.Project | None = None,
    contracts: Sequence[str] = (),
    prefix: str = "_",
    lateness: timedelta | None = None,
) -> connection.TopicConnection:
    """Connect to DuckDB, with the topics of a cluster as tables.

    Args:
        config: Client properties; see :func:`streamcontract.kafka.connection.config.split_config`.
        database: A file of DuckDB.
        project: The project, whose contracts the topics are read with; by default that of the
            current folder, if there is one. A topic without a contract is read with the latest
            schema of its subject.
        contracts: The names of the contracts to take, for topics that have several.
        prefix: What the names of metadata columns begin with.
        lateness: How much earlier a message's timestamp may be than one before it in its
            partition. With it an upper bound of ``_timestamp`` ends the fetch; without it the topic
            is read to its end, unless the brokers set the timestamps (``LogAppendTime``).

    Raises:
        ConfigurationError: The extra ``sql`` is not installed, or the configuration is wrong.
        ProjectError: The project file is wrong.
        ArgumentError: ``lateness`` is negative.

    Example:
        >>> from streamcontract import sql
        >>> with sql.connect() as topics:
        ...     topics.execute("select symbol, close from stocks where _offset = 0").fetchall()
        [('AAPL', 185.64)]
    """
    try:
        from streamcontract.sql.connection import TopicConnection  # noqa: PLC0415 - of an extra
    except ModuleNotFoundError as error:
        if error.name not in {"duckdb", "pyarrow"}:
            raise
        raise ConfigurationError(
            f"SQL needs {error.name}: pip install 'streamcontract[sql]' installs it"
        ) from None
    return TopicConnection(
        config,
        database=database,
        project=project,
        contracts=contracts,
        prefix=prefix,
        lateness=lateness,
    )
