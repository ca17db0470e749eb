"""Decoding agrees with the resolution cases that other implementations' test suites assert."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from tests.codec.equality import equal
from tests.schema.conformance import every_case

from streamcontract import Codec, parse_schema
from streamcontract.errors import DecodeError, SchemaParseError

NO_SUCH_SCHEMA = {
    "fastavro/R082": '"aliases: a JSON array of strings" ("Complex Types"): a bare string is none',
    "fastavro/R083": '"aliases: a JSON array of strings" ("Complex Types"): a bare string is none',
    "fastavro/R084": '"aliases: a JSON array of strings" ("Complex Types"): a bare string is none',
    "fastavro/R114": 'a default has to fit its field\'s type ("Complex Types"): null is no int',
}
"""Cases whose schemas we refuse, and the clause that has us do so."""

FLOATS_OF_64_BITS = {
    *("fastavro/R004", "fastavro/R005", "fastavro/R013", "fastavro/R014"),
    *("fastavro/R015", "fastavro/R018", "fastavro/R020", "fastavro/R025"),
}
"""Cases where an integer is read as ``float`` and fastavro gives more digits than one has.

"float: single precision (32-bit) IEEE 754 floating-point number" ("Primitive Types"), which is
what an int or long is promoted to ("Schema Resolution").
"""


def from_json(value: Any) -> Any:
    """A value as the cases write it: bytes and union branches are marked objects."""
    match value:
        case {"$bytes": str(text)}:
            return bytes.fromhex(text)
        case {"$union": [_, inner]}:
            return from_json(inner)
        case dict():
            return {key: from_json(each) for key, each in value.items()}
        case list():
            return [from_json(each) for each in value]
    return value


@every_case("resolution_cases.json")
def test_resolution(case: Any) -> None:
    """What one schema wrote, the other reads as expected, or refuses where it must."""
    if case["id"] in NO_SUCH_SCHEMA:
        with pytest.raises(SchemaParseError):
            parse_schema(case["writer"]), parse_schema(case["reader"])
        return
    writer, reader = parse_schema(case["writer"]), parse_schema(case["reader"])
    data = bytes.fromhex(case["encoded_hex"])
    if case["expected"] == "error":
        with pytest.raises(DecodeError):
            Codec(reader).decode(data, writer=writer)
        return
    expected = from_json(case["expected"])
    if case["id"] in FLOATS_OF_64_BITS:
        (expected,) = struct.unpack("<f", struct.pack("<f", expected))
    assert equal(Codec(reader).decode(data, writer=writer), expected)


@every_case("resolution_cases.json")
def test_what_was_written(case: Any) -> None:
    """The writer's bytes are those that we write for what we read from them."""
    if case["id"] in NO_SUCH_SCHEMA:
        return
    data = bytes.fromhex(case["encoded_hex"])
    codec = Codec(parse_schema(case["writer"]), tag_unions=True)
    try:
        value = codec.decode(data)
    except DecodeError:
        assert case["expected"] == "error"
        return
    assert codec.encode(value) == data
