"""Any JSON is a value or a DecodeError that says, by its path, what was expected of the JSON."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.searching import examples

from streamcontract import JsonCodec, Stock
from streamcontract.errors import ArgumentError, DecodeError, EncodeError
from streamcontract.json_codec.faults import Unreadable
from streamcontract.json_codec.leaves import Encoding
from streamcontract.testing.strategies import from_schema, schemas

if TYPE_CHECKING:
    from streamcontract.schema import Schema

ENCODINGS = get_args(Encoding)
deep = settings(deadline=None, max_examples=examples(80))

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(
        ["NaN", "2024-05-17", "QQ==", "2024-05-17T09:30:00Z", "1.50", "1E" + 20 * "9"]
    )
)
documents = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


PYTHON = re.compile(r"\ba (str|float|dict|list|Decimal)\b|\ban int\b|True or False|datetime|^None$")
"""Python's words for what JSON has others for."""


def put(document: Any, path: int, other: Any) -> Any:
    """The document with one of its parts replaced."""
    if isinstance(document, dict) and document:
        key = sorted(document)[path % len(document)]
        return {**document, key: put(document[key], path // len(document), other)}
    if isinstance(document, list) and document:
        place = path % len(document)
        inner = put(document[place], path // len(document), other)
        return [*document[:place], inner, *document[place + 1 :]]
    return other


def is_read_or_refused(codec: JsonCodec[Any], document: Any) -> None:
    """What is read is written again; what is refused has a path and the words of JSON."""
    refusal = None
    try:
        value = codec.load(document)
    except DecodeError as error:
        refusal = error
    if refusal is None:
        codec.dumps(value)
        return
    for fault in refusal.faults:
        assert not isinstance(fault.value, Unreadable)
        assert fault.path
        assert fault.expected
        assert not PYTHON.search(fault.expected)


@deep
@given(schemas(), documents, st.sampled_from(ENCODINGS))
def test_any_document(schema: Schema, document: Any, encoding: Encoding) -> None:
    """Of any shape."""
    is_read_or_refused(JsonCodec(schema, encoding=encoding), document)


@deep
@given(st.data(), st.integers(0, 10**6), documents, st.sampled_from(ENCODINGS))
def test_a_document_with_a_wrong_part(
    data: st.DataObject, path: int, other: Any, encoding: Encoding
) -> None:
    """Nearly a value."""
    schema = data.draw(schemas(only_records=True))
    codec: JsonCodec[Any] = JsonCodec(schema, encoding=encoding)
    document = codec.dump(data.draw(from_schema(schema)))
    is_read_or_refused(codec, put(document, path, other))


@deep
@given(st.text() | st.binary())
def test_any_text(text: str | bytes) -> None:
    """Is refused, since it is no record; by the parser or by the schema."""
    with pytest.raises(DecodeError, match=r"^Stock: expected "):
        JsonCodec(Stock).loads(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1, "a": 1}', "an object has the key 'a' twice"),
        ('{"a": NaN}', 'NaN is no JSON; as text, "NaN", it is read as a number'),
        ('{"a": -Infinity}', "-Infinity is no JSON"),
        ('{"a": 1', "Expecting ',' delimiter"),
        ("", "Expecting value"),
        (b"\xff", "'utf-8' codec can't decode byte 0xff"),
        ("[" * 100_000, "nested too deep"),
        ('{"a": ' + "1" * 5000 + "}", "4300 digits"),
    ],
)
def test_text_that_is_no_json(text: str | bytes, words: str) -> None:
    """The parser's reason is in the error."""
    codec = JsonCodec({"type": "map", "values": "double"})
    with pytest.raises(DecodeError) as caught:
        codec.loads(text)
    assert words in str(caught.value)


class Text(str):
    """What another parser may make of text."""

    __slots__ = ()


@pytest.mark.parametrize(
    "union", [["null", "double"], ["null", "string", "bytes"], ["null", "int"]]
)
@pytest.mark.parametrize(
    "part", [Decimal(1), Text("a"), True, (), b"a", {1}, float("nan"), float("inf"), object()]
)
def test_parts_that_no_parser_of_the_standard_library_makes(union: Any, part: Any) -> None:
    """Are read as what they are a kind of, or refused."""
    is_read_or_refused(JsonCodec(union), part)
    is_read_or_refused(JsonCodec(union, encoding="avro"), {"string": part})
    is_read_or_refused(JsonCodec({"type": "array", "items": union}), [part])


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_json_has_no_token_for_are_text(number: float) -> None:
    """Whatever a parser made them of."""
    with pytest.raises(DecodeError, match="as text, one of 'NaN'"):
        JsonCodec("double").load(number)


def test_all_faults_at_once() -> None:
    """Those of JSON and those of the schema, each by its path."""
    schema = {
        "type": "record",
        "name": "Order",
        "fields": [
            {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
            {"name": "lines", "type": {"type": "array", "items": {"type": "map", "values": "int"}}},
            {"name": "payload", "type": ["null", "bytes"]},
        ],
    }
    document = {"id": "1", "lines": [{"a": 1.5}, 7], "payload": "%", "more": None}
    with pytest.raises(DecodeError) as caught:
        JsonCodec(schema).loads(json.dumps(document))
    assert {fault.path: fault.expected for fault in caught.value.faults} == {
        "Order.more": "only the fields of Order: id, lines, payload",
        "Order.id": "a UUID as RFC 4122 writes it",
        "Order.lines[0]['a']": "an integer from -2147483648 to 2147483647",
        "Order.lines[1]": "an object",
        "Order.payload": "bytes as text in base64",
    }


NESTED = {
    "type": "record",
    "name": "Node",
    "fields": [{"name": "next", "type": ["null", "Node"], "default": None}],
}


def test_nested_deeper_than_the_stack() -> None:
    """Is an error of the schema's words, both ways."""
    codec = JsonCodec(NESTED)
    document: Any = {}
    for _ in range(100_000):
        document = {"next": document}
    with pytest.raises(DecodeError, match="nested"):
        codec.load(document)
    value = document
    with pytest.raises(EncodeError, match="nested"):
        codec.dumps(value)
    while document:  # which ends it without a stack
        document = document["next"]


def test_what_does_not_fit_is_not_written() -> None:
    """With the codec's own error."""
    with pytest.raises(EncodeError, match=r"^value: expected an int"):
        JsonCodec("int").dumps("1")


def test_an_encoding_that_there_is_not() -> None:
    """The error names those there are."""
    wrong: Any = "yaml"
    with pytest.raises(ArgumentError, match="encoding has to be 'plain' or 'avro', not 'yaml'"):
        JsonCodec("int", encoding=wrong)
