"""Payloads are read as the values they come with; corrupt ones are refused, whatever reads them."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro
import pytest
from hypothesis import assume, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from tests.codec.equality import equal, same
from tests.codec.oracles import (
    apache_decoding,
    fastavro_decoding,
    fastavro_schema,
    names_null_namespace,
    read_by_apache,
    read_by_fastavro,
)
from tests.peers import said_of_others
from tests.searching import examples
from tests.strategies.payloads import (
    CORRUPTIONS,
    CorruptPayload,
    Payload,
    corrupt_payloads,
    payloads,
)
from tests.testing.appearing import missing_in, shown_by
from tests.testing.disagreements import BYTES

from streamcontract import Codec, parse_schema
from streamcontract.errors import DecodeError
from streamcontract.schema import Schema
from streamcontract.testing.strategies import schemas

SHAPES = parse_schema(
    {
        "type": "record",
        "name": "Shapes",
        "fields": [
            {"name": "flag", "type": "boolean"},
            {"name": "count", "type": "int"},
            {"name": "text", "type": "string"},
            {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}},
            {"name": "maybe", "type": ["null", "long"]},
            {"name": "items", "type": {"type": "array", "items": "int"}},
            {"name": "index", "type": {"type": "map", "values": "int"}},
            {
                "name": "price",
                "type": {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
            },
        ],
    }
)


@settings(max_examples=examples(60))
@given(schemas(), st.booleans(), st.data())
def test_payloads_decode_to_their_value(
    schema: Schema, tag_unions: bool, data: st.DataObject
) -> None:
    """Whatever the blocks, and whatever the order in the writer's schema."""
    payload = data.draw(payloads(schema, tag_unions=tag_unions))
    codec: Codec[Any] = Codec(schema, tag_unions=tag_unions)
    assert same(codec.decode(payload.data, writer=payload.writer), payload.value)


@settings(max_examples=examples(60))
@given(schemas(ill_fitting=False), st.data())
def test_others_read_payloads(schema: Schema, data: st.DataObject) -> None:
    """Fastavro and Apache avro read the same with the writer's schema: the bytes are legal."""
    assume(not names_null_namespace(schema))
    payload = data.draw(payloads(schema))
    assume(not names_null_namespace(payload.writer))
    tagged = Codec[Any](payload.writer, tag_unions=True).decode(payload.data)
    root = payload.writer.root
    theirs = fastavro_decoding(payload.writer, payload.data)
    assert equal(theirs, read_by_fastavro(root, tagged))
    theirs = apache_decoding(payload.writer, payload.data)
    assert equal(theirs, read_by_apache(root, tagged))


FREEDOMS: dict[str, Any] = {
    "fields in another order": lambda payload: payload.writer.root.fields[0].name == "count",
    "a field to skip": lambda payload: len(payload.writer.root.fields) > 8,
    "symbols in another order": lambda payload: '["B", "A"]' in payload.writer.json,
    "branches in another order": lambda payload: '["long", "null"]' in payload.writer.json,
    "several blocks": lambda payload: (
        len(payload.value["items"]) > 2
        and len(payload.data) > len(Codec[Any](payload.writer).encode(payload.value)) + 1
    ),
    "sign bytes": lambda payload: b"\x04\x00\x00" in payload.data,
}


@pytest.mark.searching
def test_writers_take_every_freedom() -> None:
    """Each choice that the binary encoding leaves is made one way and the other."""

    def taken_by(payload: Payload) -> list[str]:
        known = set(payload.value) >= {field.name for field in payload.writer.root.fields}  # type: ignore[union-attr]
        freedoms = FREEDOMS if known else [name for name in FREEDOMS if "skip" in name]
        return [name for name in freedoms if FREEDOMS[name](payload)]

    assert missing_in(payloads(SHAPES), FREEDOMS, taken_by) == set()


@settings(max_examples=examples(100))
@given(schemas(), st.data())
def test_corrupt_payloads_are_refused(schema: Schema, data: st.DataObject) -> None:
    """Always, and with an error of data."""
    payload = data.draw(corrupt_payloads(schema))
    with pytest.raises(DecodeError):
        Codec(schema).decode(payload.data)


def test_every_corruption_appears() -> None:
    """What can be wrong with bytes is wrong in some."""
    corrupted = corrupt_payloads(SHAPES)
    assert missing_in(corrupted, CORRUPTIONS, lambda payload: [payload.corruption]) == set()


def fastavro_takes(payload: CorruptPayload, schema: Schema = SHAPES) -> bool:
    """Whether fastavro reads a value from the bytes, and uses all of them up."""
    buffer = io.BytesIO(payload.data)
    parsed = fastavro.parse_schema(fastavro_schema(schema))
    try:
        fastavro.schemaless_reader(buffer, parsed, None)
    except Exception:  # noqa: BLE001 - it has no one error for data
        return False
    return not buffer.read()


@settings(max_examples=examples(200))
@given(corrupt_payloads(SHAPES))
def test_fastavro_refuses_them_too(payload: CorruptPayload) -> None:
    """Or the corruption is one that fastavro is known not to look at."""
    # A count of 2**40 items is believed: it would take hours and all memory.
    assume(payload.corruption not in ("more items than bytes", "number without end"))
    assert not fastavro_takes(payload) or payload.corruption in BYTES


# Little else can be broken in their values.
BROKEN_IN: dict[str, Any] = {
    "no boolean": "boolean",
    "int beyond 32 bits": "int",
    "negative block size": {"type": "array", "items": "boolean"},
    "block beyond the data": {"type": "array", "items": "boolean"},
    "no such symbol": {"type": "enum", "name": "Many", "symbols": [f"S{i}" for i in range(1000)]},
    "no such branch": [{"type": "fixed", "name": f"F{i}", "size": 0} for i in range(1000)],
}


@pytest.mark.searching
@pytest.mark.parametrize("corruption", BYTES)
def test_disagreements_are_true(corruption: str) -> None:
    """What fastavro is said to take, it takes."""
    schema = parse_schema(BROKEN_IN[corruption])
    with said_of_others(f"tests/testing/disagreements.py: fastavro lets {corruption!r} pass"):
        assert shown_by(
            corrupt_payloads(schema),
            lambda payload: payload.corruption == corruption and fastavro_takes(payload, schema),
        )


def test_no_finite_value() -> None:
    """Where there are no values there are no payloads."""
    fields = [{"name": "next", "type": "Endless"}]
    endless = parse_schema({"type": "record", "name": "Endless", "fields": fields})
    for strategy in (payloads, corrupt_payloads):
        with pytest.raises(InvalidArgument, match="no finite value of Endless"):
            strategy(endless)


def test_shrinks_to_readable_payloads() -> None:
    """The smallest payload is that of the smallest value, as writers commonly write it."""
    payload = find(payloads(SHAPES), lambda _: True)
    assert payload.data == Codec[Any](SHAPES).encode(payload.value)
    assert json.loads(payload.writer.json) == json.loads(SHAPES.json)
