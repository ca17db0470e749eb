"""Payloads of columns are those that the codec encodes, whichever library has the columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pyarrow as pa
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.columns.conversion import has_columns
from tests.searching import examples
from tests.strategies.payloads import payloads

from streamcontract import Codec
from streamcontract.testing.strategies import schemas

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.columns import DecodedColumns
    from streamcontract.schema import Schema

deep = settings(deadline=None, max_examples=examples(100))


def drawn_columns(
    schema: Schema, data: st.DataObject, unions: Any = "struct"
) -> tuple[DecodedColumns, list[bytes]]:
    """Decoded columns of payloads of any writers, and what the codec encodes the records to."""
    codec = Codec[Any](schema, tag_unions=True)
    drawn = data.draw(st.lists(payloads(schema), max_size=5))
    every, writers = [each.data for each in drawn], [each.writer for each in drawn]
    columns = codec.decode_columns(every, writer=writers, unions=unions)
    return columns, [codec.encode(codec.decode(each.data, writer=each.writer)) for each in drawn]


def encoded(schema: Schema, columns: Any, prefix: bytes = b"") -> list[bytes]:
    """The payloads of columns without faults."""
    found = Codec[Any](schema).encode_columns(columns, prefix=prefix)
    assert not found.faults
    return list(found.payloads)


@deep
@given(schemas().filter(has_columns), st.data())
def test_columns_go_round(schema: Schema, data: st.DataObject) -> None:
    """Decoded columns, and slices of them, which pyarrow makes by offsets at every level."""
    columns, wanted = drawn_columns(schema, data, data.draw(st.sampled_from(("struct", "dense"))))
    assert encoded(schema, columns) == wanted
    start = data.draw(st.integers(0, len(wanted)))
    stop = data.draw(st.integers(start, len(wanted)))
    sliced = pa.table(columns).slice(start, stop - start)
    assert encoded(schema, sliced, b"frame") == [b"frame" + each for each in wanted[start:stop]]


def _of_duckdb(table: pa.Table) -> Any:
    """A relation of a connection of its own: one that failed has an open result."""
    return duckdb.connect().from_arrow(table)


@settings(deadline=None, max_examples=examples(50))
@given(
    schemas(only_records=True).filter(has_columns),
    st.sampled_from((pl.DataFrame, _of_duckdb)),
    st.data(),
)
def test_columns_of_other_libraries(
    schema: Schema, library: Callable[[Any], Any], data: st.DataObject
) -> None:
    """Views, lists instead of maps, large offsets: whatever these libraries make of columns."""
    columns, wanted = drawn_columns(schema, data)
    table = pa.table(columns)
    try:
        taken = library(table)
    except Exception:  # noqa: BLE001 - a library's own: decimals of more digits, tables of no columns
        assume(False)
    assume(taken.columns == table.column_names)  # DuckDB renames where only the case differs
    assert encoded(schema, taken) == wanted
