"""What to say about a type's name that means nothing: most often one can guess what was meant."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from streamcontract.schema.imports import Imports
from streamcontract.schema.logical import ON_PRIMITIVE
from streamcontract.schema.model import PRIMITIVE_NAMES, NamedType
from streamcontract.schema.names import join, nearest

__all__ = ["unknown_type_message"]

_ELSEWHERE: Final[Mapping[str, str]] = {
    "bool": "boolean",
    "integer": "int",
    "int32": "int",
    "int64": "long",
    "bigint": "long",
    "float32": "float",
    "float64": "double",
    "number": "double",
    "str": "string",
    "text": "string",
    "byte": "bytes",
    "binary": "bytes",
    "none": "null",
}
"""What other languages call Avro's primitive types."""

_COMPLEX: Final[Mapping[str, str]] = {
    "array": '{"type": "array", "items": ...}',
    "map": '{"type": "map", "values": ...}',
    "record": '{"type": "record", "name": ..., "fields": [...]}',
    "error": '{"type": "error", "name": ..., "fields": [...]}',
    "enum": '{"type": "enum", "name": ..., "symbols": [...]}',
    "fixed": '{"type": "fixed", "name": ..., "size": ...}',
    "union": '["null", ...]',
}


def unknown_type_message(
    name: str, namespace: str, definitions: Mapping[str, NamedType], imports: Imports
) -> str:
    """Say what is wrong with ``name``, used as a type, and what would be right.

    Args:
        name: The name as it was written.
        namespace: The namespace it was written in.
        definitions: All named types that the schema defines.
        imports: Where else it was looked for.
    """
    later = definitions.get(join(namespace, name)) or definitions.get(name)
    if later is not None:
        return (
            f"{later.full_name} is used before its definition at {later.pointer}; "
            "move the definition here and leave the name there"
        )
    return f"unknown type {json.dumps(name)}{_hint(name, definitions, imports)}"


def _hint(name: str, definitions: Mapping[str, NamedType], imports: Imports) -> str:
    if name in _COMPLEX:
        return f"; in full it is an object or list of its own: {_COMPLEX[name]}"
    if name in ON_PRIMITIVE:
        return (
            f'; it is a logical type: {{"type": "{ON_PRIMITIVE[name]}", "logicalType": "{name}"}}'
        )
    if name == "decimal":
        return (
            '; it is a logical type: {"type": "bytes", "logicalType": "decimal", "precision": ...}'
        )
    if name == "duration":
        return (
            "; it is a logical type: "
            '{"type": "fixed", "name": ..., "size": 12, "logicalType": "duration"}'
        )
    guess = _ELSEWHERE.get(name.lower())
    guess = guess or nearest(name, [*definitions, *imports.names(), *PRIMITIVE_NAMES])
    return f'; did you mean "{guess}"?' if guess else imports.note()
