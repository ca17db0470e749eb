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
    """Parse a schema with those that a registry says it refers to.

    A reference to a schema without a name, such as ``"string"``, gives it one: Redpanda's registry
    and Confluent's let a schema use a reference's name so.

    Args:
        text: The schema as JSON text.
        references: The references, as the registry has them.
        schemas: What each of them leads to.
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
    # The name is the registry's alone: what leaves here has to be read without it.
    return parse_schema(parsed.inlined_json, leniency=leniency)


def _under(name: str, schema: Schema) -> Schema:
    if schema.name is not None or name in schema.named_types:
        return schema
    # Definitions are of named types; this one is found by its name and written out as it is.
    definitions: Any = {**schema.definitions, name: schema.root}
    return attrs.evolve(schema, definitions=definitions)
