"""Whatever fits a schema comes back as it was sent."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.codec.equality import equal, same
from tests.searching import examples

from streamcontract import Codec, parse_schema
from streamcontract.schema import Schema
from streamcontract.testing.strategies import from_schema, schemas

deep = settings(deadline=None, max_examples=examples(80))


@st.composite
def schema_and_value(draw: st.DrawFn, *, tag_unions: bool) -> tuple[Schema, Any]:
    """A schema with one of its values."""
    schema = draw(schemas(only_records=True) | schemas())
    return schema, draw(from_schema(schema, tag_unions=tag_unions))


@deep
@given(schema_and_value(tag_unions=True))
def test_tagged_values(case: tuple[Schema, Any]) -> None:
    """With the branch of each union chosen, the very same value comes back."""
    schema, value = case
    codec = Codec(schema, tag_unions=True)
    assert same(codec.decode(codec.encode(value)), value)


@deep
@given(schema_and_value(tag_unions=False))
def test_bare_values(case: tuple[Schema, Any]) -> None:
    """With the branches left to the codec, an equal value comes back."""
    schema, value = case
    codec = Codec(schema)
    assert equal(codec.decode(codec.encode(value)), value)


@deep
@given(schema_and_value(tag_unions=True))
def test_encoding_is_stable(case: tuple[Schema, Any]) -> None:
    """Decoding and encoding again gives the same bytes, with prefix and offset too.

    Nor does it change the value, or share anything changeable between what it decodes.
    """
    schema, value = case
    codec = Codec(schema, tag_unions=True)
    data = codec.encode(value)
    assert codec.encode(codec.decode(data)) == data
    framed = codec.encoder(prefix=b"\0\0\0\0\7")(value)
    assert framed == b"\0\0\0\0\7" + data
    assert same(codec.decoder(start=5)(framed), value)
    assert not _mutable_ids(codec.decode(data)) & _mutable_ids(codec.decode(data))


def _mutable_ids(value: Any) -> set[int]:
    match value:
        case list() | tuple():
            inner: set[int] = set().union(*map(_mutable_ids, value))
            return inner | {id(value)} if isinstance(value, list) else inner
        case dict():
            return {id(value)}.union(*map(_mutable_ids, value.values()))
    return set()


@deep
@given(schema_and_value(tag_unions=True))
def test_own_schema_as_writer(case: tuple[Schema, Any]) -> None:
    """A schema resolved against itself changes nothing."""
    schema, value = case
    codec = Codec(schema, tag_unions=True)
    again = Codec(parse_schema(schema.json), tag_unions=True)
    assert same(again.decode(codec.encode(value), writer=schema), value)
