"""Evolution of an export: runs with changed reader schemas, whose rows are read as one table."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import attrs
import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from tests.export.fakes import names_in, read
from tests.searching import examples

from streamcontract import Codec, ContainerFileReader, parse_schema
from streamcontract.errors import ColumnsError, ConfigurationError
from streamcontract.export.database import DatabaseTarget
from streamcontract.export.files import FilesTarget
from streamcontract.export.folder import CONTENT_FILE
from streamcontract.export.formats import format_of
from streamcontract.export.rotation import Rotation
from streamcontract.export.target import Content, PartitionBatch, Target
from streamcontract.schema import Schema

deep = settings(deadline=None, max_examples=examples(25))
NAMES = "abcde"
SIDE: Any = {"type": "enum", "name": "Side", "symbols": ["BUY", "SELL"], "default": "BUY"}


@attrs.frozen
class Kind:
    """A type of a field, its default, and values."""

    type: Any
    default: Any
    values: tuple[Any, ...]
    default_value: Any


KINDS = (
    Kind("long", 7, (0, 2**40), 7),
    Kind("string", "it's", ("", "é"), "it's"),
    Kind(SIDE, "SELL", ("BUY", "SELL"), "SELL"),
    Kind("double", 0.5, (0.1, -1.5), 0.5),
)


@attrs.frozen
class Column:
    """A field."""

    kind: Kind
    is_nullable: bool

    def field(self, name: str) -> dict[str, Any]:
        """It in a schema; each has a default, as those that are added must."""
        kind: Any = self.kind.type
        if isinstance(kind, dict):
            kind = {**kind, "name": f"Side_{name}"}
        default = None if self.is_nullable else self.kind.default
        return {
            "name": name,
            "type": ["null", kind] if self.is_nullable else kind,
            "default": default,
        }

    @property
    def default(self) -> Any:
        """The default, as rows have it."""
        return None if self.is_nullable else self.kind.default_value

    def values(self) -> st.SearchStrategy[Any]:
        """Some values."""
        found = st.sampled_from(self.kind.values)
        return st.none() | found if self.is_nullable else found


def schema_of(columns: dict[str, Column]) -> Schema:
    """A schema of columns, whose order is that of the mapping."""
    fields = [column.field(name) for name, column in columns.items()]
    return parse_schema({"type": "record", "name": "Ping", "fields": fields})


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Column]]:
    """The columns of each run: later ones have more, in any order, and other nulls."""
    kinds = {name: draw(st.sampled_from(KINDS)) for name in NAMES}
    names: set[str] = set()
    found = []
    for _ in range(draw(st.integers(1, 4))):
        names |= draw(st.sets(st.sampled_from(NAMES), min_size=0 if names else 1))
        order = draw(st.permutations(sorted(names)))
        found.append({name: Column(kinds[name], draw(st.booleans())) for name in order})
    return found


def batch_of(columns: dict[str, Column], values: list[dict[str, Any]], at: int) -> PartitionBatch:
    """Values as a scan gives them."""
    codec = Codec[Any](schema_of(columns))
    rows = pa.table(codec.decode_columns([codec.encode(value) for value in values]))
    offsets = pa.array(range(at, at + len(values)), pa.int64())
    return PartitionBatch(partition=0, rows=rows, offsets=offsets, end=at + len(values))


def target_of(path: Path, schema: Schema, file_format: str, **more: Any) -> Target:
    """The target of an export."""
    content = Content(topic="pings", format=file_format, schema=schema, **more)
    if file_format == "duckdb":
        return DatabaseTarget(path / "pings.duckdb", content, "pings")
    return FilesTarget(
        path, content, file_format=format_of(file_format), rotation=Rotation(messages=2)
    )


def rows_of(path: Path, file_format: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """The rows in order, as each reader has them."""
    files = [path / str(name) for name in names_in(path)]
    if file_format == "duckdb":
        with duckdb.connect(str(path / "pings.duckdb")) as connection:
            return [("", connection.sql("from pings").to_arrow_table().to_pylist())]
    if file_format == "avro":
        found = []
        for file in files:
            with ContainerFileReader[Any](file) as reader:
                found += list(reader)
        return [("", found)]
    if file_format == "csv":
        glob = str(path / "*.csv")
        query = "from read_csv(?, union_by_name = true, nullstr = '', allow_quoted_nulls = false)"
        with duckdb.connect() as connection:
            return [("", connection.sql(query, params=[glob]).to_arrow_table().to_pylist())]
    if file_format == "arrow":
        return [("", pa.concat_tables(map(read, files), promote_options="default").to_pylist())]
    glob = str(path / "*.parquet")
    newest = parquet.read_schema(files[-1])
    dataset = pyarrow.dataset.dataset(path, schema=newest, format="parquet")
    frame = pl.scan_parquet(
        glob, schema=pl.read_parquet_schema(files[-1]), missing_columns="insert"
    )
    query = "from read_parquet(?, union_by_name = true)"
    with duckdb.connect() as connection:
        united = connection.sql(query, params=[glob]).to_arrow_table().to_pylist()
    table = dataset.to_table()
    table.validate(full=True)
    for field in table.schema:
        assert field.nullable or not table.column(field.name).null_count
    return [
        ("pyarrow", table.to_pylist()),
        ("polars", frame.collect().to_dicts()),
        ("duckdb", united),
    ]


@pytest.mark.parametrize("file_format", ["parquet", "arrow", "csv", "avro", "duckdb"])
@deep
@given(histories(), st.data())
def test_rows_of_all_schemas_are_one_table(
    file_format: str, history: list[dict[str, Column]], data: st.DataObject
) -> None:
    """Null, or in a database the default, where a row is older than a column."""
    expected: list[dict[str, Any]] = []
    names: dict[str, Column] = {}
    at = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        for columns in history:
            if file_format == "duckdb":
                for name in columns.keys() - names.keys() if at else ():
                    expected = [{**row, name: columns[name].default} for row in expected]
            names |= columns
            row = st.fixed_dictionaries({name: each.values() for name, each in columns.items()})
            values = data.draw(st.lists(row, min_size=1, max_size=3))
            with target_of(path, schema_of(columns), file_format) as target:
                target.write(batch_of(columns, values, at), at)
                at += len(values)
                target.finish(0, at)
            expected += values
        if file_format != "avro":
            expected = [{name: row.get(name) for name in names} for row in expected]
        for _reader, rows in rows_of(path, file_format):
            assert [{name: row[name] for name in row} for row in rows] == expected


PING: Any = [{"name": "n", "type": "long"}]


@pytest.mark.parametrize("file_format", ["csv", "duckdb"])
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            [{"name": "m", "type": "long", "default": 1}],
            r"it has the column 'n' \(int64\), and the schema no",
        ),
        (
            [{"name": "n", "type": "int"}],
            "its column 'n' is int64, and that of the schema is int32",
        ),
        (
            [*PING, {"name": "m", "type": "string"}],
            r"the column 'm' \(string\) is new, and the field has no default",
        ),
        (
            [{"name": "n", "type": "string"}, {"name": "m", "type": "string"}],
            "'n' is int64, and that of the schema is string; the column 'm'",
        ),
    ],
)
def test_what_cannot_be_one_table_is_refused(
    tmp_path: Path, file_format: str, fields: Any, message: str
) -> None:
    """One error with all columns, and nothing changes."""
    first = parse_schema({"type": "record", "name": "Ping", "fields": PING})
    with target_of(tmp_path, first, file_format) as target:
        target.finish(0, 1)
    with pytest.raises(ConfigurationError, match=message):
        target_of(
            tmp_path,
            parse_schema({"type": "record", "name": "Ping", "fields": fields}),
            file_format,
        )
    with target_of(tmp_path, first, file_format):
        pass


@pytest.mark.parametrize("file_format", ["csv", "duckdb"])
def test_a_topic_with_another_id_is_refused(tmp_path: Path, file_format: str) -> None:
    """Targets without an id get that of the topic, and keep it where brokers have none."""
    schema = parse_schema({"type": "record", "name": "Ping", "fields": PING})
    for topic_id in (None, "first", None, "first"):
        with target_of(tmp_path, schema, file_format, topic_id=topic_id):
            pass
    with pytest.raises(ConfigurationError, match=r"its id is first, and that of .* is second"):
        target_of(tmp_path, schema, file_format, topic_id="second")
    if file_format == "csv":
        assert json.loads((tmp_path / CONTENT_FILE).read_bytes())["topic_id"] == "first"


def test_fields_that_are_no_columns_may_change(tmp_path: Path) -> None:
    """Only what is exported counts."""
    for kind in ("int", "string"):
        fields = [*PING, {"name": "m", "type": kind}]
        schema = parse_schema({"type": "record", "name": "Ping", "fields": fields})
        with target_of(tmp_path, schema, "csv", columns=("n",)):
            pass


def schema_of_fields(*fields: tuple[str, Any]) -> Schema:
    """A schema, whose fields may be added since they have defaults where they are nullable."""
    found = [
        {"name": name, "type": kind} | ({"default": None} if isinstance(kind, list) else {})
        for name, kind in fields
    ]
    return parse_schema({"type": "record", "name": "Ping", "fields": found})


FLAT = schema_of_fields(("n", "long"), ("m", "long"))
NESTED = schema_of_fields(
    ("n", "long"), ("tags", ["null", {"type": "array", "items": "string"}]), ("m", "long")
)


@pytest.mark.parametrize("file_format", ["csv", "duckdb"])
def test_a_field_that_is_left_out_may_have_no_column(tmp_path: Path, file_format: str) -> None:
    """Such as a recursive one, while the schema evolves."""

    def run(schema: Schema, columns: tuple[str, ...] | None, at: int, **row: int) -> None:
        with target_of(tmp_path, schema, file_format, columns=columns) as target:
            rows = pa.table({name: [value] for name, value in row.items()})
            batch = PartitionBatch(partition=0, rows=rows, offsets=pa.array([at]), end=at + 1)
            target.write(batch, at)
            target.finish(0, at + 1)

    first = ("n", "long"), ("next", ["null", "Ping"])
    run(schema_of_fields(*first), ("n",), 0, n=0)
    more = schema_of_fields(*first, ("k", ["null", "long"]))
    run(more, ("n", "k"), 1, n=1, k=5)
    with pytest.raises(ConfigurationError, match=r"'n' .* not among .* --columns n,k, which"):
        run(more, ("k",), 2, k=6)
    with pytest.raises(ConfigurationError, match="and the schema no such field"):
        run(schema_of_fields(("m", "long")), None, 2, m=6)
    ((_, rows),) = rows_of(tmp_path, file_format)
    assert rows == [{"n": 0, "k": None}, {"n": 1, "k": 5}]


@pytest.mark.parametrize("file_format", ["csv", "duckdb"])
def test_an_export_goes_on_with_the_columns_it_had(tmp_path: Path, file_format: str) -> None:
    """Which --columns names, and the error of a column that CSV cannot have."""

    def run(schema: Schema, columns: tuple[str, ...] | None, at: int) -> None:
        with target_of(tmp_path, schema, file_format, columns=columns) as target:
            rows = pa.table({"n": [at], "m": [at]})
            batch = PartitionBatch(partition=0, rows=rows, offsets=pa.array([at]), end=at + 1)
            target.write(batch, at)
            target.finish(0, at + 1)

    run(FLAT, None, 0)
    if file_format == "csv":
        content = Content(topic="pings", format="csv", schema=NESTED)
        arrow = pa.schema(Codec[Any](NESTED).decode_columns([]))
        with pytest.raises(ColumnsError, match=r"tags: .* with --columns n,m, or export"):
            format_of("csv").check(content, arrow)
    run(NESTED, ("n", "m"), 1)
    with pytest.raises(ConfigurationError, match=r"'tags' .* left out .* --columns n,m, which"):
        run(NESTED, None, 2)
    with pytest.raises(ConfigurationError, match=r"'m' .* not among .* --columns n,m, which"):
        run(NESTED, ("n",), 2)
    run(NESTED, ("m", "n"), 2)
    run(FLAT, None, 3)
    with pytest.raises(ConfigurationError, match=r"'tags' .* left out .* --columns n,m, which"):
        run(NESTED, None, 4)
    ((_, rows),) = rows_of(tmp_path, file_format)
    assert rows == [{"n": at, "m": at} for at in range(4)]
