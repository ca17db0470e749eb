"""Bytes that are not what the schema says are refused, soon and by path, and never misread."""

from __future__ import annotations

import decimal
import json
import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.codec.equality import same
from tests.searching import examples

from streamcontract import Codec, parse_schema
from streamcontract.errors import DecodeError, EncodeError
from streamcontract.schema import Schema
from streamcontract.testing.strategies import from_schema, schemas


def logical(base: str, name: str, **attributes: int) -> dict[str, Any]:
    """A type with a logical type."""
    return {"type": base, "logicalType": name, **attributes}


def fixed(size: int, **attributes: Any) -> dict[str, Any]:
    """A fixed type."""
    return {"type": "fixed", "name": "F", "size": size, **attributes}


def record(*types: Any) -> dict[str, Any]:
    """A record R with fields a, b, c ... of these types."""
    fields = [{"name": name, "type": each} for name, each in zip("abcdef", types, strict=False)]
    return {"type": "record", "name": "R", "fields": fields}


def array(items: Any) -> dict[str, Any]:
    """An array."""
    return {"type": "array", "items": items}


def map_of(values: Any) -> dict[str, Any]:
    """A map."""
    return {"type": "map", "values": values}


def long(number: int) -> str:
    """The bytes of a number, as hex."""
    return Codec("long").encode(number).hex()


def text(value: str) -> str:
    """The bytes of a string, as hex."""
    return Codec("string").encode(value).hex()


ENUM: dict[str, Any] = {"type": "enum", "name": "E", "symbols": ["A", "B"]}
LIST: dict[str, Any] = {
    "type": "record",
    "name": "Node",
    "fields": [{"name": "next", "type": ["null", "Node"]}],
}
HUGE_COUNT = "80" * 8 + "8001"  # 2**62
NEGATIVE_HUGE = "ff" * 9 + "01"  # -(2**63)

BROKEN: list[tuple[str, Any, str, str]] = [
    # why, schema, bytes, path
    ("boolean byte 2", "boolean", "02", "value"),
    ("boolean byte 255", "boolean", "ff", "value"),
    ("int of 6 bytes", "int", "808080808000", "value"),
    ("int beyond 32 bits", "int", "8080808010", "value"),
    ("int never ends", "int", "ffffffffffff", "value"),
    ("long of 11 bytes", "long", "80" * 10 + "00", "value"),
    ("long beyond 64 bits", "long", "ff" * 9 + "02", "value"),
    ("string of negative length", "string", "01", "value"),
    ("string longer than the data", "string", "0461", "value"),
    ("string longer than memory", "string", "fe" + "ff" * 8 + "01", "value"),
    ("invalid UTF-8", "string", "02ff", "value"),
    ("UTF-8 of a surrogate", "string", "06eda080", "value"),
    ("over-long UTF-8", "string", "04c080", "value"),
    ("bytes of negative length", "bytes", "03", "value"),
    ("enum index too high", ENUM, "04", "E"),
    ("enum index -1", ENUM, "01", "E"),
    ("enum index of 6 bytes", ENUM, "808080808000", "E"),
    ("union index too high", ["null", "int"], "04", "value"),
    ("union index -1", ["null", "int"], "01", "value"),
    ("union index huge", ["null", "int"], "feffffff0f", "value"),
    ("trailing byte", "int", "0200", "value"),
    ("trailing byte after nothing", "null", "00", "value"),
    ("trailing bytes after a record", record("int"), "02ffff", "R"),
    ("array of more than the data", array("int"), "0602", "value"),
    ("array never ends", array("int"), "0202", "value"),
    ("array of 2**62 ints", array("int"), HUGE_COUNT + "00", "value"),
    ("array of 2**62 nulls", array("null"), HUGE_COUNT + "00", "value"),
    ("array of -(2**63) nulls", array("null"), NEGATIVE_HUGE + "0000", "value"),
    ("array of 2**62 empty records", array(record()), HUGE_COUNT + "00", "value"),
    ("many blocks of nulls", array("null"), ("feff07" * 8) + "00", "value"),
    ("map of 2**62 nulls", map_of("null"), HUGE_COUNT + "00", "value"),
    ("map of nulls with one key twice", map_of("null"), "0402610261" + "00", "value[key 1]"),
    ("block longer than it says", array("int"), "0102800100", "value"),
    ("block shorter than it says", array("int"), "0106020400", "value"),
    ("block of negative size", array("int"), "01010200", "value"),
    ("block of huge size", array("int"), "01" + HUGE_COUNT + "0200", "value"),
    ("uuid that is none", logical("string", "uuid"), "0261", "value"),
    ("uuid in braces", logical("string", "uuid"), text(f"{{{uuid.UUID(int=0)}}}"), "value"),
    ("time of the next day", logical("int", "time-millis"), long(24 * 60 * 60 * 1000), "value"),
    ("negative time", logical("long", "time-micros"), long(-1), "value"),
    ("date after 9999", logical("int", "date"), "feffffff0f", "value"),
    ("timestamp after 9999", logical("long", "timestamp-millis"), "fe" + "ff" * 8 + "01", "value"),
    ("timestamp before 1", logical("long", "timestamp-micros"), "ff" * 9 + "01", "value"),
    ("decimal of no bytes", logical("bytes", "decimal", precision=4), "00", "value"),
    ("decimal beyond its precision", logical("bytes", "decimal", precision=1), "020a", "value"),
    ("big-decimal of no bytes", logical("bytes", "big-decimal"), "00", "value"),
    ("big-decimal without scale", logical("bytes", "big-decimal"), "040205", "value"),
    ("big-decimal with more", logical("bytes", "big-decimal"), "0802050000", "value"),
    ("in a field", record("int", "boolean"), "0207", "R.b"),
    ("in an array", record(array("boolean")), "0601000500", "R.a[2]"),
    ("in a map", record(map_of("boolean")), "0202780500", "R.a['x']"),
    ("in a key", record(map_of("boolean")), "0202ff0100", "R.a[key 0]"),
    ("in a union", record(["null", "boolean"]), "0207", "R.a"),
    ("in a nested record", LIST, "020204", "Node.next.next.next"),
]


@pytest.mark.parametrize(
    ("schema", "data", "path"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
def test_broken(schema: Any, data: str, path: str) -> None:
    """The fault names the place and says what should be there."""
    with pytest.raises(DecodeError) as caught:
        Codec(schema).decode(bytes.fromhex(data))
    (fault,) = caught.value.faults
    assert fault.path == path
    assert fault.expected
    assert str(caught.value).startswith(path)


@st.composite
def encoded(draw: st.DrawFn) -> tuple[Schema, bytes]:
    """A schema with the bytes of one of its values."""
    schema = draw(schemas(only_records=True))
    value = draw(from_schema(schema, tag_unions=True))
    return schema, Codec(schema).encode(value)


@settings(deadline=None, max_examples=examples(40))
@given(encoded())
def test_cut_off_at_every_length(case: tuple[Schema, bytes]) -> None:
    """No true start of a message is itself a message."""
    schema, data = case
    codec = Codec(schema)
    for length in range(min(len(data), 200)):
        with pytest.raises(DecodeError):
            codec.decode(data[:length])


@settings(deadline=None, max_examples=examples(40))
@given(encoded(), st.binary(min_size=1, max_size=3))
def test_anything_behind_the_message(case: tuple[Schema, bytes], rest: bytes) -> None:
    """Nothing may follow a message."""
    schema, data = case
    with pytest.raises(DecodeError, match="left over"):
        Codec(schema).decode(data + rest)


@settings(deadline=None, max_examples=examples(40))
@given(encoded(), st.data())
def test_damaged(case: tuple[Schema, bytes], data: st.DataObject) -> None:
    """Damaged bytes give a value of the schema or a DecodeError, never anything else."""
    schema, message = case
    damaged = bytearray(message)
    for _ in range(data.draw(st.integers(1, 3))):
        if damaged:
            place = data.draw(st.integers(0, len(damaged) - 1))
            damaged[place] = data.draw(st.integers(0, 255))
    check_value_or_error(schema, bytes(damaged))


@settings(deadline=None, max_examples=examples(40))
@given(schemas(only_records=True), st.binary())
def test_noise(schema: Schema, noise: bytes) -> None:
    """Arbitrary bytes give a value of the schema or a DecodeError, never anything else."""
    check_value_or_error(schema, noise)


def check_value_or_error(schema: Schema, data: bytes) -> None:
    """What decodes, encodes again: it is a value of the schema."""
    codec = Codec(schema, tag_unions=True)
    try:
        value = codec.decode(data)
    except DecodeError as error:
        assert error.faults  # noqa: PT017 - either way is right, as long as it is one of them
    else:
        assert same(codec.decode(codec.encode(value)), value)


@settings(deadline=None, max_examples=examples(40))
@given(schemas(only_records=True), st.data())
def test_skipping_ends_where_reading_ends(schema: Schema, data: st.DataObject) -> None:
    """A field that the reader does not ask for takes as many bytes skipped as read."""
    field = {"name": "kept", "type": "long"}
    reader: dict[str, Any] = {"type": "record", "name": "TheOuterRecord", "fields": [field]}
    skipped = {"name": "skipped", "type": json.loads(schema.json)}
    writer = parse_schema({**reader, "fields": [skipped, field]})
    value = {"skipped": data.draw(from_schema(schema)), "kept": 2**40}
    message = Codec(writer).encode(value)
    assert Codec(reader).decode(message, writer=writer) == {"kept": 2**40}
    for length in range(min(len(message), 100)):
        with pytest.raises(DecodeError):
            Codec(reader).decode(message[:length], writer=writer)


@pytest.mark.parametrize(
    "data",
    ["04020400", "0202020400", "0304020400", "0102020204" + "00", "0202" + "01020400"],
    ids=["one", "two", "sized", "sized then plain", "plain then sized"],
)
def test_blocks(data: str) -> None:
    """Items may come in several blocks; a negative count is followed by a size ("Arrays")."""
    assert Codec(array("int")).decode(bytes.fromhex(data)) == [1, 2]
    reader, writer = record("int"), record("int", array("int"))
    message = bytes.fromhex("0e" + data)
    assert Codec(reader).decode(message, writer=parse_schema(writer)) == {"a": 7}


def test_blocks_of_maps() -> None:
    """The same for maps ("Maps")."""
    data = bytes.fromhex("0106026102" + "02026204" + "00")
    assert Codec(map_of("int")).decode(data) == {"a": 1, "b": 2}


def test_nulls_within_reason() -> None:
    """Items of no bytes are taken up to a limit, both ways."""
    codec = Codec(array("null"))
    many = [None] * 65_536
    assert codec.decode(codec.encode(many)) == many


def test_deep_nesting() -> None:
    """Records nested without end are refused with an error of ours, not the interpreter's."""
    with pytest.raises(DecodeError, match="nested"):
        Codec(LIST).decode(b"\2" * 100_000 + b"\0")
    skip: Codec[Any] = Codec(record())
    writer = parse_schema({**record(LIST)})
    with pytest.raises(DecodeError, match="nested"):
        skip.decode(b"\2" * 100_000 + b"\0", writer=writer)


def test_nesting_within_reason() -> None:
    """A few hundred records inside one another are fine."""
    codec = Codec(LIST)
    data = b"\2" * 300 + b"\0"
    assert codec.encode(codec.decode(data)) == data


@pytest.mark.parametrize("wrong", ["00", None, 0, [0]])
def test_no_bytes(wrong: Any) -> None:
    """What is no bytes at all is a mistake of the caller."""
    with pytest.raises(TypeError, match="bytes"):
        Codec("int").decode(wrong)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_like(kind: type) -> None:
    """All kinds of bytes decode."""
    assert Codec("bytes").decode(kind(b"\2a")) == b"a"


LONG_NUMBER = b"\x7f" * 4_000_000


def test_decimal_of_too_many_digits() -> None:
    """A number of millions of bits is refused before it is turned into digits: that takes hours."""
    codec: Codec[Any] = Codec(logical("bytes", "decimal", precision=9))
    with pytest.raises(DecodeError, match="at most 9 digits; here are 31999999 bits"):
        codec.decode(Codec("bytes").encode(LONG_NUMBER))


def test_big_decimal_of_too_many_digits() -> None:
    """A big-decimal has a limit, and it is the same both ways."""
    codec: Codec[Any] = Codec(logical("bytes", "big-decimal"))
    encode = Codec("bytes").encode
    with pytest.raises(DecodeError, match="at most 2048 unscaled bytes"):
        codec.decode(encode(encode(LONG_NUMBER) + b"\0"))
    largest = decimal.Decimal("9" * 4931)
    assert codec.decode(codec.encode(largest)) == largest
    assert codec.decode(codec.encode(-largest)) == -largest
    with pytest.raises(EncodeError, match="at most 4931 digits"):
        codec.encode(decimal.Decimal("1" + "0" * 4931))
