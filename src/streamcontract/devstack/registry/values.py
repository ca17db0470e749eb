"""The values that the registry's state is made of: schemas under their ids, versions, subjects."""

from __future__ import annotations

import hashlib
import json
from types import MappingProxyType
from typing import TYPE_CHECKING
from uuid import UUID

import attrs

from streamcontract.registry.contexts import QualifiedSubject
from streamcontract.schema.inline import inlined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamcontract.registry.data_contracts import Metadata, RuleSet
    from streamcontract.registry.protocol import Level, Mode, SchemaReference
    from streamcontract.schema import Schema

__all__ = [
    "Content",
    "Identity",
    "SchemaKey",
    "StoredSchema",
    "Subject",
    "Version",
    "alphabetical",
    "replaced_versions",
    "whole",
]


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


def alphabetical(name: QualifiedSubject) -> tuple[str, str]:
    """The key to sort subjects by; ten times as fast as to compare them themselves."""
    return name.context, name.name


def replaced_versions(
    old: Subject, new: Subject
) -> tuple[tuple[Version, ...], tuple[Version, ...]]:
    """The versions that one of two states of a subject alone has: of the old one, of the new one.

    A changed version is one of each. What both begin with is passed over without a closer look,
    since a version mostly comes behind hundreds of others.
    """
    same = 0
    for ours, theirs in zip(old.versions, new.versions, strict=False):
        if ours is not theirs:
            break
        same += 1
    before, after = dict.fromkeys(old.versions[same:]), dict.fromkeys(new.versions[same:])
    return (
        tuple(version for version in before if version not in after),
        tuple(version for version in after if version not in before),
    )
