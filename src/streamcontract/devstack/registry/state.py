"""All that the registry knows, as one immutable value, and the questions one can ask it.

Every change makes a new :class:`State`, so a reader always sees one whole state and needs no lock,
and a change that could not be written to the state file has not happened.
"""

from __future__ import annotations

import hashlib
import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from uuid import UUID

import attrs

from streamcontract.devstack.registry.refusal import Refusal, no_schema, no_subject, no_version
from streamcontract.registry.contexts import DEFAULT_CONTEXT, GLOBAL_CONTEXT, QualifiedSubject
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

    from streamcontract.registry.data_contracts import Metadata, RuleSet
    from streamcontract.schema import Schema

__all__ = [
    "Content",
    "Identity",
    "SchemaKey",
    "State",
    "StoredSchema",
    "Subject",
    "Version",
    "whole",
    "with_item",
]

_K = TypeVar("_K")
_V = TypeVar("_V")


@attrs.frozen
class Identity:
    """Two registrations of one schema share it, however they are written.

    Attributes:
        model: The JSON of its model with sorted keys: order of keys, spaces, the spelling of names
            and ``{"type": "int"}`` for ``"int"`` do not matter; doc strings, defaults, aliases and
            attributes do. Redpanda compares what its rewriting leaves, which comes to much the
            same.
        references: Where its other types are registered.
        beside: The JSON of its metadata and rules.
    """

    model: str
    references: tuple[SchemaReference, ...]
    beside: str


@attrs.frozen(eq=False)
class Content:
    """A schema, valid and resolved, as a request brought it.

    Attributes:
        text: The schema as sent.
        references: Where the types that it does not define itself are registered.
        schema: The parsed schema.
        metadata: What is kept beside it.
        rule_set: Likewise.
        identity: What another registration of it would share.
    """

    text: str = attrs.field(repr=False)
    references: tuple[SchemaReference, ...]
    schema: Schema
    metadata: Metadata | None = None
    rule_set: RuleSet | None = None
    identity: Identity = attrs.field(init=False, repr=False)

    @identity.default
    def _(self) -> Identity:
        model = json.dumps(inlined(self.schema.root), sort_keys=True)
        kept = [
            None if each is None else each.to_json() or None
            for each in (self.metadata, self.rule_set)
        ]
        return Identity(model, self.references, json.dumps(kept, sort_keys=True))

    @property
    def guid(self) -> str:
        """The id that this schema has in every registry that gives one, as Confluent's does."""
        meaning = json.dumps(attrs.astuple(self.identity))
        return str(UUID(bytes=hashlib.md5(meaning.encode(), usedforsecurity=False).digest()))

    def is_same_schema(self, other: Content) -> bool:
        """Whether they differ in metadata and rules at most."""
        ours, theirs = self.identity, other.identity
        return (ours.model, ours.references) == (theirs.model, theirs.references)


@attrs.frozen
class SchemaKey:
    """A schema's id, which is one in its context only."""

    context: str
    id: int


@attrs.frozen
class StoredSchema:
    """A schema under its id."""

    key: SchemaKey
    content: Content


@attrs.frozen
class Version:
    """A version of a subject; ``deleted`` is the soft deletion."""

    number: int
    id: int
    deleted: bool = False


@attrs.frozen
class Subject:
    """A subject, or a context as a whole.

    Attributes:
        versions: The versions in rising order.
        level: The compatibility level of its own, if any.
        mode: The mode of its own, if any.
        settings: What else its configuration says, by key; Confluent's registry has it.
    """

    versions: tuple[Version, ...] = ()
    level: Level | None = None
    mode: Mode | None = None
    settings: Mapping[str, object] = MappingProxyType({})

    @property
    def live(self) -> tuple[Version, ...]:
        """The versions that are not soft-deleted."""
        return tuple(version for version in self.versions if not version.deleted)

    @property
    def is_known(self) -> bool:
        """Whether there is anything to it that is not soft-deleted."""
        return bool(self.live) or (not self.versions and self != Subject())

    def visible(self, *, deleted: bool) -> tuple[Version, ...]:
        """All versions, or the live ones."""
        return self.versions if deleted else self.live

    def version(self, number: int) -> Version | None:
        """The version of that number, soft-deleted or not."""
        return next((version for version in self.versions if version.number == number), None)


def whole(context: str) -> QualifiedSubject:
    """The name under which a context keeps its level and its mode."""
    return QualifiedSubject(context, "")


@attrs.frozen(kw_only=True)
class State:
    """The whole registry at one moment.

    Attributes:
        has_contexts: Whether ``:.context:subject`` names a context; else it is a plain name in the
            default one, as in Redpanda before 26.2 unless it is configured.
        is_confluent: Whether to keep and answer what Confluent's registry does beyond Redpanda's.
        schemas: Every stored schema.
        subjects: Every subject by name; one without versions only holds a level or a mode.
        next_ids: The id of the next new schema by context; a context is one of those that are
            listed once it gave one.
        retired: The ids of schemas that were deleted for ever, by context and GUID. They are
            given to no other schema: what was written with one can be read again once it is
            registered again.
    """

    has_contexts: bool = True
    is_confluent: bool = False
    schemas: Mapping[SchemaKey, StoredSchema] = MappingProxyType({})
    subjects: Mapping[QualifiedSubject, Subject] = MappingProxyType({})
    next_ids: Mapping[str, int] = MappingProxyType({})
    retired: Mapping[tuple[str, str], int] = MappingProxyType({})

    def qualify(self, text: str, within: str = DEFAULT_CONTEXT) -> QualifiedSubject:
        """The subject that a text names."""
        if self.has_contexts:
            return QualifiedSubject.parse(text, within)
        return QualifiedSubject(DEFAULT_CONTEXT, text)

    @property
    def contexts(self) -> list[str]:
        """The default context, and those in which a schema was registered."""
        return sorted({DEFAULT_CONTEXT, *self.next_ids})

    def next_id(self, context: str) -> int:
        """The id of the next new schema of a context."""
        return self.next_ids.get(context, 1)

    def subject(self, name: QualifiedSubject) -> Subject:
        """The subject, or an empty one of that name."""
        return self.subjects.get(name, Subject())

    def versions(self, name: QualifiedSubject, *, deleted: bool = False) -> tuple[Version, ...]:
        """The versions of a subject, at least one.

        Raises:
            Refusal: 40401, there is none.
        """
        versions = self.subject(name).visible(deleted=deleted)
        if not versions:
            raise no_subject(name)
        return versions

    def version(
        self, name: QualifiedSubject, number: int | None, *, deleted: bool = False
    ) -> Version:
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

    def schema(self, key: SchemaKey) -> StoredSchema:
        """The schema of that id.

        Raises:
            Refusal: 40403.
        """
        stored = self.schemas.get(key)
        if stored is None:
            raise no_schema(key.id)
        return stored

    def content(self, name: QualifiedSubject, version: Version) -> Content:
        """The schema of a version of a subject."""
        return self.schemas[SchemaKey(name.context, version.id)].content

    def id_for(self, context: str, content: Content) -> int:
        """The id of a schema in a context, of several the newest; else the one that it gets."""
        ids = [
            key.id
            for key, stored in self.schemas.items()
            if key.context == context and stored.content.identity == content.identity
        ]
        if ids:
            return ids[-1]
        return self.retired.get((context, content.guid), self.next_id(context))

    def level_of(self, name: QualifiedSubject, *, default_to_global: bool) -> Level:
        """The compatibility level of a subject, or of a context.

        Raises:
            Refusal: 40408, it has none of its own, and that of its context was not asked for or
                there is no such subject.
        """
        own = self.subject(name)
        if own.level is not None:
            return own.level
        if default_to_global and (own.is_known or not name.name):
            return self._of_context(name, "level") or DEFAULT_LEVEL
        raise Refusal(
            ErrorCode.LEVEL_NOT_FOUND,
            f"Subject '{name}' does not have subject-level compatibility configured",
        )

    def mode_of(self, name: QualifiedSubject, *, default_to_global: bool) -> Mode:
        """The mode of a subject, or of a context.

        Raises:
            Refusal: 40409, it has none of its own, and that of its context was not asked for.
        """
        mode = self.subject(name).mode
        if mode is None and default_to_global:
            return self._of_context(name, "mode") or DEFAULT_MODE
        if mode is None:
            raise Refusal(
                ErrorCode.MODE_NOT_FOUND,
                f"Subject '{name}' does not have subject-level mode configured",
            )
        return mode

    def users(
        self, key: SchemaKey, *, deleted: bool = False
    ) -> Iterator[tuple[QualifiedSubject, int]]:
        """The subjects and versions that have a schema, in order."""
        for name in sorted(self.subjects):
            for version in self.subjects[name].visible(deleted=deleted):
                if SchemaKey(name.context, version.id) == key:
                    yield name, version.number

    def referenced_by(
        self, name: QualifiedSubject, number: int, *, deleted: bool = False
    ) -> list[int]:
        """The ids of the schemas that refer to a version, as far as any version has them."""
        return sorted(
            key.id
            for key, stored in self.schemas.items()
            if any(
                (self.qualify(ref.subject, key.context), ref.version) == (name, number)
                for ref in stored.content.references
            )
            and any(self.users(key, deleted=deleted))
        )

    def with_subject(self, name: QualifiedSubject, subject: Subject) -> State:
        """This state with a subject replaced; one that says nothing any more is dropped."""
        if subject == Subject():
            return attrs.evolve(
                self, subjects={key: old for key, old in self.subjects.items() if key != name}
            )
        return attrs.evolve(self, subjects=with_item(self.subjects, name, subject))

    def with_schema(self, stored: StoredSchema) -> State:
        """This state with a schema more."""
        context, number = stored.key.context, stored.key.id
        return attrs.evolve(
            self,
            schemas=with_item(self.schemas, stored.key, stored),
            retired={
                key: each
                for key, each in self.retired.items()
                if (key[0], each) != (context, number)
            },
            next_ids=with_item(self.next_ids, context, max(self.next_id(context), number + 1)),
        )

    def without_unused(self) -> State:
        """This state without the schemas that no version has, a soft-deleted one neither."""
        used = {
            SchemaKey(name.context, version.id)
            for name, subject in self.subjects.items()
            for version in subject.versions
        }
        if used >= self.schemas.keys():
            return self
        schemas = {key: stored for key, stored in self.schemas.items() if key in used}
        retired = {
            (key.context, stored.content.guid): key.id
            for key, stored in self.schemas.items()
            if key not in used
        }
        return attrs.evolve(self, schemas=schemas, retired={**self.retired, **retired})

    def _of_context(self, name: QualifiedSubject, what: Literal["level", "mode"]) -> Any:
        """What a context says where a subject does not, else what holds for all contexts."""
        own: object = getattr(self.subject(whole(name.context)), what)
        return own or getattr(self.subject(whole(GLOBAL_CONTEXT)), what)


def with_item(mapping: Mapping[_K, _V], key: _K, value: _V) -> dict[_K, _V]:
    """A copy of a mapping with one item set."""
    copy = dict(mapping)
    copy[key] = value
    return copy
