"""Avro encoding of a field's default, from the JSON in the schema.

A default is encoded once, and decoded by the compiled code like any encoded value: so it
takes the reader's classes and logical types, and every record gets its own lists and maps.
The parser has checked every default against its type.
"""

from __future__ import annotations

import struct
from typing import Any

from streamcontract.schema.defaults import first_fitting_branch
from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    EnumType,
    Field,
    FixedType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
)
from streamcontract.schema.varint import varint

__all__ = ["default_bytes"]


def default_bytes(field: Field) -> bytes:
    r"""Encode the default of a field that has one ("Complex Types", Records, Avro 1.12).

    Example:
        >>> from streamcontract.schema.model import Field, PrimitiveType
        >>> default_bytes(Field(name="n", type=PrimitiveType(name="long"), default=1))
        b'\x02'
    """
    return _encode(field.type, field.default)


def _encode(node: AvroType, value: Any) -> bytes:
    match node:
        case PrimitiveType():
            return _primitive(node.name, value)
        case FixedType():
            return bytes(value.encode("latin-1"))
        case EnumType():
            return _long(node.symbols.index(value))
        case ArrayType():
            return _blocks([_encode(node.items, item) for item in value])
        case MapType():
            return _blocks([_text(key) + _encode(node.values, item) for key, item in value.items()])
        case UnionType():
            branch = first_fitting_branch(node, value)
            if branch is None:
                raise AssertionError(f"the parser let a default pass that fits no branch: {value}")
            return _long(node.branches.index(branch)) + _encode(branch, value)
        case RecordType():
            return b"".join(
                _encode(field.type, value.get(field.name, field.default)) for field in node.fields
            )


def _primitive(name: str, value: Any) -> bytes:
    match name:
        case "null":
            return b""
        case "boolean":
            return b"\1" if value else b"\0"
        case "int" | "long":
            return _long(value)
        case "float":
            return struct.pack("<f", value)
        case "double":
            return struct.pack("<d", value)
        case "bytes":
            data = value.encode("latin-1")
            return _long(len(data)) + bytes(data)
        case _:
            return _text(value)


def _text(value: str) -> bytes:
    data = value.encode()
    return _long(len(data)) + data


def _blocks(items: list[bytes]) -> bytes:
    return (_long(len(items)) + b"".join(items) if items else b"") + b"\0"


def _long(number: int) -> bytes:
    return varint((number << 1) ^ (number >> 63))
