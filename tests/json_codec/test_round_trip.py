"""Whatever fits a schema comes back from JSON as it was, in both encodings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, get_args

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.codec.equality import same
from tests.searching import examples

from streamcontract import Codec, JsonCodec, Stock
from streamcontract.json_codec.leaves import Encoding
from streamcontract.testing.strategies import from_schema, records, schemas

if TYPE_CHECKING:
    from streamcontract.schema import Schema

ENCODINGS = get_args(Encoding)
deep = settings(deadline=None, max_examples=examples(60))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Schema, Any, Any]:
    """A schema, one of its values with the branches of unions, and an encoding."""
    schema = draw(schemas(only_records=True) | schemas())
    return schema, draw(from_schema(schema, tag_unions=True)), draw(st.sampled_from(ENCODINGS))


@deep
@given(cases())
def test_a_value_comes_back_in_its_branch(case: tuple[Schema, Any, Any]) -> None:
    """Text and document; the branch of each union is the one that was written."""
    schema, value, encoding = case
    codec: JsonCodec[Any] = JsonCodec(schema, encoding=encoding, tag_unions=True)
    written = Codec(schema, tag_unions=True).decode(Codec(schema).encode(value))
    assert same(codec.loads(codec.dumps(value)), written)
    document = codec.dump(value)
    assert same(codec.load(document), written)
    assert same(json.loads(codec.dumps(value)), document)


@deep
@given(cases())
def test_a_bare_value_is_what_the_binary_codec_reads(case: tuple[Schema, Any, Any]) -> None:
    """Without branches, JSON and Avro give the same values."""
    schema, value, encoding = case
    codec: JsonCodec[Any] = JsonCodec(schema, encoding=encoding)
    plain: Codec[Any] = Codec(schema)
    assert same(codec.loads(codec.dumps(value)), plain.decode(plain.encode(value)))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_records(encoding: Encoding) -> None:
    """Of a generated class."""
    codec = JsonCodec(Stock, encoding=encoding)

    @given(records(Stock))
    def comes_back(stock: Stock) -> None:
        read = codec.loads(codec.dumps(stock))
        assert type(read) is Stock
        assert same(attrs.asdict(read), attrs.asdict(stock))

    comes_back()
