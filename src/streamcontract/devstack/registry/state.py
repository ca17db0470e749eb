"""All that the registry knows, as one immutable value, and the questions one can ask it.

Every change makes a new :class:`State`, so a reader always sees one whole state and needs no lock,
and a change that could not be written to the state file has not happened.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import attrs

from streamcontract.devstack.registry.refusal import Refusal, no_schema, no_subject, no_version
from streamcontract.registry.protocol import (
    DEFAULT_LEVEL,
    DEFAULT_MODE,
    ErrorCode,
    Level,
    Mode,
    SchemaReference,
)
from streamcontract.schema.inline import inlined

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from streamcontract.schema import Schema

__all__ = ["Content", "Identity", "State", "StoredSchema", "Subject", "Version", "with_item"]

_K = TypeVar("_K")
_V = TypeVar("_V")

Identity = tuple[str, tuple[SchemaReference, ...]]
"""What two registrations of one schema share, however they are written.

The JSON of its model with sorted keys: order of keys, spaces, the spelling of names and
``{"type": "int"}`` for ``"int"`` do not matter; doc strings, defaults, aliases and attributes do.
Redpanda compares what its rewriting leaves, which comes to much the same.
"""


@attrs.frozen(eq=False)
class Content:
    """A schema, valid and resolved, as a request brought it.

    Attributes:
        text: The schema as sent.
        references: Where the types that it does not define itself are registered.
        schema: The parsed schema.
        identity: What another registration of it would share.
    """

    text: str = attrs.field(repr=False)
    references: tuple[SchemaReference, ...]
    schema: Schema
    identity: Identity = attrs.field(init=False, repr=False)

    @identity.default
    def _(self) -> Identity:
        return json.dumps(inlined(self.schema.root), sort_keys=True), self.references


@attrs.frozen
class StoredSchema:
    """A schema under its id."""

    id: int
    content: Content


@attrs.frozen
class Version:
    """A version of a subject; ``deleted`` is the soft deletion."""

    number: int
    id: int
    deleted: bool = False


@attrs.frozen
class Subject:
    """A subject: its versions in rising order, and the level and mode of its own, if any."""

    versions: tuple[Version, ...] = ()
    level: Level | None = None
    mode: Mode | None = None

    @property
    def live(self) -> tuple[Version, ...]:
        """The versions that are not soft-deleted."""
        return tuple(version for version in self.versions if not version.deleted)

    def visible(self, *, deleted: bool) -> tuple[Version, ...]:
        """All versions, or the live ones."""
        return self.versions if deleted else self.live

    def version(self, number: int) -> Version | None:
        """The version of that number, soft-deleted or not."""
        return next((version for version in self.versions if version.number == number), None)


@attrs.frozen(kw_only=True)
class State:
    """The whole registry at one moment.

    Attributes:
        schemas: Every stored schema by id.
        ids: The id of every stored schema by what it means.
        subjects: Every subject by name; one without versions only holds a level or a mode.
        next_id: The id of the next new schema; ids are never given twice.
        level: The global compatibility level.
        mode: The global mode.
    """

    schemas: Mapping[int, StoredSchema] = MappingProxyType({})
    ids: Mapping[Identity, int] = MappingProxyType({})
    subjects: Mapping[str, Subject] = MappingProxyType({})
    next_id: int = 1
    level: Level = DEFAULT_LEVEL
    mode: Mode = DEFAULT_MODE

    def subject(self, name: str) -> Subject:
        """The subject, or an empty one of that name."""
        return self.subjects.get(name, Subject())

    def versions(self, name: str, *, deleted: bool = False) -> tuple[Version, ...]:
        """The versions of a subject, at least one.

        Raises:
            Refusal: 40401, there is none.
        """
        versions = self.subject(name).visible(deleted=deleted)
        if not versions:
            raise no_subject(name)
        return versions

    def version(self, name: str, number: int | None, *, deleted: bool = False) -> Version:
        """One version of a subject; None is the latest.

        Raises:
            Refusal: 40401 or 40402.
        """
        versions = self.versions(name, deleted=deleted)
        if number is None:
            return versions[-1]
        for version in versions:
            if version.number == number:
                return version
        raise no_version(number)

    def schema(self, schema_id: int) -> StoredSchema:
        """The schema of that id.

        Raises:
            Refusal: 40403.
        """
        stored = self.schemas.get(schema_id)
        if stored is None:
            raise no_schema(schema_id)
        return stored

    def level_of(self, name: str, *, default_to_global: bool) -> Level:
        """The compatibility level of a subject.

        Raises:
            Refusal: 40408, it has none of its own and the global one was not asked for.
        """
        level = self.subject(name).level
        if level is None and default_to_global:
            return self.level
        if level is None:
            raise Refusal(
                ErrorCode.LEVEL_NOT_FOUND,
                f"Subject '{name}' does not have subject-level compatibility configured",
            )
        return level

    def mode_of(self, name: str, *, default_to_global: bool) -> Mode:
        """The mode of a subject.

        Raises:
            Refusal: 40409, it has none of its own and the global one was not asked for.
        """
        mode = self.subject(name).mode
        if mode is None and default_to_global:
            return self.mode
        if mode is None:
            raise Refusal(
                ErrorCode.MODE_NOT_FOUND,
                f"Subject '{name}' does not have subject-level mode configured",
            )
        return mode

    def users(self, schema_id: int, *, deleted: bool = False) -> Iterator[tuple[str, int]]:
        """The subjects and versions that have a schema, in order."""
        for name in sorted(self.subjects):
            for version in self.subjects[name].visible(deleted=deleted):
                if version.id == schema_id:
                    yield name, version.number

    def referenced_by(self, name: str, number: int, *, deleted: bool = False) -> list[int]:
        """The ids of the schemas that refer to a version, as far as any version has them."""
        return [
            stored.id
            for _, stored in sorted(self.schemas.items())
            if any(
                (ref.subject, ref.version) == (name, number) for ref in stored.content.references
            )
            and any(self.users(stored.id, deleted=deleted))
        ]

    def with_subject(self, name: str, subject: Subject) -> State:
        """This state with a subject replaced; one that says nothing any more is dropped."""
        if subject == Subject():
            return attrs.evolve(
                self, subjects={key: old for key, old in self.subjects.items() if key != name}
            )
        return attrs.evolve(self, subjects=with_item(self.subjects, name, subject))

    def with_schema(self, stored: StoredSchema) -> State:
        """This state with a schema more."""
        return attrs.evolve(
            self,
            schemas=with_item(self.schemas, stored.id, stored),
            ids=with_item(self.ids, stored.content.identity, stored.id),
            next_id=max(self.next_id, stored.id + 1),
        )

    def without_unused(self) -> State:
        """This state without the schemas that no version has, a soft-deleted one neither."""
        used = {version.id for subject in self.subjects.values() for version in subject.versions}
        if used >= self.schemas.keys():
            return self
        schemas = {key: stored for key, stored in self.schemas.items() if key in used}
        ids = {stored.content.identity: key for key, stored in schemas.items()}
        return attrs.evolve(self, schemas=schemas, ids=ids)


def with_item(mapping: Mapping[_K, _V], key: _K, value: _V) -> dict[_K, _V]:
    """A copy of a mapping with one item set."""
    copy = dict(mapping)
    copy[key] = value
    return copy
