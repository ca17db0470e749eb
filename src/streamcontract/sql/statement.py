"""One statement, from its plan to its result.

Its topics are empty tables while it is planned. Then each becomes a view on a stream of Arrow with
the columns that the plan reads. The view has null in place of the others, so that the statement
means the same.
"""

from __future__ import annotations

import contextlib
import itertools
import uuid
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs
import duckdb
import pyarrow as pa

from streamcontract.integrations.duckdb_types import shown_type
from streamcontract.sql.errors import SqlError
from streamcontract.sql.plan import Scan, scans_of
from streamcontract.sql.planning import plan_of, quoted, words
from streamcontract.sql.ranges import Filters
from streamcontract.sql.requests import Requests
from streamcontract.sql.table import TopicRead, TopicStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from streamcontract.sql.table import TopicTable
    from streamcontract.sql.topics import Topics

__all__ = ["Statement"]

Result = TypeVar("Result")

_SEVERAL: Final = (
    "a PIVOT that finds its values itself is several statements: name them, as in "
    "PIVOT stocks ON symbol IN ('AAPL', 'MSFT')"
)
_TRANSACTION: Final = "SELECT txid_current()"
_ENDED: Final = "no transaction is active"
"""In DuckDB's error for the end of a transaction that has ended."""
_BATCH: Final = 122_880
"""Rows of a batch: those of DuckDB's row groups."""

_WRITING: Final = frozenset(
    {
        duckdb.StatementType.ALTER,
        duckdb.StatementType.DELETE,
        duckdb.StatementType.DROP,
        duckdb.StatementType.INSERT,
        duckdb.StatementType.UPDATE,
    }
)
_READ_ONLY: Final = "SQL only reads topics: `streamcontract produce` writes to them"

_ROWS: Final = [duckdb.ExpectedResultType.QUERY_RESULT]
_NO_ROWS: Final[tuple[list[str], ...]] = ([], ["Count"], ["Success"])
"""The columns after a statement that gives no rows; RETURNING may give one of these names too."""

_RETURNING: Final = frozenset({"RETURNING"})
_COPY_RETURNING: Final = frozenset({"RETURN_FILES", "RETURN_STATS"})
"""The words that make a statement that writes give rows."""


class Statement:
    """Executes one statement.

    Planning and execution are one transaction, in which ``now()`` is one time.

    Args:
        connection: DuckDB's connection.
        statement: The statement.
        topics: The topics that it may name.

    Attributes:
        text: The statement.
        reads: What it reads of its topics.
        changed: How many rows it has written; None if it gives rows.
        explains: Whether its rows are a plan.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, statement: duckdb.Statement, topics: Topics
    ) -> None:
        self._connection = connection
        self.text = statement.query
        self._is_query = statement.expected_result_type == _ROWS
        self._kind = statement.type
        self.explains = self._kind == duckdb.StatementType.EXPLAIN
        returning = _COPY_RETURNING if self._kind == duckdb.StatementType.COPY else _RETURNING
        self._gives_rows = self._is_query or not returning.isdisjoint(words(statement.query))
        self.changed: int | None = None
        self._topics = topics
        self._reader: pa.RecordBatchReader | None = None
        self._declared: dict[str, _Declared] = {}
        self._objects: dict[str, str] = {}
        self._prefix = f"stream {uuid.uuid4().hex} of topic"  # which no view of the caller has
        self._is_own_transaction = False
        self._requests = Requests()
        self.reads: list[TopicRead] = []
        self._streams: list[TopicStream] = []
        self._is_interrupted = False

    def execute(self) -> None:
        """Execute it; DuckDB's connection has its rows, and makes them as they are fetched.

        Raises:
            SqlError: It is wrong.
            duckdb.Error: It failed.
            Exception: An error of the topics.
        """
        if self._kind == duckdb.StatementType.TRANSACTION:
            self._connection.execute(self.text)
            self.changed = 0
            return
        with self._prepared():
            try:
                self._connection.execute(self.text)
            except (duckdb.BinderException, duckdb.CatalogException) as error:
                if self._declared and self._kind in _WRITING:
                    raise SqlError(self.text, None, f"{error}; {_READ_ONLY}") from error
                raise
            columns = [name for name, *_ in self._connection.description or ()]
            if not self._gives_rows and columns in _NO_ROWS:
                found = self._connection.fetchall() if columns else ()
                self.changed = sum(count for (count,) in found)
                self.finish()

    def reader(self, call: Callable[[Callable[[], Any]], Any]) -> pa.RecordBatchReader:
        """Execute it; the reader makes the rows as they are read.

        Args:
            call: Calls DuckDB for each batch.

        Raises:
            Exception: As :meth:`execute` does.
        """
        if not self._gives_rows:
            raise SqlError(self.text, None, "it gives no rows: execute() is for such statements")
        with self._prepared():
            reader: pa.RecordBatchReader = self._connection.sql(self.text).to_arrow_reader(_BATCH)
            self._reader = reader
            return pa.RecordBatchReader.from_batches(reader.schema, self._batches(reader, call))

    def _batches(self, reader: Any, call: Callable[[Callable[[], Any]], Any]) -> Iterator[Any]:
        """The batches of DuckDB's reader, which has no more of them after the next statement."""
        while True:
            if self._reader is None:
                reason = (
                    "its rows were not read before the next statement, or the end of the connection"
                )
                raise SqlError(self.text, None, reason)
            try:
                batch = call(reader.read_next_batch)
            except StopIteration:
                return
            except (pa.ArrowException, duckdb.Error) as error:
                raise self.error_of(error) from error
            yield batch

    def error_of(self, error: Exception) -> Exception:
        """The error of a topic, of which DuckDB makes a text; else one with that text."""
        if self._is_interrupted or isinstance(error, duckdb.InterruptException):
            return SqlError(self.text, None, "it was interrupted")
        found = (read.error for read in self.reads if read.error is not None)
        return next(found, SqlError(self.text, None, str(error)))

    def interrupt(self) -> None:
        """End what DuckDB executes of it, and the scans of its topics; in any thread.

        DuckDB forgets an interrupt that comes before its work, so this is repeated until it ends.
        """
        self._is_interrupted = True
        self._requests.interrupt()
        self._connection.interrupt()
        for stream in tuple(self._streams):
            stream.stop()

    def finish(self) -> None:
        """End it. What was not fetched of its rows is lost.

        Raises:
            duckdb.Error: What it has written cannot be committed.
        """
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        try:
            self._drop()
        except duckdb.Error:
            self._abandon()
            if not self._is_query:  # else it failed while its rows were fetched
                raise
        self._end("commit")

    @contextlib.contextmanager
    def _prepared(self) -> Iterator[None]:
        """Make tables of its topics, in a transaction that ends if it fails."""
        # DuckDB before 2.0 gives each of them, without a text.
        if self._kind == duckdb.StatementType.MULTI or not self.text:
            raise SqlError(self.text, None, _SEVERAL)
        if not self._is_in_transaction():
            self._connection.begin()
            self._is_own_transaction = True
        try:
            plan = plan_of(self._connection, self.text, self._declare)
            if not self._declared:
                self._end("rollback")  # for statements that no transaction may have
            for name, declared in self._declared.items():
                self._connect(declared, scans_of(plan, name) or [Scan()])
            yield
        except BaseException:
            self._abandon()
            raise

    def _is_in_transaction(self) -> bool:
        """Whether the caller has started a transaction: else each query is one of its own."""
        ids = [self._connection.execute(_TRANSACTION).fetchall() for _ in range(2)]
        return ids[0] == ids[1]

    def _abandon(self) -> None:
        self._end("rollback")
        with contextlib.suppress(duckdb.Error):  # of a transaction that is to be rolled back
            self._drop()
        self._objects.clear()

    def _drop(self) -> None:
        """Drop what is declared: a later statement plans anew."""
        while self._objects:
            name, kind = next(reversed(self._objects.items()))
            self._connection.unregister(self._stream_name(name))
            self._connection.execute(f"DROP {kind} IF EXISTS temp.main.{quoted(name)}")
            del self._objects[name]  # last: after an interrupt the next statement repeats it

    def _end(self, how: str) -> None:
        if not self._is_own_transaction:
            return
        try:
            self._connection.execute(how)
        except duckdb.Error as error:
            self._is_own_transaction = False
            if _ENDED not in str(error):  # as it has if an interrupt came after it
                raise
        self._is_own_transaction = False

    def _declare(self, name: str) -> None:
        """Create an empty table with the columns of a topic."""
        table, columns = self._requested(lambda: self._topics.table(name, self.text))
        empty = self._connection.from_arrow(columns.empty_table())
        # Metadata, which come last, have no type in the schema.
        described = itertools.zip_longest(empty.columns, empty.types, table.types)
        shown = tuple(
            _Column(name, str(read if node is None else shown_type(node, read)), str(read))
            for name, read, node in described
        )
        listed = ", ".join(f"{quoted(each.name)} {each.type}" for each in shown)
        self._connection.execute(f"CREATE TEMP TABLE {quoted(name)} ({listed})")
        self._objects[name] = "TABLE"
        self._declared[name] = _Declared(table, columns, shown)

    def _connect(self, declared: _Declared, scans: Sequence[Scan]) -> None:
        """Replace a declared table by a view on the part of the topic that is needed."""
        table, name = declared.table, declared.table.topic
        filters = [declared.filters(each) for each in scans]
        ranges, needed = self._requested(lambda: self._topics.ranges(name, filters))
        read = TopicRead(name, ranges.messages, ranges.end_ignored)
        used = declared.used(scans)
        stream = TopicStream(table, declared.columns, used, needed, read)
        shown = ", ".join(
            f"{each.value(index if index in used else None)} AS {quoted(each.name)}"
            for index, each in enumerate(declared.shown)
        )
        self._connection.execute(f"DROP TABLE temp.main.{quoted(name)}")
        self._connection.register(self._stream_name(name), stream)
        source = f"SELECT {shown} FROM {quoted(self._stream_name(name))}"  # noqa: S608 - both quoted
        self._connection.execute(f"CREATE TEMP VIEW {quoted(name)} AS {source}")
        self._objects[name] = "VIEW"
        self.reads.append(read)
        self._streams.append(stream)

    def _requested(self, call: Callable[[], Result]) -> Result:
        """The result of requests for a topic."""
        try:
            return self._requests.result(call)
        except duckdb.InterruptException:
            self._topics.leave_requests()
            raise

    def _stream_name(self, topic: str) -> str:
        return f"{self._prefix} {topic}"


@attrs.frozen
class _Column:
    """A column of a topic in DuckDB.

    Attributes:
        name: Its name.
        type: Its type.
        read: The type that DuckDB reads of Arrow.
    """

    name: str
    type: str
    read: str

    def value(self, index: int | None) -> str:
        """The column of the view; None for one that is not read."""
        if index is None:
            return f"CAST(NULL AS {self.type})"
        return f"c{index}" if self.type == self.read else f"CAST(c{index} AS {self.type})"


@attrs.frozen
class _Declared:
    """A topic that is declared to DuckDB.

    Attributes:
        table: The topic.
        columns: Its columns, as Arrow has them.
        shown: The same in DuckDB.
    """

    table: TopicTable
    columns: pa.Schema
    shown: Sequence[_Column]

    def filters(self, scan: Scan) -> Filters:
        """The messages that a scan can use."""
        names = self.columns.names
        partitions, offsets, times = (
            scan.passing(names.index(self.table.metadata[each]))
            for each in ("partition", "offset", "timestamp")
        )
        return Filters(partitions=partitions, offsets=offsets, times=times)

    def used(self, scans: Sequence[Scan]) -> list[int]:
        """The indexes of the columns to read for some scans."""
        indexes = range(len(self.shown))
        known = [indexes if scan.columns is None else scan.columns for scan in scans]
        # DuckDB has virtual columns too, such as the number of a row.
        return self.table.read_columns({each for some in known for each in some if each in indexes})
