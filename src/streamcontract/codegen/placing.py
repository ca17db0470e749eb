"""Assignment of shared types to modules, without circular imports."""

from __future__ import annotations

import itertools
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar

import attrs

from streamcontract.codegen.names import class_names, module_name
from streamcontract.codegen.vocabulary import MODULE_NAMES
from streamcontract.schema.likeness import likeness_mark

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping

    from streamcontract.codegen.earlier import EarlierModule
    from streamcontract.schema.model import EnumType, RecordType

__all__ = ["CommonType", "TypesModule", "place", "reached"]

T = TypeVar("T", bound="Hashable")

_SUFFIX: Final = "_types"
_WITHOUT_NAMESPACE: Final = "shared"


@attrs.frozen(eq=False, kw_only=True, slots=False)
class CommonType:
    """A named type that several contracts define alike.

    Attributes:
        node: One of the definitions: that of a file that is not a contract's own, if there is one,
        else that of the first contract. They differ only in documentation.
        users: The contracts that use it, sorted.
        record_of: Those of them whose record it is.
    """

    node: RecordType | EnumType
    users: tuple[str, ...]
    record_of: tuple[str, ...]

    @cached_property
    def mark(self) -> str:
        """The short form of its likeness."""
        return likeness_mark(self.node)


@attrs.frozen(eq=False, slots=False)
class TypesModule:
    """A module of types.

    Attributes:
        name: Its name.
        types: The types, sorted by their full names, each once.
        stay: The types that are in the earlier module of this name.
        earlier: That module, if there is one, which stays unchanged.
    """

    name: str
    types: tuple[CommonType, ...]
    stay: frozenset[CommonType] = frozenset()
    earlier: EarlierModule | None = None

    @cached_property
    def classes(self) -> Mapping[str, str]:
        """The class of each type, by its full name."""
        found = dict(class_names([each.node for each in self.types], MODULE_NAMES))
        if self.earlier is not None:
            for each in self.stay:
                name = each.node.full_name
                found[name] = self.earlier.classes[name, each.mark]
        return found


def place(
    parts: Mapping[CommonType, Collection[CommonType]],
    *,
    taken: Iterable[str],
    earlier: Mapping[str, EarlierModule],
    places: Mapping[CommonType, str],
) -> dict[str, TypesModule]:
    """Put each type into a module.

    There is a module for each namespace, or for several that need each other. But a module must not
    have two types of one full name, nor import one beside its own: if contracts share versions of a
    type, each version has a module of its own, and so have the types that contain it.

    Args:
        parts: The direct parts of each type.
        taken: Names of other modules.
        earlier: The modules that stay unchanged.
        places: The modules of the types that are in one of them, with all their parts.
    """
    free = [each for each in parts if each not in places]
    apart = _apart(parts)
    spaces: dict[str, list[CommonType]] = {}
    for each in free:
        if each not in apart:
            spaces.setdefault(_space(each), []).append(each)
    needed = {
        space: {_space(part) for each in types for part in parts[each] if part not in places}
        for space, types in spaces.items()
    }
    groups = [
        (circle[0] or _WITHOUT_NAMESPACE, [each for space in circle for each in spaces[space]])
        for circle in _circles(sorted(spaces), needed.__getitem__)
    ]
    of_modules: dict[str, list[CommonType]] = {}
    for each, name in places.items():
        of_modules.setdefault(name, []).append(each)
    names = set(taken)
    for wanted, types in groups:
        name = next(each for each in _candidates(wanted) if each not in names)
        names.add(name)
        of_modules.setdefault(name, []).extend(types)
    names.update(earlier)  # a version of a type is not added to them
    ordered = sorted(apart.difference(places), key=lambda each: (each.node.full_name, each.users))
    for circle in _circles(ordered, parts.__getitem__):
        wanted = circle[0].node.full_name
        name = next(each for each in _candidates(wanted) if each not in names)
        names.add(name)
        of_modules[name] = circle
    return {
        name: TypesModule(
            name,
            tuple(sorted(types, key=lambda each: each.node.full_name)),
            frozenset(each for each in types if each in places),
            earlier.get(name),
        )
        for name, types in of_modules.items()
    }


def _space(common: CommonType) -> str:
    return common.node.namespace or ""


def _apart(parts: Mapping[CommonType, Collection[CommonType]]) -> set[CommonType]:
    """The types with several versions, and all types that contain them."""
    versions = Counter(each.node.full_name for each in parts)
    made_of: dict[CommonType, list[CommonType]] = {each: [] for each in parts}
    for each, mine in parts.items():
        for part in mine:
            made_of[part].append(each)
    several = (each for each in parts if versions[each.node.full_name] > 1)
    return reached(several, made_of.__getitem__)


def _candidates(wanted: str) -> Iterator[str]:
    name = module_name(f"{wanted}{_SUFFIX}")
    yield name
    yield from (f"{name}_{number}" for number in itertools.count(2))


def _circles(every: list[T], needed: Callable[[T], Iterable[T]]) -> Iterator[list[T]]:
    """Groups of names that need each other, directly or not; all others by themselves."""
    needs = {each: reached([each], needed) for each in every}
    done = set[T]()
    for each in every:
        if each not in done:
            circle = [other for other in every if other in needs[each] and each in needs[other]]
            done.update(circle)
            yield circle


def reached(starts: Iterable[T], needed: Callable[[T], Iterable[T]]) -> set[T]:
    """The names that some need, directly or not, and those themselves."""
    found = set(starts)
    waiting = list(found)
    while waiting:
        new = set(needed(waiting.pop())) - found
        found |= new
        waiting += new
    return found
