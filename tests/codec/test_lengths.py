"""Lengths and counts where their encoding grows by a byte, beside fastavro's."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro
import pytest
from tests.in_one_test import in_one_test

from streamcontract import Codec, parse_schema

# Zig-zag doubles a length: 63, 8,191 and 1,048,575 are the last of one, two and three bytes.
LENGTHS = [0, 1, 63, 64, 127, 128, 8_191, 8_192, 16_383, 16_384, 1_048_575, 1_048_576]
FEW = [length for length in LENGTHS if length < 10_000]


def check(schema: Any, value: Any) -> None:
    """Our bytes are fastavro's, and give the value again."""
    codec = Codec[Any](parse_schema(schema))
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, json.loads(codec.schema.json), value)
    data = codec.encode(value)
    assert data == buffer.getvalue()
    assert codec.decode(data) == value


@pytest.mark.parametrize("length", LENGTHS)
def test_strings_and_bytes(length: int) -> None:
    """The length in bytes, of text in UTF-8."""
    check("bytes", b"\x80" * length)
    check("string", "a" * length)
    check("string", "é" * (length // 2))


@pytest.mark.parametrize("length", FEW)
def test_counts_and_keys(length: int) -> None:
    """Items of an array, pairs of a map, and the keys of a map."""
    check({"type": "array", "items": "int"}, [7] * length)
    check({"type": "map", "values": "int"}, {str(number): number for number in range(length)})
    check({"type": "map", "values": "int"}, {"k" * length: 1})


@in_one_test([min(2**power + near, 2**63 - 1) for power in range(1, 64) for near in (-1, 0, 1)])
def test_longs(number: int) -> None:
    """Every number of bytes that a long takes, on either side of zero."""
    check("long", number)
    check("long", -number - 1)
