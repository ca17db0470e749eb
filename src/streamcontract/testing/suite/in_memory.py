"""Packages of generated modules in memory, imported like from a disk."""

from __future__ import annotations

import importlib
import itertools
import sys
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import CodeType, ModuleType

__all__ = ["InMemoryPackage"]

_NUMBERS: Final = itertools.count(1)


class InMemoryPackage:
    """A package of modules with their texts.

    Each module is imported at its first use, by a caller or by another module, and stays for the
    whole process, like all modules.

    Args:
        texts: The text of each module, by its name.

    Example:
        >>> package = InMemoryPackage({"a": "from .b import X", "b": "X = 1"})
        >>> package.load("a").X
        1
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._name = f"streamcontract_suite_{next(_NUMBERS)}"
        _TEXTS.add(self._name, texts)

    def load(self, name: str) -> ModuleType:
        """A module of it."""
        return importlib.import_module(f"{self._name}.{name}")


class _Texts(InspectLoader, MetaPathFinder):
    """Finds and loads the modules of all such packages."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def add(self, package: str, texts: Mapping[str, str]) -> None:
        if self not in sys.meta_path:
            sys.meta_path.append(self)
        self._texts[package] = ""
        self._texts.update({f"{package}.{name}": text for name, text in texts.items()})

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname not in self._texts:
            return None
        return ModuleSpec(fullname, self, is_package=self.is_package(fullname))

    def is_package(self, fullname: str) -> bool:
        return "." not in fullname

    def get_source(self, fullname: str) -> str:
        return self._texts[fullname]

    def get_code(self, fullname: str) -> CodeType:
        title = f"<generated {fullname.rpartition('.')[2]}>"
        return compile(self._texts[fullname], title, "exec", dont_inherit=True)


_TEXTS: Final = _Texts()
