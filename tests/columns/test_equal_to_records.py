"""The columns of payloads equal the records, value by value; and both refuse the same payloads."""

from __future__ import annotations

from typing import Any
from unittest import mock

import attrs
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.codec.equality import same
from tests.columns.conversion import check, has_columns, in_columns, rows_of
from tests.searching import examples
from tests.strategies.payloads import corrupt_payloads, payloads

from streamcontract import Codec, Limits
from streamcontract.compatibility.rewrite import schema_of
from streamcontract.errors import DecodeError
from streamcontract.schema import RecordType, Schema
from streamcontract.testing.strategies import evolutions, from_schema, schemas

deep = settings(deadline=None, max_examples=examples(100))

UNIONS = st.sampled_from(("struct", "dense"))


@deep
@given(schemas().filter(has_columns), st.integers(1, 3), UNIONS, st.data())
def test_payloads_of_many_writers(
    schema: Schema, threads: int, unions: Any, data: st.DataObject
) -> None:
    """Payloads in every legal form, of writers in any order, on threads that share them."""
    drawn = data.draw(st.lists(payloads(schema), max_size=5))
    every, writers = [each.data for each in drawn], [each.writer for each in drawn]
    check(schema, every, writers, threads=threads, unions=unions)


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
@given(schemas().filter(has_columns), UNIONS, st.data())
def test_corrupt_payloads(schema: Schema, unions: Any, data: st.DataObject) -> None:
    """Each fault is named as records name it, and nothing of it is among the rows."""
    good = st.lists(payloads(schema).map(lambda each: each.data), max_size=3)
    bad = corrupt_payloads(schema).map(lambda each: each.data) | st.binary(max_size=30)
    drawn = [*data.draw(good), *data.draw(st.lists(bad, min_size=1, max_size=4))]
    check(schema, data.draw(st.permutations(drawn)), unions=unions)


@deep
@given(schemas().filter(has_columns), schemas(), st.data())
def test_any_two_schemas(reader: Schema, writer: Schema, data: st.DataObject) -> None:
    """Schemas that have nothing to do with one another."""
    codec = Codec[Any](writer)
    value = data.draw(from_schema(writer, tag_unions=True))
    check(reader, [codec.encode(value), data.draw(st.binary(max_size=20))], writer)


@deep
@given(schemas().filter(has_columns), st.integers(0, 3), st.integers(0, 5), st.data())
def test_limits(schema: Schema, depth: int, empty_items: int, data: st.DataObject) -> None:
    """What is refused of what a few bytes can ask for is refused in both forms."""
    limits = Limits(depth=depth, empty_items=empty_items)
    drawn = data.draw(st.lists(payloads(schema), min_size=1, max_size=3))
    check(schema, [each.data for each in drawn], [each.writer for each in drawn], limits=limits)


@deep
@given(schemas(only_records=True), st.data())
def test_chosen_columns(schema: Schema, data: st.DataObject) -> None:
    """The columns of some fields are those of the record that has no others."""
    assert isinstance(schema.root, RecordType)
    names = [field.name for field in schema.root.fields]
    chosen = data.draw(st.lists(st.sampled_from(names), unique=True)) if names else []
    fields = {field.name: field for field in schema.root.fields}
    reader = schema_of(attrs.evolve(schema.root, fields=tuple(fields[name] for name in chosen)))
    assume(has_columns(reader))
    drawn = data.draw(st.lists(payloads(schema), max_size=3))
    damaged = data.draw(st.lists(corrupt_payloads(schema), max_size=2))
    every = [*(each.data for each in drawn), *(each.data for each in damaged)]
    writers = [*(each.writer for each in drawn), *(schema for _ in damaged)]
    wanted = check(reader, every, writers)
    found = Codec[Any](schema).decode_columns(every, writer=writers, columns=chosen)
    assert same(rows_of(reader, found), rows_of(reader, wanted))
    assert list(map(str, found.faults)) == list(map(str, wanted.faults))


@deep
@given(schemas().filter(has_columns), st.integers(4, 200), UNIONS, st.data())
def test_cut_batches(schema: Schema, most: int, unions: Any, data: st.DataObject) -> None:
    """Where a column is full another batch begins; only what no batch can hold is a fault."""
    codec = Codec[Any](schema, tag_unions=True)
    drawn = data.draw(st.lists(payloads(schema), min_size=1, max_size=6))
    every, writers = [each.data for each in drawn], [each.writer for each in drawn]
    with mock.patch("streamcontract.columns.decode.MOST_BYTES", most):
        decoded = codec.decode_columns(every, writer=writers, unions=unions)
    refused = {fault.index for fault in decoded.faults}
    kept = [i for i in range(len(every)) if i not in refused]
    values = (codec.decode(every[i], writer=writers[i]) for i in kept)
    assert same(
        rows_of(schema, decoded), [in_columns(schema.root, value, unions) for value in values]
    )
    for i in refused:
        alone = codec.decode_columns([every[i]], writer=writers[i], unions=unions)
        assert [type(fault.error) for fault in alone.faults] == [DecodeError]
        assert f"at most {most} bytes" in alone.faults[0].reason
