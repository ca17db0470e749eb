"""Container files that fastavro and Apache avro read, and files of theirs that are read here."""

from __future__ import annotations

import io
import json
import warnings
from typing import Any, Final

import avro.datafile
import avro.errors
import avro.io
import avro.schema
import fastavro
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.codec.equality import equal, same
from tests.codec.oracles import (
    bare,
    fastavro_schema,
    for_fastavro,
    names_null_namespace,
    read_by_apache,
    read_by_fastavro,
)
from tests.columns.conversion import has_columns, in_columns, rows_of
from tests.searching import examples

from streamcontract import Codec, ContainerFileReader, ContainerFileWriter, Stock, parse_schema
from streamcontract.codec.engine import Unusable, find_extension
from streamcontract.container_files import COMPRESSIONS
from streamcontract.schema import Schema
from streamcontract.testing.strategies import evolutions, from_schema, schemas

deep = settings(deadline=None, max_examples=examples(60))
block_sizes = st.sampled_from((1, 10, 100, 64_000))

APACHES: Final = ("null", "deflate", "bzip2")
"""The codecs of Apache avro that need no other package."""


@st.composite
def cases(draw: st.DrawFn) -> tuple[Schema, list[Any]]:
    """A schema that all of the libraries take, and tagged values."""
    drawn = draw(schemas(only_records=True, ill_fitting=False) | schemas(ill_fitting=False))
    assume(not names_null_namespace(drawn))
    schema = parse_schema(json.dumps(fastavro_schema(drawn)))
    return schema, draw(st.lists(from_schema(schema, tag_unions=True), max_size=6))


def written(schema: Schema, values: list[Any], compression: str, block_size: int) -> io.BytesIO:
    """A file of ours, at its beginning."""
    file = io.BytesIO()
    with ContainerFileWriter(
        file, schema, compression=compression, block_size=block_size
    ) as writer:
        for value in values:
            writer.write(value)
    file.seek(0)
    return file


@deep
@given(cases(), st.sampled_from(COMPRESSIONS), block_sizes)
def test_fastavro_reads_ours(case: tuple[Schema, list[Any]], codec: str, block_size: int) -> None:
    """With every codec, and blocks of any size."""
    schema, values = case
    found = list(fastavro.reader(written(schema, values, codec, block_size)))
    assert equal(found, [read_by_fastavro(schema.root, value) for value in values])


@deep
@given(cases(), st.sampled_from(COMPRESSIONS), block_sizes)
def test_we_read_fastavros(case: tuple[Schema, list[Any]], codec: str, block_size: int) -> None:
    """With every codec, and blocks of any size."""
    schema, values = case
    file = io.BytesIO()
    fastavro.writer(
        file,
        fastavro.parse_schema(fastavro_schema(schema)),
        [for_fastavro(schema.root, value) for value in values],
        codec=codec,
        sync_interval=block_size,
        metadata={"by": "fastavro"},
    )
    file.seek(0)
    with ContainerFileReader(file) as reader:
        assert (reader.compression, reader.metadata) == (codec, {"by": b"fastavro"})
        assert same(list(reader), [bare(schema.root, value) for value in values])


@deep
@given(cases(), st.sampled_from(APACHES), block_sizes)
def test_apache_avro_reads_ours(
    case: tuple[Schema, list[Any]], codec: str, block_size: int
) -> None:
    """What it reads are the values."""
    schema, values = case
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", avro.errors.IgnoredLogicalType)
        file = written(schema, values, codec, block_size)
        found = list(avro.datafile.DataFileReader(file, avro.io.DatumReader()))
    assert equal(found, [read_by_apache(schema.root, value) for value in values])


class _Payloads(avro.io.DatumWriter):
    """Writes values that are encoded already: Apache avro makes the file alone."""

    def write(self, datum: Any, encoder: Any) -> None:
        encoder.writer.write(datum)


@deep
@given(cases(), st.sampled_from(APACHES))
def test_we_read_apache_avros(case: tuple[Schema, list[Any]], codec: str) -> None:
    """Its files have the same parts."""
    schema, values = case
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", avro.errors.IgnoredLogicalType)
        parsed = avro.schema.parse(schema.json)
        writer = avro.datafile.DataFileWriter(file, _Payloads(parsed), parsed, codec=codec)
    for value in values:
        writer.append(Codec[Any](schema).encode(value))
    writer.flush()
    file.seek(0)
    with ContainerFileReader(file) as reader:
        assert same(list(reader), [bare(schema.root, value) for value in values])


@deep
@given(cases(), st.sampled_from(COMPRESSIONS), block_sizes, st.data())
def test_another_reader_schema(
    case: tuple[Schema, list[Any]], codec: str, block_size: int, data: st.DataObject
) -> None:
    """Records are read by the plan, as those of messages are."""
    schema, values = case
    reader_schema = data.draw(evolutions(schema, level="BACKWARD"))
    codecs = Codec[Any](schema), Codec[Any](reader_schema)
    expected = [codecs[1].decode(codecs[0].encode(value), writer=schema) for value in values]
    file = written(schema, values, codec, block_size)
    with ContainerFileReader(file, reader_schema) as reader:
        assert same(list(reader), expected)


@pytest.mark.skipif(isinstance(find_extension("columns"), Unusable), reason="needs columns")
@deep
@given(cases().filter(lambda case: has_columns(case[0])), block_sizes, st.integers(1, 4))
def test_columns_have_the_records(
    case: tuple[Schema, list[Any]], block_size: int, batch_size: int
) -> None:
    """Batches of any size have the rows of the records, in their order."""
    schema, values = case
    with ContainerFileReader(written(schema, values, "null", block_size)) as reader:
        batches = list(reader.batches(batch_size=batch_size))
    assert all(len(batch) == batch_size for batch in batches[:-1])
    assert not any(batch.faults for batch in batches)
    rows = [row for batch in batches for row in rows_of(schema, batch)]
    assert same(rows, [in_columns(schema.root, value) for value in values])


def test_generated_classes(tmp_path: Any) -> None:
    """Of a generated class, records are its instances."""
    import datetime as dt

    bar = Stock(
        symbol="AAPL",
        date=dt.date(2024, 5, 17),
        open=1.0,
        high=2.0,
        low=0.5,
        close=1.5,
        volume=7,
    )
    path = tmp_path / "bars.avro"
    with ContainerFileWriter(path, Stock, compression="zstandard") as writer:
        writer.write(bar)
    with ContainerFileReader(path, Stock) as reader:
        assert list(reader) == [bar]
    assert [entry.name for entry in tmp_path.iterdir()] == ["bars.avro"]
