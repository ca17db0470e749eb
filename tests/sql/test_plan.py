"""Plans: a statement over what its filters and columns leave has the answer of the whole table."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any, Final

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.sql.errors import SqlError
from streamcontract.sql.intervals import EVERYTHING, HIGH, LOW, contains
from streamcontract.sql.plan import Scan, scans_of
from streamcontract.sql.planning import plan_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COLUMNS: Final = {
    "symbol": "VARCHAR",
    "n": "INTEGER",
    "_partition": "INTEGER",
    "_offset": "BIGINT",
    "_timestamp": "TIMESTAMP WITH TIME ZONE",
}
NAMES: Final = tuple(COLUMNS)
NUMBERED: Final = ("_partition", "_offset", "_timestamp")
START: Final = dt.datetime(2024, 5, 17, tzinfo=dt.timezone.utc)
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)

Row = tuple[Any, ...]
# Offsets from 0 in each of three partitions; times out of order, and one message without.
ROWS: Final[list[Row]] = [
    (
        "AB"[offset % 2],
        10 * partition + offset,
        partition,
        offset,
        None if offset == 5 else START + dt.timedelta(hours=7 * offset % 10),
    )
    for partition, offset in itertools.product(range(3), range(10))
]


def number_of(value: Any) -> int | None:
    """A value as the number that intervals are of; None for null."""
    if isinstance(value, dt.datetime):
        return (value - EPOCH) // dt.timedelta(microseconds=1)
    assert value is None or isinstance(value, int)
    return value


def is_left(row: Row, scan: Scan) -> bool:
    """Whether a scan's filters leave a row; null passes none, as in SQL."""
    for column in NUMBERED:
        passing = scan.passing(NAMES.index(column))
        number = number_of(row[NAMES.index(column)])
        if passing != EVERYTHING and (number is None or not contains(passing, number)):
            return False
    return True


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the whole table as ``everything``."""
    with duckdb.connect() as found:
        found.execute("SET TimeZone = 'UTC'")
        declare(found, "everything")
        found.executemany("INSERT INTO everything VALUES (?, ?, ?, ?, ?)", ROWS)
        yield found


def declare(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Create an empty table of the columns."""
    columns = ", ".join(f"{column} {kind}" for column, kind in COLUMNS.items())
    connection.execute(f"CREATE TEMP TABLE {name} ({columns})")


def scans(connection: duckdb.DuckDBPyConnection, statement: str) -> list[Scan]:
    """The scans of the table ``t`` in a statement."""
    try:
        return scans_of(plan_of(connection, statement, lambda name: declare(connection, name)), "t")
    finally:
        connection.execute("DROP TABLE IF EXISTS temp.main.t")


def answer(connection: duckdb.DuckDBPyConnection, statement: str, view: str) -> list[Row]:
    """The rows of a statement over a table ``t``, in any order."""
    connection.execute(f"CREATE TEMP VIEW t AS {view}")
    try:
        return sorted(connection.execute(statement).fetchall(), key=repr)
    finally:
        connection.execute("DROP VIEW t")


def left_by(found: list[Scan]) -> str:
    """The part of the table that scans leave, as a query."""
    used = {each for scan in found for each in (scan.columns or ())}
    everything = not found or any(scan.columns is None for scan in found)
    shown = ", ".join(
        name if everything or index in used else f"CAST(NULL AS {kind}) AS {name}"
        for index, (name, kind) in enumerate(COLUMNS.items())
    )
    kept = [row for row in ROWS if any(is_left(row, scan) for scan in found or [Scan()])]
    places = ", ".join(f"({row[2]}, {row[3]})" for row in kept) or "(-1, -1)"
    return f"FROM everything SELECT {shown} WHERE (_partition, _offset) IN ({places})"


# ---- statements

_HOURS: Final = st.integers(-1, 11).map(
    lambda hours: f"TIMESTAMPTZ '{(START + dt.timedelta(hours=hours)).isoformat()}'"
)
_CONSTANTS: Final = {
    "_partition": st.integers(-1, 3).map(str),
    "_offset": st.one_of(st.integers(-1, 11), st.just(2**40), st.just(2.5)).map(str),
    "_timestamp": st.one_of(_HOURS, st.sampled_from(["now()", "NULL", "TIMESTAMPTZ 'infinity'"])),
    "n": st.integers(-1, 31).map(str),
}


@st.composite
def comparisons(draw: st.DrawFn, table: str) -> str:
    """A comparison of a column with constants, mostly one that can be pushed down."""
    column = draw(st.sampled_from(list(_CONSTANTS)))
    constants, name = _CONSTANTS[column], f"{table}.{column}"
    kind = draw(st.sampled_from(["compare", "compare", "between", "in", "null", "odd"]))
    if kind == "compare":
        operator = draw(st.sampled_from(["=", "<", "<=", ">", ">=", "!=", "IS DISTINCT FROM"]))
        sides = draw(st.permutations([name, draw(constants)]))
        return f"{sides[0]} {operator} {sides[1]}"
    if kind == "between":
        return f"{name} BETWEEN {draw(constants)} AND {draw(constants)}"
    if kind == "in":
        found = ", ".join(draw(st.lists(constants, min_size=1, max_size=4)))
        return f"{name} {draw(st.sampled_from(['', 'NOT ']))}IN ({found})"
    if kind == "null":
        return f"{name} IS {draw(st.sampled_from(['', 'NOT ']))}NULL"
    return draw(
        st.sampled_from(
            [
                f"{table}._timestamp::DATE = DATE '2024-05-17'",
                f"date_trunc('hour', {table}._timestamp) >= TIMESTAMPTZ '2024-05-17T04:00:00Z'",
                f"{table}._offset + 1 > 4",
                f"{table}._offset % 2 = {table}._partition",
                f"{table}.symbol = 'A'",
                f"coalesce({table}._offset < 4, true)",
                f"CASE WHEN {table}._partition = 1 THEN {table}._offset < 3 ELSE true END",
            ]
        )
    )


def predicates(table: str = "t") -> st.SearchStrategy[str]:
    """Conditions of a table's columns."""
    return st.recursive(
        comparisons(table),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["AND", "AND", "OR"]), inner).map(" ".join),
            inner.map("NOT ({})".format),
        ).map("({})".format),
        max_leaves=5,
    )


_STATEMENTS: Final = (
    "SELECT * FROM t a WHERE {a}",
    "SELECT a.n FROM t a WHERE {a}",
    "SELECT count(*) FROM t a WHERE {a}",
    "SELECT symbol, max(n) FROM t a WHERE {a} GROUP BY 1",
    "SELECT a.n, b.n FROM t a JOIN t b ON a.n = b.n AND {a} WHERE {b}",
    "SELECT a.n, b.symbol FROM t a LEFT JOIN t b ON a.n = b.n AND {b} AND {a}",
    "SELECT a.n, b.n FROM t a FULL JOIN t b ON a.n + 1 = b.n AND {a} WHERE {b}",
    "SELECT a.n FROM t a WHERE {a} UNION ALL SELECT b.n FROM t b WHERE {b}",
    "SELECT a.n FROM t a WHERE {a} AND a.n IN (SELECT n + 1 FROM t b WHERE {b})",
    "SELECT a.n FROM t a WHERE NOT EXISTS (FROM t b WHERE b.n = a.n AND {b})",
    "WITH x AS (FROM t) SELECT a.n, b._offset FROM x a, x b WHERE a.n = b.n AND {a} AND {b}",
    "WITH x AS MATERIALIZED (FROM t a WHERE {a}) SELECT count(*) FROM x a, x b WHERE {b}",
    "SELECT n, row_number() OVER (ORDER BY n) FROM t a QUALIFY {a}",
    "SELECT (SELECT max(n) FROM t b WHERE b._partition = a._partition AND {b}) FROM t a WHERE {a}",
    "SELECT * EXCLUDE (symbol) FROM (FROM t a WHERE {a}) b WHERE {b} ORDER BY n LIMIT 3",
)


def statements() -> st.SearchStrategy[str]:
    """Statements over the table, which some read twice with other conditions."""
    return st.builds(str.format, st.sampled_from(_STATEMENTS), a=predicates("a"), b=predicates("b"))


@given(statement=statements())
def test_what_the_filters_leave_has_the_same_answer(
    connection: duckdb.DuckDBPyConnection, statement: str
) -> None:
    """Rows that no scan can use are missing, and unused columns are null."""
    expected = answer(connection, statement, "FROM everything")
    found = scans(connection, statement)
    assert answer(connection, statement, left_by(found)) == expected


# ---- what is found

_T2: Final = f"TIMESTAMPTZ '{(START + dt.timedelta(hours=2)).isoformat()}'"
_US2: Final = number_of(START + dt.timedelta(hours=2)) or 0


@pytest.mark.parametrize(
    ("condition", "column", "expected"),
    [
        ("_offset BETWEEN 3 AND 7", "_offset", ((3, 8),)),
        ("_offset >= 3 AND 8 > _offset", "_offset", ((3, 8),)),
        ("_offset < 3 OR _offset > 7", "_offset", ((LOW, 3), (8, HIGH))),
        ("_offset IN (1, 9, 2)", "_offset", ((1, 3), (9, 10))),
        ("_offset + 1 <= 3 AND n > 4", "_offset", ((LOW, 3),)),
        ("_partition = 1", "_partition", ((1, 2),)),
        ("_partition IN (0, 2) AND n = 1", "_partition", ((0, 1), (2, 3))),
        (f"_timestamp >= {_T2}", "_timestamp", ((_US2, HIGH),)),
        (f"_timestamp < {_T2}", "_timestamp", ((LOW, _US2),)),
        ("_timestamp > '2024-05-17 02:00:00'", "_timestamp", ((_US2 + 1, HIGH),)),
        (f"_timestamp >= {_T2} OR _offset = 3", "_timestamp", EVERYTHING),
    ],
)
def test_ranges_are_found(
    connection: duckdb.DuckDBPyConnection,
    condition: str,
    column: str,
    expected: tuple[tuple[int, int], ...],
) -> None:
    """In conditions that users write, so that the test above is not one of nothing."""
    (scan,) = scans(connection, f"FROM t SELECT n WHERE {condition}")
    assert scan.passing(NAMES.index(column)) == expected


def test_only_used_columns_are_read(connection: duckdb.DuckDBPyConnection) -> None:
    """Also those of an inner query that selects all, and of statements that write."""
    statements = ["SELECT max(n) FROM t WHERE _offset < 3"]
    if not duckdb.__version__.startswith("1."):  # which shows no plans of others
        statements += [
            "WITH x AS (SELECT * FROM t) SELECT n FROM x WHERE _offset < 3",
            "CREATE TABLE copied AS SELECT n FROM t WHERE _offset < 3",
            "COPY (SELECT n FROM t WHERE _offset < 3) TO 'copied.parquet'",
        ]
    for statement in statements:
        (scan,) = scans(connection, statement)
        assert scan.columns == frozenset({NAMES.index("n"), NAMES.index("_offset")})
        assert scan.passing(NAMES.index("_offset")) == ((LOW, 3),)


def test_files_that_are_joined(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """DuckDB shows no plan with them; the conditions on the table are found all the same."""
    for kind in ("parquet", "csv"):
        file = tmp_path / f"some.{kind}"
        connection.execute(f"COPY (SELECT 5 AS n) TO '{file}'")
        query = f"SELECT t.symbol FROM t JOIN '{file}' USING (n) WHERE _offset < 3"
        (scan,) = scans(connection, query)
        assert scan.passing(NAMES.index("_offset")) == ((LOW, 3),)
        assert scan.columns == frozenset(map(NAMES.index, ("symbol", "n", "_offset")))
        assert connection.execute(f"SELECT n FROM '{file}'").fetchall() == [(5,)]


def test_a_plan_of_another_shape_is_read_as_everything() -> None:
    """As one of a later DuckDB may be."""
    data = {"catalog": "temp", "table": "t"}
    shapes: list[dict[str, Any]] = [
        {},
        {"column_indexes": [{}]},
        {"column_indexes": [], "table_filters": None},
    ]
    for more in shapes:
        plan = {"plans": [{"type": "LOGICAL_GET", "function_data": data, **more}]}
        assert scans_of(plan, "t") == [Scan()]


def test_the_optimizers_of_the_connection_are_kept(connection: duckdb.DuckDBPyConnection) -> None:
    """Planning leaves the setting as it was."""
    connection.execute("SET disabled_optimizers = 'top_n'")
    scans(connection, "SELECT n FROM t")
    shown = connection.execute("SELECT current_setting('disabled_optimizers')").fetchall()
    connection.execute("RESET disabled_optimizers")
    assert shown == [("top_n",)]


def test_an_error_has_its_position_in_characters(connection: duckdb.DuckDBPyConnection) -> None:
    """DuckDB counts bytes."""
    with pytest.raises(SqlError) as caught:
        scans(connection, "SELECT 'é€',\n  nope FROM t")
    heading, _candidates, line, mark = str(caught.value).splitlines()
    assert heading.startswith("the query is wrong at line 2, column 3: Referenced column")
    assert (line, mark) == ("    nope FROM t", "    ^")
