"""Named types that several contracts of a project use.

Contracts share a class if they define a full name alike, all the way down
(:mod:`streamcontract.schema.likeness`), in one file or in copies. So all parts of a shared type are
shared too.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import attrs

from streamcontract.codegen.earlier import stays
from streamcontract.codegen.placing import CommonType, place, reached
from streamcontract.codegen.vocabulary import Imported
from streamcontract.codegen.walk import in_order_of_use, part_names
from streamcontract.schema.likeness import likeness, likeness_mark
from streamcontract.schema.model import NamedType

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Mapping, Sequence

    from streamcontract.codegen.earlier import EarlierModule
    from streamcontract.codegen.placing import TypesModule
    from streamcontract.schema.model import AvroType, EnumType, RecordType

__all__ = ["Sharing", "share"]

_Types = dict[str, "dict[str, RecordType | EnumType]"]
"""The types that each contract uses, by full name."""
_Key = tuple[str, str]
"""A contract, and the full name of a type that it uses."""


@attrs.frozen(eq=False, slots=False)
class Sharing:
    """The shared types of a project.

    Attributes:
        modules: The modules of types, by name.
        used: The shared types that each contract uses, by full name.
        others: For each contract and the full name of a type that it uses, the contracts that
        define the name differently.
    """

    modules: Mapping[str, TypesModule]
    used: Mapping[str, Mapping[str, CommonType]]
    others: Mapping[str, Mapping[str, tuple[str, ...]]]

    def imported(self, contract: str) -> dict[str, Imported]:
        """The imports of the shared types that a contract uses, by full name."""
        return {name: self.homes[common] for name, common in self.used[contract].items()}

    def needed_by(self, contract: str) -> set[str]:
        """The names of the modules of types that a contract's module needs, directly or not."""
        direct = {each.module for each in self.imported(contract).values()}
        return direct.union(*(self.needed[each] for each in direct))

    @cached_property
    def needed(self) -> Mapping[str, set[str]]:
        """The names of the modules that each module of types needs, with its own."""
        return {
            name: {
                self.homes[self.used[common.users[0]][node.full_name]].module
                for common in module.types
                for node in in_order_of_use(common.node)
            }
            for name, module in self.modules.items()
        }

    @cached_property
    def homes(self) -> Mapping[CommonType, Imported]:
        """The module of each shared type's class."""
        return {
            common: Imported(module.name, module.classes[common.node.full_name])
            for module in self.modules.values()
            for common in module.types
        }


def share(
    roots: Mapping[str, Sequence[AvroType]],
    *,
    earlier: Mapping[str, EarlierModule] | None = None,
    taken: Collection[str] = (),
) -> Sharing:
    """Find the types that contracts share.

    Args:
        roots: The record of each contract, and its keys if they have a schema, by the contract's
        name.
        earlier: The existing modules of types, if they stay unchanged: their types stay there, even
        if only one contract uses them.
        taken: Names of other modules, which no module of types gets.

    Example:
        >>> from streamcontract.schema import parse_schema
        >>> side = {"type": "enum", "name": "Side", "symbols": ["BUY", "SELL"]}
        >>> roots = {
        ...     name.lower(): [
        ...         parse_schema(
        ...             {"type": "record", "name": name, "fields": [{"name": "side", "type": side}]}
        ...         ).root
        ...     ]
        ...     for name in ("Order", "Trade")
        ... }
        >>> share(roots).imported("order")
        {'Side': Imported(module='shared_types', name='Side')}
    """
    types: _Types = {
        contract: {node.full_name: node for node in in_order_of_use(*roots[contract])}
        for contract in sorted(roots)
    }
    families = _families(types, roots)
    users: dict[tuple[str, int], list[str]] = {}
    for (contract, name), family in families.items():
        users.setdefault((name, family), []).append(contract)
    earlier = earlier or {}
    places = _places(types, families, users, earlier)
    common = {
        key: _common(key[0], users[key], types, roots)
        for key in _shared(types, families, users, places)
    }
    used = {
        contract: {
            name: common[name, families[contract, name]]
            for name in mine
            if (name, families[contract, name]) in common
        }
        for contract, mine in types.items()
    }
    parts = {
        each: {used[each.users[0]][name] for name in part_names(each.node)}
        for each in common.values()
    }
    modules = place(
        parts,
        taken={*roots, *taken},
        earlier=earlier,
        places={common[key]: module for key, module in places.items()},
    )
    return Sharing(
        modules=modules,
        used=used,
        others={contract: _others(contract, types, families) for contract in types},
    )


def _places(
    types: _Types,
    families: Mapping[_Key, int],
    users: Mapping[tuple[str, int], list[str]],
    earlier: Mapping[str, EarlierModule],
) -> dict[tuple[str, int], str]:
    """The earlier module of each family that stays in it."""
    if not earlier:
        return {}
    nodes = {key: types[contracts[0]][key[0]] for key, contracts in users.items()}
    parts = {
        key: {(part, families[users[key][0], part]) for part in part_names(node)}
        for key, node in nodes.items()
    }
    return stays(
        {key: (node.full_name, likeness_mark(node)) for key, node in nodes.items()}, parts, earlier
    )


def _families(types: _Types, roots: Mapping[str, Sequence[AvroType]]) -> dict[_Key, int]:
    """A number for each contract's type; equal for types that are alike all the way down.

    Types are first distinguished by their definitions, then repeatedly by the numbers of their
    parts, until no more are distinguished.
    """
    every = {(contract, name): node for contract, of in types.items() for name, node in of.items()}
    parts = {key: [(key[0], part) for part in part_names(node)] for key, node in every.items()}
    # A contract whose records and keys define a type with different documentation keeps its own.
    copies: dict[_Key, set[str]] = {}
    for contract in types:
        for root in roots[contract]:
            for node in in_order_of_use(root):
                copies.setdefault((contract, node.full_name), set()).add(likeness(node))
    found = _numbered(
        {key: key if len(alike) > 1 else likeness(every[key]) for key, alike in copies.items()}
    )
    while True:
        finer = _numbered(
            {key: (found[key], *(found[each] for each in parts[key])) for key in every}
        )
        if len({*finer.values()}) == len({*found.values()}):
            return found
        found = finer


def _numbered(told_apart_by: Mapping[_Key, Hashable]) -> dict[_Key, int]:
    numbers = {each: number for number, each in enumerate(dict.fromkeys(told_apart_by.values()))}
    return {key: numbers[each] for key, each in told_apart_by.items()}


def _shared(
    types: _Types,
    families: Mapping[_Key, int],
    users: Mapping[tuple[str, int], list[str]],
    places: Mapping[tuple[str, int], str],
) -> list[tuple[str, int]]:
    """The families of several contracts, those that stay, and all their parts."""
    starts = [
        (contracts[0], key[0])
        for key, contracts in users.items()
        if len(contracts) > 1 or key in places
    ]
    every = reached(
        starts, lambda key: [(key[0], part) for part in part_names(types[key[0]][key[1]])]
    )
    return sorted({(name, families[contract, name]) for contract, name in every})


def _common(
    name: str, users: list[str], types: _Types, roots: Mapping[str, Sequence[AvroType]]
) -> CommonType:
    def is_own(contract: str) -> bool:
        own = {each.source for each in roots[contract] if isinstance(each, NamedType)}
        return types[contract][name].source in own

    return CommonType(
        node=types[min(users, key=lambda contract: (is_own(contract), contract))][name],
        users=tuple(users),
        record_of=tuple(each for each in users if roots[each][0] is types[each][name]),
    )


def _others(
    contract: str, types: _Types, families: Mapping[_Key, int]
) -> dict[str, tuple[str, ...]]:
    found = {}
    for name in types[contract]:
        family = families[contract, name]
        others = [each for each in types if families.get((each, name), family) != family]
        if others:
            found[name] = tuple(others)
    return found
