"""Connections to DuckDB in which topics are tables."""

from __future__ import annotations

import contextlib
import time
from concurrent import futures
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import duckdb

from streamcontract.errors import ClientError, ConfigurationError
from streamcontract.integrations.duckdb_files import unfinished_removed
from streamcontract.sql.errors import SqlError
from streamcontract.sql.planning import parsed
from streamcontract.sql.ranges import checked_lateness
from streamcontract.sql.statement import Statement
from streamcontract.sql.topics import Topics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import timedelta

    import pyarrow as pa

    from streamcontract.project import Project
    from streamcontract.sql.table import TopicRead

__all__ = ["TopicConnection"]

_ROWS: Final = 1_000
_MAGIC: Final = b"DUCK"
_MAGIC_AT: Final = 8  # bytes after the start of a database ("Storage Versions and Format")
_SLICE: Final = 0.1  # seconds
_SETTINGS: Final = """
    SET python_enable_replacements = false;  -- a name is never a variable of this library
    SET enable_progress_bar = false;         -- which would be in the output of a program
    SET TimeZone = 'UTC';
"""
_BUSY: Final[Any] = getattr(duckdb, "ResourceInUseException", ())
"""DuckDB's error while another thread is in a call of the connection, and for a new query while
there is an open result."""

Result = TypeVar("Result")


class TopicConnection:
    """A connection to DuckDB with topics as tables, which :func:`streamcontract.sql.connect` opens.

    Attributes:
        connection: DuckDB's own connection.
    """

    def __init__(
        self,
        config: Mapping[str, Any] | None = None,
        *,
        database: str | Path = ":memory:",
        project: Project | None = None,
        contracts: Sequence[str] = (),
        prefix: str = "_",
        lateness: timedelta | None = None,
    ) -> None:
        path = _database(database)
        with unfinished_removed(path), contextlib.ExitStack() as resources:
            self._topics = Topics(
                dict(config or {}),
                project=project,
                contracts=tuple(contracts),
                prefix=prefix,
                lateness=checked_lateness(lateness),
            )
            resources.callback(self._topics.close)
            try:
                self.connection = duckdb.connect(database)
            except duckdb.Error as error:
                raise ConfigurationError(
                    f"the database {database} cannot be opened: {error}; end another program that "
                    "has it open, if there is one, or name another file"
                ) from error
            resources.callback(self._when_idle, self.connection.close)
            self.connection.execute(_SETTINGS)
            self._thread = resources.enter_context(futures.ThreadPoolExecutor(1, "sql"))
            self._resources = resources.pop_all()
        self._statements: list[Statement] = []
        self._running: futures.Future[Any] | None = None
        self._is_closed = False

    def __enter__(self) -> TopicConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Commit, and close DuckDB's connection and the clients; closing twice is harmless.

        A statement that another thread executes is interrupted, as is its ``fetchall()``.
        """
        if self._is_closed:
            return
        self._is_closed = True
        with self._resources:
            self._interrupt()
            self._stop()
            self._when_idle(lambda: self.connection.description)
            self._finish()

    def interrupt(self) -> None:
        """Interrupt the statement that another thread executes, or whose rows it fetches.

        It fails there with an :class:`SqlError` (with DuckDB's own error in ``fetchall()`` and the
        like). The connection can be used again. Of a closed one there is nothing to interrupt.

        A request of its plan for topics, offsets or a schema is not waited for any more, and a scan
        that waits for messages ends at once. A request of a scan for offsets or a schema ends
        first: those to the brokers fail after 30 seconds.
        """
        if not self._is_closed:
            self._interrupt()
            self._stop()

    @property
    def reads(self) -> tuple[TopicRead, ...]:
        """What the statements of the last :meth:`execute` have read so far, topic by topic."""
        return tuple(read for statement in self._statements for read in statement.reads)

    @property
    def changed(self) -> int | None:
        """How many rows the last statement has written; None if it gives rows instead."""
        return self._statements[-1].changed if self._statements else None

    @property
    def is_plan(self) -> bool:
        """Whether the rows of the last statement are a plan, of ``explain``: text in lines."""
        return bool(self._statements) and self._statements[-1].explains

    @property
    def columns(self) -> list[tuple[str, str]]:
        """The names and types of the columns of the last statement's rows.

        Raises:
            ClientError: The connection is closed.
        """
        self._require_open()
        described: Any = self.connection.description or ()
        return [(name, str(kind)) for name, kind, *_ in described]

    def execute(self, query: str) -> duckdb.DuckDBPyConnection:
        """Execute one or more statements.

        Args:
            query: The statements, in DuckDB's SQL.

        Returns:
            DuckDB's connection, whose ``fetchall()``, ``df()`` and the like return the rows of the
            last one, until the next one. They are made as they are fetched.

        Raises:
            ArgumentError: The query is no text, or has no statement.
            SqlError: A statement is wrong, or failed.
            ClientError: The connection is closed.
            ConfigurationError: A topic has no schema, or several.
            RegistryError: The registry did not answer.
            ConsumeError: The brokers did not answer.
        """
        for each in self._parsed(query):
            self._run(each, Statement.execute)
        return self.connection

    def query(self, query: str) -> pa.RecordBatchReader:
        """Execute one or more statements, the last of which gives rows as Arrow.

        Args:
            query: The statements, in DuckDB's SQL.

        Returns:
            The rows, which are made as they are read, until the next statement: for
            ``polars.from_arrow``, for DataFrames (``read_pandas()``), or to be written.

        Raises:
            Exception: As :meth:`execute` does.
            SqlError: The last statement gives no rows.
        """
        *others, last = self._parsed(query)
        for each in others:
            self._run(each, Statement.execute)
        return self._run(last, lambda statement: statement.reader(self._interruptibly))

    def rows(self) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of the last statement that was executed, in lists.

        Raises:
            ClientError: The connection is closed.
            SqlError: It failed, or a column has nanoseconds, which a datetime would cut off.
            Exception: An error of a topic.
        """
        self._require_open()
        if not self._statements:
            raise ClientError("no statement was executed, of which there could be rows")
        statement = self._statements[-1]
        for name, kind in self.columns:
            if "_NS" in kind:
                raise SqlError(
                    statement.text,
                    None,
                    f"column {name!r} is {kind}, and Python's datetimes have no nanoseconds: make "
                    f"text of it, as in {name}::varchar",
                )
        try:
            while rows := self._interruptibly(lambda: self.connection.fetchmany(_ROWS)):
                yield rows
        except duckdb.Error as error:
            raise statement.error_of(error) from error

    def _parsed(self, query: str) -> list[duckdb.Statement]:
        self._require_open()
        self._stop()  # of a statement whose end a second Ctrl-C did not wait for
        self._finish()
        self._statements.clear()
        return parsed(self.connection, query)

    def _run(self, statement: duckdb.Statement, how: Callable[[Statement], Result]) -> Result:
        self._finish()
        prepared = Statement(self.connection, statement, self._topics)
        self._statements.append(prepared)
        try:
            return self._interruptibly(lambda: how(prepared))
        except duckdb.Error as error:
            raise prepared.error_of(error) from error

    def _interruptibly(self, call: Callable[[], Result]) -> Result:
        """Call DuckDB so that Ctrl-C ends it, which it does not notice while its threads work."""
        self._require_open()
        self._stop()  # likewise, of its rows
        running: futures.Future[Result] = futures.Future()
        try:
            self._running = running  # before it is submitted: Ctrl-C may come in between
            self._thread.submit(_carry_out, call, running)
            return running.result()
        except futures.CancelledError:  # before it began
            raise duckdb.InterruptException("interrupted") from None
        except KeyboardInterrupt:
            self._stop()
            raise

    def _stop(self) -> None:
        """End the call that is running, if there is one."""
        running = self._running  # once: after its end, its thread goes on with the next one
        while running is not None and not running.done() and not running.cancel():
            self._interrupt()
            futures.wait([running], _SLICE)

    def _when_idle(self, call: Callable[[], object]) -> None:
        """Call DuckDB, which refuses while another thread fetches rows: interrupt that until then.

        DuckDB before 2.0 waits itself.
        """
        while True:
            try:
                call()
            except _BUSY:  # noqa: PERF203 - each slice ends by it
                self._interrupt()
                time.sleep(_SLICE)
            else:
                return

    def _interrupt(self) -> None:
        for statement in self._statements[-1:]:
            statement.interrupt()

    def _require_open(self) -> None:
        if self._is_closed:
            raise ClientError(
                "this connection to DuckDB is closed: open another one (sql.connect())"
            )

    def _finish(self) -> None:
        if not self._statements:
            return
        statement = self._statements[-1]
        try:
            statement.finish()
        except duckdb.Error as error:
            raise statement.error_of(error) from error


def _carry_out(call: Callable[[], Result], running: futures.Future[Result]) -> None:
    """Call DuckDB, unless it was interrupted before, and keep what comes of it."""
    if not running.set_running_or_notify_cancel():
        return
    try:
        running.set_result(call())
    except BaseException as error:  # noqa: BLE001 - is raised in the thread that waits
        running.set_exception(error)


def _database(database: str | Path) -> Path:
    """The path of a database.

    A file of something else is refused: DuckDB 2.0 may read it as tables in memory, in which what
    is created is lost. So it is without a name.

    Raises:
        ConfigurationError: It is no database.
    """
    if not database:
        raise ConfigurationError("the database has no name: give one, or ':memory:'")
    path = Path(database)
    if not path.is_file() or path.stat().st_size == 0:
        return path  # is created; or ``:memory:``
    with path.open("rb") as file:
        start = file.read(_MAGIC_AT + len(_MAGIC))
    if not start.endswith(_MAGIC):
        raise ConfigurationError(f"{path} is no database of DuckDB: name another file")
    return path
