"""Tagged values in the shapes that fastavro and Apache avro have for them.

Each conversion below is a difference that these libraries have from ours, with the clause of
the Avro 1.12 specification that decides which bytes are right.
"""

from __future__ import annotations

import datetime as dt
import decimal
import io
import json
import struct
import uuid
import warnings
from typing import Any

import avro.errors
import avro.io
import avro.schema
import fastavro

from streamcontract import Duration
from streamcontract.schema import (
    ArrayType,
    AvroType,
    FixedType,
    MapType,
    PrimitiveType,
    RecordType,
    Schema,
    UnionType,
    branch_name,
)


def convert(node: AvroType, value: Any, leaf: Any, *, tags: bool) -> Any:
    """A tagged value with every leaf put through ``leaf(node, value)``; tags kept or dropped."""
    match node:
        case RecordType():
            return {
                field.name: convert(field.type, value[field.name], leaf, tags=tags)
                for field in node.fields
            }
        case ArrayType():
            return [convert(node.items, item, leaf, tags=tags) for item in value]
        case MapType():
            return {key: convert(node.values, each, leaf, tags=tags) for key, each in value.items()}
        case UnionType():
            name, bare = value
            branch = next(each for each in node.branches if branch_name(each) == name)
            converted = convert(branch, bare, leaf, tags=tags)
            return (name, converted) if tags else converted
        case _:
            return leaf(node, value)


def bare(node: AvroType, value: Any) -> Any:
    """A tagged value without its tags."""
    return convert(node, value, lambda _, each: each, tags=False)


def _varint(number: int) -> bytes:
    """Zig-zag, then seven bits a byte, lowest first ("Binary Encoding")."""
    number = (number << 1) ^ (number >> 63)
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _unscaled(value: decimal.Decimal) -> int:
    sign, digits, _ = value.as_tuple()
    number = int("".join(map(str, digits)))
    return -number if sign else number


def _minimal(number: int) -> bytes:
    """Two's complement in the fewest bytes that hold it."""
    size = 1
    while not -(2 ** (8 * size - 1)) <= number < 2 ** (8 * size - 1):
        size += 1
    return number.to_bytes(size, "big", signed=True)


def raw(node: PrimitiveType | FixedType, value: Any) -> Any:
    """What the base type holds for the logical types that neither library knows.

    - big-decimal: the unscaled value as bytes, then the scale as an int ("Big Decimal" leaves
      the encoding to Java's BigDecimalConversion, which writes exactly that).
    - duration: three little-endian unsigned 32-bit integers: months, days, milliseconds
      ("Duration").
    - uuid on fixed: its 16 bytes in network order ("UUID").
    """
    match value:
        case decimal.Decimal() if node.logical and node.logical.name == "big-decimal":
            unscaled, exponent = _minimal(_unscaled(value)), value.as_tuple().exponent
            assert isinstance(exponent, int)
            return _varint(len(unscaled)) + unscaled + _varint(-exponent)
        case Duration():
            return struct.pack("<III", value.months, value.days, value.milliseconds)
        case uuid.UUID() if isinstance(node, FixedType):
            return value.bytes
    return value


def for_fastavro(node: AvroType, value: Any) -> Any:
    """A tagged value as fastavro writes it, tags included.

    Besides what :func:`raw` says: fastavro writes the decimals -128, -32768 ... with a byte more
    than two's complement needs; the specification asks for "the two's-complement
    representation", Java's BigInteger gives the shortest, and so do we.
    """

    def leaf(node: Any, value: Any) -> Any:
        value = raw(node, value)
        if isinstance(value, decimal.Decimal) and isinstance(node, PrimitiveType):
            return _minimal(_unscaled(value))
        return value

    return convert(node, value, leaf, tags=True)


def fastavro_encoding(schema: Schema, value: Any) -> bytes:
    """What fastavro writes for a tagged value."""
    buffer = io.BytesIO()
    parsed = fastavro.parse_schema(fastavro_schema(schema))
    fastavro.schemaless_writer(buffer, parsed, for_fastavro(schema.root, value), strict=True)
    return buffer.getvalue()


def fastavro_decoding(schema: Schema, data: bytes) -> Any:
    """What fastavro reads from bytes, which it must use up."""
    buffer = io.BytesIO(data)
    value = fastavro.schemaless_reader(buffer, fastavro.parse_schema(fastavro_schema(schema)), None)
    assert not buffer.read()
    return value


def fastavro_schema(schema: Schema) -> Any:
    """The schema without defaults, of which fastavro refuses some that the specification allows."""
    return _without_defaults(json.loads(schema.json))


def _without_defaults(document: Any) -> Any:
    match document:
        case dict():
            return {
                key: _without_defaults(value)
                for key, value in document.items()
                if key != "default" or document.get("type") == "enum"
            }
        case list():
            return [_without_defaults(each) for each in document]
    return document


def apache_decoding(schema: Schema, data: bytes) -> Any:
    """What Apache avro reads from bytes, which it must use up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", avro.errors.IgnoredLogicalType)
        parsed = avro.schema.parse(schema.json)
    buffer = io.BytesIO(data)
    value = avro.io.DatumReader(parsed).read(avro.io.BinaryDecoder(buffer))
    assert not buffer.read()
    return value


def read_by_fastavro(node: AvroType, value: Any) -> Any:
    """A tagged value as fastavro reads it: bare, and raw where it knows no better."""
    return convert(node, value, raw, tags=False)


def read_by_apache(node: AvroType, value: Any) -> Any:
    """A tagged value as Apache avro reads it.

    Besides what :func:`raw` says:

    - it leaves a uuid the string it is written as ("UUID");
    - it knows no local timestamps, which count from 1970-01-01T00:00:00 ("Local Timestamps").
    """

    def leaf(node: Any, value: Any) -> Any:
        value = raw(node, value)
        if isinstance(value, uuid.UUID):
            return str(value)
        if isinstance(value, dt.datetime) and value.tzinfo is None:
            unit = {"local-timestamp-millis": 1000, "local-timestamp-micros": 1}[node.logical.name]
            return (value - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=unit)  # noqa: DTZ001 - that is what local means
        return value

    return convert(node, value, leaf, tags=False)


def names_null_namespace(schema: Schema) -> bool:
    """Whether a type leaves its enclosing namespace for the null namespace.

    "The empty string may also be used as a namespace to indicate the null namespace" ("Names");
    both libraries take it for no namespace given.
    """
    return '"namespace": ""' in schema.json
