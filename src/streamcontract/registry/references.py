"""Registering a schema after everything it refers to, and seeing that it arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from streamcontract.errors import ConfigurationError
from streamcontract.registry.errors import (
    SchemaNotFoundError,
    StoredSchemaError,
    SubjectNotFoundError,
    SubjectSoftDeletedError,
)
from streamcontract.registry.protocol import SchemaReference

if TYPE_CHECKING:
    from streamcontract.registry.client import SchemaRegistry
    from streamcontract.registry.results import RegisteredSchema
    from streamcontract.schema import Schema

__all__ = ["Registration", "register_in_order"]


@attrs.frozen
class Registration:
    """What became of one schema.

    Attributes:
        subject: The subject.
        schema: The schema.
        registered: The version that has it; None where a dry run would register it.
        is_new: Whether it was not registered before.
    """

    subject: str
    schema: Schema
    registered: RegisteredSchema | None
    is_new: bool


def register_in_order(
    registry: SchemaRegistry, subject: str, schema: Schema, *, dry_run: bool = False
) -> list[Registration]:
    """Register a schema after its references, theirs before them, each under its full name.

    What is registered already is left alone. What the registry then has is compared with what
    was meant by canonical form, since registries rewrite texts.

    Args:
        registry: The registry.
        subject: The subject of the schema itself.
        schema: The schema.
        dry_run: Whether to look only.

    Returns:
        One registration for each schema, in the order of registering; the last is this one's.

    Raises:
        ConfigurationError: A referenced schema is not a named type, so that no subject can be
            named after it.
        IncompatibleSchemaError: A compatibility level does not hold.
        StoredSchemaError: The registry has another schema than it was given.
        RegistryRequestError: A request failed.
    """
    walk = _Walk(registry, is_dry=dry_run)
    last = walk.register(subject, schema)
    return [*walk.done.values(), last]


class _Walk:
    """One pass over a schema and its references; a shared one is visited once."""

    def __init__(self, registry: SchemaRegistry, *, is_dry: bool) -> None:
        self._registry = registry
        self._is_dry = is_dry
        self.done: dict[str, Registration] = {}

    def register(self, subject: str, schema: Schema) -> Registration:
        references = [self._reference(each) for each in schema.references]
        known = [each for each in references if each is not None]
        if len(known) < len(references):  # a dry run: what is not there cannot be referred to
            return Registration(subject, schema, None, is_new=True)
        found = self._find(subject, schema, known)
        is_new = found is None
        if found is None and not self._is_dry:
            self._registry.register(subject, schema, references=known)
            # Redpanda answers with the id alone, so that the version has to be looked up.
            found = self._registry.lookup(subject, schema, references=known)
        if found is not None:
            _check(schema, found)
        return Registration(subject, schema, found, is_new)

    def _reference(self, schema: Schema) -> SchemaReference | None:
        name = schema.name
        if name is None:
            raise ConfigurationError(
                f"{schema.source or schema!r} is referred to by another schema, and is not a "
                f"record, enum or fixed itself: put each shared type into a file of its own"
            )
        if name not in self.done:
            self.done[name] = self.register(name, schema)
        registered = self.done[name].registered
        return None if registered is None else SchemaReference(name, name, registered.version)

    def _find(
        self, subject: str, schema: Schema, references: list[SchemaReference]
    ) -> RegisteredSchema | None:
        try:
            return self._registry.lookup(subject, schema, references=references)
        except (SubjectNotFoundError, SchemaNotFoundError, SubjectSoftDeletedError):
            return None


def _check(schema: Schema, found: RegisteredSchema) -> None:
    if found.schema.canonical_form != schema.canonical_form:
        raise StoredSchemaError(
            f"version {found.version} of {found.subject}",
            f"it is not the schema that was registered there; its canonical form is "
            f"{found.schema.canonical_form}, and has to be {schema.canonical_form}",
        )
