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


def likeness(node: RecordType | EnumType, *, of_values: bool = False) -> str:
    """The parts of a definition that Avro uses, as text.

    That is everything but documentation and attributes that Avro does not define. Nested records
    and enums appear as their full names: two types are equal all the way down if those are equal
    too.

    Args:
        node: The type.
        of_values: Whether aliases and the order of fields are left out as well, which make no
            value another.

    Example:
        >>> from streamcontract.schema import parse_schema
        >>> one = parse_schema({"type": "enum", "name": "a.Side", "symbols": ["BUY", "SELL"]})
        >>> other = parse_schema({"type": "enum", "name": "Side", "namespace": "a",
        ...     "symbols": ["BUY", "SELL"], "doc": "Who gives what."})
        >>> likeness(one.root) == likeness(other.root)
        True
    """
    return json.dumps(_definition(node, of_values=of_values), sort_keys=True)


def likeness_mark(node: RecordType | EnumType) -> str:
    """The short form of a likeness for generated code: the first 64 bits of its SHA-256, in hex.

    Example:
        >>> from streamcontract.schema import parse_schema
        >>> likeness_mark(parse_schema({"type": "record", "name": "Ping", "fields": []}).root)
        '8b836a0f902d771f'
    """
    return fingerprint(likeness(node), "SHA-256")[:_MARK_SIZE].hex()


def _definition(node: RecordType | EnumType | FixedType, *, of_values: bool) -> JsonValue:
    result: dict[str, JsonValue] = {"name": node.full_name}
    if not of_values:
        result["aliases"] = [*sorted(node.aliases)]
    match node:
        case RecordType():
            fields = [_field(field, of_values=of_values) for field in node.fields]
            return result | {"type": "error" if node.is_error else "record", "fields": fields}
        case EnumType():
            return result | {
                "type": "enum",
                "symbols": list(node.symbols),
                "default": node.default,
            }
        case FixedType():
            return result | {"type": "fixed", "size": node.size, **_logical(node.logical)}


def _field(field: Field, *, of_values: bool) -> JsonValue:
    result: dict[str, JsonValue] = {
        "name": field.name,
        "type": _type(field.type, of_values=of_values),
    }
    if not of_values:
        result |= {"aliases": [*sorted(field.aliases)], "order": field.order}
    return result if isinstance(field.default, Missing) else result | {"default": field.default}


def _type(node: AvroType, *, of_values: bool) -> JsonValue:
    match node:
        case PrimitiveType():
            return {"type": node.name, **_logical(node.logical)}
        case ArrayType():
            return {"type": "array", "items": _type(node.items, of_values=of_values)}
        case MapType():
            return {"type": "map", "values": _type(node.values, of_values=of_values)}
        case UnionType():
            return [_type(branch, of_values=of_values) for branch in node.branches]
        case FixedType():
            # It has no class of its own to be compared by.
            return _definition(node, of_values=of_values)
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
