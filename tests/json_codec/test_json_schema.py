"""The JSON Schema of a contract takes what the codec writes, as a validator of others sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.searching import examples

from streamcontract import JsonCodec, Stock, parse_schema
from streamcontract.json_codec.json_schema import json_schema
from streamcontract.testing.strategies import from_schema, schemas

if TYPE_CHECKING:
    from streamcontract.schema import Schema

deep = settings(deadline=None, max_examples=examples(60))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Schema, Any]:
    """A schema and one of its values."""
    schema = draw(schemas(only_records=True) | schemas())
    return schema, draw(from_schema(schema, tag_unions=True))


@deep
@given(cases())
def test_what_is_written_is_valid(case: tuple[Schema, Any]) -> None:
    """And the description itself is a JSON Schema."""
    schema, value = case
    described = json_schema(schema)
    Draft202012Validator.check_schema(described)
    document = JsonCodec(schema, tag_unions=True).dump(value)
    assert [each.message for each in Draft202012Validator(described).iter_errors(document)] == []


def test_a_description_grows_with_the_schema() -> None:
    """However often each record is used: by reference, or inline the first time alone."""
    record: Any = {"type": "record", "name": "R0", "fields": []}
    for number in range(1, 25):
        fields = [{"name": "a", "type": record}, {"name": "b", "type": f"R{number - 1}"}]
        record = {"type": "record", "name": f"R{number}", "fields": fields}
    schema = parse_schema(record)
    for inline in (False, True):
        described = json_schema(schema, inline=inline)
        assert len(str(described)) < 10_000
        Draft202012Validator.check_schema(described)


@deep
@given(cases())
def test_what_is_written_is_valid_inline(case: tuple[Schema, Any]) -> None:
    """A description in one piece takes it too."""
    schema, value = case
    document = JsonCodec(schema, tag_unions=True).dump(value)
    assert Draft202012Validator(json_schema(schema, inline=True)).is_valid(document)


BAR = {
    "symbol": "AAPL",
    "date": "2024-05-17",
    "open": 189.5,
    "high": 190.8,
    "low": 189.2,
    "close": 189.9,
    "volume": 41282900,
}


@pytest.mark.parametrize(
    "document",
    [
        {**BAR, "symbol": 1},
        {**BAR, "volume": 1.5},
        {**BAR, "more": 1},
        {**BAR, "open": "x"},
        {**BAR, "adjusted_close": {"double": 1.0}},
        {key: value for key, value in BAR.items() if key != "close"},
    ],
)
def test_what_is_refused_is_invalid(document: Any) -> None:
    """As far as JSON Schema can say it."""
    validator = Draft202012Validator(json_schema(JsonCodec(Stock).schema))
    assert validator.is_valid(BAR)
    assert not validator.is_valid(document)
