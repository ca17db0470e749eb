"""State of the registry as one immutable value, with its queries.

Every change makes a new :class:`State`, so a thread that reads it sees one consistent state without
a lock, and a change that could not be written to the state file has no effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import attrs

from streamcontract.devstack.registry.index import Index
from streamcontract.devstack.registry.persistent import PersistentMap
from streamcontract.devstack.registry.refusal import Refusal, no_schema, no_subject, no_version
from streamcontract.devstack.registry.values import (
    SchemaKey,
    StoredSchema,
    Subject,
    alphabetical,
    whole,
)
from streamcontract.registry.contexts import DEFAULT_CONTEXT, GLOBAL_CONTEXT, QualifiedSubject
from streamcontract.registry.protocol import DEFAULT_LEVEL, DEFAULT_MODE, ErrorCode, Level, Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.devstack.registry.values import Content, Version

__all__ = ["State"]


@attrs.frozen(kw_only=True)
class State:
    """The state of the registry.

    Attributes:
        has_contexts: Whether ``:.context:subject`` names a context; else it is a plain name in the
            default one, as in Redpanda before 26.2 unless it is configured.
        is_confluent: Whether to support the features that only Confluent's registry has.
        schemas: Every stored schema.
        subjects: Every subject by name; one without versions has only a level or a mode.
        next_ids: The id of the next new schema by context; a context is listed once it has
        assigned one.
        retired: The ids of permanently deleted schemas, by context and GUID. They are assigned to
        no other schema, so that data of one can be read when it is registered again.
        index: The index over all of these.
    """

    has_contexts: bool = True
    is_confluent: bool = False
    schemas: PersistentMap[SchemaKey, StoredSchema] = attrs.field(factory=PersistentMap)
    subjects: PersistentMap[QualifiedSubject, Subject] = attrs.field(factory=PersistentMap)
    next_ids: PersistentMap[str, int] = attrs.field(factory=PersistentMap)
    retired: PersistentMap[tuple[str, str], int] = attrs.field(factory=PersistentMap)
    index: Index = attrs.field(factory=Index, eq=False, repr=False)

    def qualify(self, text: str, within: str = DEFAULT_CONTEXT) -> QualifiedSubject:
        """The subject of a text."""
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
        """The id of a schema in a context, of several the newest; else its future one."""
        guid = content.guid
        for number in reversed(self.index.ids.get((context, guid), ())):
            if self.schemas[SchemaKey(context, number)].content.identity == content.identity:
                return number
        return self.retired.get((context, guid), self.next_id(context))

    def with_guid(self, guid: str) -> StoredSchema:
        """The schema of that GUID, of the first context that has it.

        Raises:
            Refusal: 40403.
        """
        for context in self.contexts:
            for number in self.index.ids.get((context, guid), ()):
                return self.schemas[SchemaKey(context, number)]
        raise no_schema()

    def level_of(self, name: QualifiedSubject, *, default_to_global: bool) -> Level:
        """The compatibility level of a subject, or of a context.

        Raises:
            Refusal: 40408, it has none of its own, and the inherited one is not requested or the
            subject does not exist.
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
            Refusal: 40409, it has none of its own, and the inherited one is not requested.
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
        users = self.index.of(key).items()
        yield from sorted(
            (user for user, is_deleted in users if deleted or not is_deleted),
            key=lambda user: (alphabetical(user[0]), user[1]),
        )

    def referenced_by(
        self, name: QualifiedSubject, number: int, *, deleted: bool = False
    ) -> list[int]:
        """The ids of the schemas of any version that refer to a version."""
        return sorted(key.id for key in self._referrers(name, number, deleted=deleted))

    def is_referenced(self, name: QualifiedSubject, number: int, *, deleted: bool) -> bool:
        """Whether there is any such schema."""
        return any(True for _ in self._referrers(name, number, deleted=deleted))

    def is_pinned(self, name: QualifiedSubject, number: int) -> bool:
        """Whether any stored schema refers to a version, even a schema without versions."""
        return (name, number) in self.index.referrers

    def _referrers(
        self, name: QualifiedSubject, number: int, *, deleted: bool
    ) -> Iterator[SchemaKey]:
        for key in self.index.referrers.get((name, number), ()):
            if any(deleted or not is_deleted for is_deleted in self.index.of(key).values()):
                yield key

    def with_subject(self, name: QualifiedSubject, subject: Subject) -> State:
        """This state with a subject replaced; an empty one is dropped."""
        is_empty = subject == Subject()
        return attrs.evolve(
            self,
            subjects=self.subjects.delete(name) if is_empty else self.subjects.set(name, subject),
            index=self.index.with_subject(name, self.subject(name), subject, self.schemas),
        )

    def with_schema(self, stored: StoredSchema) -> State:
        """This state with one more schema, whose id is no longer retired."""
        context, number = stored.key.context, stored.key.id
        state, guid = self.with_stored(stored), self.index.retired.get(stored.key)
        if guid is not None:
            state = state.with_retired(context, guid, None)
        return state.with_next_id(context, max(self.next_id(context), number + 1))

    def with_stored(self, stored: StoredSchema) -> State:
        """This state with one more schema, and no other change."""
        return attrs.evolve(
            self,
            schemas=self.schemas.set(stored.key, stored),
            index=self.index.with_schema(stored, self._referred(stored)),
        )

    def without_stored(self, key: SchemaKey) -> State:
        """This state with one schema less, and no other change."""
        stored = self.schemas[key]
        return attrs.evolve(
            self,
            schemas=self.schemas.delete(key),
            index=self.index.without_schema(stored, self._referred(stored)),
        )

    def without_unused(self) -> State:
        """This state without the schemas that no version has, including soft-deleted versions."""

        def age(key: SchemaKey) -> int:
            return self.index.ids[key.context, self.schemas[key].content.guid].index(key.id)

        state = self
        for key in sorted(self.index.unused, key=age):
            guid = self.schemas[key].content.guid
            state = state.without_stored(key).with_retired(key.context, guid, key.id)
        return state

    def with_retired(self, context: str, guid: str, number: int | None) -> State:
        """This state with another id for a permanently deleted schema; None removes it."""
        place = context, guid
        return attrs.evolve(
            self,
            retired=self.retired.delete(place)
            if number is None
            else self.retired.set(place, number),
            index=self.index.with_retired(place, self.retired.get(place), number),
        )

    def with_next_id(self, context: str, number: int | None) -> State:
        """This state with another count of ids in a context; None for a context without ids."""
        counts = self.next_ids
        changed = counts.delete(context) if number is None else counts.set(context, number)
        return attrs.evolve(self, next_ids=changed)

    def _referred(self, stored: StoredSchema) -> list[tuple[QualifiedSubject, int]]:
        context = stored.key.context
        return [
            (self.qualify(each.subject, context), each.version)
            for each in stored.content.references
        ]

    def _of_context(self, name: QualifiedSubject, what: Literal["level", "mode"]) -> Any:
        """The setting of a context for a subject without one, else that of all contexts."""
        own: object = getattr(self.subject(whole(name.context)), what)
        return own or getattr(self.subject(whole(GLOBAL_CONTEXT)), what)
