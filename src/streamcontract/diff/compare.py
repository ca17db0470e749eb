"""Comparison of two schemas, side by side."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import attrs

from streamcontract.diff.changes import At, Change, Kind
from streamcontract.diff.labels import logical_label, type_label
from streamcontract.diff.match import match_branches, match_fields, out_of_order
from streamcontract.schema.model import (
    MISSING,
    ArrayType,
    AvroType,
    EnumType,
    Field,
    FixedType,
    JsonValue,
    LogicalType,
    MapType,
    Missing,
    NamedType,
    PrimitiveType,
    RecordType,
    UnionType,
)
from streamcontract.schema.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


__all__ = ["find_changes", "logical_type_changes"]


def find_changes(old: Schema, new: Schema) -> list[Change]:
    """Find every difference in the meaning of two schemas.

    The form does not count: spaces, the order of attributes, ``{"type": "int"}`` for ``"int"``, a
    namespace of its own or in the name, the file that defines a named type. Everything else does,
    including documentation and attributes that Avro does not define.

    Args:
        old: The first schema.
        new: The second schema.

    Returns:
        The changes, in the order of the new schema; those of a named type at its first use.

    Example:
        >>> from streamcontract import parse_schema
        >>> text = '{"type": "record", "name": "R", "fields": [{"name": "f", "type": "%s"}]}'
        >>> [change] = find_changes(parse_schema(text % "int"), parse_schema(text % "long"))
        >>> print(change)
        R.f: type changed: "int" -> "long"
    """
    place = _Pair("schema", At(old.source, ""), At(new.source, ""))
    return list(_Comparison().types(old.root, new.root, place))


def logical_type_changes(old: Schema, new: Schema) -> list[Change]:
    """The changes that give the same bytes another value: a date for a number, or another date.

    The Parsing Canonical Form leaves logical types out, so that schemas may differ in them and
    have the same form.

    Args:
        old: The first schema.
        new: The second schema.

    Example:
        >>> from streamcontract import parse_schema
        >>> moment = parse_schema('{"type": "long", "logicalType": "timestamp-millis"}')
        >>> [change.kind for change in logical_type_changes(parse_schema("long"), moment)]
        ['logical-type-added']
    """
    return [each for each in find_changes(old, new) if each.kind.startswith("logical-type-")]


@attrs.frozen
class _Pair:
    """The present position of the walk in both schemas."""

    path: str
    old: At
    new: At

    def step(self, path: str, *keys: str) -> _Pair:
        """One step further down, by the same keys on both sides."""
        return _Pair(f"{self.path}{path}", _below(self.old, *keys), _below(self.new, *keys))

    def change(
        self,
        kind: Kind,
        before: JsonValue = None,
        after: JsonValue = None,
        attribute: str | None = None,
    ) -> Change:
        return Change(
            kind=kind,
            path=self.path,
            before=before,
            after=after,
            attribute=attribute,
            before_at=self.old,
            after_at=self.new,
        )

    def values(
        self,
        what: str,
        before: JsonValue | Missing,
        after: JsonValue | Missing,
        attribute: str | None = None,
    ) -> Iterator[Change]:
        """The change of a value that may be missing on either side."""
        if isinstance(before, Missing) and isinstance(after, Missing):
            return
        if isinstance(before, Missing):
            yield self.change(cast("Kind", f"{what}-added"), None, _known(after), attribute)
        elif isinstance(after, Missing):
            yield self.change(cast("Kind", f"{what}-removed"), before, None, attribute)
        elif not _same(before, after):
            yield self.change(cast("Kind", f"{what}-changed"), before, after, attribute)


class _Comparison:
    """One comparison; it remembers which named types it has compared."""

    def __init__(self) -> None:
        self._compared: set[tuple[int, int]] = set()

    def types(self, old: AvroType, new: AvroType, place: _Pair) -> Iterator[Change]:
        match old, new:
            case (RecordType() | EnumType() | FixedType(), RecordType() | EnumType() | FixedType()):
                if type(old) is type(new):
                    yield from self._named(old, new)
                else:
                    yield place.change("type-changed", type_label(old), type_label(new))
            case (UnionType(), UnionType()):
                yield from self._unions(old, new, place)
            case (ArrayType(), ArrayType()):
                yield from _attributes(old.attributes, new.attributes, place)
                yield from self.types(old.items, new.items, place.step("[]", "items"))
            case (MapType(), MapType()):
                yield from _attributes(old.attributes, new.attributes, place)
                yield from self.types(old.values, new.values, place.step("{}", "values"))
            case (PrimitiveType(), PrimitiveType()) if old.name == new.name:
                yield from _logical(old.logical, new.logical, place)
                yield from _attributes(old.attributes, new.attributes, place)
            case _:
                yield place.change("type-changed", type_label(old), type_label(new))
                yield from self._wrapped(old, new, place)

    def _wrapped(self, old: AvroType, new: AvroType, place: _Pair) -> Iterator[Change]:
        """The other changes of a type that was put into a union, or taken out of one."""
        if isinstance(old, UnionType) is isinstance(new, UnionType):
            return
        before = old if isinstance(old, UnionType) else UnionType(branches=(old,))
        after = new if isinstance(new, UnionType) else UnionType(branches=(new,))
        for o, n in match_branches(before, after):
            inner = attrs.evolve(
                place,
                old=_below(place.old, str(o)) if before is old else place.old,
                new=_below(place.new, str(n)) if after is new else place.new,
            )
            yield from self.types(before.branches[o], after.branches[n], inner)

    def _unions(self, old: UnionType, new: UnionType, place: _Pair) -> Iterator[Change]:
        pairs = match_branches(old, new)
        kept_old, kept_new = {o for o, _ in pairs}, {n for _, n in pairs}
        for o, branch in enumerate(old.branches):
            if o not in kept_old:
                yield place.change("branch-removed", type_label(branch))
        for n, branch in enumerate(new.branches):
            if n not in kept_new:
                yield place.change("branch-added", None, type_label(branch))
        if out_of_order([o for o, _ in pairs]):
            before: list[JsonValue] = [type_label(old.branches[o]) for o in sorted(kept_old)]
            after: list[JsonValue] = [type_label(new.branches[n]) for n in sorted(kept_new)]
            yield place.change("branches-reordered", before, after)
        for o, n in pairs:
            branch = new.branches[n]
            plain = isinstance(branch, PrimitiveType | ArrayType | MapType) and len(pairs) > 2
            path = f"{place.path}<{type_label(branch)}>" if plain else place.path
            inner = _Pair(path, _below(place.old, str(o)), _below(place.new, str(n)))
            yield from self.types(old.branches[o], branch, inner)

    def _named(self, old: NamedType, new: NamedType) -> Iterator[Change]:
        pair = (id(old), id(new))
        if pair in self._compared:
            return
        self._compared.add(pair)
        place = _Pair(new.name, At(old.source, old.pointer), At(new.source, new.pointer))
        if old.full_name != new.full_name:
            kind: Kind = "namespace-changed" if old.name == new.name else "name-changed"
            yield place.change(kind, old.full_name, new.full_name)
        yield from place.values("doc", _present(old.doc), _present(new.doc))
        yield from _aliases(old, old.full_name, new, new.full_name, place)
        yield from _attributes(old.attributes, new.attributes, place)
        match old, new:
            case (RecordType(), RecordType()):
                yield from self._records(old, new, place)
            case (EnumType(), EnumType()):
                yield from place.values("default", _present(old.default), _present(new.default))
                yield from _symbols(old, new, place)
            case (FixedType(), FixedType()):
                if old.size != new.size:
                    yield place.change("size-changed", old.size, new.size)
                yield from _logical(old.logical, new.logical, place)

    def _records(self, old: RecordType, new: RecordType, place: _Pair) -> Iterator[Change]:
        if old.is_error != new.is_error:
            yield place.change("type-changed", type_label(old), type_label(new))
        pairs = match_fields(old, new)
        was_at = {n: o for o, n in pairs}
        moved = out_of_order([o for o, _ in pairs])
        for o, field in enumerate(old.fields):
            if o not in was_at.values():
                here = _Pair(f"{place.path}.{field.name}", At(old.source, field.pointer), place.new)
                yield here.change("field-removed", type_label(field.type))
        for n, field in enumerate(new.fields):
            path, at = f"{place.path}.{field.name}", At(new.source, field.pointer)
            if n not in was_at:
                yield _Pair(path, place.old, at).change("field-added", None, type_label(field.type))
                continue
            before = old.fields[was_at[n]]
            here = _Pair(path, At(old.source, before.pointer), at)
            if was_at[n] in moved:
                yield here.change("field-moved", was_at[n] + 1, n + 1)
            yield from self._fields(before, field, here)

    def _fields(self, old: Field, new: Field, place: _Pair) -> Iterator[Change]:
        if old.name != new.name:
            yield place.change("field-renamed", old.name, new.name)
        yield from place.values("doc", _present(old.doc), _present(new.doc))
        yield from _aliases(old, old.name, new, new.name, place)
        yield from place.values("default", old.default, new.default)
        if old.order != new.order:
            yield place.change("order-changed", old.order, new.order)
        yield from _attributes(old.attributes, new.attributes, place)
        yield from self.types(old.type, new.type, place.step("", "type"))


def _logical(old: LogicalType | None, new: LogicalType | None, place: _Pair) -> Iterator[Change]:
    before = MISSING if old is None else logical_label(old)
    after = MISSING if new is None else logical_label(new)
    yield from place.values("logical-type", before, after)


def _attributes(
    old: Mapping[str, JsonValue], new: Mapping[str, JsonValue], place: _Pair
) -> Iterator[Change]:
    for key in dict.fromkeys((*old, *new)):
        yield from place.values("attribute", old.get(key, MISSING), new.get(key, MISSING), key)


def _aliases(
    old: Field | NamedType, old_name: str, new: Field | NamedType, new_name: str, place: _Pair
) -> Iterator[Change]:
    # The alias for a new name is not a change of its own.
    before = [alias for alias in old.aliases if alias != new_name or old_name == new_name]
    after = [alias for alias in new.aliases if alias != old_name or old_name == new_name]
    yield from _members("alias", "aliases-reordered", before, after, place)


def _symbols(old: EnumType, new: EnumType, place: _Pair) -> Iterator[Change]:
    yield from _members("symbol", "symbols-reordered", old.symbols, new.symbols, place)


def _members(
    what: str, reordered: Kind, old: Sequence[str], new: Sequence[str], place: _Pair
) -> Iterator[Change]:
    """The changes of the members of a list that has each of them once."""
    for member in old:
        if member not in new:
            yield place.change(cast("Kind", f"{what}-removed"), member)
    for member in new:
        if member not in old:
            yield place.change(cast("Kind", f"{what}-added"), None, member)
    before: list[JsonValue] = [member for member in old if member in new]
    after: list[JsonValue] = [member for member in new if member in old]
    if before != after:
        yield place.change(reordered, before, after)


def _below(at: At, *keys: str) -> At:
    return At(at.source, "/".join((at.pointer, *keys)))


def _present(text: str | None) -> str | Missing:
    return MISSING if text is None else text


def _known(value: JsonValue | Missing) -> JsonValue:
    return None if isinstance(value, Missing) else value


def _same(old: JsonValue, new: JsonValue) -> bool:
    # Dumped, since in Python 1 == 1.0 == True: three different defaults.
    return json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True)
