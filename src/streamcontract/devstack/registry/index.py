"""Index over the registry's state, for queries across subjects.

It has no facts of its own. Every change updates it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import attrs

from streamcontract.devstack.registry.persistent import PersistentMap
from streamcontract.devstack.registry.values import SchemaKey, replaced_versions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamcontract.devstack.registry.values import Content, StoredSchema, Subject
    from streamcontract.registry.contexts import QualifiedSubject
    from streamcontract.registry.protocol import SchemaReference

__all__ = ["Index"]

_K = TypeVar("_K")
_L = TypeVar("_L")
_V = TypeVar("_V")

_Version = tuple["QualifiedSubject", int]
_Versions = PersistentMap[_Version, bool]
_Common = tuple[str, str, tuple["SchemaReference", ...]]
_Ids = PersistentMap[int, None]
_Keys = PersistentMap[SchemaKey, None]


@attrs.frozen(kw_only=True)
class Index:
    """Look-ups into a state.

    Attributes:
        ids: The ids of a schema, in the order in which it was stored, by context and GUID.
        alike: The ids of the schemas that differ in metadata and rules at most, by context and by
        their common identity.
        users: The versions that have a schema, and whether each is soft-deleted.
        referrers: The schemas that refer to a version.
        unused: The stored schemas that no version has.
        retired: The GUID of the schema of an id that was permanently deleted.
    """

    ids: PersistentMap[tuple[str, str], tuple[int, ...]] = attrs.field(factory=PersistentMap)
    alike: PersistentMap[_Common, _Ids] = attrs.field(factory=PersistentMap)
    users: PersistentMap[SchemaKey, _Versions] = attrs.field(factory=PersistentMap)
    referrers: PersistentMap[_Version, _Keys] = attrs.field(factory=PersistentMap)
    unused: _Keys = attrs.field(factory=PersistentMap)
    retired: PersistentMap[SchemaKey, str] = attrs.field(factory=PersistentMap)

    def of(self, key: SchemaKey) -> _Versions:
        """The versions that have a schema, and whether each is soft-deleted."""
        return self.users.get(key, PersistentMap())

    def ids_alike(self, context: str, content: Content) -> _Ids:
        """The ids of the schemas that differ from this one in metadata and rules at most."""
        return self.alike.get(_common(context, content), PersistentMap())

    def with_subject(
        self,
        name: QualifiedSubject,
        old: Subject,
        new: Subject,
        schemas: PersistentMap[SchemaKey, StoredSchema],
    ) -> Index:
        """The index of a state with a subject replaced; ``schemas`` are the stored ones."""
        gone, put = replaced_versions(old, new)
        users, unused = self.users, self.unused
        for version in gone:
            key = SchemaKey(name.context, version.id)
            users = _without(users, key, (name, version.number))
            if key not in users and key in schemas:
                unused = unused.set(key, None)
        for version in put:
            key = SchemaKey(name.context, version.id)
            users = _with(users, key, (name, version.number), version.deleted)
            unused = unused.delete(key)
        return attrs.evolve(self, users=users, unused=unused)

    def with_schema(self, stored: StoredSchema, referred: Iterable[_Version]) -> Index:
        """The index of a state with one more schema, and the versions that it refers to."""
        key, referrers = stored.key, self.referrers
        place = key.context, stored.content.guid
        for version in referred:
            referrers = _with(referrers, version, key, None)
        return attrs.evolve(
            self,
            ids=self.ids.set(place, (*self.ids.get(place, ()), key.id)),
            alike=_with(self.alike, _common(key.context, stored.content), key.id, None),
            referrers=referrers,
            unused=self.unused if key in self.users else self.unused.set(key, None),
        )

    def without_schema(self, stored: StoredSchema, referred: Iterable[_Version]) -> Index:
        """The index of a state with one schema less, and the versions that it referred to."""
        key, referrers = stored.key, self.referrers
        place = key.context, stored.content.guid
        for version in set(referred):
            referrers = _without(referrers, version, key)
        ids = tuple(each for each in self.ids[place] if each != key.id)
        return attrs.evolve(
            self,
            ids=self.ids.set(place, ids) if ids else self.ids.delete(place),
            alike=_without(self.alike, _common(key.context, stored.content), key.id),
            referrers=referrers,
            unused=self.unused.delete(key),
        )

    def with_retired(self, place: tuple[str, str], old: int | None, new: int | None) -> Index:
        """The index of a state with another retired id for a context and GUID; None removes it."""
        context, guid = place
        retired = self.retired
        if old is not None:
            retired = retired.delete(SchemaKey(context, old))
        if new is not None:
            retired = retired.set(SchemaKey(context, new), guid)
        return attrs.evolve(self, retired=retired)


def _common(context: str, content: Content) -> _Common:
    return context, content.identity.model, content.identity.references


def _with(
    maps: PersistentMap[_K, PersistentMap[_L, _V]], outer: _K, inner: _L, value: _V
) -> PersistentMap[_K, PersistentMap[_L, _V]]:
    """Mappings by key, with one item set in one of them."""
    present: PersistentMap[_L, _V] = maps.get(outer, PersistentMap())
    return maps.set(outer, present.set(inner, value))


def _without(
    maps: PersistentMap[_K, PersistentMap[_L, _V]], outer: _K, inner: _L
) -> PersistentMap[_K, PersistentMap[_L, _V]]:
    """Mappings by key, with one item less in one of them; an empty one is dropped."""
    left = maps[outer].delete(inner)
    return maps.set(outer, left) if left else maps.delete(outer)
