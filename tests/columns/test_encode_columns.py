"""Payloads of columns are those that the codec encodes, whichever library has the columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import polars
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.columns.conversion import has_columns
from tests.searching import examples
from tests.strategies.payloads import payloads

from streamcontract import Codec, Limits, Stock
from streamcontract.errors import EncodeError
from streamcontract.schema import Schema
from streamcontract.testing.strategies import from_schema, schemas

deep = settings(deadline=None, max_examples=examples(100))


@deep
@given(schemas().filter(has_columns), st.data())
def test_columns_go_round(schema: Schema, data: st.DataObject) -> None:
    """Decoded columns, and slices of them in pyarrow, at every level."""
    codec = Codec[Any](schema, tag_unions=True)
    drawn = data.draw(st.lists(payloads(schema), max_size=5))
    wanted = [codec.encode(codec.decode(each.data, writer=each.writer)) for each in drawn]
    columns = codec.decode_columns(
        [each.data for each in drawn], writer=[each.writer for each in drawn]
    )
    assert not columns.faults
    encoded = codec.encode_columns(columns)
    assert not encoded.faults
    assert list(encoded.payloads) == wanted
    start = data.draw(st.integers(0, len(wanted)))
    stop = data.draw(st.integers(start, len(wanted)))
    sliced = pa.table(columns).slice(start, stop - start)
    assert list(codec.encode_columns(sliced).payloads) == wanted[start:stop]
