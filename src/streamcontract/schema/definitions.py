"""Definitions of named types in the JSON of a schema, found without building its model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from streamcontract.schema.model import NAMED_KINDS
from streamcontract.schema.names import absolute, join

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.schema.model import JsonValue

__all__ = ["Definition", "definitions_in"]


@attrs.frozen
class Definition:
    """A place in a schema's JSON that defines a named type.

    Attributes:
        full_name: The full name of the type.
        json: The JSON object.
        pointer: JSON pointer to it.
        namespace: The namespace around it.
    """

    full_name: str
    json: dict[str, JsonValue]
    pointer: str
    namespace: str


def definitions_in(json: JsonValue, pointer: str = "", namespace: str = "") -> Iterator[Definition]:
    """Find the definitions in JSON, as far as it looks like a schema, in the order of the text.

    Example:
        >>> [each.pointer for each in definitions_in(["null", {"type": "enum", "name": "E"}])]
        ['/1']
    """
    if isinstance(json, list):
        for index, branch in enumerate(json):
            yield from definitions_in(branch, f"{pointer}/{index}", namespace)
    if not isinstance(json, dict):
        return
    kind, name = json.get("type"), json.get("name")
    if kind in NAMED_KINDS and isinstance(name, str):
        given = json.get("namespace")
        full_name = absolute(join(given if isinstance(given, str) else namespace, name))
        around, _, simple = full_name.rpartition(".")
        if simple:  # no reference can name the type ""
            yield Definition(full_name, json, pointer, namespace)
        namespace = around
    match kind:
        case "record" | "error":
            yield from _in_fields(json.get("fields"), f"{pointer}/fields", namespace)
        case "array":
            yield from definitions_in(json.get("items"), f"{pointer}/items", namespace)
        case "map":
            yield from definitions_in(json.get("values"), f"{pointer}/values", namespace)
        case _:
            pass


def _in_fields(fields: JsonValue, pointer: str, namespace: str) -> Iterator[Definition]:
    for index, field in enumerate(fields if isinstance(fields, list) else ()):
        if isinstance(field, dict):
            yield from definitions_in(field.get("type"), f"{pointer}/{index}/type", namespace)
