"""One self-contained JSON text for a schema whose named types live in several files."""

from __future__ import annotations

from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    EnumType,
    Field,
    FixedType,
    JsonValue,
    LogicalType,
    MapType,
    Missing,
    PrimitiveType,
    RecordType,
    UnionType,
)

__all__ = ["inlined"]


def inlined(root: AvroType) -> JsonValue:
    """The schema as JSON, each named type written out where it is first used.

    Everything is kept: documentation, aliases, defaults, order, logical types and attributes
    that Avro does not know.

    Example:
        >>> from streamcontract.schema import parse_schema
        >>> inlined(parse_schema('{"type": "int", "logicalType": "date"}').root)
        {'type': 'int', 'logicalType': 'date'}
    """
    return _type(root, "", set())


def _type(node: AvroType, namespace: str, defined: set[str]) -> JsonValue:
    match node:
        case UnionType():
            return [_type(branch, namespace, defined) for branch in node.branches]
        case PrimitiveType():
            if node.logical is None and not node.attributes:
                return node.name
            return {"type": node.name, **_logical(node.logical), **node.attributes}
        case ArrayType():
            items = _type(node.items, namespace, defined)
            return {"type": "array", "items": items, **node.attributes}
        case MapType():
            values = _type(node.values, namespace, defined)
            return {"type": "map", "values": values, **node.attributes}
        case RecordType() | EnumType() | FixedType():
            return _named(node, namespace, defined)


def _named(node: RecordType | EnumType | FixedType, namespace: str, defined: set[str]) -> JsonValue:
    if node.full_name in defined:
        # A simple name means the enclosing namespace, so a full name only where that differs.
        return node.name if (node.namespace or "") == namespace else node.full_name
    defined.add(node.full_name)
    result: dict[str, JsonValue] = {"name": node.name}
    if (node.namespace or "") != namespace:
        result["namespace"] = node.namespace or ""
    match node:
        case FixedType():
            result |= {"type": "fixed", "size": node.size, **_logical(node.logical)}
        case EnumType():
            result |= {"type": "enum", "symbols": list(node.symbols)}
            if node.default is not None:
                result["default"] = node.default
        case RecordType():
            fields = [_field(field, node.namespace or "", defined) for field in node.fields]
            result |= {"type": "error" if node.is_error else "record", "fields": fields}
    return {**result, **_doc_and_aliases(node), **node.attributes}


def _field(field: Field, namespace: str, defined: set[str]) -> JsonValue:
    result: dict[str, JsonValue] = {
        "name": field.name,
        "type": _type(field.type, namespace, defined),
    }
    if not isinstance(field.default, Missing):
        result["default"] = field.default
    if field.order != "ascending":
        result["order"] = field.order
    return {**result, **_doc_and_aliases(field), **field.attributes}


def _doc_and_aliases(node: RecordType | EnumType | FixedType | Field) -> dict[str, JsonValue]:
    result: dict[str, JsonValue] = {}
    if node.doc is not None:
        result["doc"] = node.doc
    if node.aliases:
        result["aliases"] = list(node.aliases)
    return result


def _logical(logical: LogicalType | None) -> dict[str, JsonValue]:
    if logical is None:
        return {}
    result: dict[str, JsonValue] = {"logicalType": logical.name}
    if logical.precision is not None:
        result |= {"precision": logical.precision, "scale": logical.scale}
    return result
