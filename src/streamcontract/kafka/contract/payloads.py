"""Payloads after the frame: Avro's binary encoding, except for the schema ``"bytes"``.

Confluent's serializers, in Java and in Python, write a value of the schema ``"bytes"`` unchanged,
without Avro's length before it ("Wire format", schema registry documentation). Otherwise a consumer
with one of them would get other bytes from a producer with another, unnoticed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from streamcontract.codec.varint import long_bytes, read_long
from streamcontract.schema import PrimitiveType

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.codec import Codec
    from streamcontract.schema import Schema

__all__ = ["column_payloads", "is_bytes", "payload_decoder", "payload_encoder"]

T = TypeVar("T")


def payload_encoder(codec: Codec[T], frame: bytes) -> Callable[[T], bytes]:
    """The function that encodes values after a frame."""
    if not is_bytes(codec.schema):
        return codec.encoder(frame)
    encode = codec.encoder()

    def write(value: T) -> bytes:
        encoded = encode(value)
        _, start = read_long(encoded, 0)
        return frame + encoded[start:]

    return write


def column_payloads(codec: Codec[Any], frame: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
    """The prefix for encoding columns, and what makes messages' payloads of the encoded ones."""
    if not is_bytes(codec.schema):
        return frame, lambda payload: payload

    def unsized(payload: bytes) -> bytes:
        _, start = read_long(payload, 0)
        return frame + payload[start:]

    return b"", unsized


def payload_decoder(codec: Codec[T], writer: Schema, start: int) -> Callable[[bytes], T]:
    """The function that decodes values of a writer schema after a frame."""
    if not is_bytes(writer):
        return codec.decoder(writer, start)
    decode: Callable[[Any], T] = codec.decoder(writer)

    def read(data: bytes) -> T:
        payload = data[start:]
        return decode(long_bytes(len(payload)) + payload)

    return read


def is_bytes(schema: Schema) -> bool:
    """Whether values of a schema are written unchanged."""
    return isinstance(schema.root, PrimitiveType) and schema.root.name == "bytes"
