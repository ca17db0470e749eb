"""The names that one generated module speaks with, and the imports they need.

Inside a class body an attribute hides a module's name: below a field ``str``, the annotation
``str`` would mean that field, to a type checker and, once it has a default, to Python too. So
whatever a class body mentions goes by a name that no attribute of the module has:
``import builtins as _builtins`` and ``_builtins.str``.
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Final

from streamcontract.codegen.names import free_name

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MODULE_NAMES", "Vocabulary"]

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
}

MODULE_NAMES: Final = frozenset({"CONTRACT", "Final", *_SUPPORT})
"""What a class must not be called, since the module itself uses it."""


class Vocabulary:
    """Names for one module; asking for one is what imports it.

    Args:
        classes: The class for each named type, by full name.
        attributes: The attributes of all its records.
    """

    def __init__(self, classes: Mapping[str, str], attributes: frozenset[str]) -> None:
        self._classes = classes
        self._attributes = attributes
        self._taken = {*MODULE_NAMES, *classes.values(), *attributes}
        self._used: dict[str, str] = {}
        self._aliases: dict[str, str] = {}

    def builtin(self, name: str) -> str:
        """A builtin, such as ``str``, as a class body can name it."""
        return name if name not in self._attributes else f"{self.support('builtins')}.{name}"

    def support(self, name: str) -> str:
        """A module or class that is imported, such as ``decimal`` or ``Duration``."""
        if name not in self._used:
            self._used[name] = self._visible(name)
        return self._used[name]

    def type_class(self, full_name: str) -> str:
        """The class of a named type, as a class body can name it."""
        name = self._classes[full_name]
        return self.hidden_class_alias(full_name) or name

    def python(self, name: str) -> str:
        """A type or function as the rows of logical types name it, such as ``dt.date``."""
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
        """A new name that starts with an underscore and that nothing else has."""
        chosen = free_name(f"_{name}", self._taken)
        self._taken.add(chosen)
        return chosen

    def import_lines(self) -> list[str]:
        """The import statements of everything that was asked for, sorted as ruff sorts them."""
        standard = sorted(
            (_STANDARD[name], alias) for name, alias in self._used.items() if name in _STANDARD
        )
        lines = [_import(module, alias) for module, alias in standard]
        # Final is for the module's own level, which no attribute hides it from.
        lines += [*self._from_lines(_TYPING, "Final"), ""]
        if "attrs" in self._used:
            lines += [_import("attrs", self._used["attrs"]), ""]
        return [*lines, *self._from_lines(_CODEC), *self._from_lines(_KAFKA)]

    def _from_lines(self, module: str, *always: str) -> list[str]:
        used = {n: alias for n, alias in self._used.items() if _SUPPORT.get(n) == module}
        plain = sorted([*always, *(n for n, alias in used.items() if alias == n)], key=_by_kind)
        imported = [(_by_kind(plain[0]), ", ".join(plain))] if plain else []
        imported += [(_by_kind(n), f"{n} as {alias}") for n, alias in used.items() if alias != n]
        # ruff sorts statements by the first name that each imports.
        return [f"from {module} import {names}" for _, names in sorted(imported)]

    def _visible(self, name: str) -> str:
        return self.private(name) if name in self._attributes else name


def _by_kind(name: str) -> tuple[bool, str]:
    """Constants first, as ruff has it."""
    return not name.isupper(), name


def _import(module: str, alias: str) -> str:
    return f"import {module}" if alias == module else f"import {module} as {alias}"
