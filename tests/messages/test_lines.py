"""Lines: what ``consume`` prints is the message that ``produce`` makes of it."""

from __future__ import annotations

import json
from typing import Any

import confluent_kafka
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.messages.conftest import SALE, sale
from tests.searching import examples

from streamcontract import Codec, JsonCodec, Schema, parse_schema
from streamcontract.json_codec.leaves import Encoding
from streamcontract.kafka.contract.binding import Binding
from streamcontract.kafka.contract.keys import may_be_none
from streamcontract.kafka.contract.message_deserializer import PortableMessageReader
from streamcontract.messages.envelopes import envelope_line
from streamcontract.messages.keys import FieldKeys, Keys, RawKeys, SchemaKeys, WantedKey
from streamcontract.messages.lines import LineEncoder, LineError, source_of
from streamcontract.messages.spool import Spool
from streamcontract.messages.topics import TopicSchemas
from streamcontract.messages.values import DocumentCodec, EncodedCodec, Form
from streamcontract.testing.strategies import from_schema, schemas

FRAME = b"\0\0\0\0\7"


def encoder(schema: Schema, keys: Keys | None = None, **options: Any) -> LineEncoder:
    """What makes messages of lines."""
    found = keys or RawKeys()
    binding: Binding[Any] = Binding("sales", EncodedCodec(schema), found.writing, None)
    return LineEncoder(TopicSchemas("sales", "sale", schema, found, binding), **options)


def line_of(schema: Schema, raw: confluent_kafka.Message, keys: Keys, encoding: Encoding) -> bytes:
    """The line that ``consume`` prints for a message."""
    codec = DocumentCodec(schema, Form(encoding))
    known: Any = {FRAME: (7, codec.decoder(schema, len(FRAME)))}
    read_key: Any = keys.reading.decoder() if isinstance(keys.reading, Codec) else keys.reading.read
    return envelope_line(PortableMessageReader("sales", known, read_key).assemble(raw))


def message(
    payload: bytes | None, key: bytes | None, headers: Any = None
) -> confluent_kafka.Message:
    """A message as the client has it."""
    value = None if payload is None else FRAME + payload
    return confluent_kafka.Message(
        topic="sales", partition=1, offset=2, key=key, value=value, headers=headers
    )


HEADERS = st.lists(st.tuples(st.text(), st.none() | st.binary()), max_size=3)


@settings(max_examples=examples(150))
@given(st.data(), st.sampled_from(["plain", "avro"]))
def test_a_message_comes_back_from_its_line(data: st.DataObject, encoding: Encoding) -> None:
    """The same bytes of value and key, and the same headers, whatever the schemas are."""
    schema = data.draw(schemas(ill_fitting=False))
    payload = Codec(schema).encode(data.draw(from_schema(schema)))
    keys: Keys
    key: bytes | None
    if data.draw(st.booleans()):
        key_schema = data.draw(schemas(ill_fitting=False))
        keys = SchemaKeys(key_schema, Form(encoding))
        # A null of Avro and no key are one to the typed producer too.
        assume(not may_be_none(keys.reading))
        key = data.draw(from_schema(key_schema).map(Codec(key_schema).encode))
    else:
        keys, key = RawKeys(), data.draw(st.none() | st.binary())
    headers = data.draw(HEADERS)
    line = line_of(schema, message(payload, key, headers), keys, encoding)
    found = encoder(schema, keys, encoding=encoding).encode(3, line)
    assert found == (3, payload, key, tuple(headers))


KEYS: list[tuple[Any, bytes, Any]] = [
    ("string", b"a b", "a b"),
    ("long", b"-12", -12),
    ("bytes", b"\xff", {"base64": "/w=="}),
    ("bytes", b"text", "text"),
    ({"type": "string", "logicalType": "uuid"}, b"00000000-0000-0000-0000-000000000001", None),
    ({"type": "enum", "name": "Side", "symbols": ["BUY", "SELL"]}, b"SELL", "SELL"),
    ({"type": "fixed", "name": "Two", "size": 2}, b"ab", "ab"),
]


@pytest.mark.parametrize(("node", "key", "json_key"), KEYS)
def test_a_key_of_a_field_is_what_the_field_is(node: Any, key: bytes, json_key: Any) -> None:
    """In the envelope, from the value alone, and on the command line."""
    schema = parse_schema({"type": "record", "name": "R", "fields": [{"name": "k", "type": node}]})
    keys = FieldKeys("k", schema)
    assert not isinstance(keys.reading, Codec)
    shown = keys.reading.read(key)
    assert shown == (key.decode() if json_key is None else json_key)
    assert keys.encode(shown) == key
    value = FieldKeys("k", schema)
    document = JsonCodec(schema).dump(
        {"k": Codec(node).decode(Codec(node).encode(_value(node, key)))}
    )
    assert value.derive(document) == key
    if key.isascii():
        assert keys.parse(key.decode()) == WantedKey(shown, key)


def _value(node: Any, key: bytes) -> Any:
    import uuid

    match node:
        case "long":
            return int(key)
        case "bytes" | {"type": "fixed"}:
            return key
        case {"logicalType": "uuid"}:
            return uuid.UUID(key.decode())
    return key.decode()


SALES = parse_schema(SALE)
BY_SHOP = FieldKeys("shop", SALES)


def test_a_value_gets_the_key_that_the_contract_derives() -> None:
    """An envelope may say another, or none."""
    make = encoder(SALES, BY_SHOP).encode
    value = sale("a", 1)
    payload = JsonCodec(SALES).encode(value)

    def key_of(document: Any) -> bytes | None:
        found = make(1, json.dumps(document).encode())
        assert not isinstance(found, LineError)
        assert found[1] == payload
        return found[2]

    assert key_of(value) == b"a"
    assert key_of({"@type": "message", "value": value}) == b"a"
    assert key_of({"@type": "message", "value": value, "key": "b"}) == b"b"
    assert key_of({"@type": "message", "value": value, "key": None}) is None


def test_a_null_with_a_key_is_a_tombstone_where_no_value_is_null() -> None:
    """Where a value may be null, the line says which it is."""
    line = b'{"@type": "message", "key": "a", "value": null}'
    assert encoder(SALES, BY_SHOP).encode(1, line) == (1, None, b"a", ())
    optional = parse_schema(["null", "string"])
    assert encoder(optional).encode(1, line) == (1, b"\x00", b"a", ())
    tombstone = b'{"@type": "message", "key": "a", "value": null, "tombstone": true}'
    assert encoder(optional).encode(1, tombstone) == (1, None, b"a", ())


def test_headers_of_all_messages_come_after_their_own() -> None:
    """A name may come twice."""
    line = json.dumps(
        {"@type": "message", "value": "x", "headers": [{"name": "a", "value": "1"}]}
    ).encode()
    found = encoder(parse_schema("string"), headers=[("a", b"2")]).encode(1, line)
    assert found == (1, b"\x02x", None, (("a", b"1"), ("a", b"2")))


def test_what_lines_are_can_be_said() -> None:
    """A map may have any key, so that its lines need it."""
    schema = parse_schema({"type": "map", "values": "string"})
    line = b'{"@type": "message", "value": "x"}'
    as_value = encoder(schema, kind="values").encode(1, line)
    assert not isinstance(as_value, LineError)
    assert Codec(schema).decode(as_value[1] or b"") == {"@type": "message", "value": "x"}
    assert isinstance(encoder(schema).encode(1, line), LineError)
    plain = encoder(schema, kind="messages").encode(1, b'{"value": {"a": "b"}}')
    assert not isinstance(plain, LineError)
    assert Codec(schema).decode(plain[1] or b"") == {"a": "b"}


ALL_WRONG = json.dumps(
    {
        "@type": "message",
        "value": {"shop": 1},
        "key": 2,
        "headers": [{"name": 3}, 4],
        "tombstone": "no",
        "prize": 1,
    }
).encode()


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        (b"", ["line: expected JSON: Expecting value at column 1"]),
        (b'{"a": 1', ["line: expected JSON: Expecting ',' delimiter at column 8"]),
        (b'{"a": 1, "a": 2}', ["line: expected JSON: an object has the key 'a' twice"]),
        (b"\xff", ["line: expected JSON: 'utf-8' codec can't decode byte 0xff"]),
        (b"[" * 100_000, ["line: expected JSON: nested too deep"]),
        (b'{"@type": "message"}', ["value: an envelope has a value"]),
        (b'{"@type": "message", "error": {}}', ["error: the message could not be read"]),
        (
            ALL_WRONG,
            [
                "prize: an envelope has no such key",
                "tombstone: expected true or false, found 'no'",
                'headers[0]: expected {"name": ..., "value": ...}, the name a text',
                'headers[1]: expected {"name": ..., "value": ...}, the name a text',
                "Sale.shop: expected a string, found 1",
                "Sale.day: missing",
                "Sale.count: missing",
                "key: expected a str, found 2",
            ],
        ),
        (b'{"@type": "message", "value": null, "tombstone": true}', ["key: a tombstone deletes"]),
        (
            b'{"@type": "message", "value": 1, "key": "a", "tombstone": true}',
            ["tombstone: a tombstone has no value but null"],
        ),
        (b"3", ["Sale: expected an object, the fields of Sale, found 3"]),
    ],
)
def test_everything_that_is_wrong_in_a_line_is_reported(line: bytes, faults: list[str]) -> None:
    """Each with its path."""
    found = encoder(SALES, BY_SHOP).encode(7, line)
    assert isinstance(found, LineError)
    said = str(found).split("\n")
    assert len(said) == len(faults)
    for one, expected in zip(said, faults, strict=True):
        assert one.startswith(f"line 7: {expected}")


@settings(max_examples=examples(100))
@given(st.text() | st.binary().map(lambda each: each.decode("latin-1")))
def test_any_line_is_a_message_or_has_faults(text: str) -> None:
    """Nothing is raised."""
    data = text.encode()
    found = encoder(SALES, BY_SHOP).encode(1, data)
    assert isinstance(found, LineError)
    assert found.faults
    assert source_of(data) is None


@settings(max_examples=examples(50))
@given(
    st.lists(
        st.tuples(
            st.integers(1),
            st.none() | st.binary(),
            st.none() | st.binary(),
            st.lists(st.tuples(st.text(), st.none() | st.binary())).map(tuple),
        )
    )
)
def test_a_spool_gives_back_what_it_was_given(rows: list[Any]) -> None:
    """In order, as often as asked."""
    with Spool() as spool:
        for row in rows:
            spool.add(row)
        assert (len(spool), [*spool], [*spool]) == (len(rows), rows, rows)


def test_a_large_spool_gives_back_what_it_was_given() -> None:
    """More than it keeps in memory, and more than a block."""
    payload = bytes(8_000)
    with Spool() as spool:
        for number in range(2_500):
            spool.add((number, payload, None, ()))
        assert [row[0] for row in spool] == [*range(2_500)]
