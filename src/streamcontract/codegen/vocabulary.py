"""Vocabulary of a generated module: the names that its code uses, and their imports.

Inside a class body an attribute hides a module's name: below a field ``str``, the annotation
``str`` would mean that field, to a type checker and, once it has a default, to Python too. So a
class body refers to everything by a name that no attribute of the module has:
``import builtins as _builtins`` and ``_builtins.str``.
"""

from __future__ import annotations

import builtins
import re
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.codegen.names import free_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

__all__ = ["MODULE_NAMES", "Imported", "Vocabulary"]

_STANDARD: Final = {
    "builtins": "builtins",
    "decimal": "decimal",
    "dt": "datetime",
    "enum": "enum",
    "uuid": "uuid",
}
_TYPING: Final = "typing"
_CODEC: Final = "streamcontract.codec"
_KAFKA: Final = "streamcontract.kafka"
_SUPPORT: Final = {
    "ClassVar": _TYPING,
    "Contract": _CODEC,
    "ContractConsumer": _KAFKA,
    "ContractProducer": _KAFKA,
    "Duration": _CODEC,
    "NoReturn": _TYPING,
    "TYPE_CHECKING": _TYPING,
    "shared_type": _CODEC,
}
_SHORTEST_LINE_LENGTH: Final = 88  # ruff's own, if a project sets none

MODULE_NAMES: Final = frozenset({"CONTRACT", "Final", *_SUPPORT})
"""Names that a class must not have, since the module itself uses them."""


@attrs.frozen
class Imported:
    """A class of another module of the package.

    Attributes:
        module: The module.
        name: The class in there.
    """

    module: str
    name: str


class Vocabulary:
    """Names for one module; a name that is requested is imported.

    Args:
        classes: The class for each named type, by full name.
        attributes: The attributes of all its own records.
        imported: The imports of classes of other modules, by full name.
    """

    def __init__(
        self,
        classes: Mapping[str, str],
        attributes: frozenset[str],
        imported: Mapping[str, Imported],
    ) -> None:
        self._classes = classes
        self._attributes = attributes
        self._imported = imported
        self._asked: set[str] = set()
        self._taken = {*MODULE_NAMES, *classes.values(), *attributes}
        self._used: dict[str, str] = {}
        self._aliases: dict[str, str] = {}

    def builtin(self, name: str) -> str:
        """The name of a builtin, such as ``str``, in a class body."""
        return name if name not in self._attributes else f"{self.support('builtins')}.{name}"

    def support(self, name: str) -> str:
        """The name of an imported module or class, such as ``decimal`` or ``Duration``."""
        if name not in self._used:
            self._used[name] = self._visible(name)
        return self._used[name]

    def type_class(self, full_name: str) -> str:
        """The name of a named type's class in a class body."""
        name = self._classes[full_name]
        self._asked.add(full_name)
        return self.hidden_class_alias(full_name) or name

    def python(self, name: str) -> str:
        """The name of a type or function in the rows of logical types, such as ``dt.date``."""
        first, dot, rest = name.partition(".")
        if not dot and hasattr(builtins, name):
            return self.builtin(name)
        return f"{self.support(first)}{dot}{rest}"

    def hidden_class_alias(self, full_name: str) -> str | None:
        """The other name of a class that some attribute hides, or None."""
        name = self._classes[full_name]
        if name not in self._attributes:
            return None
        if name not in self._aliases:
            self._aliases[name] = self.private(name)
        return self._aliases[name]

    def private(self, name: str) -> str:
        """A new, unique name that starts with an underscore."""
        chosen = free_name(f"_{name}", self._taken)
        self._taken.add(chosen)
        return chosen

    def import_lines(self, *module_level: str, exported: Collection[str] = ()) -> list[str]:
        """The import statements of all requested names, sorted as by ruff.

        Args:
            module_level: The names that are used at module level, where no attribute hides them.
            exported: Full names of types whose classes are imported under their own names too.
        """
        standard = sorted(
            (_STANDARD[name], alias) for name, alias in self._used.items() if name in _STANDARD
        )
        always = {name: _SUPPORT.get(name, _TYPING) for name in module_level}
        sections = [
            [_import(module, alias) for module, alias in standard]
            + self._from_lines(_TYPING, always),
            [_import("attrs", self._used["attrs"])] if "attrs" in self._used else [],
            [*self._from_lines(_CODEC, always), *self._from_lines(_KAFKA, always)],
            list(self._relative_lines(exported)),
        ]
        return [line for section in sections if section for line in (*section, "")][:-1]

    def _from_lines(self, module: str, always: Mapping[str, str]) -> list[str]:
        used = {n: alias for n, alias in self._used.items() if _SUPPORT.get(n) == module}
        names = {name for name, home in always.items() if home == module}
        names |= {name for name, alias in used.items() if alias == name}
        return _from_statements(module, [*((n, n) for n in names), *used.items()])

    def _relative_lines(self, exported: Collection[str]) -> Iterable[str]:
        by_module: dict[str, list[tuple[str, str]]] = {}
        for full_name, home in self._imported.items():
            own, alias = self._classes[full_name], self._aliases.get(self._classes[full_name])
            if full_name in exported or (alias is None and full_name in self._asked):
                by_module.setdefault(home.module, []).append((home.name, own))
            if alias is not None and full_name in self._asked:
                by_module.setdefault(home.module, []).append((home.name, alias))
        for module in sorted(by_module):
            yield from _from_statements(f".{module}", by_module[module])

    def _visible(self, name: str) -> str:
        return self.private(name) if name in self._attributes else name


def _from_statements(module: str, pairs: Iterable[tuple[str, str]]) -> list[str]:
    """``from`` statements: one for the unchanged names, one for each that is renamed."""
    given = set(pairs)
    plain = sorted((name for name, alias in given if alias == name), key=_sorting_key)
    statements = [(plain[0], _from(module, plain))] if plain else []
    statements += [
        (name, [f"from {module} import {name} as {alias}"])
        for name, alias in sorted(given)
        if alias != name
    ]
    # ruff sorts statements by the first name that each imports.
    statements.sort(key=lambda each: _sorting_key(each[0]))
    return [line for _, lines in statements for line in lines]


def _from(module: str, names: list[str]) -> list[str]:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= _SHORTEST_LINE_LENGTH:
        return [line]
    return [f"from {module} import (", *(f"    {name}," for name in names), ")"]


def _sorting_key(name: str) -> tuple[object, ...]:
    """The sorting key of ruff for imports: constants, classes, the rest; digits as numbers."""
    is_constant = len(name) > 1 and name.isupper()
    kind = 0 if is_constant else 1 if name[:1].isupper() else 2
    return kind, *(_natural(each) for each in (name.lower(), name))


def _natural(name: str) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", name)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts if part]


def _import(module: str, alias: str) -> str:
    return f"import {module}" if alias == module else f"import {module} as {alias}"
