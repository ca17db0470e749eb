"""JSON Schema of plain JSON, for API documents and for validators in other languages."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from streamcontract.json_codec.leaves import plain_leaf
from streamcontract.json_codec.unions import forms_of
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
    # OpenAPI's format instead of limits, which tools that read numbers as doubles would round.
    "long": {"type": "integer", "format": "int64"},
}


def json_schema(schema: Schema, *, inline: bool = False) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the JSON that ``JsonCodec(schema).dump`` returns.

    Args:
        schema: The schema.
        inline: Describe each record at its first use, and as any object at later uses, without
        ``$ref``: for a part of another document.

    Example:
        >>> from streamcontract import parse_schema
        >>> json_schema(parse_schema(["null", {"type": "int", "logicalType": "date"}]))
        {'anyOf': [{'type': 'null'}, {'type': 'string', 'format': 'date'}]}
    """
    describer = _Describer(inline=inline)
    described = describer.of(schema.root)
    if describer.definitions:
        described["$defs"] = describer.definitions
    return described


class _Describer:
    """Describes each record once, however often it is used."""

    def __init__(self, *, inline: bool) -> None:
        self._inline = inline
        self._seen: set[str] = set()
        self.definitions: dict[str, Any] = {}

    def of(self, node: AvroType) -> dict[str, Any]:
        """The description of a type."""
        match node:
            case RecordType():
                return self._record(node)
            case ArrayType():
                return {"type": "array", "items": self.of(node.items)}
            case MapType():
                return {"type": "object", "additionalProperties": self.of(node.values)}
            case UnionType():
                return self._union(node)
            case EnumType():
                return {"title": node.name, **_doc(node.doc), "enum": list(node.symbols)}
            case _:
                return _leaf(node)

    def _record(self, node: RecordType) -> dict[str, Any]:
        is_new = node.full_name not in self._seen
        self._seen.add(node.full_name)
        if self._inline:
            return self._fields(node) if is_new else {"type": "object", "title": node.name}
        if is_new:
            self.definitions[node.full_name] = self._fields(node)
        # Stored schemas may have names of any characters (RFC 6901, section 6).
        return {"$ref": f"#/$defs/{quote(node.full_name.replace('~', '~0').replace('/', '~1'))}"}

    def _fields(self, node: RecordType) -> dict[str, Any]:
        required = [field.name for field in node.fields if not field.has_default]
        properties = {
            field.name: {**self.of(field.type), **_doc(field.doc)} for field in node.fields
        }
        return {
            "type": "object",
            "title": node.name,
            **_doc(node.doc),
            "properties": properties,
            **({"required": required} if required else {}),
            "additionalProperties": False,
        }

    def _union(self, node: UnionType) -> dict[str, Any]:
        forms = forms_of(node, "plain")
        shown: list[dict[str, Any]] = []
        for branch in node.branches:
            name, form = branch_name(branch), self.of(branch)
            if name in forms.named:
                shown.append(_under(name, form))
            elif name == forms.named_if_not_finite:
                shown += [{"type": "number"}, _under(name, _NOT_FINITE)]
            else:
                shown += form["anyOf"] if form.keys() == {"anyOf"} else [form]
        return {"anyOf": shown}


def _under(name: str, form: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: form},
        "required": [name],
        "additionalProperties": False,
    }


def _leaf(node: PrimitiveType | FixedType) -> dict[str, Any]:
    kind = plain_leaf(node).kind
    row = row_of(node)
    if row is not None:
        word = row.python.json.format
        return {"type": kind, **({"format": word} if word is not None else {})}
    if kind == "number":
        return {"anyOf": [{"type": "number"}, _NOT_FINITE]}
    if isinstance(node, FixedType) or node.name == "bytes":
        return {"type": kind, "contentEncoding": "base64"}
    return _INTEGERS.get(node.name, {"type": kind})


def _doc(doc: str | None) -> dict[str, str]:
    return {"description": doc} if doc else {}
