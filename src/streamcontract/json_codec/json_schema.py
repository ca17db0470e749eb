"""The JSON Schema of plain JSON, for API documents and for validators of other languages."""

from __future__ import annotations

from typing import Any, Final

from streamcontract.json_codec.leaves import Kind, plain_leaf
from streamcontract.json_codec.unions import named_branches
from streamcontract.json_codec.writer import kind_of
from streamcontract.schema.logical import row_of
from streamcontract.schema.model import (
    INTEGER_LIMITS,
    ArrayType,
    AvroType,
    EnumType,
    FixedType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
    branch_name,
)
from streamcontract.schema.schema import Schema

__all__ = ["json_schema"]

_NOT_FINITE: Final = {"enum": ["NaN", "Infinity", "-Infinity"]}

_INT_LIMITS: Final = INTEGER_LIMITS["int"]
_INTEGERS: Final[dict[str, dict[str, Any]]] = {
    "int": {"type": "integer", "minimum": _INT_LIMITS[0], "maximum": _INT_LIMITS[1]},
    # By OpenAPI's word: tools that read numbers as doubles would round the limits.
    "long": {"type": "integer", "format": "int64"},
}


def json_schema(schema: Schema) -> dict[str, Any]:
    """The JSON Schema (2020-12) of what ``JsonCodec(schema).dump`` gives.

    A record within itself is any object there: what is nested is not described without end.

    Example:
        >>> from streamcontract import parse_schema
        >>> json_schema(parse_schema(["null", {"type": "int", "logicalType": "date"}]))
        {'anyOf': [{'type': 'null'}, {'type': 'string', 'format': 'date'}]}
    """
    return _of(schema.root, ())


def _of(node: AvroType, above: tuple[AvroType, ...]) -> dict[str, Any]:
    match node:
        case RecordType() if node in above:
            return {"type": "object", "title": node.name}
        case RecordType():
            return _record(node, (*above, node))
        case ArrayType():
            return {"type": "array", "items": _of(node.items, above)}
        case MapType():
            return {"type": "object", "additionalProperties": _of(node.values, above)}
        case UnionType():
            return _union(node, above)
        case EnumType():
            return {"title": node.name, **_doc(node.doc), "enum": list(node.symbols)}
        case _:
            return _leaf(node)


def _record(node: RecordType, above: tuple[AvroType, ...]) -> dict[str, Any]:
    required = [field.name for field in node.fields if not field.has_default]
    properties = {
        field.name: {**_of(field.type, above), **_doc(field.doc)} for field in node.fields
    }
    return {
        "type": "object",
        "title": node.name,
        **_doc(node.doc),
        "properties": properties,
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _union(node: UnionType, above: tuple[AvroType, ...]) -> dict[str, Any]:
    named = named_branches(node, "plain", lambda each: kind_of(each, "plain"))
    kinds = {kind_of(branch, "plain") for branch in node.branches}
    forms: list[dict[str, Any]] = []
    for branch in node.branches:
        name, form = branch_name(branch), _of(branch, above)
        if name in named:
            forms.append(_under(name, form))
        elif kind_of(branch, "plain") == "number" and "string" in kinds:
            forms += [{"type": "number"}, _under(name, _NOT_FINITE)]
        else:
            forms += form["anyOf"] if form.keys() == {"anyOf"} else [form]
    return {"anyOf": forms}


def _under(name: str, form: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: form},
        "required": [name],
        "additionalProperties": False,
    }


def _leaf(node: PrimitiveType | FixedType) -> dict[str, Any]:
    kind: Kind = plain_leaf(node).kind
    row = row_of(node)
    if row is not None:
        word = row.python.json.format
        return {"type": kind, **({"format": word} if word is not None else {})}
    if kind == "number":
        return {"anyOf": [{"type": "number"}, _NOT_FINITE]}
    if kind == "integer":
        return _INTEGERS[node.name]
    if isinstance(node, FixedType) or node.name == "bytes":
        return {"type": kind, "contentEncoding": "base64"}
    return {"type": kind}


def _doc(doc: str | None) -> dict[str, str]:
    return {"description": doc} if doc else {}
