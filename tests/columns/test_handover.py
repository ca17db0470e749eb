"""Readers of Arrow take decoded columns without a copy, keep them, and give the memory back."""

from __future__ import annotations

import datetime as dt
import decimal
import gc
import os
import sys
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa
import pytest

from streamcontract import Codec, Stock
from streamcontract.errors import ColumnsError

SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Trade",
    "fields": [
        {"name": "symbol", "type": "string"},
        {"name": "side", "type": {"type": "enum", "name": "Side", "symbols": ["BUY", "SELL"]}},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "note", "type": ["null", "string"]},
        {"name": "legs", "type": {"type": "array", "items": ["int", "string"]}},
        {"name": "tags", "type": {"type": "map", "values": "double"}},
    ],
}
TRADE = {
    "symbol": "AAPL",
    "side": "SELL",
    "price": decimal.Decimal(132),
    "at": dt.datetime(2024, 1, 2, tzinfo=dt.timezone.utc),
    "note": None,
    "legs": [1, "two"],
    "tags": {"fee": 0.5},
}
CODEC: Codec[Any] = Codec(SCHEMA)
DATA = CODEC.encode(TRADE)


def test_arrow_types() -> None:
    """As the documentation says them."""
    found = pa.table(CODEC.decode_columns([])).schema
    required = {"nullable": False}
    branches = [pa.field("int", pa.int32()), pa.field("string", pa.string())]
    items = pa.field("item", pa.struct(branches), **required)
    values = pa.field("value", pa.float64(), **required)
    assert found == pa.schema(
        [
            pa.field("symbol", pa.string(), **required),
            pa.field("side", pa.dictionary(pa.int32(), pa.string()), **required),
            pa.field("price", pa.decimal128(9, 0), **required),
            pa.field("at", pa.timestamp("us", "UTC"), **required),
            pa.field("note", pa.string()),
            pa.field("legs", pa.list_(items), **required),
            pa.field("tags", pa.map_(pa.string(), values), **required),
        ]
    )


def test_dense_unions() -> None:
    """A union of several types is one on request, with a code for each branch."""
    table = pa.table(CODEC.decode_columns([DATA], unions="dense"))
    items = table.schema.field("legs").type.value_field
    branches = [pa.field("int", pa.int32(), False), pa.field("string", pa.string(), False)]
    assert items.type == pa.dense_union(branches)
    assert table.schema.field("note").type == pa.string()
    assert table.column("legs").to_pylist() == [[1, "two"]]


def test_taken_as_often_as_wanted() -> None:
    """As a table, as a batch, and once more; each outlives what it came from."""
    decoded = CODEC.decode_columns([DATA, DATA])
    taken = [pa.table(decoded), pa.table(decoded), pa.table(decoded.batches[0])]
    taken += [pa.Table.from_batches([pa.record_batch(decoded)])]
    del decoded
    gc.collect()
    assert all(table.equals(taken[0]) for table in taken)
    assert taken[0].num_rows == 2


def test_a_column_outlives_its_table() -> None:
    """What a reader keeps of a batch is kept alive by that part alone."""
    column = pa.record_batch(CODEC.decode_columns([DATA])).column("legs").values.field("string")
    gc.collect()
    assert column.to_pylist() == [None, "two"]


def test_nothing_is_copied() -> None:
    """Two readers see the same memory."""
    decoded = CODEC.decode_columns([DATA] * 100)
    first, second = (pa.record_batch(decoded).column("at").buffers()[1] for _ in range(2))
    assert first.address == second.address


def test_several_batches_are_no_array() -> None:
    """They are a stream; the error says what to do."""
    decoded = CODEC.decode_columns([DATA] * 4, threads=2)
    assert [len(batch) for batch in decoded.batches] == [2, 2]
    assert pa.table(decoded).num_rows == 4
    with pytest.raises(ColumnsError, match="2 batches are no single array"):
        pa.record_batch(decoded)


def test_pandas() -> None:
    """By way of pyarrow."""
    frame = pa.table(CODEC.decode_columns([DATA, DATA])).to_pandas()
    assert list(frame["side"]) == ["SELL", "SELL"]


@pytest.mark.searching
def test_polars() -> None:
    """Polars takes the columns itself."""
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(CODEC.decode_columns([DATA, DATA]))
    assert frame["symbol"].to_list() == ["AAPL", "AAPL"]
    assert frame["legs"].to_list()[0] == [
        {"int": 1, "string": None},
        {"int": None, "string": "two"},
    ]


@pytest.mark.searching
def test_duckdb() -> None:
    """So does DuckDB."""
    duckdb = pytest.importorskip("duckdb")
    decoded = CODEC.decode_columns([DATA, DATA])
    relation = duckdb.sql("select symbol, side, sum(price) from decoded group by all")
    assert relation.fetchall() == [("AAPL", "SELL", decimal.Decimal(264))]
    assert len(decoded) == 2


@pytest.mark.searching
def test_nothing_is_left_to_the_garbage_collector() -> None:
    """Columns go with their last reference, though payloads were refused."""
    CODEC.decode_columns([DATA, b""])
    gc.collect()
    decoded = CODEC.decode_columns([DATA, b"", b"\6"], threads=2)
    table = pa.table(decoded)
    del decoded, table
    assert gc.collect() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read as Linux gives it")
def test_memory_comes_back() -> None:
    """Columns, faults and what readers took of them, made and dropped again and again."""
    payloads = [*[DATA] * 3000, *[b"\6", b""] * 10]

    def work() -> None:
        decoded = CODEC.decode_columns(payloads, threads=2)
        table = pa.table(decoded)
        capsules = [batch.__arrow_c_array__() for batch in decoded.batches]
        del decoded, table, capsules

    for _ in range(10):
        work()
    before = resident()
    for _ in range(60):
        work()
    assert resident() - before < 4_000_000  # a leak of every tenth batch would be seen


def resident() -> int:
    """Bytes of this process in memory now, as proc(5) gives them."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_memory_is_bounded_by_the_input() -> None:
    """No count in a payload is believed before there are bytes for it."""
    items = {"type": "array", "items": "long"}
    for schema in ("bytes", "string", items, {"type": "map", "values": "int"}):
        codec: Codec[Any] = Codec(schema)
        hostile = b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"
        decoded = codec.decode_columns([hostile, hostile + b"\0", b"\xff\xff\xff\xff\x1f\x02\0"])
        assert len(decoded.faults) == 3


def test_many_equal_keys() -> None:
    """A key that comes twice among thousands is found, and takes no time by their square."""
    codec: Codec[Any] = Codec({"type": "map", "values": "int"})
    good = codec.encode({f"key{i}": i for i in range(50_000)})
    twice = good[:-1] + b"\2" + b"\x0ckey777\2\0"
    decoded = codec.decode_columns([good, twice, good])
    assert [fault.index for fault in decoded.faults] == [1]
    assert "each key once" in decoded.faults[0].reason


def test_stocks() -> None:
    """A record class's columns are its attributes."""
    codec = Codec(Stock)
    bar = Stock(
        symbol="AAPL",
        date=dt.date(2024, 1, 2),
        open=1.0,
        high=2.0,
        low=0.5,
        close=1.5,
        volume=7,
        adjusted_close=1.5,
    )
    table = pa.table(codec.decode_columns([codec.encode(bar)]))
    assert table.to_pylist() == [attrs.asdict(bar)]


def test_frames_are_passed_over() -> None:
    """What is shorter than its frame is a fault; no byte before the payload is read."""
    framed = [b"\0\0\0\0\7" + DATA, b"\0\0\0\0", b"", b"\0\0\0\0\7"]
    decoded = CODEC.decode_columns(framed, start=5)
    bare = CODEC.decode_columns([DATA])
    assert pa.table(decoded).equals(pa.table(bare))
    assert [fault.index for fault in decoded.faults] == [1, 2, 3]
