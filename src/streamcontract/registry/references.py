"""Registering a schema after everything it refers to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamcontract.errors import ConfigurationError
from streamcontract.registry.errors import (
    SchemaNotFoundError,
    SubjectNotFoundError,
    SubjectSoftDeletedError,
)
from streamcontract.registry.protocol import SchemaReference

if TYPE_CHECKING:
    from streamcontract.registry.client import SchemaRegistry
    from streamcontract.registry.results import RegisteredSchema
    from streamcontract.schema import Schema

__all__ = ["reference_subject", "register_in_order"]


def register_in_order(registry: SchemaRegistry, subject: str, schema: Schema) -> RegisteredSchema:
    """What :meth:`SchemaRegistry.register_with_references` does."""
    return _register(registry, subject, schema, {})


def reference_subject(schema: Schema) -> str:
    """The subject that a referenced schema is registered under: its full name.

    Raises:
        ConfigurationError: It is not a named type.
    """
    if schema.name is None:
        raise ConfigurationError(
            f"{schema.source or schema!r} is referred to by another schema, and is not a record, "
            f"enum or fixed itself: put each shared type into a file of its own"
        )
    return schema.name


def _register(
    registry: SchemaRegistry, subject: str, schema: Schema, done: dict[str, SchemaReference]
) -> RegisteredSchema:
    references = []
    for each in schema.references:
        name = reference_subject(each)
        if name not in done:
            version = _register(registry, name, each, done).version
            done[name] = SchemaReference(name, name, version)
        references.append(done[name])
    try:
        return registry.lookup(subject, schema, references=references)
    except (SubjectNotFoundError, SchemaNotFoundError, SubjectSoftDeletedError):
        # Redpanda answers with the id alone, so that the version has to be looked up again.
        registry.register(subject, schema, references=references)
    return registry.lookup(subject, schema, references=references)
