"""Tables of DuckDB: types of their columns, their names, and tables that lost rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pyarrow as pa
import pytest

from streamcontract import Codec, parse_schema
from streamcontract.errors import ArgumentError, ColumnsError, ConfigurationError
from streamcontract.export.database import DatabaseTarget
from streamcontract.export.target import Content, PartitionBatch
from streamcontract.schema import Schema

ID: Any = {"type": "string", "logicalType": "uuid"}
FIXED_ID: Any = {"type": "fixed", "name": "FixedId", "size": 16, "logicalType": "uuid"}
PLACES: dict[str, Any] = {
    "plain": ID,
    "fixed": FIXED_ID,
    "nullable": ["null", ID],
    "either": [ID, "int"],
    "listed": {"type": "array", "items": ID},
    "mapped": {"type": "map", "values": {"type": "array", "items": ["null", ID]}},
    "inner": {"type": "record", "name": "Inner", "fields": [{"name": "n", "type": ID}]},
    "bare": {"type": "fixed", "name": "Other", "size": 16},
}
TYPES = [
    *("UUID", "UUID", "UUID", "STRUCT(string UUID, int INTEGER)", "UUID[]"),
    *("MAP(VARCHAR, UUID[])", "STRUCT(n UUID)", "BLOB"),
]
ONE, TWO = UUID(int=1), UUID(int=2**127 + 5)
VALUE = {
    "plain": ONE,
    "fixed": TWO,
    "nullable": TWO,
    "either": ONE,
    "listed": [ONE, TWO],
    "mapped": {"a": [None, TWO]},
    "inner": {"n": ONE},
    "bare": bytes(16),
}
ROW = (*(VALUE | {"either": {"string": ONE, "int": None}}).values(),)


def record(*fields: tuple[str, Any], **defaults: Any) -> Schema:
    """A schema of fields."""
    return parse_schema(
        {
            "type": "record",
            "name": "Ping",
            "fields": [
                {"name": name, "type": kind}
                | ({"default": defaults[name]} if name in defaults else {})
                for name, kind in fields
            ],
        }
    )


HOLDER = record(*PLACES.items())
PING = record(("n", "long"))


def target(path: Path, schema: Schema = PING, table: str = "pings", **more: Any) -> DatabaseTarget:
    """The table of an export."""
    of = Content(topic="pings", format="duckdb", schema=schema, **more)
    return DatabaseTarget(path, of, table)


def export(path: Path, schema: Schema, *values: Any, table: str = "pings", **more: Any) -> None:
    """An export of values that came since the last one."""
    codec = Codec[Any](schema)
    payloads = map(codec.encode, values)
    rows = pa.table(codec.decode_columns(payloads, columns=more.get("columns")))
    with target(path, schema, table=table, **more) as database:
        start = database.next_offsets().get(0, 0)
        end = start + len(values)
        offsets = pa.array(range(start, end), pa.int64())
        database.write(PartitionBatch(partition=0, rows=rows, offsets=offsets, end=end), start)
        database.finish(0, end)


def execute(path: Path, query: str) -> list[Any]:
    """What a statement gives of the database."""
    with duckdb.connect(str(path)) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database."""
    return tmp_path / "a.duckdb"


# ---- UUIDs


def test_uuids_are_uuids(path: Path) -> None:
    """In every place, and equal to what is written as text; other bytes stay bytes."""
    export(path, HOLDER, VALUE)
    export(path, HOLDER, VALUE)
    found = execute(path, "describe pings")
    assert [kind.replace('"', "") for _, kind, *_ in found] == TYPES
    assert execute(path, f"from pings where plain = '{ONE}'") == [ROW, ROW]


def test_columns_of_bytes_stay_columns_of_bytes(path: Path) -> None:
    """As earlier versions made them; UUIDs go on into them, and into those that are altered."""
    export(path, HOLDER, VALUE)
    bytes_of = "select * replace (plain::blob as plain, [x::blob for x in listed] as listed)"
    execute(path, f"create or replace table pings as {bytes_of} from pings")
    export(path, HOLDER, VALUE)
    found = execute(path, "select plain, listed from pings")
    assert found == [(ONE.bytes, [ONE.bytes, TWO.bytes])] * 2
    execute(path, "alter table pings alter plain type uuid")
    execute(path, "alter table pings alter listed type uuid[]")
    export(path, HOLDER, VALUE)
    assert execute(path, "from pings") == [ROW] * 3


def test_uuids_that_are_added(path: Path) -> None:
    """The new column has UUIDs, and the default in rows that were there."""
    export(path, PING, {"n": 1})
    newer = record(("n", "long"), ("id", ID), ("other", ["null", ID]), id=str(TWO), other=None)
    export(path, newer, {"n": 2, "id": ONE, "other": ONE})
    assert execute(path, "from pings") == [(1, TWO, None), (2, ONE, ONE)]


def test_metadata_are_no_fields(path: Path) -> None:
    """A column of metadata has its own type, whatever a field of its name has."""
    schema = record(("n", "long"), ("offset", ID))
    rows = pa.table({"n": [5], "offset": pa.array([7], pa.int64())})
    with target(path, schema, columns=("n",), metadata=("offset",)) as database:
        batch = PartitionBatch(partition=0, rows=rows, offsets=pa.array([7]), end=8)
        database.write(batch, 0)
    assert execute(path, "from pings") == [(5, 7)]


# ---- tables that are gone


@pytest.mark.parametrize("statement", ["drop table pings", "alter table pings rename to old"])
def test_a_table_that_is_gone_is_noticed(path: Path, statement: str) -> None:
    """Else the next export goes on after their offsets; what the error says exports all again."""
    export(path, PING, {"n": 1})
    execute(path, statement)
    before = execute(path, "from streamcontract.exports")
    with pytest.raises(
        ConfigurationError, match=r"'pings' of .* dropped or renamed, and .* or with"
    ) as error:
        target(path)
    assert execute(path, "from streamcontract.exports") == before
    execute(path, str(error.value).partition("after: ")[2])
    export(path, PING, {"n": 1}, {"n": 2})
    assert execute(path, "from pings") == [(1,), (2,)]
    assert execute(path, "select next_offset from streamcontract.offsets") == [(2,)]


def test_rows_may_be_deleted(path: Path) -> None:
    """As old files may be moved away; and a table that never had a row may be dropped."""
    export(path, PING)
    export(path, PING)
    execute(path, "drop table pings")
    export(path, PING, {"n": 1}, {"n": 2})
    execute(path, "delete from pings where n = 1")
    export(path, PING, {"n": 3})
    assert execute(path, "from pings") == [(2,), (3,)]
    execute(path, "truncate pings")
    export(path, PING, {"n": 4})
    assert execute(path, "from pings") == [(4,)]


@pytest.mark.parametrize("has_table", [True, False])
@pytest.mark.parametrize("rows", [0, 1])
def test_databases_of_earlier_versions(path: Path, has_table: bool, rows: int) -> None:
    """They did not keep whether there were rows: a table that is gone had some before offsets."""
    export(path, PING, *({"n": each} for each in range(rows)))
    ((document,),) = execute(path, "select content from streamcontract.exports")
    older = {key: each for key, each in json.loads(document).items() if key != "has_rows"}
    with duckdb.connect(str(path)) as connection:
        query = "update streamcontract.exports set content = ?"
        connection.execute(query, [json.dumps(older)])
    if not has_table:
        execute(path, "drop table pings")
    if rows and not has_table:
        with pytest.raises(ConfigurationError, match="was dropped or renamed, or never had a row"):
            target(path)
        return
    for _ in range(2):
        with target(path):
            pass
    export(path, PING, {"n": 7})
    assert execute(path, "from pings") == [*[(each,) for each in range(rows)], (7,)]


_OLDER = """
    update streamcontract.exports set content = json_merge_patch(content, '{"has_rows": null}')
"""


@pytest.mark.parametrize("is_older", [True, False])
def test_offsets_without_messages(path: Path, is_older: bool) -> None:
    """Of aborted transactions: there never was a table, and no error says that it was dropped."""
    with target(path) as database:
        database.finish(0, 5)
    if is_older:
        execute(path, _OLDER)
        with pytest.raises(ConfigurationError, match="renamed, or never had a row") as error:
            target(path)
        execute(path, str(error.value).partition("after: ")[2])
    export(path, PING, {"n": 1})
    assert execute(path, "from pings") == [(1,)]
    assert execute(path, "select next_offset from streamcontract.offsets") == [(6 - 5 * is_older,)]


def test_tables_whose_names_are_one(path: Path) -> None:
    """Also if the other export has no rows yet."""
    of = Content(topic="pings", format="duckdb", schema=PING)
    with DatabaseTarget(path, of, "Pings"):
        pass
    with pytest.raises(ConfigurationError, match=r"'pings' of .* is there already"):
        target(path)


# ---- names


NAMES = ("streamcontract_batch", "Streamcontract_Defaults", "added", "target", "exports")
"""Those of the library."""


@pytest.mark.parametrize("name", [*NAMES, 'a"b'])
def test_any_name_is_that_of_a_table(path: Path, name: str) -> None:
    """Also where a column is added."""
    export(path, PING, {"n": 1}, table=name)
    export(path, record(("n", "long"), ("m", "long"), m=5), {"n": 2, "m": 3}, table=name)
    quoted = name.replace('"', '""')
    assert execute(path, f'from main."{quoted}"') == [(1, 5), (2, 3)]


def test_any_name_is_that_of_a_column(path: Path) -> None:
    """Of records with fields of the names of others, too."""
    fields = [{"name": each, "type": "long"} for each in ("n", "m")]
    inner: list[Any] = [
        {"type": "record", "name": f"Inner{each}", "fields": fields} for each in range(len(NAMES))
    ]
    value = {"n": 8, "m": 9}
    columns = list(zip(NAMES, inner, strict=True))
    export(path, record(("n", "long"), *columns), {"n": 1, **dict.fromkeys(NAMES, value)})
    newer = record(("n", "long"), *columns, ("m", "long"), m=5)
    export(path, newer, {"n": 2, **dict.fromkeys(NAMES, value), "m": 3})
    values = [value] * len(NAMES)
    assert execute(path, "from pings") == [(1, *values, 5), (2, *values, 3)]


def test_a_table_without_a_name(path: Path) -> None:
    """DuckDB has none; the error comes before anything is read."""
    with pytest.raises(ArgumentError, match="table has to be the name of a table"):
        target(path, table="")
    assert not path.exists()


def test_a_schema_of_the_database_with_the_name_of_ours(path: Path) -> None:
    """It is left as it is; other tables in it do no harm."""
    execute(path, "create schema streamcontract; create table streamcontract.mine (n integer)")
    export(path, PING, {"n": 1})
    execute(path, "drop schema streamcontract cascade; drop table pings")
    execute(path, "create schema streamcontract; create table streamcontract.offsets (n integer)")
    with pytest.raises(ConfigurationError, match=r"streamcontract\.offsets that no export made"):
        target(path)


@pytest.mark.parametrize("columns", ["n integer", "table_name text", "{}, n integer"])
def test_a_table_of_the_database_with_the_name_of_ours(path: Path, columns: str) -> None:
    """With other columns, fewer or more."""
    made = columns.format("table_name text, content text")
    execute(path, f"create schema streamcontract; create table streamcontract.exports ({made})")
    with pytest.raises(ConfigurationError, match=r"streamcontract\.exports that no export made"):
        export(path, PING, {"n": 1})


INNER: Any = {
    "type": "record",
    "name": "Inner",
    "fields": [{"name": "a", "type": "int"}, {"name": "A", "type": "int"}],
}


@pytest.mark.parametrize(
    ("schema", "metadata", "names"),
    [
        (record(("n", "long"), ("price", "int"), ("Price", "int")), (), "'price' and 'Price'"),
        (record(("n", "long"), ("Offset", "int")), ("offset",), "'Offset' and 'offset'"),
        (record(("n", INNER)), (), "'n.a' and 'n.A'"),
        (record(("n", {"type": "array", "items": ["null", INNER]})), (), "'n.a' and 'n.A'"),
        (record(("n", {"type": "map", "values": INNER})), (), "'n.value.a' and 'n.value.A'"),
    ],
)
def test_names_that_differ_only_in_case(
    path: Path, schema: Schema, metadata: tuple[str, ...], names: str
) -> None:
    """DuckDB would rename one, or give the first for the second; nothing is written."""
    with pytest.raises(ConfigurationError, match=f"'pings' of .* cannot have both {names}"):
        target(path, schema, metadata=metadata)
    assert not path.exists()


def test_types_that_duckdb_has_not(path: Path) -> None:
    """The error says so before anything is written, and what it says goes on."""
    decimal = {"type": "bytes", "logicalType": "decimal", "precision": 50, "scale": 2}
    schema = record(("n", "long"), ("price", {"type": "array", "items": decimal}), ("m", "long"))
    with pytest.raises(ColumnsError, match=r"^price: DuckDB does not .* with --columns n,m, or"):
        target(path, schema)
    assert not path.exists()
    with target(path, schema, columns=("n", "m")):
        pass


def test_a_name_that_differs_only_in_case_is_added(path: Path) -> None:
    """The table stays as it is, and goes on with its columns."""
    export(path, record(("price", "int")), {"price": 1})
    newer = record(("price", "int"), ("Price", ["null", "int"]), Price=None)
    with pytest.raises(ConfigurationError, match="cannot have both 'price' and 'Price'"):
        target(path, newer)
    export(path, newer, {"price": 2, "Price": 3}, columns=["price"])
    assert execute(path, "from pings") == [(1,), (2,)]
