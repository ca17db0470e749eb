"""The oracles still differ from us where the conversions in ``oracles`` say so: none is stale."""

from __future__ import annotations

import datetime as dt
import decimal
import io
import json
import struct
import uuid
from typing import Any

import fastavro
import pytest
from tests.codec.oracles import apache_decoding, fastavro_decoding
from tests.codec.test_resolution_cases import FLOATS_OF_64_BITS, NO_SUCH_SCHEMA
from tests.peers import said_of_others
from tests.schema.conformance import cases

from streamcontract import Codec, Duration, parse_schema


def _logical(name: str, base: Any, **more: Any) -> dict[str, Any]:
    named = {"type": base} if isinstance(base, str) else base
    return {**named, "logicalType": name, **more}


def _fixed(size: int) -> dict[str, Any]:
    return {"type": "fixed", "name": "F", "size": size}


def test_fastavro_spends_a_byte_too_many_on_some_decimals() -> None:
    """-128 fits one byte of two's complement."""
    schema = parse_schema(_logical("decimal", "bytes", precision=5))
    value = decimal.Decimal(-128)
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, json.loads(schema.json), value)
    assert Codec[Any](schema).encode(value) == b"\2\x80"
    with said_of_others("tests/codec/oracles.py: fastavro spends a byte too many on -128"):
        assert buffer.getvalue() == b"\4\xff\x80"


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (_logical("big-decimal", "bytes"), decimal.Decimal("1.5")),
        (_logical("duration", _fixed(12)), Duration(months=1, days=2, milliseconds=3)),
        (_logical("uuid", _fixed(16)), uuid.UUID(int=7)),
    ],
)
def test_neither_oracle_knows_some_logical_types(schema: Any, value: Any) -> None:
    """Both give the bytes of the base type."""
    parsed = parse_schema(schema)
    data = Codec[Any](parsed).encode(value)
    for name, decoding in {"fastavro": fastavro_decoding, "Apache avro": apache_decoding}.items():
        with said_of_others(f"tests/codec/oracles.py: {name} does not know {schema}"):
            assert isinstance(decoding(parsed, data), bytes)


@pytest.mark.parametrize(
    ("schema", "value", "theirs"),
    [
        (_logical("uuid", "string"), uuid.UUID(int=7), str(uuid.UUID(int=7))),
        (_logical("local-timestamp-millis", "long"), dt.datetime(1970, 1, 2), 86_400_000),  # noqa: DTZ001 - that is what local means
    ],
)
def test_apache_avro_leaves_some_values_as_they_are_written(
    schema: Any, value: Any, theirs: Any
) -> None:
    """A string for a uuid, a number for a local timestamp."""
    parsed = parse_schema(schema)
    with said_of_others(f"tests/codec/oracles.py: Apache avro reads {schema} as {theirs!r}"):
        assert apache_decoding(parsed, Codec[Any](parsed).encode(value)) == theirs


def test_lists_of_resolution_cases_name_cases_that_differ() -> None:
    """Each float of the list has more than 32 bits in its case, and no list names what is gone."""
    known = cases("resolution_cases.json")
    assert FLOATS_OF_64_BITS | NO_SUCH_SCHEMA.keys() <= known.keys()
    for name in FLOATS_OF_64_BITS:
        expected = known[name]["expected"]
        assert struct.unpack("<f", struct.pack("<f", expected)) != (expected,)
