"""Plain JSON: how each type is written, and which texts are read."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract import Duration, JsonCodec
from streamcontract.errors import DecodeError

UTC = dt.timezone.utc


def record(name: str, *fields: str) -> dict[str, Any]:
    """A record of strings."""
    parts = [{"name": each, "type": "string"} for each in fields]
    return {"type": "record", "name": name, "fields": parts}


FIXED = {"type": "fixed", "name": "Two", "size": 2}
ENUM = {"type": "enum", "name": "Kind", "symbols": ["CLICK"]}


@pytest.mark.parametrize(
    ("schema", "value", "text"),
    [
        ("long", 2**63 - 1, "9223372036854775807"),
        ("double", 5.0, "5.0"),
        ("double", float("-inf"), '"-Infinity"'),
        ("float", 0.1, "0.1"),
        ("float", 16777216.0, "16777216.0"),
        ("float", 3.4028234663852886e38, "3.4028234663852886e+38"),
        ("bytes", b"\x00\xff", '"AP8="'),
        (FIXED, b"ab", '"YWI="'),
        (ENUM, "CLICK", '"CLICK"'),
        ("string", "ü\n", '"ü\\n"'),
        ({"type": "int", "logicalType": "date"}, dt.date(1, 1, 1), '"0001-01-01"'),
        (
            {"type": "int", "logicalType": "time-millis"},
            dt.time(9, 30, 0, 250_000),
            '"09:30:00.250000"',
        ),
        (
            {"type": "long", "logicalType": "timestamp-millis"},
            dt.datetime(2024, 5, 17, 9, 30, tzinfo=UTC),
            '"2024-05-17T09:30:00Z"',
        ),
        (
            {"type": "long", "logicalType": "local-timestamp-micros"},
            dt.datetime(2024, 5, 17, 9, 30, 0, 1),  # noqa: DTZ001 - it is local
            '"2024-05-17T09:30:00.000001"',
        ),
        (
            {"type": "long", "logicalType": "timestamp-nanos"},
            -1,
            '"1969-12-31T23:59:59.999999999Z"',
        ),
        (
            {"type": "long", "logicalType": "local-timestamp-nanos"},
            2**63 - 1,
            '"2262-04-11T23:47:16.854775807"',
        ),
        (
            {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
            Decimal("1.50"),
            '"1.50"',
        ),
        (
            {"type": "string", "logicalType": "uuid"},
            uuid.UUID(int=1),
            '"00000000-0000-0000-0000-000000000001"',
        ),
        (
            {"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"},
            Duration(months=1, days=2, milliseconds=3),
            '{"months":1,"days":2,"milliseconds":3}',
        ),
    ],
)
def test_values(schema: Any, value: Any, text: str) -> None:
    """Each comes back from its text."""
    codec = JsonCodec(schema)
    assert codec.dumps(value) == text
    assert codec.dumps(codec.loads(text)) == text


@pytest.mark.parametrize(
    ("union", "value", "text"),
    [
        (["null", "string"], ("string", "a"), '"a"'),
        (["null", "string"], ("null", None), "null"),
        (["long", "double"], ("long", 5), '{"long":5}'),
        (["long", "double"], ("double", 5.0), '{"double":5.0}'),
        (["null", "double"], ("double", float("nan")), '"NaN"'),
        (["double", "string"], ("double", float("nan")), '{"double":"NaN"}'),
        (["double", "string"], ("string", "NaN"), '"NaN"'),
        (["double", "string", "bytes"], ("double", float("inf")), '{"double":"Infinity"}'),
        (["double", "string", "bytes"], ("double", 1.5), "1.5"),
        (["string", "bytes"], ("bytes", b"a"), '{"bytes":"YQ=="}'),
        (["string", "bytes"], ("string", "a"), '{"string":"a"}'),
        (["null", "int", "long"], ("long", 1), '{"long":1}'),
        (["float", "double"], ("double", 0.1), '{"double":0.1}'),
        ([record("A", "a"), "string"], ("A", {"a": "b"}), '{"a":"b"}'),
        ([record("A", "a"), record("B", "a")], ("B", {"a": "b"}), '{"B":{"a":"b"}}'),
        ([record("A", "a"), {"type": "map", "values": "string"}], ("map", {}), '{"map":{}}'),
        # What is written under a name is an object, so the one branch of objects is too.
        (
            ["string", "bytes", record("A", "string")],
            ("A", {"string": "b"}),
            '{"A":{"string":"b"}}',
        ),
        (
            ["string", "double", record("A", "double")],
            ("A", {"double": "NaN"}),
            '{"A":{"double":"NaN"}}',
        ),
    ],
)
def test_unions(union: Any, value: Any, text: str) -> None:
    """A branch is bare if no other one looks like it, else under its name."""
    codec = JsonCodec(union, tag_unions=True)
    assert codec.dumps(value) == text
    assert repr(codec.loads(text)) == repr(value)


@pytest.mark.parametrize(
    ("union", "text", "expected"),
    [
        (["null", "string"], "1", "one of: null (null), string (a string)"),
        (["null", "string"], '{"string": "a"}', "one of: null (null), string (a string)"),
        (
            ["string", "bytes"],
            '"a"',
            'one of: string ({"string": ...}), bytes ({"bytes": ...})',
        ),
        (["string", "double"], '{"string": "a"}', "one of: string (a string), double (a number)"),
    ],
)
def test_no_branch(union: Any, text: str, expected: str) -> None:
    """The error says how each branch looks."""
    with pytest.raises(DecodeError) as caught:
        JsonCodec(union).loads(text)
    assert caught.value.expected == expected


MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
TIME_MILLIS = {"type": "int", "logicalType": "time-millis"}
NANOS = {"type": "long", "logicalType": "timestamp-nanos"}
LOCAL = {"type": "long", "logicalType": "local-timestamp-micros"}
DATE = {"type": "int", "logicalType": "date"}
TIME = {"type": "long", "logicalType": "time-micros"}
DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        (
            MILLIS,
            '"2024-05-17T11:30:00.250+02:00"',
            dt.datetime(2024, 5, 17, 9, 30, 0, 250_000, UTC),
        ),
        (MILLIS, '"2024-05-17t09:30:00z"', dt.datetime(2024, 5, 17, 9, 30, tzinfo=UTC)),
        (
            MILLIS,
            '"2024-05-17 09:30:00.250000000-00:30"',
            dt.datetime(2024, 5, 17, 10, 0, 0, 250_000, UTC),
        ),
        (NANOS, '"1970-01-01T00:00:00.5Z"', 500_000_000),
        (LOCAL, '"0001-01-01T00:00:00"', dt.datetime(1, 1, 1)),  # noqa: DTZ001 - it is local
        (TIME, '"23:59:59.999999"', dt.time(23, 59, 59, 999_999)),
        (DECIMAL, '"-1.5"', Decimal("-1.50")),
        (DECIMAL, "2", Decimal("2.00")),
        ("double", "1", 1.0),
        ("float", "16777217", 16777216.0),  # as 16777217.0 is rounded
    ],
)
def test_texts_that_others_write(schema: Any, text: str, value: Any) -> None:
    """RFC 3339 has more forms than the one that is written."""
    assert JsonCodec(schema).loads(text) == value


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (DATE, '"2024-02-30"'),
        (DATE, '"20240517"'),
        (DATE, "19860"),
        (TIME, '"24:00:00"'),
        (TIME, '"09:30:00.0000001"'),
        (MILLIS, '"2024-05-17T09:30:00"'),
        (MILLIS, '"2024-05-17T09:30:00.0001Z"'),
        (MILLIS, '"0001-01-01T00:00:00+01:00"'),
        (MILLIS, '"2024-05-17T09:30:00+24:00"'),
        (NANOS, '"2262-04-11T23:47:16.854775808Z"'),
        (NANOS, '"1970-01-01T00:00:00.0000000001Z"'),
        (LOCAL, '"2024-05-17T09:30:00Z"'),
        (DECIMAL, "1.5"),
        (DECIMAL, "true"),
        (DECIMAL, '"NaN"'),
        (DECIMAL, '" 1"'),
        (DECIMAL, '"1_0"'),
        (DECIMAL, '"1e999999999"'),
        (DECIMAL, '"1E99999999999999999999"'),
        (DECIMAL, '"0E-99999999999999999999"'),
        (DECIMAL, '"1.555"'),
        ("bytes", '"a"'),
        ("bytes", '"AB=="'),
        ("bytes", '"YQ==\\n"'),
        (FIXED, '"YQ=="'),
        ("int", "1.0"),
        ("int", "true"),
        ("double", "true"),
        ("double", "9007199254740993"),
        ("double", "1e999"),
        ("float", "1e39"),
        ("double", '"nan"'),
        ("string", '"\\ud800"'),
        (ENUM, '"VIEW"'),
    ],
)
def test_what_has_no_exact_value_is_refused(schema: Any, text: str) -> None:
    """Nothing is rounded, cut or guessed."""
    with pytest.raises(DecodeError):
        JsonCodec(schema).loads(text)


@given(st.floats(width=32, allow_nan=False))
def test_a_float_is_the_shortest_of_its_32_bits(value: float) -> None:
    """Or whole, as it is; either way the same 32 bits come back."""
    codec = JsonCodec("float")
    assert codec.loads(codec.dumps(value)) == value
    assert len(codec.dumps(value)) <= len(JsonCodec("double").dumps(value))


def test_a_field_that_is_left_out_has_its_default() -> None:
    """As the codec has it for a dict."""
    schema = {
        "type": "record",
        "name": "R",
        "fields": [{"name": "a", "type": DATE, "default": 1}, {"name": "b", "type": "int"}],
    }
    assert JsonCodec(schema).loads('{"b": 1}') == {"a": dt.date(1970, 1, 2), "b": 1}


ENUM = {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}
FIXED = {"type": "fixed", "name": "Digest", "size": 2}


@pytest.mark.parametrize(
    ("schema", "text", "words"),
    [
        ("string", "1", "a string, found 1"),
        ("boolean", '"yes"', 'true or false, found "yes"'),
        ("null", "false", "null, found false"),
        ("int", "1.5", "an integer from -2147483648 to 2147483647, found 1.5"),
        ("double", "true", "a number, found true"),
        ("double", "9007199254740993", "a number that 64 bits of floating point hold exactly"),
        ("float", "1e300", "a number within the range of 32 bits of floating point, found 1e+300"),
        (ENUM, '"C"', 'a symbol of Kind: A, B, found "C"'),
        (ENUM, "[1]", "a symbol of Kind: A, B, found [1]"),
        (FIXED, '"QQ=="', 'exactly 2 bytes, as text, found "QQ=="'),
        ("bytes", "{}", "bytes as text in base64, found {}"),
        (DATE, "null", "a date as text, such as 2024-05-17, found null"),
        (
            MILLIS,
            '"2024-05-17T09:30:00.250125Z"',
            'such as 2024-05-17T09:30:00.250Z, of whole milliseconds, found "2024-05-17T09:30:00',
        ),
        (
            TIME_MILLIS,
            '"09:30:00.250125"',
            "a time of day as text, such as 09:30:00.250, of whole milliseconds",
        ),
        (
            DECIMAL,
            '"1.234"',
            "(a JSON number may be rounded), of at most 2 digits after the point",
        ),
        (DECIMAL, '"123.4"', 'of at most 4 digits at scale 2, found "123.4"'),
    ],
)
def test_faults_speak_of_json(schema: Any, text: str, words: str) -> None:
    """Of its types, and show what was found as it is written."""
    with pytest.raises(DecodeError) as caught:
        JsonCodec(schema).loads(text)
    assert words in str(caught.value)


def test_what_is_found_is_shown_in_part() -> None:
    """Where it is long; and as Python has it, where it is no JSON."""
    with pytest.raises(DecodeError, match=r'found "a+\.\.\. \(1002 characters\)'):
        JsonCodec("int").load("a" * 1000)
    with pytest.raises(DecodeError, match=r"found \{1\} \(set\)"):
        JsonCodec("int").load({1})  # type: ignore[arg-type]
