"""Where Confluent's Avro serializers, which are fastavro underneath, and ours part, and why.

Each row is a value for a schema that their serializer writes and ours refuses, with the clause of
the Avro 1.12 specification that decides. A row that no longer disagrees is reported.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final, NamedTuple


class Disagreement(NamedTuple):
    """A value that one side takes."""

    type: Any
    value: Any
    clause: str


_LONG = {"type": "long", "logicalType": "timestamp-millis"}
_ZONE = dt.timezone.utc

TAKEN_BY_CONFLUENT: Final = {
    "an int beyond 32 bits": Disagreement(
        "int", 2**31, '"Primitive Types": "int: 32-bit signed integer"'
    ),
    "a fraction for an int": Disagreement(
        "int", 1.5, '"Primitive Types": "int: 32-bit signed integer"; it would be written as 1'
    ),
    "a bool for a long": Disagreement(
        "long", True, '"Primitive Types": boolean is a type of its own; it would be read as 1'
    ),
    "a naive datetime for a timestamp": Disagreement(
        _LONG,
        dt.datetime(2026, 1, 1),  # noqa: DTZ001 - that is the point
        '"Timestamps": "an instant on the global timeline"; theirs depends on the host\'s zone',
    ),
    "microseconds in a timestamp-millis": Disagreement(
        _LONG,
        dt.datetime(2026, 1, 1, microsecond=1, tzinfo=_ZONE),
        '"Timestamps": "with the precision of one millisecond"; the rest would be cut off',
    ),
    "a key that is no field": Disagreement(
        ...,
        {"a": None, "misspelt": 1},
        '"Records": a record has its fields; what was misspelt would be lost in silence',
    ),
}

EMPTY_PAYLOAD: Final = (
    "their deserializer refuses five bytes of frame without payload; the encoding of a record "
    'without fields is empty ("Complex Types", Records: "the concatenation of the encodings of its '
    'fields"), so ours reads it'
)
