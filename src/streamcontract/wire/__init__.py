"""Wire formats: how a message identifies its writer schema.

By default this library writes Confluent's prefix: a magic byte and the schema id before the
payload. The other formats are rows of :data:`FRAMINGS`.
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
