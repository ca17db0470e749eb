"""The frame: byte for byte as documented, the same as Confluent's, and strict about the rest."""

from __future__ import annotations

import io
import uuid

import pytest
from confluent_kafka.schema_registry.serde import SchemaId
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.errors import FrameError
from streamcontract.wire import HEADER_SIZE, frame, header, schema_id_of, unframe

MAX_ID = 2**31 - 1
ids = st.integers(0, MAX_ID)


@given(ids, st.binary())
def test_a_frame_comes_apart_as_it_was_put_together(schema_id: int, payload: bytes) -> None:
    """The id and every byte of the payload come back, the empty payload included."""
    data = frame(schema_id, payload)
    assert unframe(data) == (schema_id, payload)
    assert schema_id_of(data) == schema_id
    assert data[:HEADER_SIZE] == header(schema_id)


@given(ids)
def test_the_header_is_confluents(schema_id: int) -> None:
    """Confluent's own code writes the same five bytes, and reads the id from ours."""
    ours = header(schema_id)
    assert ours == SchemaId("AVRO", schema_id).id_to_bytes()
    theirs = SchemaId("AVRO")
    assert theirs.from_bytes(io.BytesIO(ours + b"payload")).read() == b"payload"
    assert theirs.id == schema_id


def test_the_ends_of_the_range_of_ids() -> None:
    """The wire format's 32 bits, of which the registry's signed numbers use the lower half."""
    assert header(0) == bytes(5)
    assert header(MAX_ID) == b"\0\x7f\xff\xff\xff"
    assert unframe(b"\0\x7f\xff\xff\xff") == (MAX_ID, b"")


@pytest.mark.parametrize("schema_id", [-1, MAX_ID + 1, True, 1.0, "1", None])
def test_what_is_no_id_is_refused(schema_id: object) -> None:
    """An id outside of the range, or of another type, never gets into a message."""
    with pytest.raises(FrameError, match=f"from 0 to {MAX_ID}, not ") as refused:
        header(schema_id)  # type: ignore[arg-type] # that is the point
    assert repr(schema_id) in str(refused.value)
    with pytest.raises(FrameError):
        frame(schema_id, b"")  # type: ignore[arg-type] # likewise


@pytest.mark.parametrize("size", range(HEADER_SIZE))
def test_fewer_bytes_than_a_frame_are_refused(size: int) -> None:
    """The message says how many there were."""
    with pytest.raises(FrameError, match=rf"^{size} bytes are too few for a framed message: it "):
        unframe(bytes(size))


@pytest.mark.parametrize("magic", [1, 0x7F, 0x80, 0xFF])
def test_another_first_byte_is_refused(magic: int) -> None:
    """The message shows the byte, in hexadecimal."""
    with pytest.raises(FrameError, match=rf"starts with byte 0x{magic:02x}, not with the magic "):
        unframe(bytes([magic, 0, 0, 0, 1]))


def test_guids_in_front_of_payloads_are_refused() -> None:
    """Confluent's frames of version 1 hold a GUID, which no registry of Redpanda's can look up."""
    guid = SchemaId("AVRO", guid=str(uuid.UUID(int=1)))
    with pytest.raises(FrameError, match="0x01"):
        unframe(guid.guid_to_bytes() + b"payload")


def test_a_negative_id_is_refused_where_confluent_reads_a_large_one() -> None:
    """Ids are Java ints in every registry ("int32" in Redpanda's API): above, none was ever given.

    Confluent's Python client takes the four bytes for unsigned and asks the registry for the id.
    """
    data = b"\0\x80\0\0\0"
    theirs = SchemaId("AVRO")
    theirs.from_bytes(io.BytesIO(data))
    assert theirs.id == 2**31
    with pytest.raises(FrameError, match=rf"is negative: {-(2**31)}$"):
        unframe(data)
