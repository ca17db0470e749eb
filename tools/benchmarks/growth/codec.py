"""Values of any size, encoded and decoded; and what compiles for a record of many fields."""

from __future__ import annotations

import functools
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest import mock

import attrs
import fastavro

from benchmarks.growth.curves import OURS, Curve, Prepare, Work
from streamcontract import Codec
from streamcontract.codec.engine import ENGINE_VARIABLE

__all__ = ["CURVES", "PORTABLE", "portable_codec"]

PORTABLE: Final = "portable engine"
_FASTAVRO: Final = "fastavro"


@attrs.frozen
class _Shape:
    """A schema and a value of any size.

    Attributes:
        name: What it is.
        unit: What its size counts.
        sizes: The sizes.
        schema: The schema for a size.
        value: The value for a size.
    """

    name: str
    unit: str
    sizes: tuple[int, ...]
    schema: Callable[[int], Any]
    value: Callable[[int], Any]


_TYPES: Final = ("long", "double", ["null", "string"], "int", "string", "boolean")
_VALUES: Final = (250_000, 0.125, "some text", 42, "more text", True)
_ITEMS: Final = (100, 1_000, 10_000, 100_000)


def _record(size: int) -> dict[str, Any]:
    fields = [{"name": f"f{i}", "type": _TYPES[i % len(_TYPES)]} for i in range(size)]
    return {"type": "record", "name": "Wide", "fields": fields}


def _record_value(size: int) -> dict[str, Any]:
    return {f"f{i}": _VALUES[i % len(_VALUES)] for i in range(size)}


_WIDE: Final = _Shape("record", "fields", (30, 100, 300, 1_000, 3_000), _record, _record_value)
_SHAPES: Final = (
    _Shape(
        "list of ints",
        "items",
        _ITEMS,
        lambda _: {"type": "array", "items": "int"},
        lambda size: [index * 7 % 100_000 for index in range(size)],
    ),
    _Shape(
        "map of longs",
        "entries",
        _ITEMS,
        lambda _: {"type": "map", "values": "long"},
        lambda size: {f"key{index}": index for index in range(size)},
    ),
    _Shape(
        "list of records",
        "records",
        _ITEMS,
        lambda _: {"type": "array", "items": _record(4)},
        lambda size: [_record_value(4)] * size,
    ),
    _WIDE,
)


def portable_codec(schema: Any) -> Codec[Any]:
    """A codec on the portable engine."""
    with mock.patch.dict(os.environ, {ENGINE_VARIABLE: "portable"}):
        return Codec(schema)


@contextmanager
def _encode(size: int, *, shape: _Shape, codec: Callable[[Any], Codec[Any]]) -> Iterator[Work]:
    encode, value = codec(shape.schema(size)).encoder(), shape.value(size)
    encode(value)
    yield lambda: encode(value)


@contextmanager
def _encode_by_fastavro(size: int, *, shape: _Shape) -> Iterator[Work]:
    schema, value = fastavro.parse_schema(shape.schema(size)), shape.value(size)

    def encode() -> bytes:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema, value)
        return out.getvalue()

    yield encode


@contextmanager
def _decode(size: int, *, shape: _Shape, codec: Callable[[Any], Codec[Any]]) -> Iterator[Work]:
    made = codec(shape.schema(size))
    data, decode = made.encode(shape.value(size)), made.decoder()
    decode(data)
    yield lambda: decode(data)


@contextmanager
def _decode_by_fastavro(size: int, *, shape: _Shape) -> Iterator[Work]:
    schema = fastavro.parse_schema(shape.schema(size))
    data = Codec[Any](shape.schema(size)).encode(shape.value(size))
    yield lambda: fastavro.schemaless_reader(io.BytesIO(data), schema)


@contextmanager
def _first(size: int, *, codec: Callable[[Any], Codec[Any]]) -> Iterator[Work]:
    """From the schema to the first value there and back."""
    schema, value = _record(size), _record_value(size)

    def there_and_back() -> None:
        made = codec(schema)
        made.decode(made.encode(value))

    yield there_and_back


@contextmanager
def _first_by_fastavro(size: int) -> Iterator[Work]:
    schema, value = _record(size), _record_value(size)

    def there_and_back() -> None:
        parsed = fastavro.parse_schema(schema)
        out = io.BytesIO()
        fastavro.schemaless_writer(out, parsed, value)
        fastavro.schemaless_reader(io.BytesIO(out.getvalue()), parsed)

    yield there_and_back


def _ways(
    work: Callable[..., Any], by_fastavro: Callable[..., Any], **options: Any
) -> dict[str, Prepare]:
    return {
        OURS: functools.partial(work, codec=Codec, **options),
        PORTABLE: functools.partial(work, codec=portable_codec, **options),
        _FASTAVRO: functools.partial(by_fastavro, **options),
    }


CURVES: Final = (
    *(
        Curve(
            f"{what} a {shape.name}",
            shape.unit,
            shape.sizes,
            _ways(work, by_fastavro, shape=shape),
            is_first=False,
        )
        for shape in _SHAPES
        for what, work, by_fastavro in (
            ("encode", _encode, _encode_by_fastavro),
            ("decode", _decode, _decode_by_fastavro),
        )
    ),
    Curve(
        "a record's schema, and its first value there and back",
        "fields",
        (100, 300, 1_000, 5_000),
        _ways(_first, _first_by_fastavro),
    ),
)
"""Every curve."""
