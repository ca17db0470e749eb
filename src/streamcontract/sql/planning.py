"""Plans of statements, from DuckDB: what a statement scans, and which of its tables are missing.

A table that DuckDB does not know may be a topic. It is declared as an empty temporary table, and
the statement is planned again, until every table is known.
"""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING, Any, Final

import duckdb

from streamcontract.errors import ArgumentError
from streamcontract.sql.errors import SqlError
from streamcontract.sql.plan import objects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["parsed", "plan_of", "quoted", "words"]

_PLAN: Final = "SELECT json_serialize_plan(?::VARCHAR, optimize := true)"
_TREE: Final = "SELECT json_serialize_sql(?::VARCHAR)"

_OPTIMIZERS: Final = frozenset(
    {
        "cte_filter_pusher",
        "cte_inlining",
        "deliminator",
        "expression_rewriter",
        "filter_pullup",
        "filter_pushdown",
        "outer_join_simplification",
        "unused_columns",
    }
)
"""The optimizers of ``duckdb_optimizers()`` that go by the statement alone. Others look at the
contents of tables: they would find that the declared ones are empty, and scan nothing."""

_UNQUOTED: Final = re.compile(
    r"\b(?:FROM|JOIN|DESCRIBE|SUMMARIZE)\s+(\w+(?:[-.]\w+)+)", re.IGNORECASE
)
"""A name with dashes or dots, as many topics have it, and as SQL has it only within quotes."""

_WORD: Final = re.compile(rb"\w+")

_SOME: Final = "one or more statements of SQL, such as 'select 1'"

_WRONG: Final = frozenset({"binder", "catalog", "parser"})
"""The types of errors of a wrong statement. Of others, execution shows whether they count."""


def parsed(connection: duckdb.DuckDBPyConnection, query: str) -> list[duckdb.Statement]:
    """The statements of a query, at least one.

    Raises:
        ArgumentError: It is no text, or has none.
        SqlError: It cannot be parsed.
    """
    if not isinstance(query, str):
        raise ArgumentError("the query", query, _SOME)
    try:
        found = connection.extract_statements(query)
    except duckdb.ParserException as error:
        document = _planned(connection, query)  # which gives the position
        if document["error"]:
            raise _error(query, document) from None
        raise SqlError(query, None, str(error)) from None
    if not found:
        raise ArgumentError("the query", query, _SOME)
    return found


def _planned(connection: duckdb.DuckDBPyConnection, statement: str) -> dict[str, Any]:
    (text,) = connection.execute(_PLAN, [statement]).fetchall()[0]
    plan: dict[str, Any] = json.loads(text)
    return plan


def plan_of(
    connection: duckdb.DuckDBPyConnection, statement: str, declare: Callable[[str], None]
) -> Any:
    """The plan of a statement, as JSON values; None where DuckDB shows none.

    Args:
        connection: The connection.
        statement: One statement.
        declare: Creates a missing table by its name, or raises.

    Raises:
        SqlError: The statement is wrong.
        Exception: An error of ``declare``.
    """
    with _optimizers(connection):
        while True:
            plan = _planned(connection, statement)
            if not plan["error"]:
                return plan
            missing = _missing_table(plan)
            if missing is None:
                if plan["error_type"] in _WRONG:
                    raise _error(statement, plan)
                return _plan_without_files(connection, statement)
            try:
                declare(missing)
            except LookupError as error:
                raise _error(statement, {**plan, "error_message": str(error)}) from None


def _plan_without_files(connection: duckdb.DuckDBPyConnection, statement: str) -> Any:
    """The plan with empty tables for files, whose scans DuckDB does not show; None without one."""
    with contextlib.ExitStack() as declared:
        for table in map(quoted, _files(connection, statement)):
            if _is_file(connection, statement, table):
                connection.execute(f"CREATE TEMP TABLE {table} AS FROM {table} LIMIT 0")
                declared.callback(connection.execute, f"DROP TABLE temp.main.{table}")
        plan = _planned(connection, statement)
    return None if plan["error"] else plan


def _is_file(connection: duckdb.DuckDBPyConnection, statement: str, table: str) -> bool:
    """Whether DuckDB reads a file by this name.

    A cursor is asked, since an error would abort the transaction.

    Raises:
        SqlError: There is no such file.
    """
    with connection.cursor() as cursor:
        try:
            cursor.execute(f"FROM {table} LIMIT 0")
        except duckdb.IOException as error:
            raise SqlError(statement, None, str(error)) from None
        except duckdb.Error:  # of execution, if it counts: the name may be one within the statement
            return False
    return True


def _files(connection: duckdb.DuckDBPyConnection, statement: str) -> set[str]:
    """The files that a query names as tables; none where DuckDB does not show its syntax tree."""
    (text,) = connection.execute(_TREE, [statement]).fetchall()[0]
    tables = (each for each in objects(json.loads(text)) if each.get("type") == "BASE_TABLE")
    names = {each["table_name"] for each in tables if "." in each["table_name"]}
    declared = connection.execute("SELECT table_name FROM duckdb_tables() WHERE temporary")
    return names.difference(name for (name,) in declared.fetchall())  # topics


def _missing_table(error: Mapping[str, Any]) -> str | None:
    kind = error.get("error_subtype"), error.get("type")
    return error.get("name") if kind == ("MISSING_ENTRY", "Table") else None


def _error(statement: str, error: Mapping[str, Any]) -> SqlError:
    reason = error["error_message"]
    if "position" not in error:
        return SqlError(statement, None, reason)
    before = statement.encode()[: int(error["position"])]  # in bytes
    start = len(before.decode(errors="ignore"))
    for name in _UNQUOTED.finditer(statement):
        if name.start(1) <= start <= name.end(1):
            reason = f"{reason.rstrip('.')}; if that is a topic, quote its name: {quoted(name[1])}"
    return SqlError(statement, start, reason)


def quoted(name: str) -> str:
    """A name as SQL has it."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def words(statement: str) -> frozenset[str]:
    """The words of a statement in capitals, without those in quotes and comments.

    Example:
        >>> sorted(words("delete from a where b = 'select' returning b -- all"))
        ['A', 'B', 'DELETE', 'FROM', 'RETURNING', 'WHERE']
    """
    data = statement.encode()
    found = (_WORD.match(data, start) for start, _ in duckdb.tokenize(statement))  # in bytes
    return frozenset(each[0].decode(errors="ignore").upper() for each in found if each)


@contextlib.contextmanager
def _optimizers(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Confine DuckDB to the optimizers that a plan may depend on."""
    names = connection.execute("SELECT name FROM duckdb_optimizers()").fetchall()
    (before,) = connection.execute("SELECT current_setting('disabled_optimizers')").fetchall()[0]
    others = ",".join(name for (name,) in names if name not in _OPTIMIZERS)
    connection.execute(f"SET disabled_optimizers = '{others}'")
    try:
        yield
    finally:
        connection.execute(f"SET disabled_optimizers = '{before}'")
