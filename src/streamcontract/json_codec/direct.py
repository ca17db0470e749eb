"""Plain JSON of decoded values, written in one step for whole documents.

A JSON serializer with functions for leaves (orjson, else the standard library) makes
the same text of dates, timestamps, UUIDs and decimals as :mod:`streamcontract.json_codec.leaves`.
Of other types (bytes, 32-bit numbers, times of day, unions whose branches are named, ...) it does
not: a schema with one of them is not written directly.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import Any, Final

from streamcontract.json_codec.leaves import plain_leaf
from streamcontract.schema import Schema
from streamcontract.schema.logical import row_of
from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    EnumType,
    FixedType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
)

try:
    import orjson as _orjson
except ImportError:  # the standard library writes as well, at a third of the speed
    _orjson = None  # type: ignore[assignment]

__all__ = ["direct_text", "is_direct"]

_PRIMITIVES: Final = frozenset({"null", "boolean", "int", "long", "double", "string"})
# No times of day: orjson 3.13 writes the one with 10,000 microseconds as 00:00:00.10000.
_KINDS: Final = frozenset({"date", "timestamp", "local-timestamp", "uuid", "decimal"})
orjson: Any = _orjson
_OPTIONS: Final = 0 if orjson is None else orjson.OPT_UTC_Z


def direct_text(document: Any, nulls: int = 0) -> bytes:
    """The text of JSON with values in it whose schemas :func:`is_direct` takes, on one line.

    Args:
        document: Objects and arrays of them.
        nulls: How many nulls there are in it beside those of the values: for speed alone.

    Example:
        >>> direct_text({"day": dt.date(2024, 5, 17), "rate": math.nan})
        b'{"day":"2024-05-17","rate":"NaN"}'
    """
    if orjson is None:
        try:
            return _encode(document).encode()
        except ValueError:  # NaN and the like
            return _encode(_with_names(document)).encode()
    try:
        text: bytes = orjson.dumps(document, default=str, option=_OPTIONS)
    except orjson.JSONEncodeError:  # nested deeper than 254, which the standard library can write
        return _encode(document).encode()
    # orjson writes numbers that JSON has no token for as null, and has no option against it.
    if text.count(b"null") > nulls:
        text = orjson.dumps(_with_names(document), default=str, option=_OPTIONS)
    return text


def _with_names(document: Any) -> Any:
    """The document with text in place of numbers that JSON has no token for."""
    if isinstance(document, float) and not math.isfinite(document):
        return _write_double(document)
    if isinstance(document, dict):
        return {key: _with_names(value) for key, value in document.items()}
    return list(map(_with_names, document)) if isinstance(document, list) else document


def _leaf_text(value: Any) -> str:
    text = str(value.isoformat() if isinstance(value, dt.date) else value)
    # UTC as orjson writes it, and RFC 3339 has it.
    return f"{text[:-6]}Z" if isinstance(value, dt.datetime) and value.tzinfo else text


_write_double: Final[Any] = plain_leaf(PrimitiveType(name="double")).write
_encode: Final = json.JSONEncoder(
    separators=(",", ":"),
    ensure_ascii=False,
    allow_nan=False,
    check_circular=False,
    default=_leaf_text,
).encode


def is_direct(schema: Schema) -> bool:
    """Whether :func:`direct_text` writes decoded values as the plain encoding has them.

    Example:
        >>> from streamcontract import parse_schema
        >>> is_direct(parse_schema("double")), is_direct(parse_schema("bytes"))
        (True, False)
    """
    return _is_direct(schema.root, frozenset())


def _is_direct(node: AvroType, outer: frozenset[str]) -> bool:
    inner: tuple[AvroType, ...]
    match node:
        case EnumType():
            return True
        case PrimitiveType() | FixedType():
            row = row_of(node)
            if row is not None:
                # Moments below a microsecond are numbers to the serializer.
                return row.kind in _KINDS and row.convert is not None
            return isinstance(node, PrimitiveType) and node.name in _PRIMITIVES
        case UnionType():
            inner = node.branches
            names = [each.name for each in inner if isinstance(each, PrimitiveType)]
            if "null" not in names or len(inner) > 2:
                return False
        case RecordType():
            if node.full_name in outer:
                return False  # deeper than the serializer may go
            inner = tuple(field.type for field in node.fields)
            outer |= {node.full_name}
        case ArrayType():
            inner = (node.items,)
        case MapType():
            inner = (node.values,)
    return all(_is_direct(each, outer) for each in inner)
