"""The portable engine against fastavro, compiled and not: values as dicts on both sides."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any, Final

import fastavro
import fastavro._read_py
import fastavro._write_py

from benchmarks.growth.codec import portable_codec
from benchmarks.measure import in_turn
from benchmarks.tables import Row, Table

__all__ = ["tables"]

_ITEMS: Final = 1_000
_TYPES: Final = ("long", "double", ["null", "string"], "int", "string", "boolean")
_VALUES: Final = (250_000, 0.125, "some text", 42, "more text", True)
_OURS: Final = "streamcontract"
_THEIRS: Final = "fastavro"
_PLAIN: Final = "fastavro, plain Python"


def tables(rounds: int) -> list[Table]:
    """Ratios for each shape; and what the interpreter's steps alone take where it is slower."""
    ratios = ("of fastavro's", "of its plain Python's")
    columns = ("", "encode µs", *ratios, "decode µs", *ratios)
    rows = [(name, *_row(schema, value, rounds)) for name, (schema, value) in _shapes().items()]
    return [Table("portable engine against fastavro", columns, tuple(rows)), _floors(rounds)]


def _row(schema: Any, value: Any, rounds: int) -> Row:
    codec = portable_codec(schema)
    encode, decode = codec.encoder(), codec.decoder()
    parsed, data = fastavro.parse_schema(schema), encode(value)
    encoders: dict[str, Callable[[], Any]] = {
        _OURS: lambda: encode(value),
        _THEIRS: lambda: _written(fastavro.schemaless_writer, parsed, value),
        _PLAIN: lambda: _written(fastavro._write_py.schemaless_writer, parsed, value),  # noqa: SLF001 - what it takes where it is not compiled
    }
    decoders: dict[str, Callable[[], Any]] = {
        _OURS: lambda: decode(data),
        _THEIRS: lambda: fastavro.schemaless_reader(io.BytesIO(data), parsed),
        _PLAIN: lambda: fastavro._read_py.schemaless_reader(io.BytesIO(data), parsed, None),  # noqa: SLF001 - likewise
    }
    wrong = [name for name, call in encoders.items() if call() != data]
    wrong += [name for name, call in decoders.items() if call() != value]
    if wrong:
        raise AssertionError(f"{wrong} gave something else for {schema}")
    return *_cells(encoders, rounds), *_cells(decoders, rounds)


def _written(write: Callable[..., None], schema: Any, value: Any) -> bytes:
    out = io.BytesIO()
    write(out, schema, value)
    return out.getvalue()


def _cells(calls: dict[str, Callable[[], Any]], rounds: int) -> Row:
    timings = in_turn(calls, rounds)
    ours = timings[_OURS]
    return (
        f"{ours.median * 1e6:.1f}",
        f"{ours.over(timings[_THEIRS]).median:.2f}x",
        f"{ours.over(timings[_PLAIN]).median:.2f}x",
    )


def _array(items: Any, values: Sequence[Any]) -> tuple[Any, Any]:
    return {"type": "array", "items": items}, [*values]


def _map(kind: Any, values: Sequence[Any]) -> tuple[Any, Any]:
    return {"type": "map", "values": kind}, {f"key{i}": each for i, each in enumerate(values)}


def _record(types: Sequence[Any], values: Sequence[Any], size: int) -> tuple[Any, Any]:
    fields = [{"name": f"f{i}", "type": types[i % len(types)]} for i in range(size)]
    value = {f"f{i}": values[i % len(values)] for i in range(size)}
    return {"type": "record", "name": "Wide", "fields": fields}, value


def _spread(limit: int) -> list[int]:
    """Numbers on both sides of zero; most are near the limit."""
    return [(i * 7_919 * limit // _ITEMS) % (2 * limit) - limit for i in range(_ITEMS)]


def _shapes() -> dict[str, tuple[Any, Any]]:
    """By name: a schema and a value."""
    texts = [f"text {i}" for i in range(_ITEMS)]
    small = _record(_TYPES, _VALUES, 4)
    shapes = {
        "1,000 ints of one byte": _array("int", _spread(2**6)),
        "of up to two bytes": _array("int", _spread(2**13)),
        "of up to three bytes": _array("int", _spread(2**20)),
        "of up to five bytes": _array("int", _spread(2**31)),
        "1,000 longs of up to ten bytes": _array("long", _spread(2**63)),
        "1,000 doubles": _array("double", [i / 7 for i in range(_ITEMS)]),
        "1,000 strings": _array("string", texts),
        "1,000 nullable longs": _array(["null", "long"], [None, 1, 1_000] * 333),
        "1,000 records of 4 fields": _array(small[0], [small[1]] * _ITEMS),
        "map of 1,000 longs": _map("long", range(_ITEMS)),
        "map of 1,000 strings": _map("string", texts),
        "map of 5 strings": _map("string", texts[:5]),
        "30 ints of up to three bytes": _array("int", _spread(2**20)[:30]),
    }
    for size in (8, 50, 300, 1_000):
        shapes[f"record of {size:,} mixed fields"] = _record(_TYPES, _VALUES, size)
        shapes[f"record of {size:,} longs"] = _record(["long"], _spread(2**20), size)
    return shapes


def _floors(rounds: int) -> Table:
    """Loops that check nothing and keep nothing, for numbers of three bytes."""
    schema, values = _array("long", [i + 500_000 for i in range(50)])
    data = portable_codec(schema).encode(values)
    parsed = fastavro.parse_schema(schema)

    def read() -> None:
        pos = 1
        for _ in range(50):
            n = data[pos] + (data[pos + 1] << 7) + (data[pos + 2] << 14) - 16512
            n = (n >> 1) ^ -(n & 1)
            pos += 3

    def write() -> None:
        parts: list[bytes] = []
        for value in values:
            n = (value << 1) ^ (value >> 63)
            parts.append(bytes((n & 127 | 128, n >> 7 & 127 | 128, n >> 14)))

    timings = in_turn(
        {
            "write": write,
            "its": lambda: _written(fastavro.schemaless_writer, parsed, values),
            "read": read,
            "its reading": lambda: fastavro.schemaless_reader(io.BytesIO(data), parsed),
        },
        rounds,
    )
    columns = ("", "a loop of Python, µs", "all of fastavro, µs")
    cells = {name: f"{timing.median * 1e6:.1f}" for name, timing in timings.items()}
    return Table(
        "50 longs of three bytes: what the interpreter's steps alone take",
        columns,
        (
            ("to bytes", cells["write"], cells["its"]),
            ("from bytes", cells["read"], cells["its reading"]),
        ),
    )
