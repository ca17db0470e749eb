"""The columns of payloads equal the records, value by value; and both refuse the same payloads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.codec.equality import same
from tests.columns.conversion import has_columns, in_columns, rows_of
from tests.searching import examples
from tests.strategies.payloads import corrupt_payloads, payloads

from streamcontract import Codec
from streamcontract.columns import DecodedColumns
from streamcontract.errors import DecodeError
from streamcontract.schema import Schema
from streamcontract.testing.strategies import evolutions, from_schema, schemas

deep = settings(deadline=None, max_examples=examples(200))


def check(
    schema: Schema, data: list[bytes], writer: Any = None, columns: list[str] | None = None
) -> DecodedColumns:
    """Decode payloads both ways, and compare everything."""
    codec = Codec[Any](schema, tag_unions=True)
    decoded = codec.decode_columns(data, writer=writer, columns=columns)
    expected, faults = [], []
    for i, payload in enumerate(data):
        by = writer[i] if isinstance(writer, list) else writer
        try:
            expected.append(in_columns(schema.root, codec.decode(payload, writer=by)))
        except DecodeError as error:
            faults.append((i, type(error), str(error)))
    assert [(each.index, type(each.error), each.reason) for each in decoded.faults] == faults
    rows = rows_of(schema, decoded)
    assert len(decoded) == len(rows) == len(expected)
    assert all(map(same, rows, expected)), (rows, expected)
    return decoded


@deep
@given(schemas().filter(has_columns), st.data())
def test_payloads_of_many_writers(schema: Schema, data: st.DataObject) -> None:
    """Payloads in every legal form, of writers in every order, become one batch."""
    drawn = data.draw(st.lists(payloads(schema), max_size=5))
    check(schema, [each.data for each in drawn], [each.writer for each in drawn])


@deep
@given(schemas(), st.sampled_from(("BACKWARD", "FORWARD", "FULL", "NONE")), st.data())
def test_evolved_schemas(schema: Schema, level: Any, data: st.DataObject) -> None:
    """Promotions, defaults, aliases, other symbols and branches, and what cannot be resolved."""
    reader = data.draw(evolutions(schema, level=level))
    assume(has_columns(reader))
    values = data.draw(st.lists(from_schema(schema, tag_unions=True), max_size=4))
    codec = Codec[Any](schema)
    check(reader, [codec.encode(value) for value in values], schema)


@deep
@given(schemas().filter(has_columns), st.data())
def test_corrupt_payloads(schema: Schema, data: st.DataObject) -> None:
    """Each fault is named as records name it, and nothing of it is in the data."""
    good = data.draw(st.lists(payloads(schema).map(lambda each: each.data), max_size=3))
    bad = corrupt_payloads(schema).map(lambda each: each.data) | st.binary(max_size=30)
    mixed = data.draw(st.permutations([*good, *data.draw(st.lists(bad, min_size=1, max_size=4))]))
    own = [each for each in mixed]
    check(schema, own)


@deep
@given(schemas().filter(has_columns), schemas(), st.data())
def test_any_two_schemas(reader: Schema, writer: Schema, data: st.DataObject) -> None:
    """Schemas that have nothing to do with one another."""
    codec = Codec[Any](writer)
    value = data.draw(from_schema(writer, tag_unions=True))
    check(reader, [codec.encode(value), data.draw(st.binary(max_size=20))], writer)
