"""Wire formats: how a message says which schema it was written with.

Confluent's prefix, a magic byte and the schema id in front of the payload, is what this library
writes unless it is told otherwise. The others are rows of :data:`FRAMINGS`.
"""

from streamcontract.wire.formats import (
    CONFLUENT,
    Frame,
    FrameReader,
    Location,
    OwnFraming,
    RawHeaders,
    WireFormat,
    Written,
    wire_format,
)
from streamcontract.wire.framings import FRAMINGS, Framing, IdKind, schema_id_headers
from streamcontract.wire.prefix import HEADER_SIZE, frame, header, schema_id_of, unframe

__all__ = [
    "CONFLUENT",
    "FRAMINGS",
    "HEADER_SIZE",
    "Frame",
    "FrameReader",
    "Framing",
    "IdKind",
    "Location",
    "OwnFraming",
    "RawHeaders",
    "WireFormat",
    "Written",
    "frame",
    "header",
    "schema_id_headers",
    "schema_id_of",
    "unframe",
    "wire_format",
]
