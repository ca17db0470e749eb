"""Avro's JSON encoding is the one that fastavro writes and reads."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

import fastavro
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st
from tests.codec.equality import equal
from tests.codec.oracles import (
    fastavro_schema,
    for_fastavro,
    names_null_namespace,
    read_by_fastavro,
)
from tests.searching import examples

from streamcontract import JsonCodec
from streamcontract.schema import RecordType
from streamcontract.schema.model import children
from streamcontract.testing.strategies import from_schema, schemas

if TYPE_CHECKING:
    from streamcontract.schema import AvroType, Schema

deep = settings(deadline=None, max_examples=examples(60))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Schema, Any]:
    """A schema and a value that fastavro's JSON can have, with the branches of unions.

    It has no recursive schemas, records without fields and empty keys, and writes the numbers that
    JSON has no token for without quotes.
    """
    schema = draw(schemas(only_records=True, ill_fitting=False))
    assume(not names_null_namespace(schema))
    assume(_is_finite(schema.root, ()))
    value = draw(from_schema(schema, tag_unions=True))
    assume(_is_writable(value))
    return schema, value


def _is_finite(node: AvroType, above: tuple[AvroType, ...]) -> bool:
    if node in above or (isinstance(node, RecordType) and not node.fields):
        return False
    return all(_is_finite(child, (*above, node)) for child in children(node))


def _is_writable(value: Any) -> bool:
    match value:
        case float():
            return math.isfinite(value)
        case dict():
            return "" not in value and all(map(_is_writable, value.values()))
        case list() | tuple():
            return all(map(_is_writable, value))
    return True


def written(schema: Any, value: Any) -> str:
    """What fastavro writes of a value, with the branches of unions."""
    out = io.StringIO()
    fastavro.json_writer(out, schema, [value])
    return out.getvalue()


@deep
@given(cases())
def test_fastavro_writes_the_same(case: tuple[Schema, Any]) -> None:
    """Its text is read as the value."""
    schema, value = case
    text = written(fastavro.parse_schema(fastavro_schema(schema)), for_fastavro(schema.root, value))
    codec: JsonCodec[Any] = JsonCodec(schema, encoding="avro", tag_unions=True)
    assert equal(codec.loads(text), codec.loads(codec.dumps(value)))


@deep
@given(cases())
def test_fastavro_reads_ours(case: tuple[Schema, Any]) -> None:
    """As the value, raw where it does not know the logical type; and where it reads its own."""
    schema, value = case
    theirs = fastavro.parse_schema(fastavro_schema(schema))
    own = written(theirs, for_fastavro(schema.root, value))
    try:
        list(fastavro.json_reader(io.StringIO(own), theirs))
    except Exception:  # noqa: BLE001 - its parser loses its way in some shapes of records
        reject()
    codec: JsonCodec[Any] = JsonCodec(schema, encoding="avro", tag_unions=True)
    (read,) = fastavro.json_reader(io.StringIO(codec.dumps(value)), theirs)
    again = codec.loads(codec.dumps(value))
    assert equal(read, read_by_fastavro(schema.root, again))
