"""Framings: each row's bytes, headers before payloads, and nothing guessed."""

from __future__ import annotations

import io
import uuid
from typing import Any

import pytest
from confluent_kafka.schema_registry import (
    dual_schema_id_deserializer,
    header_schema_id_serializer,
)
from confluent_kafka.schema_registry.serde import SchemaId
from confluent_kafka.serialization import MessageField, SerializationContext
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.errors import ConfigurationError, FrameError
from streamcontract.wire import (
    CONFLUENT,
    FRAMINGS,
    Frame,
    IdKind,
    OwnFraming,
    Written,
    frame,
    wire_format,
)

GUID = uuid.UUID("6f1d5e2a-0000-4000-8000-000000000007")
VALUE, KEY = "__value_schema_id", "__key_schema_id"
PREFIX = frame(1, b"payload")
ids = st.integers(0, 2**31 - 1)


@given(
    row=st.sampled_from([row for row in FRAMINGS.values() if row.kind is not IdKind.GLOBAL_ID]),
    schema_id=ids,
    guid=st.uuids(),
    payload=st.binary(),
    is_key=st.booleans(),
    others=st.lists(st.tuples(st.sampled_from(["a", "traceparent"]), st.none() | st.binary())),
)
def test_what_is_written_is_read(
    row: Any, schema_id: int, guid: uuid.UUID, payload: bytes, is_key: bool, others: list[Any]
) -> None:
    """The id comes back, its kind, and where the payload begins, whatever other headers say."""
    wire = wire_format(row.name)
    written = wire.write(schema_id, guid, None, is_key=is_key)
    assert bool(written.headers) is row.is_in_header
    assert bool(written.prefix) is not row.is_in_header
    data, headers = written.prefix + payload, [*others, *written.headers]
    found = wire.side(is_key=is_key).frame(data, headers)
    assert found.schema_id == (guid if row.kind is IdKind.GUID else schema_id)
    assert (found.kind, data[found.size :]) == (row.kind, payload)


@given(schema_id=ids, guid=st.uuids(), is_key=st.booleans(), payload=st.binary(min_size=1))
def test_confluents_four_are_confluents(
    schema_id: int, guid: uuid.UUID, is_key: bool, payload: bytes
) -> None:
    """Its own code writes the same bytes, and its dual deserializer reads ours."""
    theirs = SchemaId("AVRO", schema_id, str(guid))
    field = MessageField.KEY if is_key else MessageField.VALUE
    expected = {
        "prefix-id": Written(theirs.id_to_bytes()),
        "prefix-guid": Written(theirs.guid_to_bytes()),
        "header-guid": Written(headers=(((VALUE, KEY)[is_key], theirs.guid_to_bytes()),)),
        "header-id": Written(headers=(((VALUE, KEY)[is_key], theirs.id_to_bytes()),)),
    }
    context = SerializationContext("t", field, [])
    assert header_schema_id_serializer(payload, context, theirs) == payload
    assert tuple(context.headers or ()) == expected["header-guid"].headers
    for name, written in expected.items():
        assert wire_format(name).write(schema_id, guid, None, is_key=is_key) == written
        context = SerializationContext("t", field, list(written.headers))
        read = SchemaId("AVRO")
        rest = dual_schema_id_deserializer(written.prefix + payload, context, read)
        assert isinstance(rest, io.BytesIO)
        assert rest.read() == payload
        ours = CONFLUENT.side(is_key=is_key).frame(written.prefix + payload, list(written.headers))
        assert ours.schema_id == (read.id if read.guid is None else read.guid)


APICURIO = {
    "apicurio-prefix-content-id": (b"\0\0\0\0\7", [], Frame(7, 5)),
    "apicurio-prefix-global-id": (b"\0\0\0\0\7", [], Frame(7, 5, IdKind.GLOBAL_ID)),
    "apicurio-prefix8-content-id": (b"\0" + bytes(7) + b"\7", [], Frame(7, 9)),
    "apicurio-prefix8-global-id": (
        b"\0\0\0\0\1\0\0\0\7",
        [],
        Frame(2**32 + 7, 9, IdKind.GLOBAL_ID),
    ),
    "apicurio-header-content-id": (
        b"",
        [("apicurio.value.contentId", bytes(7) + b"\7"), ("apicurio.value.encoding", b"BINARY")],
        Frame(7),
    ),
    "apicurio-header-global-id": (
        b"",
        [("apicurio.value.globalId", bytes(7) + b"\7")],
        Frame(7, 0, IdKind.GLOBAL_ID),
    ),
}


def test_every_framing_of_apicurio_has_a_case() -> None:
    """By hand, from its documentation."""
    assert APICURIO.keys() == {name for name in FRAMINGS if name.startswith("apicurio")}


@pytest.mark.parametrize("name", APICURIO)
def test_apicurios_framings(name: str) -> None:
    """The bytes that its serializers write, read where that is asked for."""
    prefix, headers, expected = APICURIO[name]
    assert wire_format(name).value.frame(prefix + b"payload", headers) == expected


@pytest.mark.parametrize("name", ["apicurio-header-content-id", "apicurio-header-global-id"])
def test_what_apicurio_wrote_as_json_is_refused(name: str) -> None:
    """Its Avro serializer can write JSON, and says so: that is no binary Avro."""
    _, headers, _ = APICURIO[name]
    said = [*headers[:1], ("apicurio.value.encoding", b"JSON")]
    with pytest.raises(FrameError, match=r"apicurio\.value\.encoding .* b'JSON'"):
        wire_format(name).value.frame(b"{}", said)


@pytest.mark.parametrize("name", ["apicurio-header-content-id", "apicurio-header-global-id"])
def test_a_header_that_is_not_read_keeps_the_payload_from_being_read(name: str) -> None:
    """What begins like a prefix is none where a header says the schema; the fix is named."""
    _, headers, _ = APICURIO[name]
    with pytest.raises(FrameError, match=rf"add '{name}' to 'schema\.id\.framing'"):
        CONFLUENT.value.frame(PREFIX, headers)
    assert CONFLUENT.key.frame(PREFIX, headers) == Frame(1, 5)  # it is about the value
    assert wire_format("prefix-id").value.frame(PREFIX, headers) == Frame(1, 5)


@pytest.mark.parametrize("name", [name for name, row in FRAMINGS.items() if row.is_in_header])
@pytest.mark.parametrize("is_key", [False, True])
def test_a_header_is_named_where_there_is_no_prefix(name: str, is_key: bool) -> None:
    """Where prefixes alone are read; the other side's header is not what is missing."""
    own, other = (FRAMINGS[name].header(is_key=each) for each in (is_key, not is_key))
    assert own is not None
    assert other is not None
    side = wire_format("apicurio-prefix8-global-id").side(is_key=is_key)
    with pytest.raises(FrameError, match=rf"not with the magic .* add .*'{name}'.* to 'schema\.id"):
        side.frame(b"\x18payload", [(own, bytes(8))])
    with pytest.raises(FrameError, match=r"frames with a schema id$"):
        side.frame(b"\x18payload", [(other, bytes(8)), (own, None)])


def test_a_header_goes_first() -> None:
    """Also where the payload begins like a framed one; of several headers the last one counts."""
    guid, number = b"\1" + GUID.bytes, b"\0\0\0\0\7"
    assert CONFLUENT.value.frame(PREFIX, [(VALUE, guid)]) == Frame(GUID)
    assert CONFLUENT.value.frame(PREFIX, [(VALUE, guid), (VALUE, number)]) == Frame(7)
    assert CONFLUENT.value.frame(PREFIX, {VALUE: number}) == Frame(7)
    assert CONFLUENT.value.frame(PREFIX, [(KEY, guid)]) == Frame(1, 5)
    assert CONFLUENT.key.frame(PREFIX, [(KEY, guid), (VALUE, number)]) == Frame(GUID)


def test_a_header_without_a_value_says_nothing() -> None:
    """As in Confluent's deserializers: the payload counts."""
    assert CONFLUENT.value.frame(PREFIX, [(VALUE, None)]) == Frame(1, 5)


@pytest.mark.parametrize(
    "value", [b"", b"\0", b"\0\0\0\0", b"\0\0\0\0\1\0", b"\1" + bytes(15), b"\2" + bytes(4)]
)
def test_a_broken_header_is_refused(value: bytes) -> None:
    """The payload is not tried instead."""
    with pytest.raises(FrameError, match=rf"the header {VALUE} holds "):
        CONFLUENT.value.frame(PREFIX, [(VALUE, value)])


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0\0\0", b"\1" + bytes(15), b"{}", b"\2"])
def test_what_is_not_framed_is_refused(data: bytes) -> None:
    """Too short, or with another first byte."""
    with pytest.raises(FrameError, match=r"bytes are too few|starts with byte 0x(7b|02), not "):
        CONFLUENT.value.frame(data, None)


def test_a_negative_id_is_refused_in_a_header_too() -> None:
    """Registries count up from one."""
    with pytest.raises(FrameError, match="is negative"):
        CONFLUENT.value.frame(b"", [(VALUE, b"\0\xff\xff\xff\xff")])
    with pytest.raises(FrameError, match="is negative"):
        wire_format("apicurio-prefix8-content-id").value.frame(b"\0" + b"\xff" * 8, None)


def test_where_headers_alone_are_read() -> None:
    """A message without one is poison, and its bytes are not looked at."""
    with pytest.raises(FrameError, match=r"has no header __value_schema_id"):
        wire_format("header-id").value.frame(PREFIX, [])
    with pytest.raises(FrameError, match="asks for, the magic byte 0 and a 4-byte schema id"):
        wire_format("header-id").value.frame(PREFIX, [(VALUE, b"\1" + GUID.bytes)])


@given(
    data=st.binary(max_size=20) | st.builds(frame, ids, st.binary()),
    headers=st.lists(
        st.tuples(
            st.sampled_from([VALUE, KEY, "apicurio.value.contentId", "a"]),
            st.none() | st.just(b"\0\0\0\0\7") | st.just(b"\1" + GUID.bytes) | st.binary(),
        ),
        max_size=3,
    ),
    wire=st.sampled_from([CONFLUENT, *map(wire_format, FRAMINGS)]),
)
def test_keys_tell_frames_apart(data: bytes, headers: list[Any], wire: Any) -> None:
    """What has a frame has a key; the same key never stands for two frames."""
    try:
        found = wire.value.frame(data, headers)
    except FrameError:
        return
    key = wire.value.key(data, headers)
    assert key == wire.value.key(data + b"more", headers)
    assert wire.value.frame(data + b"more", headers) == found
    other = wire.value.key(data[: found.size], [])
    assert (key == other) is (found.size > 0 or not isinstance(key, tuple))


def test_the_location_chooses_among_the_rows() -> None:
    """A GUID goes into a header where there is one, as Confluent's serializer does; else the id."""
    assert CONFLUENT.write(7, GUID, None, is_key=False) == Written(b"\0\0\0\0\7")
    assert CONFLUENT.write(7, GUID, "prefix", is_key=False) == Written(b"\0\0\0\0\7")
    guid, number = ((VALUE, b"\1" + GUID.bytes),), ((VALUE, b"\0\0\0\0\7"),)
    assert CONFLUENT.write(7, GUID, "header", is_key=False).headers == guid
    assert CONFLUENT.write(7, None, "header", is_key=False).headers == number
    assert wire_format("header-id, prefix-id").write(7, GUID, None, is_key=False).headers == number


@pytest.mark.parametrize(
    ("framing", "location"),
    [
        ("prefix-guid", None),
        ("header-guid", "header"),
        ("prefix-id", "header"),
        ("apicurio-header-global-id", None),
    ],
)
def test_what_cannot_be_written_is_said(framing: str, location: Any) -> None:
    """No GUID, no such place, or an id that Confluent's API does not give."""
    with pytest.raises(ConfigurationError, match=rf"'schema\.id\.framing', {framing}"):
        wire_format(framing).write(7, None, location, is_key=False)


def test_an_id_that_is_too_large_is_refused() -> None:
    """For four bytes; eight hold it."""
    with pytest.raises(FrameError, match="from 0 to 2147483647, not 2147483648"):
        CONFLUENT.write(2**31, None, None, is_key=False)
    wire = wire_format("apicurio-prefix8-content-id")
    assert wire.write(2**31, None, None, is_key=False).prefix == b"\0\0\0\0\0\x80\0\0\0"


@pytest.mark.parametrize(
    "value", ["", "apicurio", "prefix", None, 7, [], ["prefix-id", 7], object(), "prefix-id,"]
)
def test_an_unknown_framing_is_refused(value: object) -> None:
    """The known ones are named."""
    with pytest.raises(ConfigurationError, match=r"'schema\.id\.framing' is 'confluent', some of"):
        wire_format(value)


@pytest.mark.parametrize(
    "names",
    [
        "prefix-id, apicurio-prefix8-content-id",
        "confluent, apicurio-prefix-global-id",
        ["apicurio-prefix-content-id", "apicurio-prefix-global-id"],
    ],
)
def test_framings_that_look_alike_are_refused(names: object) -> None:
    """00 and 4 bytes look like 00 and 8, and a content id like a global one."""
    with pytest.raises(ConfigurationError, match="which look alike"):
        wire_format(names)


def test_confluents_and_apicurios_headers_beside_each_other() -> None:
    """The first framing that the message has counts."""
    wire = wire_format("apicurio-header-content-id, confluent")
    content = ("apicurio.value.contentId", bytes(7) + b"\5")
    assert wire.value.frame(PREFIX, [(VALUE, b"\0\0\0\0\7"), content]) == Frame(5)
    assert wire.value.frame(PREFIX, [content, (VALUE, b"\0\0\0\0\7")]) == Frame(5)
    assert wire.value.frame(PREFIX, [(VALUE, b"\0\0\0\0\7")]) == Frame(7)
    assert wire.value.frame(PREFIX, []) == Frame(1, 5)


class Shebang(OwnFraming):
    """Two bytes and a number."""

    def read(self, data: bytes, headers: Any, *, is_key: bool) -> Frame:
        """A number behind two bytes; another one for keys."""
        if data[:2] != b"#!":
            raise FrameError(f"it does not begin with #!, nor is there a header: {headers}")
        return Frame(data[2] + 100 * is_key, 3)


def test_a_framing_of_ones_own() -> None:
    """Read by its method; written by it where it has one."""
    wire = wire_format(Shebang())
    assert wire.value.frame(b"#!\7x", None) == Frame(7, 3) == wire.value.key(b"#!\7x", [])
    assert wire.key.frame(b"#!\7x", {"a": b""}) == Frame(107, 3)
    with pytest.raises(FrameError, match="does not begin"):
        wire.value.frame(b"", ())
    with pytest.raises(ConfigurationError, match="Shebang, which has no method write"):
        wire.write(7, None, None, is_key=False)
