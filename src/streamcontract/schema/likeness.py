"""Likeness of named types: whether two definitions of one name are one type to a program."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from streamcontract.schema.fingerprint import fingerprint
from streamcontract.schema.model import (
    ArrayType,
    EnumType,
    Field,
    FixedType,
    JsonValue,
    MapType,
    Missing,
    PrimitiveType,
    RecordType,
    UnionType,
)

if TYPE_CHECKING:
    from streamcontract.schema.model import AvroType, LogicalType

__all__ = ["likeness", "likeness_mark"]

_MARK_SIZE = 8  # bytes; 64 bits tell apart what people write by accident


def likeness(node: RecordType | EnumType) -> str:
    """All of a definition that Avro acts on, as text.

    That is everything but documentation and attributes that Avro does not know. Records and enums
    in it stand as their full names: two types are alike all the way down if those are alike too.

    Example:
        >>> from streamcontract.schema import parse_schema
        >>> one = parse_schema({"type": "enum", "name": "a.Side", "symbols": ["BUY", "SELL"]})
        >>> other = parse_schema({"type": "enum", "name": "Side", "namespace": "a",
        ...     "symbols": ["BUY", "SELL"], "doc": "Who gives what."})
        >>> likeness(one.root) == likeness(other.root)
        True
    """
    return json.dumps(_definition(node), sort_keys=True)


def likeness_mark(node: RecordType | EnumType) -> str:
    """A likeness in short, for generated code: the first 64 bits of its SHA-256, in hex.

    Example:
        >>> from streamcontract.schema import parse_schema
        >>> likeness_mark(parse_schema({"type": "record", "name": "Ping", "fields": []}).root)
        '8b836a0f902d771f'
    """
    return fingerprint(likeness(node), "SHA-256")[:_MARK_SIZE].hex()


def _definition(node: RecordType | EnumType | FixedType) -> JsonValue:
    result: dict[str, JsonValue] = {"name": node.full_name, "aliases": [*sorted(node.aliases)]}
    match node:
        case RecordType():
            kind = "error" if node.is_error else "record"
            return result | {"type": kind, "fields": [_field(field) for field in node.fields]}
        case EnumType():
            return result | {
                "type": "enum",
                "symbols": list(node.symbols),
                "default": node.default,
            }
        case FixedType():
            return result | {"type": "fixed", "size": node.size, **_logical(node.logical)}


def _field(field: Field) -> JsonValue:
    result: dict[str, JsonValue] = {
        "name": field.name,
        "type": _type(field.type),
        "aliases": [*sorted(field.aliases)],
        "order": field.order,
    }
    return result if isinstance(field.default, Missing) else result | {"default": field.default}


def _type(node: AvroType) -> JsonValue:
    match node:
        case PrimitiveType():
            return {"type": node.name, **_logical(node.logical)}
        case ArrayType():
            return {"type": "array", "items": _type(node.items)}
        case MapType():
            return {"type": "map", "values": _type(node.values)}
        case UnionType():
            return [_type(branch) for branch in node.branches]
        case FixedType():
            return _definition(node)  # which has no class of its own to be compared by
        case RecordType() | EnumType():
            return node.full_name


def _logical(logical: LogicalType | None) -> dict[str, JsonValue]:
    if logical is None:
        return {}
    return {
        "logicalType": logical.name,
        "precision": logical.precision,
        "scale": logical.scale,
    }
