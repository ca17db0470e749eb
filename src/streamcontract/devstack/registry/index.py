"""What is asked of the registry's state across its subjects, kept up to date with every change.

It says nothing that the state does not say, and saves its readers from looking through all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from streamcontract.devstack.registry.persistent import PersistentMap
from streamcontract.devstack.registry.values import SchemaKey, replaced_versions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamcontract.devstack.registry.values import StoredSchema, Subject
    from streamcontract.registry.contexts import QualifiedSubject

__all__ = ["Index"]

_Version = tuple["QualifiedSubject", int]
_Versions = PersistentMap[_Version, bool]
_Keys = PersistentMap[SchemaKey, None]


@attrs.frozen(kw_only=True)
class Index:
    """Look-ups into a state.

    Attributes:
        ids: The ids of a schema, in the order in which it was stored, by context and GUID.
        users: The versions that have a schema, and whether each is soft-deleted.
        referrers: The schemas that refer to a version.
        unused: The stored schemas that no version has.
        retired: The GUID of the schema that had an id until it was deleted for ever.
    """

    ids: PersistentMap[tuple[str, str], tuple[int, ...]] = attrs.field(factory=PersistentMap)
    users: PersistentMap[SchemaKey, _Versions] = attrs.field(factory=PersistentMap)
    referrers: PersistentMap[tuple[QualifiedSubject, int], _Keys] = attrs.field(
        factory=PersistentMap
    )
    unused: _Keys = attrs.field(factory=PersistentMap)
    retired: PersistentMap[SchemaKey, str] = attrs.field(factory=PersistentMap)

    def of(self, key: SchemaKey) -> _Versions:
        """The versions that have a schema, and whether each is soft-deleted."""
        return self.users.get(key, PersistentMap())

    def with_subject(
        self,
        name: QualifiedSubject,
        old: Subject,
        new: Subject,
        schemas: PersistentMap[SchemaKey, StoredSchema],
    ) -> Index:
        """The index of a state with a subject replaced; ``schemas`` are those that are stored."""
        gone, put = replaced_versions(old, new)
        users, unused = self.users, self.unused
        for version in gone:
            key = SchemaKey(name.context, version.id)
            left = users[key].delete((name, version.number))
            users = users.set(key, left) if left else users.delete(key)
            if not left and key in schemas:
                unused = unused.set(key, None)
        for version in put:
            key = SchemaKey(name.context, version.id)
            present: _Versions = users.get(key, PersistentMap())
            users = users.set(key, present.set((name, version.number), version.deleted))
            unused = unused.delete(key)
        return attrs.evolve(self, users=users, unused=unused)

    def with_schema(self, stored: StoredSchema, referred: Iterable[_Version]) -> Index:
        """The index of a state with a schema more, and the versions that it refers to."""
        key, referrers = stored.key, self.referrers
        alike = key.context, stored.content.guid
        for version in referred:
            present: _Keys = referrers.get(version, PersistentMap())
            referrers = referrers.set(version, present.set(key, None))
        return attrs.evolve(
            self,
            ids=self.ids.set(alike, (*self.ids.get(alike, ()), key.id)),
            referrers=referrers,
            unused=self.unused if key in self.users else self.unused.set(key, None),
        )

    def without_schema(self, stored: StoredSchema, referred: Iterable[_Version]) -> Index:
        """The index of a state with a schema less, and the versions that it referred to."""
        key, referrers = stored.key, self.referrers
        alike = key.context, stored.content.guid
        for version in set(referred):
            left = referrers[version].delete(key)
            referrers = referrers.set(version, left) if left else referrers.delete(version)
        ids = tuple(each for each in self.ids[alike] if each != key.id)
        return attrs.evolve(
            self,
            ids=self.ids.set(alike, ids) if ids else self.ids.delete(alike),
            referrers=referrers,
            unused=self.unused.delete(key),
        )

    def with_retired(self, place: tuple[str, str], old: int | None, new: int | None) -> Index:
        """The index of a state with another retired id at a context and GUID; None is no id."""
        context, guid = place
        retired = self.retired
        if old is not None:
            retired = retired.delete(SchemaKey(context, old))
        if new is not None:
            retired = retired.set(SchemaKey(context, new), guid)
        return attrs.evolve(self, retired=retired)
