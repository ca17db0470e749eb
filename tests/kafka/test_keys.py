"""Keys as plain bytes: what is sent, what comes back, what is refused."""

from __future__ import annotations

import enum
import uuid
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.codec import Contract
from streamcontract.errors import ConfigurationError, DecodeError, EncodeError, StreamContractError
from streamcontract.kafka.contract.keys import KeyCodec, field_getter, key_codec
from streamcontract.schema import Schema, parse_schema

SIDE = {"type": "enum", "name": "Side", "symbols": ["BUY", "SELL"]}


def schema_with(key: object) -> Schema:
    """A record whose field ``k`` is of that type."""
    return parse_schema(
        {
            "type": "record",
            "name": "R",
            "fields": [{"name": "other", "type": "int"}, {"name": "k", "type": key}],
        }
    )


def codec_of(key: object) -> KeyCodec:
    """How a key of that type travels, with plain values."""
    return key_codec("k", schema_with(key), {})


def on_the_wire(sent: str | bytes) -> bytes:
    """What confluent_kafka makes of it."""
    return sent.encode() if isinstance(sent, str) else sent


KINDS: dict[str, tuple[object, st.SearchStrategy[Any]]] = {
    "string": ("string", st.text()),
    "uuid": ({"type": "string", "logicalType": "uuid"}, st.uuids()),
    "fixed uuid": (
        {"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"},
        st.uuids(),
    ),
    "int": ("int", st.integers(-(2**31), 2**31 - 1)),
    "long": ("long", st.integers(-(2**63), 2**63 - 1)),
    "bytes": ("bytes", st.binary()),
    "fixed": ({"type": "fixed", "name": "F", "size": 3}, st.binary(min_size=3, max_size=3)),
    "enum": (SIDE, st.sampled_from(["BUY", "SELL"])),
}


@given(st.data(), st.sampled_from(sorted(KINDS)))
def test_every_key_comes_back(data: st.DataObject, kind: str) -> None:
    """Given or taken from a record, a key is sent as the same bytes and read as itself."""
    key_type, values = KINDS[kind]
    codec = codec_of(key_type)
    value = data.draw(values)
    wire = on_the_wire(codec.check(value))
    assert on_the_wire(codec.send(value)) == wire
    assert codec.read(wire) == value
    assert type(codec.read(wire)) is type(value)


@pytest.mark.parametrize(
    ("kind", "value", "wire"),
    [
        ("string", "Zoë", "Zoë".encode()),
        ("uuid", uuid.UUID(int=1), b"00000000-0000-0000-0000-000000000001"),
        ("long", -42, b"-42"),
        ("bytes", b"\0\xff", b"\0\xff"),
        ("enum", "SELL", b"SELL"),
    ],
)
def test_the_bytes_are_those_that_every_tool_shows(kind: str, value: Any, wire: bytes) -> None:
    """Text as UTF-8, numbers as decimal digits, bytes as they are."""
    assert on_the_wire(codec_of(KINDS[kind][0]).check(value)) == wire


@given(st.binary(), st.sampled_from(sorted(KINDS)))
def test_any_bytes_are_read_as_they_were_sent_or_refused(wire: bytes, kind: str) -> None:
    """Reading never raises anything else, and never takes bytes that sending would not make."""
    codec = codec_of(KINDS[kind][0])
    try:
        value = codec.read(wire)
    except DecodeError:
        return
    if not isinstance(value, uuid.UUID):  # whose text may be written in more ways than one
        assert on_the_wire(codec.check(value)) == wire


WRITTEN_OTHERWISE = st.uuids().flatmap(
    lambda it: st.sampled_from([str(it).upper(), it.hex, it.urn, f"{{{it}}}", f"0{it}"[:36]])
)


@given(
    st.binary() | st.uuids().map(str).map(str.encode) | WRITTEN_OTHERWISE.map(str.encode),
    st.sampled_from(sorted(KINDS)),
)
def test_the_quick_way_reads_what_the_careful_one_reads(wire: bytes, kind: str) -> None:
    """The same key, or an error: on one the careful way is asked."""
    codec = codec_of(KINDS[kind][0])
    try:
        quick = codec.read_plain(wire)
    except (ValueError, StreamContractError):
        return
    assert codec.read(wire) == quick


@pytest.mark.parametrize("value", [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)])
def test_uuids_are_read_the_quick_way(value: uuid.UUID) -> None:
    """As they are sent, they need no care."""
    assert codec_of(KINDS["uuid"][0]).read_plain(str(value).encode()) == value


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("string", b"bytes"),
        ("string", "\ud800"),
        ("uuid", "00000000-0000-0000-0000-000000000001"),
        ("int", True),
        ("int", 2**31),
        ("long", 1.0),
        ("bytes", "text"),
        ("fixed", b"four"),
        ("enum", "HOLD"),
        ("enum", ["BUY"]),
    ],
)
def test_a_key_of_another_type_is_refused(kind: str, wrong: Any) -> None:
    """Nothing is converted by chance."""
    with pytest.raises(EncodeError, match="key: expected"):
        codec_of(KINDS[kind][0]).check(wrong)


@pytest.mark.parametrize(
    "digits", [b"", b"+1", b" 1", b"1_0", b"01", b"-0", b"\xd9\xa1", b"9" * 30]
)
def test_only_the_digits_that_are_written(digits: bytes) -> None:
    """Python's int() would take all of these."""
    with pytest.raises(DecodeError):
        codec_of("long").read(digits)


def test_a_symbol_that_is_not_known() -> None:
    """It becomes the enum's default, as a value would; without one it is refused."""
    with pytest.raises(DecodeError, match="Side"):
        codec_of(SIDE).read(b"HOLD")
    assert codec_of({**SIDE, "default": "SELL"}).read(b"HOLD") == "SELL"


@pytest.mark.parametrize(
    "key",
    [
        "double",
        ["null", "string"],
        {"type": "int", "logicalType": "date"},
        {"type": "bytes", "logicalType": "decimal", "precision": 4},
        {"type": "array", "items": "int"},
    ],
)
def test_what_cannot_be_plain_bytes(key: object) -> None:
    """The error points at key_schema."""
    with pytest.raises(ConfigurationError, match="key_schema"):
        codec_of(key)


def test_a_field_that_is_not_there() -> None:
    """The error lists those that are."""
    with pytest.raises(ConfigurationError, match=r"'missing'.*'other', 'k'"):
        key_codec("missing", schema_with("int"), {})


def test_generated_classes() -> None:
    """Attribute i is field i, whatever it is called; enum members stand for their symbols."""
    schema = schema_with(SIDE)
    contract = Contract(schema.json)

    @contract.enum("Side")
    class Side(enum.Enum):
        BUYING = "BUY"
        SELLING = "SELL"

    @contract.record("R")
    @attrs.frozen
    class R:
        other: int
        key: Side

    codec = key_codec("k", schema, contract.types)
    assert field_getter("k", schema, R)(R(1, Side.SELLING)) is Side.SELLING
    assert codec.send(Side.SELLING) == "SELL"
    assert codec.read(b"BUY") is Side.BUYING
    with pytest.raises(EncodeError, match="a member of Side"):
        codec.check("BUY")
