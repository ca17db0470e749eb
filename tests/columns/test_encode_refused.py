"""Columns that do not have a schema's types, rows that do not fit, and data of no use."""

from __future__ import annotations

import datetime as dt
import pickle
import struct
import sys
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from streamcontract import Codec, Limits, Stock
from streamcontract.columns.arrow_types import arrow_type
from streamcontract.errors import (
    ArgumentError,
    ColumnsError,
    ColumnTypesError,
    ConfigurationError,
    EncodeError,
)

TRADE: dict[str, Any] = {
    "type": "record",
    "name": "Trade",
    "fields": [
        {"name": "symbol", "type": "string"},
        {"name": "side", "type": {"type": "enum", "name": "Side", "symbols": ["BUY", "SELL"]}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "legs", "type": {"type": "array", "items": {"type": "map", "values": "int"}}},
        {"name": "note", "type": ["null", "string"], "default": None},
        {"name": "count", "type": "int", "default": 7},
    ],
}


def test_every_mismatch_at_once() -> None:
    """The error names each column with its path, its Arrow type and what to do."""
    data = pa.table(
        {
            "symbol": pa.array([], pa.int64()),
            "at": pa.array([], pa.timestamp("us")),
            "legs": pa.array([], pa.list_(pa.map_(pa.string(), pa.float64()))),
            "extra": pa.array([], pa.dictionary(pa.int8(), pa.string())),
        }
    )
    with pytest.raises(ColumnTypesError) as caught:
        Codec(TRADE).encode_columns(data)
    needed = "add it, or give the field a default in the schema"
    assert str(caught.value).splitlines()[1:] == [
        f"  - Trade.{each}"
        for each in (
            (
                "extra: expected only the fields of Trade: at, count, legs, note, side, symbol,"
                " found dictionary<string>: drop the column, or rename it to the field that it is"
                " for"
            ),
            "symbol: expected string, found int64: cast it to string",
            f"side: expected the enum Side, found no column: {needed}",
            (
                "at: expected timestamp-micros on long, found timestamp[us]: cast it to a timestamp"
                " with the time zone UTC"
            ),
            "legs[]{}: expected int, found double: cast it to int32",
        )
    ]
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - our own
    assert caught.value.path == "Trade.extra"


def test_index_of_pandas() -> None:
    """Rows that were filtered have one, which pandas 2 adds as a column, and pandas 3 does not."""
    filtered = pa.table({"value": [2, 3], "__index_level_0__": [1, 2]})
    record = {"type": "record", "name": "R", "fields": [{"name": "value", "type": "int"}]}
    codec: Codec[Any] = Codec(record)
    with pytest.raises(ColumnTypesError, match=r"index of pandas, with reset_index\(drop=True\)"):
        codec.encode_columns(filtered)
    rows = pd.DataFrame({"value": [1, 2, 3]})
    assert len(codec.encode_columns(rows[rows["value"] > 1].reset_index(drop=True))) == 2


def test_no_format_of_arrow() -> None:
    """Libraries may have types of their own, such as the 128-bit integers of polars."""
    with pytest.raises(ColumnsError, match=r"n: '_pli128' is no format of .*: cast it to a"):
        arrow_type(("_pli128", "n", (), None))


def test_missing_columns_have_defaults() -> None:
    """As missing keys of a dict; a null is a value, and no reason for the default."""
    codec: Codec[Any] = Codec(TRADE)
    at = dt.datetime(2024, 1, 2, tzinfo=dt.timezone.utc)
    row = {"symbol": "A", "side": "BUY", "at": at, "legs": []}
    legs = pa.array([[]], pa.list_(pa.map_(pa.string(), pa.int32())))
    table = pa.Table.from_pylist([{**row, "legs": None}]).set_column(3, "legs", legs)
    assert list(codec.encode_columns(table).payloads) == [codec.encode(row)]
    (fault,) = codec.encode_columns(table.append_column("count", [[None]])).faults
    with pytest.raises(EncodeError) as caught:
        codec.encode({**row, "count": None})
    assert fault.reason == str(caught.value)


def test_a_fault_stops_no_other_row() -> None:
    """Faults have their row and path; ``raise_for_faults`` raises the first."""
    codec: Codec[int] = Codec("int")
    batches = [pa.record_batch({"value": [1, 2**31]}), pa.record_batch({"value": [None, 4]})]
    found = codec.encode_columns(pa.Table.from_batches(batches))
    assert [codec.decode(each) for each in found.payloads] == [1, 4]
    assert (found.payloads[-1], found.payloads[:1]) == (codec.encode(4), [codec.encode(1)])
    assert list(found.rows) == [0, 3]
    assert len(found) == 2
    assert str(found.faults[0]) == (
        "row 1: value: expected an int from -2147483648 to 2147483647, found 2147483648 (int)"
    )
    assert [(each.row, each.path) for each in found.faults] == [(1, "value"), (2, "value")]
    with pytest.raises(EncodeError, match="2147483648"):
        found.raise_for_faults()
    with pytest.raises(IndexError):
        found.payloads[2]


def test_rows_of_generated_classes() -> None:
    """The columns of a generated class are the fields of its schema."""
    codec = Codec(Stock)
    bar = Stock(
        symbol="AAPL", date=dt.date(2024, 1, 2), open=1.5, high=2.5, low=1.0, close=2.0, volume=9
    )
    data = [codec.encode(bar)] * 2
    columns = codec.decode_columns(data)
    assert list(codec.encode_columns(columns.batches[0]).payloads) == data
    assert list(codec.encode_columns(pa.record_batch(columns).to_struct_array()).payloads) == data


UNION = ["null", "int", "string", {"type": "array", "items": "boolean"}]


@pytest.mark.parametrize("mode", ["dense", "sparse"])
def test_arrow_unions(mode: str) -> None:
    """Fields are branches by their names, whatever the numbers of their types."""
    codec: Codec[Any] = Codec(UNION)
    types = pa.array([7, 3, 5, 3], pa.int8())
    names, ids = ["string", "int", "null"], [7, 3, 5]
    if mode == "dense":
        children = [pa.array(["a"]), pa.array([1, None]), pa.nulls(1)]
        offsets = pa.array([0, 0, 0, 1], pa.int32())
        union = pa.UnionArray.from_dense(types, offsets, children, names, ids)
    else:
        children = [pa.array(["a", "", "", ""]), pa.array([0, 1, 0, None]), pa.nulls(4)]
        union = pa.UnionArray.from_sparse(types, children, names, ids)
    wanted = [codec.encode(each) for each in ("a", 1, None, None)]
    assert list(codec.encode_columns(union).payloads) == wanted
    assert list(codec.encode_columns(union.slice(1, 2)).payloads) == wanted[1:3]
    with pytest.raises(ColumnTypesError, match="a branch of the union: string, int, found null"):
        Codec(["string", "int"]).encode_columns(union)


def test_columns_of_one_branch() -> None:
    """A column that one branch takes needs no struct; one that several take is refused."""
    codec: Codec[Any] = Codec(UNION)
    wanted = [codec.encode("a"), codec.encode(None)]
    assert list(codec.encode_columns(pa.array(["a", None])).payloads) == wanted
    with pytest.raises(ColumnTypesError, match="make it a struct of int, double"):
        Codec(["null", "int", "double"]).encode_columns(pa.array([1]))


def test_structs_of_branches() -> None:
    """One branch is not null; if all are, it is the null branch, if there is one."""
    branches = pa.struct([("int", pa.int32()), ("string", pa.string())])
    rows = [{"int": 1}, {"string": "a"}, {}, None, {"int": 1, "string": "a"}]
    codec: Codec[Any] = Codec(UNION)
    found = codec.encode_columns(pa.array(rows, branches))
    wanted = [codec.encode(each) for each in (1, "a", None, None)]
    assert list(found.payloads) == wanted
    assert [str(each) for each in found.faults] == [
        "row 4: value: a struct in which one branch is not null; here are int, string"
    ]
    assert len(Codec(["int", "string"]).encode_columns(pa.array(rows, branches)).faults) == 3


def test_maps_with_a_key_twice() -> None:
    """Pyarrow makes such maps; a dict has none, and one of the values would be lost."""
    codec: Codec[Any] = Codec({"type": "map", "values": "int"})
    few = [("a", 1), ("b", 2), ("a", 3)]
    many = [(str(n), n) for n in range(40)]
    maps = pa.array([few, many, [*many, ("7", 0)]], pa.map_(pa.string(), pa.int32()))
    found = codec.encode_columns(maps)
    assert list(found.payloads) == [codec.encode(dict(many))]
    assert [str(each) for each in found.faults] == [
        "row 0: value: expected a map that has each key once, found 'a' (str)",
        "row 2: value: expected a map that has each key once, found '7' (str)",
    ]


@pytest.mark.parametrize(
    ("schema", "array", "reason"),
    [
        (
            {"type": "int", "logicalType": "date"},
            pa.array([2932897], pa.int32()).cast(pa.date32()),
            "a date within the years 1 to 9999, in days since 1970-01-01, found 2932897",
        ),
        (
            {"type": "int", "logicalType": "date"},
            pa.array([1], pa.int64()).view(pa.date64()),
            "a datetime.date (a datetime is none), found datetime.datetime(1970, 1, 1, 0, 0,",
        ),
        (
            {"type": "long", "logicalType": "timestamp-micros"},
            pa.array([1], pa.timestamp("ns", "UTC")),
            "a datetime.datetime of whole microseconds (here in nanoseconds), found 1",
        ),
        (
            {"type": "long", "logicalType": "local-timestamp-millis"},
            pa.array([2**62], pa.timestamp("ms")),
            "a timestamp within the years 1 to 9999",
        ),
        (
            {"type": "int", "logicalType": "time-millis"},
            pa.array([86_400_000_000]).view(pa.time64("us")),
            "a time of day, 0 to 86399999999 microseconds, found 86400000000",
        ),
        (
            {"type": "string", "logicalType": "uuid"},
            pa.array(["{6b8c7f7e-0000-4000-8000-000000000000}"]),
            "a UUID as RFC 4122 writes it",
        ),
        ({"type": "string", "logicalType": "uuid"}, pa.array([b"1"]), "the 16 bytes of a UUID"),
        (
            {"type": "fixed", "name": "F", "size": 12, "logicalType": "duration"},
            pa.array([(-1, 0, 0)], pa.month_day_nano_interval()),
            "Duration.months: expected an int from 0 to 4294967295, found -1",
        ),
        ("string", pa.array([b"\xff"]).view(pa.string()), "text in UTF-8 (invalid start byte"),
    ],
)
def test_values_that_python_does_not_have(schema: Any, array: Any, reason: str) -> None:
    """They are refused at their path, in the words of decoding."""
    (fault,) = Codec([schema, "null"]).encode_columns(array).faults
    assert reason in fault.reason
    assert fault.path == "value"


def test_limits() -> None:
    """Those of the codec."""
    record = {"type": "record", "name": "R", "fields": [{"name": "n", "type": "int"}]}
    nested = {"type": "array", "items": record}
    column = pa.array([[{"n": 1}], []], pa.list_(pa.struct([("n", pa.int32())])))
    found = Codec[Any](nested, limits=Limits(depth=0)).encode_columns(column)
    assert [str(each) for each in found.faults] == [
        "row 0: value[0]: expected nested at most 0 deep, found {'n': 1} (dict)"
    ]
    empty = {"type": "array", "items": "null"}
    nulls = pa.array([[None] * 3, [None] * 4], pa.list_(pa.null()))
    found = Codec[Any](empty, limits=Limits(empty_items=3)).encode_columns(nulls)
    assert [fault.row for fault in found.faults] == [1]
    assert "at most 3 items of no bytes" in found.faults[0].reason


def test_data_without_the_interface() -> None:
    """The error says what is taken."""
    with pytest.raises(ArgumentError, match="data has to be Arrow data"):
        Codec("int").encode_columns([1])


def test_a_stream_is_read_once() -> None:
    """A stream that fails stops with its reason, and is none afterwards."""

    def batches() -> Any:
        yield pa.record_batch({"value": [1]})
        raise RuntimeError("the source is gone")

    schema = pa.schema([("value", pa.int64())])
    reader = pa.RecordBatchReader.from_batches(schema, batches())
    with pytest.raises(ColumnsError, match="the source is gone"):
        Codec("int").encode_columns(reader)


def broken_index() -> Any:
    """A dictionary with an index beyond its values, which pyarrow does not look at."""
    return pa.DictionaryArray.from_arrays(pa.array([5], pa.int32()), pa.array(["a"]), safe=False)


def broken_offsets() -> Any:
    """A list with offsets beyond its items."""
    offsets = bytearray(struct.pack("=2i", 0, 1))
    items, buffers = [pa.array([1], pa.int32())], [None, pa.py_buffer(offsets)]
    found = pa.Array.from_buffers(pa.list_(pa.int32()), 1, buffers, children=items)
    offsets[4] = 9  # pyarrow has looked at it by now
    return found


@pytest.mark.parametrize(
    ("schema", "array"),
    [("string", broken_index()), ({"type": "array", "items": "int"}, broken_offsets())],
)
def test_broken_arrays(schema: Any, array: Any) -> None:
    """What has a length is compared with it."""
    with pytest.raises(ColumnsError, match="beyond its values"):
        Codec(schema).encode_columns(array)


def test_without_the_extension(monkeypatch: pytest.MonkeyPatch) -> None:
    """As decoding says it."""
    monkeypatch.setitem(sys.modules, "streamcontract.columns._native", None)
    with pytest.raises(ConfigurationError, match=r"columns need native code.*install"):
        Codec("int").encode_columns(pa.array([1]))
