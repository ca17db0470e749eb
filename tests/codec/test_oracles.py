"""Our bytes are those that fastavro writes, and both it and Apache avro read them as we do."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.codec.equality import equal, same
from tests.codec.oracles import (
    apache_decoding,
    bare,
    fastavro_decoding,
    fastavro_encoding,
    names_null_namespace,
    read_by_apache,
    read_by_fastavro,
)
from tests.searching import examples

from streamcontract import Codec
from streamcontract.schema import Schema
from streamcontract.testing.strategies import from_schema, schemas

deep = settings(deadline=None, max_examples=examples(60))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Schema, Any]:
    """A schema, without logical types to ignore (fastavro refuses them), and a tagged value."""
    schema = draw(schemas(only_records=True, ill_fitting=False) | schemas(ill_fitting=False))
    assume(not names_null_namespace(schema))
    return schema, draw(from_schema(schema, tag_unions=True))


@deep
@given(cases())
def test_bytes_are_fastavros(case: tuple[Schema, Any]) -> None:
    """Both write the same bytes, so each reads what the other wrote."""
    schema, value = case
    theirs = fastavro_encoding(schema, value)
    codec = Codec(schema, tag_unions=True)
    assert codec.encode(value) == theirs
    assert same(codec.decode(theirs), value)


@deep
@given(cases())
def test_fastavro_reads_ours(case: tuple[Schema, Any]) -> None:
    """What fastavro reads from our bytes is the value, and so is what we read without tags."""
    schema, value = case
    data = Codec(schema).encode(value)
    assert equal(fastavro_decoding(schema, data), read_by_fastavro(schema.root, value))
    assert same(Codec(schema).decode(data), bare(schema.root, value))


@deep
@given(cases())
def test_apache_avro_reads_ours(case: tuple[Schema, Any]) -> None:
    """What Apache avro reads from our bytes is the value."""
    schema, value = case
    data = Codec(schema).encode(value)
    assert equal(apache_decoding(schema, data), read_by_apache(schema.root, value))
