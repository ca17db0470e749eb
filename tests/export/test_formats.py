"""Formats: what is read of a file is what was written, for any schema that has columns."""

from __future__ import annotations

import contextlib
import random
import tempfile
import uuid
from pathlib import Path
from typing import Any

import attrs
import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from tests.codec.equality import same
from tests.columns.conversion import has_columns, rows_of
from tests.export.fakes import read
from tests.searching import examples

from streamcontract import Codec, ContainerFileReader, parse_schema
from streamcontract.errors import ColumnsError, ConfigurationError
from streamcontract.export import formats
from streamcontract.export.database import DatabaseTarget
from streamcontract.export.files import FilesTarget
from streamcontract.export.formats import format_of, uuids_of
from streamcontract.export.rotation import Rotation
from streamcontract.export.target import Content, PartitionBatch
from streamcontract.schema import Schema
from streamcontract.testing.strategies import from_schema, schemas

deep = settings(deadline=None, max_examples=examples(30))
records = schemas(only_records=True).filter(
    lambda schema: has_columns(schema) and '"fields": []' not in schema.json
)
"""Schemas of tables with columns, without which a table has no rows."""


def content(schema: Schema, file_format: str) -> Content:
    """The content of an export of a topic with that schema."""
    return Content(topic="any", format=file_format, schema=schema)


def batch_with(rows: pa.Table) -> PartitionBatch:
    """A batch with rows from the first offset on."""
    offsets = pa.array(range(len(rows)), pa.int64())
    return PartitionBatch(partition=0, rows=rows, offsets=offsets, end=len(rows))


def batch_of(schema: Schema, data: st.DataObject) -> PartitionBatch:
    """Some rows of a schema."""
    values = data.draw(st.lists(from_schema(schema, tag_unions=True), min_size=1, max_size=4))
    codec = Codec[Any](schema)
    rows = pa.table(codec.decode_columns([codec.encode(value) for value in values]))
    return batch_with(rows)


def written(folder: str, schema: Schema, batch: PartitionBatch, file_format: str) -> Path:
    """The only file of an export of a batch."""
    of = content(schema, file_format)
    file = format_of(file_format)
    file.check(of, batch.rows.schema)
    with FilesTarget(Path(folder), of, file_format=file, rotation=Rotation()) as target:
        target.write(batch, 0)
        target.finish(0, batch.end)
        (name,) = target.files(0)
    return Path(folder, name)


@deep
@given(records, st.sampled_from(("parquet", "arrow")), st.data())
def test_arrows_files(schema: Schema, file_format: str, data: st.DataObject) -> None:
    """Of every type that columns have."""
    batch = batch_of(schema, data)
    with tempfile.TemporaryDirectory() as folder:
        found = read(written(folder, schema, batch, file_format))
        assert all(map(same, rows_of(schema, found), rows_of(schema, batch.rows)))
        assert len(found) == len(batch.rows)


@pytest.mark.parametrize(
    ("rows", "size", "expected"), [(5, 2**20, [5, 5, 2]), (100, 30, [4, 4, 4]), (100, 2**20, [12])]
)
def test_row_groups_have_rows_of_several_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, size: int, expected: list[int]
) -> None:
    """Up to a number of rows, or of bytes."""
    monkeypatch.setattr(formats, "_ROW_GROUP", rows)
    monkeypatch.setattr(formats, "_ROW_GROUP_SIZE", size)
    of = content(parse_schema("long"), "parquet")
    file = format_of("parquet")
    with FilesTarget(tmp_path, of, file_format=file, rotation=Rotation()) as target:
        for at in range(0, 12, 2):
            batch = batch_with(pa.table({"n": [at, at + 1]}))
            target.write(attrs.evolve(batch, end=at + 2), at)
        target.finish(0, 12)
        (name,) = target.files(0)
    found = parquet.ParquetFile(tmp_path / name)
    metadata = found.metadata
    assert [metadata.row_group(at).num_rows for at in range(metadata.num_row_groups)] == expected
    assert found.read().column("n").to_pylist() == list(range(12))


def test_files_of_parquet_end_at_their_size(tmp_path: Path) -> None:
    """Whatever waits for its row group: within a batch of the limit, though rows are compressed."""
    of = content(parse_schema("long"), "parquet")
    limit = 100_000
    rng = random.Random(7)
    file = format_of("parquet")
    rotation = Rotation(size=limit)
    with FilesTarget(tmp_path, of, file_format=file, rotation=rotation) as target:
        for at in range(0, 200_000, 2000):
            rows = pa.table({"n": [rng.randrange(2**24) for _ in range(2000)]})
            target.write(attrs.evolve(batch_with(rows), end=at + 2000), at)
        target.finish(0, 200_000)
        sizes = [(tmp_path / name).stat().st_size for name in target.files(0)]
    assert len(sizes) > 2
    assert all(limit <= size < 1.3 * limit for size in sizes[:-1])


@deep
@given(records, st.data())
def test_container_files(schema: Schema, data: st.DataObject) -> None:
    """The file has the reader schema, and the values."""
    batch = batch_of(schema, data)
    with tempfile.TemporaryDirectory() as folder:
        file = written(folder, schema, batch, "avro")
        with ContainerFileReader(file) as reader:
            assert reader.writer == schema
            found = pa.concat_tables(map(pa.table, reader.batches()))
        assert all(map(same, rows_of(schema, found), rows_of(schema, batch.rows)))
        assert len(found) == len(batch.rows)


def has_csv(schema: Schema) -> bool:
    """Whether every column of a table is one value, and none is bytes but UUIDs."""
    table = pa.table(Codec[Any](schema).decode_columns([]))
    binary = (pa.types.is_binary, pa.types.is_fixed_size_binary, pa.types.is_nested)
    names = uuids_of(content(schema, "csv"))
    others = [field.type for field in table.schema if field.name not in names]
    return not any(test(kind) for kind in others for test in binary)


def test_uuids_are_text_in_csv(tmp_path: Path) -> None:
    """Nullable ones too; other values of 16 bytes are refused."""
    kind = {"type": "string", "logicalType": "uuid"}
    fields = [{"name": "id", "type": kind}, {"name": "parent", "type": ["null", kind]}]
    schema = parse_schema({"type": "record", "name": "Order", "fields": fields})
    codec = Codec[Any](schema)
    one = uuid.UUID("6f9619ff-8b86-d011-b42d-00cf4fc964ff")
    values = [{"id": one, "parent": None}, {"id": one, "parent": one}]
    rows = pa.table(codec.decode_columns([codec.encode(value) for value in values]))
    batch = batch_with(rows)
    lines = written(str(tmp_path), schema, batch, "csv").read_text("utf-8").splitlines()
    assert lines == ['"id","parent"', f'"{one}",', f'"{one}","{one}"']


@deep
@given(records, st.data())
def test_csv(schema: Schema, data: st.DataObject) -> None:
    """What CSV has no form for is refused before anything is written."""
    batch = batch_of(schema, data)
    with tempfile.TemporaryDirectory() as folder:
        if has_csv(schema):
            lines = written(folder, schema, batch, "csv").read_bytes()
            assert lines.count(b"\n") > len(batch.rows)
            return
        with pytest.raises(ColumnsError, match=r"CSV has no (nested|binary) columns"):
            written(folder, schema, batch, "csv")
        assert not list(Path(folder).iterdir())


def test_the_error_of_csv_has_the_fix() -> None:
    """The columns that CSV takes, and no metadata among them."""
    schema = pa.schema(
        [
            ("symbol", pa.string()),
            ("tags", pa.list_(pa.string())),
            ("hash", pa.binary()),
            ("close", pa.float64()),
            ("offset", pa.int64()),
            ("headers", pa.list_(pa.string())),
        ]
    )
    table = parse_schema({"type": "record", "name": "Table", "fields": []})
    of = Content(topic="any", format="csv", schema=table, metadata=("offset", "headers"))
    csv = format_of("csv")
    with pytest.raises(ColumnsError, match=r"^tags: .* with --columns symbol,close, or export to"):
        csv.check(of, schema)
    with pytest.raises(ColumnsError, match=r"^headers: .* leave it out of --metadata"):
        csv.check(of, schema.remove(1).remove(1))
    for other, found in (
        (parse_schema("bytes"), pa.schema([schema.field("hash")])),
        (table, schema),
    ):
        of = Content(topic="any", format="csv", schema=other)
        with pytest.raises(ColumnsError, match=r"\): export to parquet$"):
            csv.check(of, pa.schema([each for each in found if each.name == "hash"]))


@deep
@given(records, st.data())
def test_databases(schema: Schema, data: st.DataObject) -> None:
    """A table has all values, or none where DuckDB does not take them, and offsets likewise."""
    batch = batch_of(schema, data)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.duckdb")
        of = content(schema, "duckdb")
        with (
            contextlib.suppress(ConfigurationError, ColumnsError),
            DatabaseTarget(path, of, "any") as target,
        ):
            target.write(batch, 0)
        if not path.exists():  # names that differ only in case, or a type that it has not
            return
        with DatabaseTarget(path, of, "any") as target:
            is_taken = bool(target.next_offsets())
        with duckdb.connect(str(path)) as connection:
            tables = [name for (name,) in connection.execute("show tables").fetchall()]
            assert ("any" in tables) == is_taken
            if is_taken:
                read = connection.from_arrow(batch.rows)
                casts = ", ".join(
                    f'"{name}"::{kind} as "{name}"'
                    for name, kind in zip(read.columns, read.types, strict=True)
                )
                found = connection.table("any").project(casts).fetchall()
                assert repr(found) == repr(read.fetchall())


class FullDisk:
    """A connection to a database whose disk is full: a transaction cannot be committed."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, query: str, *parameters: Any) -> Any:
        """Execute a query."""
        if query == "commit":
            self._connection.execute("rollback")
            raise duckdb.TransactionException("Failed to commit: No space left on device")
        return self._connection.execute(query, *parameters)


def test_a_database_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One error, and neither rows nor offsets."""
    of = content(parse_schema("long"), "duckdb")
    batch = batch_with(pa.table({"n": [5]}))
    path = tmp_path / "a.duckdb"
    with DatabaseTarget(path, of, "pings") as target:
        monkeypatch.setattr(target, "_connection", FullDisk(target._connection))
        with pytest.raises(ConfigurationError, match=r"does not take the rows: .* No space left"):
            target.write(batch, 0)
        with pytest.raises(ConfigurationError, match="does not take the rows"):
            target.finish(0, 1)
        assert target.next_offsets() == {}
    with DatabaseTarget(path, of, "pings") as target:
        assert target.next_offsets() == {}


@pytest.mark.parametrize("name", ["streamcontract.duckdb", ":memory:", "md:a", "it's.db"])
def test_names_of_databases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Each is a file, and none is in the way of the names in it."""
    monkeypatch.chdir(tmp_path)
    schema = parse_schema(
        {"type": "record", "name": "Ping", "fields": [{"name": "n", "type": "long"}]}
    )
    batch = batch_with(pa.table({"n": [5]}))
    with DatabaseTarget(Path(name), content(schema, "duckdb"), "pings") as target:
        target.write(batch, 0)
    with DatabaseTarget(Path(name), content(schema, "duckdb"), "pings") as target:
        assert target.next_offsets() == {0: 1}
    assert Path(name).is_file()
    with pytest.raises(ConfigurationError, match=r"'Pings' of .* is there already"):
        DatabaseTarget(Path(name), content(schema, "duckdb"), "Pings")


def test_duckdb_takes_the_common_types() -> None:
    """Enums, records, lists and maps among them."""
    fields = [
        {"name": "side", "type": {"type": "enum", "name": "Side", "symbols": ["BUY", "SELL"]}},
        {
            "name": "at",
            "type": {"type": "record", "name": "At", "fields": [{"name": "x", "type": "double"}]},
        },
        {"name": "tags", "type": {"type": "map", "values": "string"}},
        {"name": "lines", "type": {"type": "array", "items": "long"}},
        {
            "name": "price",
            "type": [
                "null",
                {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2},
            ],
        },
    ]
    schema = parse_schema({"type": "record", "name": "Order", "fields": fields})
    codec = Codec[Any](schema)
    value = {"side": "SELL", "at": {"x": 1.5}, "tags": {"a": "b"}, "lines": [1, 2], "price": None}
    rows = pa.table(codec.decode_columns([codec.encode(value)]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.duckdb")
        with DatabaseTarget(path, content(schema, "duckdb"), "orders") as target:
            target.write(batch_with(rows), 0)
        with duckdb.connect(str(path)) as connection:
            (found,) = connection.execute("from orders").fetchall()
    assert found == ("SELL", {"x": 1.5}, {"a": "b"}, [1, 2], None)
