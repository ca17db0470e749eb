"""Columns equal those that other libraries make of the same payloads."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.ipc
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.codec.equality import equal
from tests.columns.conversion import has_columns
from tests.searching import examples

from streamcontract import Codec
from streamcontract.codec.varint import long_bytes
from streamcontract.schema import RecordType, Schema
from streamcontract.testing.strategies import from_schema, schemas
from streamcontract.wire import header

POINT: dict[str, Any] = {
    "type": "record",
    "name": "Point",
    "fields": [{"name": "x", "type": "int"}, {"name": "y", "type": ["null", "double"]}],
}
TYPES: dict[str, Any] = {
    "flag": "boolean",
    "count": "long",
    "ratio": "float",
    "note": ["null", "string"],
    "data": "bytes",
    "hash": {"type": "fixed", "name": "Hash", "size": 3},
    "side": {"type": "enum", "name": "Side", "symbols": ["BUY", "SELL"]},
    "price": {"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 4},
    "day": {"type": "int", "logicalType": "date"},
    "hour": {"type": "long", "logicalType": "time-micros"},
    "sent": {"type": "long", "logicalType": "timestamp-micros"},
    "local": {"type": "long", "logicalType": "local-timestamp-millis"},
    "first": POINT,
    "points": {"type": "array", "items": "Point"},
    "named": {"type": "map", "values": ["Point", "null"]},
}
RECORD: dict[str, Any] = {
    "type": "record",
    "name": "Everything",
    "fields": [{"name": name, "type": node} for name, node in TYPES.items()],
}


@settings(deadline=None, max_examples=examples(30))
@given(st.lists(from_schema(RECORD), max_size=4))
def test_container_files_of_fastavro(values: list[Any]) -> None:
    """Its records of a container file with these payloads, given to pyarrow with the same types."""
    codec: Codec[Any] = Codec(RECORD)
    data = [codec.encode(value) for value in values]
    table = pa.table(codec.decode_columns(data))
    records = list(fastavro.reader(io.BytesIO(_container(codec.schema, data))))
    expected = pa.Table.from_pylist(records, schema=table.schema)
    assert _without_dictionaries(table).equals(_without_dictionaries(expected))


def _without_dictionaries(table: Any) -> Any:
    """Symbols as text: pyarrow's dictionaries have those that occur, ours all."""
    at = table.schema.get_field_index("side")
    return table.set_column(at, "side", table.column("side").cast(pa.string()))


def _container(schema: Schema, data: list[bytes]) -> bytes:
    """An object container file of one block ("Object Container Files", Avro 1.12)."""
    entries = {b"avro.schema": schema.json.encode(), b"avro.codec": b"null"}
    pairs = (_sized(each) for entry in entries.items() for each in entry)
    block = b"".join(data)
    sync = bytes(16)
    head = b"Obj\x01" + long_bytes(len(entries)) + b"".join(pairs) + b"\0" + sync
    return head + long_bytes(len(data)) + _sized(block) + sync if data else head


def _sized(data: bytes) -> bytes:
    return long_bytes(len(data)) + data


OTHERWISE = ("duration", "big-decimal")
"""Logical types that the crate makes an interval, and bytes."""


@pytest.mark.searching
def test_arrow_avro(tmp_path: Path) -> None:
    """The Rust crate's columns, for the schemas that it takes; its unions are dense."""
    crate = pytest.importorskip("benchmarks.crate")
    if not crate.PROGRAM.exists():
        pytest.skip("arrow-avro is not built: make test-arrow-avro builds it first")
    file, compared = tmp_path / "columns.arrow", 0

    @settings(deadline=None, max_examples=examples(100))
    @given(schemas(only_records=True).filter(has_columns), st.data())
    def check(schema: Schema, data: st.DataObject) -> None:
        nonlocal compared
        # Of records without fields it gives a row too few.
        assume(isinstance(schema.root, RecordType) and schema.root.fields)
        assume(not any(name in schema.json for name in OTHERWISE))
        codec = Codec[Any](schema, tag_unions=True)
        values = data.draw(st.lists(from_schema(schema, tag_unions=True), min_size=1, max_size=3))
        framed = [codec.encoder(header(1))(value) for value in values]
        try:
            with crate.ArrowAvro(crate.PROGRAM, schema.json, framed) as running:
                running.write(file)
        except (RuntimeError, BrokenPipeError):
            return  # which names schemas that it does not take
        theirs = pa.ipc.open_file(file).read_all()
        ours = pa.table(codec.decode_columns(framed, start=5, unions="dense"))
        assert equal(ours.to_pylist(), theirs.to_pylist())
        compared += 1

    check()
    assert compared >= examples(100) // 4
