"""Names of a package that are loaded on their first use (PEP 562), in any number of threads.

Python imports a package with its module locked. If the package imports that module itself, one
thread waits for the package and another for the module. So a package whose modules are imported
from outside of it has lazy names.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping

__all__ = ["Later", "lazy_names"]


class Later:
    """A module that is imported when one of its names is needed first.

    Annotations have the types of its names, without an import of their modules at start-up:
    ``typing.get_type_hints`` evaluates ``"types.Schema"``, and so imports them.
    """

    __slots__ = ("_module",)

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> object:
        return getattr(importlib.import_module(self._module), name)


def lazy_names(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Make the ``__getattr__`` and the ``__dir__`` of a package.

    Args:
        package: The package.
        homes: For each name the module that has it, relative to ``streamcontract``.
    """

    def load(name: str) -> object:
        home = homes.get(name)
        if home is None:
            return _module_of(package, name)
        try:
            module = importlib.import_module(f"streamcontract.{home}")
        except AttributeError as error:
            # Python would make "cannot import name" of it, without the reason.
            raise ImportError(f"{name} cannot be imported: {error}", name=name) from error
        value: object = getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    return load, names


def _module_of(package: str, name: str) -> object:
    """A module of the package, which its users may name after they imported the package alone."""
    module = f"{package}.{name}"
    if not name.startswith("_"):
        try:
            return importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:  # the module is there, and what it needs is not
                raise
    raise AttributeError(f"module {package!r} has no attribute {name!r}")
