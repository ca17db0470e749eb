"""Branches of unions, chosen for bare values.

Mostly the value's class decides, and compiled code looks it up. If several branches take values of
one class, the first that holds the value *as it is* gets it, and only if there is none the first
that it fits: so that ``["float", "double"]`` keeps all digits of a float,
``["double", "long"]`` keeps an int an int, and a dict goes to the record whose fields it has
rather than to an earlier one that would add defaults.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import attrs

from streamcontract.codec import leaves
from streamcontract.codec.bindings import Bindings
from streamcontract.codec.refusal import REFUSALS, Refused
from streamcontract.schema.logical import conversion, row_of
from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    EnumType,
    FixedType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
    branch_name,
)

__all__ = ["Branches"]


@attrs.define
class _Search:
    """One search for a branch.

    Attributes:
        exact: Whether only a branch that holds the value as it is counts.
        known: The result for each record, by type and value. Without it, unions inside unions
        would be tried twice as often at each level. The value is kept with the result, so
        that its id is not reused.
    """

    exact: bool
    known: dict[tuple[int, int], tuple[Any, bool]] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class _Candidates:
    """The branches of a union that may take a value, by its class and a dict's keys alone.

    Attributes:
        every: All branches.
        by_class: For each class the branches that take values of it.
        by_key: For each field's name the records that have it, of those that take dicts.
        keys: For each of these records, the names that a dict must have, and those that it may
            have.
        maps: The other branches that take dicts.
    """

    every: Sequence[int]
    by_class: Mapping[type, Sequence[int]]
    by_key: Mapping[str, Sequence[int]]
    keys: Mapping[int, tuple[frozenset[str], frozenset[str]]]
    maps: Sequence[int]

    def of(self, value: Any) -> Sequence[int]:
        """Their indexes, in the order of the union."""
        if value.__class__ is not dict or not self.keys:
            return self.by_class.get(value.__class__, self.every)
        records: Collection[int] = self.keys
        keys = frozenset(value)  # another thread may change the dict meanwhile
        for key in keys:
            found = self.by_key.get(key, ())
            if len(found) < len(records):
                records = found
        fitting = [i for i in records if self.keys[i][0] <= keys <= self.keys[i][1]]
        return sorted((*fitting, *self.maps)) if self.maps else fitting


_Match = Callable[[Any, _Search], bool]

_CLASSES: Final[dict[str, tuple[type, ...]]] = {
    "null": (type(None),),
    "boolean": (bool,),
    "int": (int,),
    "long": (int,),
    "float": (float, int),
    "double": (float, int),
    "bytes": (bytes,),
    "string": (str,),
}
_CHECKS: Final[dict[str, Callable[[Any], Any]]] = {
    "int": leaves.as_int,
    "long": leaves.as_long,
    "float": leaves.as_float,
    "double": leaves.as_double,
    "bytes": leaves.as_bytes,
    "string": lambda value: leaves.as_text(value).encode(),
}


class Branches:
    """Chooses branches for the unions of one schema, and caches what it computes.

    Args:
        bindings: The classes of the schema's named types.
    """

    def __init__(self, bindings: Bindings) -> None:
        self._bindings = bindings
        self._matches: dict[int, _Match] = {}

    def by_class(self, node: UnionType) -> dict[type, int]:
        """The branch of each class whose values only one branch takes."""
        claims = self._claims(node)
        return {cls: found[0] for cls, found in claims.items() if len(found) == 1}

    def _claims(self, node: UnionType) -> dict[type, list[int]]:
        """For each class the branches that take values of it."""
        claims: dict[type, list[int]] = {}
        for index, branch in enumerate(node.branches):
            for cls in self._classes(branch):
                claims.setdefault(cls, []).append(index)
        return claims

    def _candidates(self, node: UnionType) -> _Candidates:
        """The index that finds the possible branches for a value."""
        claims = self._claims(node)
        records = {
            index: branch
            for index in claims.get(dict, ())
            if isinstance(branch := node.branches[index], RecordType)
        }
        by_key: dict[str, list[int]] = {}
        for index, record in records.items():
            for field in record.fields:
                by_key.setdefault(field.name, []).append(index)
        return _Candidates(
            every=range(len(node.branches)),
            by_class=claims,
            by_key=by_key,
            keys={
                index: (
                    frozenset(field.name for field in record.fields if not field.has_default),
                    frozenset(field.name for field in record.fields),
                )
                for index, record in records.items()
            },
            maps=[index for index in claims.get(dict, ()) if index not in records],
        )

    def picker(self, node: UnionType) -> Callable[[Any], tuple[int, Any]]:
        """The function that returns the branch for a value, and the value without its tag."""
        names = {branch_name(branch): index for index, branch in enumerate(node.branches)}
        matches = [self._match(branch) for branch in node.branches]
        candidates = self._candidates(node)

        def pick(value: Any) -> tuple[int, Any]:
            if _is_tagged(value):
                if value[0] not in names:
                    raise Refused(f"a branch of the union: {', '.join(names)}", value[0])
                return names[value[0]], value[1]
            found = candidates.of(value)
            if len(found) == 1 and value.__class__ is dict:
                return found[0], value  # encoding it reports the fault inside, with its path
            for exact in (True, False):
                search = _Search(exact)
                for index in found:
                    if matches[index](value, search):
                        return index, value
            raise Refused(f"a value of one branch: {', '.join(names)}", value)

        return pick

    def _classes(self, node: AvroType) -> tuple[type, ...]:
        """The exact classes of the values that a branch may take."""
        match node:
            case PrimitiveType() | FixedType():
                row = row_of(node)
                if row is not None:
                    return (row.python.cls,)
                return (bytes,) if isinstance(node, FixedType) else _CLASSES[node.name]
            case EnumType():
                members = self._bindings.enum(node)
                return (str,) if members is None else (type(next(iter(members.values()))),)
            case RecordType():
                bound = self._bindings.record(node)
                return (dict,) if bound is None else (bound[0],)
            case ArrayType():
                return (list,)
            case MapType():
                return (dict,)
            case UnionType():
                return ()

    def _match(self, node: AvroType) -> _Match:
        """The function that returns whether a value fits a type, made once for each type."""
        made = self._matches.get(id(node))
        if made is not None:
            return made
        match node:
            case RecordType():
                made = self._record(node)
            case ArrayType():
                made = self._array(node)
            case MapType():
                made = self._map(node)
            case UnionType():
                made = self._union(node)
            case EnumType():
                made = self._enum(node)
            case PrimitiveType() | FixedType():
                made = _leaf(node)
        self._matches[id(node)] = made
        return made

    def _record(self, node: RecordType) -> _Match:
        names = frozenset(field.name for field in node.fields)
        bound = self._bindings.record(node)
        keys = [field.name for field in node.fields] if bound is None else list(bound[1])
        fields: list[tuple[str, bool, _Match]] = []

        def match(value: Any, search: _Search) -> bool:
            if bound is None:
                if not isinstance(value, dict) or not value.keys() <= names:
                    return False
                values: dict[str, Any] = value
            else:
                if not isinstance(value, bound[0]):
                    return False
                values = {key: getattr(value, key) for key in keys}
            for key, has_default, fits in fields:
                if key in values:
                    if not fits(values[key], search):
                        return False
                elif search.exact or not has_default:
                    return False
            return True

        def remembered(value: Any, search: _Search) -> bool:
            key = (id(node), id(value))
            if key not in search.known:
                search.known[key] = (value, match(value, search))
            return search.known[key][1]

        self._matches[id(node)] = remembered  # before its fields, which may refer back to it
        for key, field in zip(keys, node.fields, strict=True):
            fields.append((key, field.has_default, self._match(field.type)))
        return remembered

    def _array(self, node: ArrayType) -> _Match:
        fits = self._match(node.items)

        def match(value: Any, search: _Search) -> bool:
            if not isinstance(value, list):
                return False
            for item in value:  # noqa: SIM110 - all() would take one more frame at each level
                if not fits(item, search):
                    return False
            return True

        return match

    def _map(self, node: MapType) -> _Match:
        fits, is_key = self._match(node.values), _leaf(PrimitiveType(name="string"))

        def match(value: Any, search: _Search) -> bool:
            if not isinstance(value, dict):
                return False
            for key, item in value.items():
                if not is_key(key, search) or not fits(item, search):
                    return False
            return True

        return match

    def _union(self, node: UnionType) -> _Match:
        branches = {branch_name(branch): self._match(branch) for branch in node.branches}
        candidates = self._candidates(node)
        matches = list(branches.values())

        def match(value: Any, search: _Search) -> bool:
            if _is_tagged(value):
                return value[0] in branches and branches[value[0]](value[1], search)
            for index in candidates.of(value):  # noqa: SIM110 - any() would take one more frame at each level
                if matches[index](value, search):
                    return True
            return False

        return match

    def _enum(self, node: EnumType) -> _Match:
        members = self._bindings.enum(node)
        symbols = frozenset(node.symbols)
        (cls,) = self._classes(node)

        def match(value: Any, search: _Search) -> bool:
            del search
            if members is None:
                return isinstance(value, str) and value in symbols
            return value.__class__ is cls

        return match


def _is_tagged(value: Any) -> bool:
    return value.__class__ is tuple and len(value) == 2 and value[0].__class__ is str


def _leaf(node: PrimitiveType | FixedType) -> _Match:
    converted = conversion(node)
    if converted is not None:
        return _checked(converted.to_raw)
    if isinstance(node, FixedType):
        size = node.size
        return _checked(lambda value: leaves.as_fixed(value, size))
    match node.name:
        case "null":
            return lambda value, _: value is None
        case "boolean":
            return lambda value, _: value is True or value is False
        case "float" | "double":
            return _floating(node.name)
        case _:
            return _checked(_CHECKS[node.name])


def _checked(check: Callable[[Any], Any]) -> _Match:
    """A match that fits a value if the check passes; it holds the value as it is."""

    def match(value: Any, search: _Search) -> bool:
        del search
        try:
            check(value)
        except RecursionError:
            raise  # not about the value, so that no other branch is tried
        except REFUSALS:
            return False
        return True

    return match


def _floating(name: str) -> _Match:
    fits = _checked(_CHECKS[name])

    def match(value: Any, search: _Search) -> bool:
        if not fits(value, search):
            return False
        if not search.exact:
            return True
        if not isinstance(value, float):
            return False  # an int would be decoded as a float
        (single,) = struct.unpack("<f", struct.pack("<f", value)) if name == "float" else (value,)
        return bool(single == value) or value != value  # noqa: PLR0124 - only NaN is not itself

    return match
