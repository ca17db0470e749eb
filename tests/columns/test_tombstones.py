"""Tombstones are left out and counted, or are rows of nulls."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.codec.equality import same
from tests.columns.conversion import has_columns, rows_of
from tests.searching import examples
from tests.strategies.payloads import payloads

from streamcontract import Codec
from streamcontract.schema import AvroType, RecordType, Schema, UnionType, branch_name
from streamcontract.testing.strategies import schemas

PAIR: dict[str, Any] = {
    "type": "record",
    "name": "Pair",
    "fields": [
        {"name": "key", "type": {"type": "array", "items": "string"}},
        {"name": "value", "type": ["int", "string"]},
    ],
}


@settings(deadline=None, max_examples=examples(100))
@given(
    schemas().filter(has_columns),
    st.integers(1, 3),
    st.sampled_from(("struct", "dense")),
    st.data(),
)
def test_rows_of_nulls(schema: Schema, threads: int, unions: Any, data: st.DataObject) -> None:
    """They are where the tombstones were; the other rows and the faults are as without them."""
    some = st.none() | st.binary(max_size=3) | payloads(schema).map(lambda each: each.data)
    every = data.draw(st.lists(some, max_size=6))
    codec = Codec[Any](schema)
    dropped = codec.decode_columns(every, unions=unions)
    kept = codec.decode_columns(every, tombstones="null", unions=unions, threads=threads)
    assert kept.tombstones == dropped.tombstones == every.count(None)
    assert list(map(str, kept.faults)) == list(map(str, dropped.faults))
    refused, values = {fault.index for fault in kept.faults}, iter(rows_of(schema, dropped))
    expected: list[Any] = [
        _nothing(schema, unions) if payload is None else next(values)
        for i, payload in enumerate(every)
        if i not in refused
    ]
    assert same(rows_of(schema, kept), expected)


def _nothing(schema: Schema, unions: str) -> Any:
    """The row of a tombstone."""
    if isinstance(schema.root, RecordType):
        return {field.name: _null(field.type, unions) for field in schema.root.fields}
    return _null(schema.root, unions)


def _null(node: AvroType, unions: str) -> Any:
    """The null of a column: of a dense union, in its branch for it or in the first."""
    if unions == "struct" or not isinstance(node, UnionType):
        return None
    names = [branch_name(branch) for branch in node.branches]
    if len({*names} - {"null"}) < 2:
        return None
    return ("null" if "null" in names else names[0]), None


def test_nullable_columns() -> None:
    """All columns are, and nothing inside them that was not."""
    codec: Codec[Any] = Codec(PAIR)
    found = pa.table(codec.decode_columns([None], tombstones="null")).schema
    assert all(field.nullable for field in found)
    assert not found.field("key").type.value_field.nullable
    assert not any(field.nullable for field in pa.table(codec.decode_columns([None])).schema)


def test_dense_unions() -> None:
    """One without a branch for null has the null in its first."""
    decoded = Codec[Any](PAIR).decode_columns([None], tombstones="null", unions="dense")
    assert pa.table(decoded).to_pylist() == [{"key": None, "value": None}]


def test_full_batches() -> None:
    """A tombstone that finds a batch full begins another, and is counted once."""
    codec: Codec[Any] = Codec("long")
    with mock.patch("streamcontract.columns.decode.MOST_BYTES", 16):
        decoded = codec.decode_columns([b"\2", None, None, b"\4"], tombstones="null")
    assert [len(batch) for batch in decoded.batches] == [2, 2]
    assert decoded.tombstones == 2
    assert pa.table(decoded).column("value").to_pylist() == [1, None, None, 2]
