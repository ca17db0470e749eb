"""Messages about unknown types, with the name that was probably meant."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from streamcontract.schema.logical import LOGICAL_TYPES
from streamcontract.schema.names import Guesser, join

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from streamcontract.schema.model import NamedType

__all__ = ["unknown_type_messages", "used_before_definition"]

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
"""Names of Avro's primitive types in other languages."""

_IN_FULL: Final[Mapping[str, str]] = {
    "array": '{"type": "array", "items": ...}',
    "map": '{"type": "map", "values": ...}',
    "record": '{"type": "record", "name": ..., "fields": [...]}',
    "error": '{"type": "error", "name": ..., "fields": [...]}',
    "enum": '{"type": "enum", "name": ..., "symbols": [...]}',
    "fixed": '{"type": "fixed", "name": ..., "size": ...}',
    "union": '["null", ...]',
}


def unknown_type_messages(
    unknown: Iterable[tuple[str, str, str]],
    definitions: Mapping[str, NamedType],
    names: Iterable[str],
    note: Callable[[str], str],
    guesser: Guesser,
) -> Iterator[tuple[str, str]]:
    """Messages for names that are used as types: what is wrong, and what would be right.

    Args:
        unknown: JSON pointer, name as it was written, and the namespace it was written in.
        definitions: All named types that the schema defines.
        names: Other names that could have been meant.
        note: From a hint, or "", to the end of the message, such as the folders searched.
        guesser: Guesses what misspelt names stand for.

    Yields:
        JSON pointer and message of each fault.
    """
    candidates = [*definitions, *names]
    hints: dict[str, str] = {}
    for pointer, name, namespace in unknown:
        later = definitions.get(join(namespace, name)) or definitions.get(name)
        if later is not None:
            yield pointer, used_before_definition(later.full_name, later.pointer)
        else:
            if name not in hints:
                hints[name] = note(_hint(name, candidates, guesser))
            yield pointer, f"unknown type {json.dumps(name)}{hints[name]}"


def used_before_definition(full_name: str, where: str) -> str:
    """The message about a name that is defined later, at the JSON pointer ``where``."""
    return (
        f"{full_name} is used before its definition at {where}; move the definition here and leave "
        "the name there"
    )


def _hint(name: str, candidates: list[str], guesser: Guesser) -> str:
    if name in _IN_FULL:
        return f"; in full it is {_IN_FULL[name]}"
    if name in LOGICAL_TYPES:
        return f"; as a logical type it is {LOGICAL_TYPES[name].written()}"
    return guesser.hint(_ELSEWHERE.get(name.lower(), name), candidates)
