"""Schemas parsed together with the types of their references."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from streamcontract.schema import STRICT, Leniency, Schema, parse_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streamcontract.registry.protocol import SchemaReference

__all__ = ["parse_with_references"]


def parse_with_references(
    text: str,
    references: Sequence[SchemaReference],
    schemas: Iterable[Schema],
    *,
    leniency: Leniency = STRICT,
) -> Schema:
    """Parse a schema with its references in a registry.

    A reference to a schema without a name, such as ``"string"``, gives it one: the registries of
    Redpanda and Confluent let a schema use a reference's name as a type.

    Args:
        text: The schema as JSON text.
        references: The references in the registry.
        schemas: The schema of each of them.
        leniency: As in :func:`streamcontract.parse_schema`.

    Raises:
        SchemaParseError: The schema is not valid.

    Example:
        >>> from streamcontract.registry import SchemaReference
        >>> parse_with_references(
        ...     '{"type": "array", "items": "Text"}',
        ...     [SchemaReference("Text", "text-value", 1)],
        ...     [parse_schema("string")],
        ... ).canonical_form
        '{"type":"array","items":"string"}'
    """
    pairs = list(zip(references, schemas, strict=True))
    named = [_under(reference.name, schema) for reference, schema in pairs]
    parsed = parse_schema(text, references=named, leniency=leniency)
    if all(given is schema for given, (_, schema) in zip(named, pairs, strict=True)):
        return parsed
    # Only the registry knows the name: the result has to be readable without it.
    return parse_schema(parsed.inlined_json, leniency=leniency)


def _under(name: str, schema: Schema) -> Schema:
    if schema.name is not None or name in schema.named_types:
        return schema
    # Definitions are named types; this one is found by its name and written out unchanged.
    definitions: Any = {**schema.definitions, name: schema.root}
    return attrs.evolve(schema, definitions=definitions)
