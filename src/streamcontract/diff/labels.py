"""Labels of types, for people."""

from __future__ import annotations

from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    EnumType,
    FixedType,
    LogicalType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
)

__all__ = ["logical_label", "type_label"]


def type_label(node: AvroType) -> str:
    """A type as words; a named type by its name alone.

    Example:
        >>> from streamcontract.schema import parse_schema
        >>> type_label(parse_schema('["null", {"type": "array", "items": "string"}]').root)
        'null | array of string'
        >>> type_label(parse_schema('{"type": "int", "logicalType": "date"}').root)
        'int (date)'
    """
    match node:
        case UnionType():
            return " | ".join(map(type_label, node.branches)) or "empty union"
        case ArrayType():
            return f"array of {_inner(node.items)}"
        case MapType():
            return f"map of {_inner(node.values)}"
        case PrimitiveType():
            return _with_logical(node.name, node.logical)
        case RecordType():
            return f"{'error' if node.is_error else 'record'} {node.full_name}"
        case EnumType():
            return f"enum {node.full_name}"
        case FixedType():
            return _with_logical(f"fixed {node.full_name}", node.logical)


def logical_label(logical: LogicalType) -> str:
    """A logical type as words, with its parameters.

    Example:
        >>> from streamcontract.schema.model import LogicalType
        >>> logical_label(LogicalType("decimal", 12, 2))
        'decimal, precision 12, scale 2'
    """
    if logical.precision is None:
        return logical.name
    return f"{logical.name}, precision {logical.precision}, scale {logical.scale}"


def _inner(node: AvroType) -> str:
    label = type_label(node)
    return f"({label})" if isinstance(node, UnionType) else label


def _with_logical(name: str, logical: LogicalType | None) -> str:
    return name if logical is None else f"{name} ({logical_label(logical)})"
