"""The prefix of a payload: a magic byte and the schema id.

The format is Confluent's wire format, which Redpanda's tools share: byte 0 is zero, bytes 1 to 4
are the schema id as a big-endian 32-bit integer, the Avro binary encoding follows ("Wire format"
in Confluent's Schema Registry documentation).
"""

from __future__ import annotations

import struct

from streamcontract.errors import FrameError

__all__ = ["HEADER_SIZE", "frame", "header", "schema_id_of", "unframe"]

HEADER_SIZE = 5
"""The bytes before the payload: one magic byte and four of schema id."""

_HEADER = struct.Struct(">bi")
_MAX_ID = 2**31 - 1


def header(schema_id: int) -> bytes:
    r"""The five bytes before a payload.

    Args:
        schema_id: The id the registry gave the writer schema, 0 to 2**31 - 1.

    Raises:
        FrameError: The id is outside that range.

    Example:
        >>> header(7)
        b'\x00\x00\x00\x00\x07'
    """
    if schema_id.__class__ is not int or not 0 <= schema_id <= _MAX_ID:
        raise FrameError(f"a schema id is an integer from 0 to {_MAX_ID}, not {schema_id!r}")
    return _HEADER.pack(0, schema_id)


def frame(schema_id: int, payload: bytes) -> bytes:
    r"""Prepend the magic byte and the schema id to a payload.

    Example:
        >>> frame(1, b"ab")
        b'\x00\x00\x00\x00\x01ab'
    """
    return header(schema_id) + payload


def unframe(data: bytes) -> tuple[int, bytes]:
    r"""Split a framed message into schema id and payload; an empty payload is legal.

    Raises:
        FrameError: Fewer than five bytes, another magic byte, or a negative id.

    Example:
        >>> unframe(b"\x00\x00\x00\x00\x01ab")
        (1, b'ab')
    """
    return schema_id_of(data), data[HEADER_SIZE:]


def schema_id_of(data: bytes) -> int:
    """The schema id in a framed message, without copying its payload.

    Raises:
        FrameError: Fewer than five bytes, another magic byte, or a negative id.
    """
    if len(data) < HEADER_SIZE:
        raise FrameError(
            f"{len(data)} bytes are too few for a framed message: it starts with the magic byte 0 "
            f"and a 4-byte schema id"
        )
    magic, schema_id = _HEADER.unpack_from(data)
    if magic != 0:
        raise FrameError(
            f"the message starts with byte 0x{data[0]:02x}, not with the magic byte 0x00: it was "
            f"not written by a serializer that frames with a schema id"
        )
    if schema_id < 0:
        raise FrameError(f"the schema id in the frame is negative: {schema_id}")
    return int(schema_id)
