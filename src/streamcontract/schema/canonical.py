"""Parsing Canonical Form: the text that two schemas share if they read the same bytes.

The transformations are those of "Transforming into Parsing Canonical Form" in the Avro 1.12
specification; each clause is named in the code that applies it. They work on the model, so a type
from another file is written out at its first use, like one defined there.
"""

from __future__ import annotations

import json
from typing import Final

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

__all__ = ["canonical_form"]

# [STRINGS]: in UTF-8, without escapes that JSON does not need. Only names of stored schemas,
# outside # today's grammar, need either.
_string: Final = json.JSONEncoder(ensure_ascii=False).encode


def canonical_form(root: AvroType) -> str:
    """The Parsing Canonical Form of a schema.

    Example:
        >>> from streamcontract.schema import parse_schema
        >>> canonical_form(parse_schema('{"type": "array", "items": {"type": "int"}}').root)
        '{"type":"array","items":"int"}'
    """
    return _write(root, set())


def _write(node: AvroType, defined: set[str]) -> str:
    match node:
        case PrimitiveType():  # [PRIMITIVES]
            return f'"{node.name}"'
        case ArrayType():  # [STRIP], [ORDER] and [WHITESPACE] here and below
            return f'{{"type":"array","items":{_write(node.items, defined)}}}'
        case MapType():
            return f'{{"type":"map","values":{_write(node.values, defined)}}}'
        case UnionType():
            return f"[{','.join(_write(branch, defined) for branch in node.branches)}]"
        case RecordType() | EnumType() | FixedType():
            return _write_named(node, defined)


def _write_named(node: RecordType | EnumType | FixedType, defined: set[str]) -> str:
    name = _string(node.full_name)  # [FULLNAMES]
    if node.full_name in defined:
        return name
    defined.add(node.full_name)
    match node:
        case FixedType():
            return f'{{"name":{name},"type":"fixed","size":{node.size}}}'
        case EnumType():
            symbols = ",".join(map(_string, node.symbols))
            return f'{{"name":{name},"type":"enum","symbols":[{symbols}]}}'
        case RecordType():
            fields = ",".join(
                f'{{"name":{_string(field.name)},"type":{_write(field.type, defined)}}}'
                for field in node.fields
            )
            return f'{{"name":{name},"type":"record","fields":[{fields}]}}'
