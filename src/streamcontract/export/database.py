"""Table of a DuckDB database as a target: rows and offsets in the same transaction.

The schema ``streamcontract`` of the database has what the tables are: ``exports`` (their content),
``offsets`` (the offset after the last message of each partition), ``starts`` (where partitions
begin, if that depends on the time of the first run) and ``faults``. Rows may be deleted from a
table. If the table itself is gone, rows are lost: the offsets are after them.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, Final

from streamcontract.errors import ArgumentError, ConfigurationError
from streamcontract.export.evolution import columns_of, continued, defaults
from streamcontract.export.table_columns import check_columns, table_types
from streamcontract.integrations.duckdb_files import unfinished_removed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from typing_extensions import Self

    from streamcontract.export.target import Content, PartitionBatch

__all__ = ["DatabaseTarget"]

_ATTACH: Final = "attach {} as target (type duckdb); use target"
"""Under a name of its own, since the file ``streamcontract.duckdb`` would be a catalog with the
name of the schema; by its whole path, of which ``:memory:`` and ``md:`` are no prefixes; and with
its type, since DuckDB 2.0 reads a file of data, such as JSON, as tables in memory."""

_BATCH: Final = "streamcontract_batch"
_DEFAULTS: Final = "streamcontract_defaults"
"""Views on Arrow, which are temporary. A table of the database may have the same name, so both are
named with their catalogs."""

_TABLES: Final = """
create schema if not exists streamcontract;
create table if not exists streamcontract.exports (table_name text primary key, content text);
create table if not exists streamcontract.offsets (
    table_name text, partition integer, next_offset bigint, primary key (table_name, partition)
);
create table if not exists streamcontract.starts (
    table_name text, partition integer, start_offset bigint, primary key (table_name, partition)
);
create table if not exists streamcontract.faults (
    table_name text, topic text, partition integer, "offset" bigint, path text, error text,
    key blob, value blob
);
"""

_OTHER_TABLES: Final = """
with ours as (
    select table_name, column_name, data_type from duckdb_columns()
    where database_name = 'memory'
), found as (
    select table_name, column_name, data_type from duckdb_columns()
    where database_name = 'target' and schema_name = 'streamcontract'
    and table_name in (select table_name from ours)
)
select table_name from ((from ours except from found) union (from found except from ours))
"""
"""Those of the above that the database has with other columns: the memory has them as they are."""

_HAS_ROWS: Final = "has_rows"
"""Of a content: whether rows were exported, without which a table that is gone had none."""


class DatabaseTarget:
    """Writes the messages of a topic into a table.

    Args:
        path: The database, which is made if there is none.
        content: What the table has.
        table: Its name.

    Raises:
        ConfigurationError: DuckDB is not installed, another process has the database open, the
            table has something else or was dropped, or two columns have one name to DuckDB.
        ColumnsError: DuckDB has no type for a column.
        OSError: The folder of the database cannot be made.
    """

    def __init__(self, path: Path, content: Content, table: str) -> None:
        duckdb = _import_duckdb()
        if not table:
            raise ArgumentError("table", table, "the name of a table")
        if path.is_dir():
            raise ConfigurationError(
                f"{path} is a folder, and the format duckdb needs a file: export into another place"
            )
        self._error: type[Exception] = duckdb.Error
        self._place = f"the table {table!r} of {path}"
        self._table = table
        self._content = content
        self._has_rows = False
        with unfinished_removed(path), contextlib.ExitStack() as resources:
            self._connection = resources.enter_context(duckdb.connect())
            check_columns(content, self._place, self._connection)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection.execute(_TABLES)
            try:
                self._connection.execute(_ATTACH.format(_literal(str(path.absolute()))))
                self._connection.execute(_TABLES)
                others = self._connection.execute(_OTHER_TABLES).fetchall()
            except duckdb.Error as error:
                raise ConfigurationError(
                    f"the database {path} cannot be opened: {error}; end another program that has "
                    "it open, if there is one, or export into another place"
                ) from error
            for (name,) in others:
                raise ConfigurationError(
                    f"the database {path} has a table streamcontract.{name} that no export made: "
                    "rename its schema, or export into another place"
                )
            self._check_content(content)
            resources.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def _check_content(self, content: Content) -> None:
        """Check that the table has this export or is not there."""
        found = self._rows("select content from streamcontract.exports where table_name = ?")
        if found:
            document = json.loads(found[0][0])
            self._check_rows(document)
            self._evolve(content, document)
            return
        other = "select 1 from streamcontract.exports where lower(table_name) = lower(?)"
        if self._has_table() or self._rows(other):
            raise ConfigurationError(
                f"{self._place} is there already, and not of this export: name another with --table"
            )
        with self._transaction():
            for each in ("offsets", "starts", "faults"):  # of an export that was removed
                self._connection.execute(
                    f"delete from streamcontract.{each} where table_name = ?",  # noqa: S608 - a constant
                    [self._table],
                )
            self._connection.execute(
                "insert into streamcontract.exports values (?, ?)",
                [self._table, self._document(has_rows=False)],
            )

    def _document(self, *, has_rows: bool) -> str:
        return json.dumps(self._content.document() | {_HAS_ROWS: has_rows})

    def _check_rows(self, found: Any) -> None:
        """Check that a table with the rows before the offsets is there.

        Raises:
            ConfigurationError: There is none.
        """
        if isinstance(found, dict) and _HAS_ROWS in found:
            self._has_rows = found[_HAS_ROWS]
            what = "was dropped or renamed"
        else:  # made by an earlier version, which kept the offsets alone
            ends, starts = self.next_offsets(), self.starts()
            self._has_rows = any(end > starts.get(each, 0) for each, end in ends.items())
            what = (
                "was dropped or renamed, or never had a row (an earlier version exported it, and "
                "did not keep which)"
            )
        if self._has_table() or not self._has_rows:
            return
        name = _quoted(self._table)
        forget = f"delete from streamcontract.exports where table_name = {_literal(self._table)}"  # noqa: S608 - for a person
        raise ConfigurationError(
            f"{self._place} {what}, and the database has the offsets after what was exported: "
            "restore it, or export the topic from its beginning with another --table, or with this "
            f"one after: drop table if exists {name}; {forget}"
        )

    def _evolve(self, content: Content, found: Any) -> None:
        """Give the table the columns that are new, with their defaults in the rows it has."""
        self._content = content = continued(content, found, self._place)
        if content.document() | {_HAS_ROWS: self._has_rows} == found:
            return
        with self._transaction():
            self._keep_content(has_rows=self._has_rows)
            if self._has_table():
                self._add_columns(content)

    def _keep_content(self, *, has_rows: bool) -> None:
        self._connection.execute(
            "update streamcontract.exports set content = ? where table_name = ?",
            [self._document(has_rows=has_rows), self._table],
        )

    def _add_columns(self, content: Content) -> None:
        known = self._relation(self._name).columns
        added = [each for each in columns_of(content.schema, content.columns) if each not in known]
        if not added:
            return
        with self._view(_DEFAULTS, defaults(content.schema, added)) as view:
            types = table_types(self._relation(view), content)
            for column, kind in types.items():
                self._connection.execute(
                    f"alter table {self._name} add column {_quoted(column)} {kind}"
                )
            # DuckDB 1.5 commits no column that is added after an update of the same transaction.
            for column in map(_quoted, types):
                update = f"update {self._name} set {column} = (select {column} from {view})"  # noqa: S608 - quoted names
                self._connection.execute(update)

    def _create_table(self, view: str) -> None:
        types = table_types(self._relation(view), self._content)
        columns = ", ".join(f"{_quoted(column)} {kind}" for column, kind in types.items())
        self._connection.execute(f"create table {self._name} ({columns})")

    @property
    def _name(self) -> str:
        return f"target.main.{_quoted(self._table)}"

    @contextlib.contextmanager
    def _view(self, name: str, rows: Any) -> Iterator[str]:
        """A view on rows of Arrow."""
        self._connection.register(name, rows)
        yield f"temp.main.{name}"
        self._connection.unregister(name)

    def _relation(self, name: str) -> Any:
        return self._connection.sql(f"from {name} limit 0")

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._connection.execute(query, [self._table]).fetchall()
        return found

    def _has_table(self) -> bool:
        return bool(
            self._rows(
                "select 1 from information_schema.tables where lower(table_name) = lower(?) "
                "and table_catalog = current_database() and table_schema = current_schema()"
            )
        )

    def next_offsets(self) -> Mapping[int, int]:
        """For each partition with rows, the offset after its last message."""
        query = "select partition, next_offset from streamcontract.offsets where table_name = ?"
        return dict(self._rows(query))

    def starts(self) -> Mapping[int, int]:
        """Where partitions begin of which there are no rows yet."""
        query = "select partition, start_offset from streamcontract.starts where table_name = ?"
        return dict(self._rows(query))

    def keep_starts(self, starts: Mapping[int, int]) -> None:
        """Keep where partitions begin."""
        with self._transaction():
            for partition, start in starts.items():
                self._connection.execute(
                    "insert or replace into streamcontract.starts values (?, ?, ?)",
                    [self._table, partition, start],
                )

    def files(self, partition: int) -> Sequence[str]:  # noqa: ARG002 - a target's signature
        """There are no files."""
        return ()

    def write(self, batch: PartitionBatch, start: int) -> None:  # noqa: ARG002 - a target's signature
        """Insert a batch and its offset."""
        connection = self._connection
        has_rows = self._has_rows or len(batch.rows) > 0
        with self._transaction():
            with self._view(_BATCH, batch.rows) as view:
                if not self._has_table():
                    self._create_table(view)
                connection.execute(f"insert into {self._name} by name from {view}")
            if batch.faults:
                connection.executemany(
                    "insert into streamcontract.faults values (?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        (
                            self._table,
                            each.topic,
                            each.partition,
                            each.offset,
                            each.path,
                            each.error,
                            each.key,
                            each.value,
                        )
                        for each in batch.faults
                    ],
                )
            self._keep(batch.partition, batch.end)
            if has_rows != self._has_rows:
                self._keep_content(has_rows=has_rows)
        self._has_rows = has_rows

    def finish(self, partition: int, end: int) -> None:
        """Keep where the partition's range ends."""
        with self._transaction():
            self._keep(partition, end)

    def _keep(self, partition: int, end: int) -> None:
        self._connection.execute(
            "insert or replace into streamcontract.offsets values (?, ?, ?)",
            [self._table, partition, end],
        )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("begin transaction")
        try:
            yield
            self._connection.execute("commit")  # which fails where the disk is full
        except BaseException as error:
            with contextlib.suppress(self._error):  # of a commit that ended the transaction
                self._connection.execute("rollback")
            if isinstance(error, self._error):
                raise ConfigurationError(
                    f"{self._place} does not take the rows: {error}"
                ) from error
            raise


def _literal(text: str) -> str:
    """A text as a constant of SQL."""
    return "'" + text.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    """A name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def _import_duckdb() -> Any:
    try:
        import duckdb  # noqa: PLC0415 - of an extra
    except ImportError:
        raise ConfigurationError(
            "the format duckdb needs DuckDB: pip install 'streamcontract[sql]'"
        ) from None
    return duckdb
