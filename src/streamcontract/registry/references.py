"""References of a schema in a registry, each found or registered before schemas that use it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import attrs

from streamcontract.errors import ConfigurationError
from streamcontract.registry.contexts import QualifiedSubject
from streamcontract.registry.errors import (
    InvalidSchemaError,
    RegistryRequestError,
    SchemaNotFoundError,
    StoredSchemaError,
    SubjectNotFoundError,
    SubjectSoftDeletedError,
)
from streamcontract.registry.protocol import SchemaReference

if TYPE_CHECKING:
    from streamcontract.registry.results import RegisteredSchema
    from streamcontract.registry.schema_calls import SchemaCalls
    from streamcontract.schema import Schema

__all__ = ["Registration", "reference_versions", "register_in_order"]


@attrs.frozen
class Registration:
    """The registration of one schema.

    Attributes:
        subject: The subject.
        schema: The schema.
        registered: The version that has it; None if a dry run would register it.
        is_new: Whether it was not registered before.
    """

    subject: str
    schema: Schema
    registered: RegisteredSchema | None
    is_new: bool


def register_in_order(
    registry: SchemaCalls, subject: str, schema: Schema, *, dry_run: bool = False
) -> list[Registration]:
    """Register a schema after all its references, each under its full name.

    Registered schemas are not changed. The registry's schema is compared with the registered one by
    canonical form, because registries rewrite texts.

    Args:
        registry: The registry.
        subject: The subject of the schema itself.
        schema: The schema.
        dry_run: Whether to register nothing.

    Returns:
        One registration for each schema, in order; the last is the schema's own.

    Raises:
        ConfigurationError: A referenced schema is not a named type, so that it has no subject.
        IncompatibleSchemaError: A schema is not compatible.
        StoredSchemaError: The registry has another schema than it was given.
        RegistryRequestError: A request failed.
    """
    walk = _Walk(partial(_find if dry_run else _ensure, registry), registry.context, subject)
    last = walk.visit(subject, schema)
    return [*walk.done.values(), last]


def reference_versions(
    registry: SchemaCalls, subject: str, schema: Schema, *, auto_register: bool
) -> list[SchemaReference]:
    """The versions of a schema's references.

    Args:
        registry: The registry.
        subject: The subject of the schema, for the context.
        schema: The schema, which itself is not looked up.
        auto_register: Whether to register missing schemas.

    Raises:
        ConfigurationError: A referenced schema is not a named type.
        SubjectNotFoundError: There is no such subject, and nothing is to be registered.
        SchemaNotFoundError: A subject does not have the schema, and nothing is to be registered.
        IncompatibleSchemaError: A schema is not compatible.
        StoredSchemaError: The registry has another schema than it was given.
        RegistryRequestError: A request failed.
    """
    visit = partial(_ensure if auto_register else _require, registry)
    return _Walk(visit, registry.context, subject).references(schema)


_Visit = Callable[[str, "Schema", list[SchemaReference]], Registration]
"""A function for one schema, its subject and its references."""


class _Walk:
    """A walk over a schema and its references; a shared one is visited once.

    Args:
        visit: What is done about each schema.
        context: The context of subjects that do not name one.
        subject: The subject of the schema itself, in whose context all references are.

    Attributes:
        done: The references visited, by name, in order.
    """

    def __init__(self, visit: _Visit, context: str, subject: str) -> None:
        self._visit = visit
        self._own = context
        self._context = QualifiedSubject.parse(subject, context).context
        self.done: dict[str, Registration] = {}

    def visit(self, subject: str, schema: Schema) -> Registration:
        references = self.references(schema)
        if len(references) < len(schema.references):  # a dry run lacks missing references
            return Registration(subject, schema, None, is_new=True)
        visited = self._visit(subject, schema, references)
        if visited.registered is not None:
            _check(schema, visited.registered)
        return visited

    def references(self, schema: Schema) -> list[SchemaReference]:
        """The versions of a schema's references, without those that a dry run would register."""
        found = [self._reference(each) for each in schema.references]
        return [each for each in found if each is not None]

    def _reference(self, schema: Schema) -> SchemaReference | None:
        name = schema.name
        if name is None:
            raise ConfigurationError(
                f"{schema.source or schema!r} is referred to by another schema, and is not a "
                f"record, enum or fixed itself: put each shared type into a file of its own"
            )
        if name not in self.done:
            self.done[name] = self.visit(self._subject_of(name), schema)
        registered = self.done[name].registered
        if registered is None:
            return None
        return SchemaReference(name, self._subject_of(name), registered.version)

    def _subject_of(self, name: str) -> str:
        return QualifiedSubject(self._context, name).within(self._own)


def _require(
    registry: SchemaCalls, subject: str, schema: Schema, references: list[SchemaReference]
) -> Registration:
    found = registry.lookup(subject, schema, references=references)
    return Registration(subject, schema, found, is_new=False)


def _find(
    registry: SchemaCalls, subject: str, schema: Schema, references: list[SchemaReference]
) -> Registration:
    try:
        return _require(registry, subject, schema, references)
    except (SubjectNotFoundError, SchemaNotFoundError, SubjectSoftDeletedError):
        return Registration(subject, schema, None, is_new=True)
    except InvalidSchemaError as error:
        reason = _reason(registry, subject, schema, references)
        if reason is None:
            raise
        raise InvalidSchemaError(
            reason, error.method, error.url, error.status, error.code, error.body
        ) from error


def _reason(
    registry: SchemaCalls, subject: str, schema: Schema, references: list[SchemaReference]
) -> str | None:
    """The reason why a schema is invalid, which Redpanda returns only in a compatibility check."""
    try:
        result = registry.test_compatibility(subject, schema, references=references)
    except InvalidSchemaError as error:
        return error.reason
    except RegistryRequestError:
        return None
    return None if result.is_compatible else "; ".join(result.messages) or None


def _ensure(
    registry: SchemaCalls, subject: str, schema: Schema, references: list[SchemaReference]
) -> Registration:
    found = _find(registry, subject, schema, references)
    if not found.is_new:
        return found
    registry.register(subject, schema, references=references)
    # Redpanda returns only the id, so that the version has to be looked up.
    return attrs.evolve(_require(registry, subject, schema, references), is_new=True)


def _check(schema: Schema, found: RegisteredSchema) -> None:
    if found.schema.canonical_form != schema.canonical_form:
        raise StoredSchemaError(
            f"version {found.version} of {found.subject}",
            f"it is not the schema that was registered there; its canonical form is "
            f"{found.schema.canonical_form}, and has to be {schema.canonical_form}",
        )
