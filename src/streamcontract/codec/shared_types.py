"""Classes of named types that several contracts of a project use, each generated once."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from enum import EnumMeta
from typing import TYPE_CHECKING, TypeVar

import attrs

from streamcontract._bound_classes import announce
from streamcontract.codec.contract import MARK, NAME
from streamcontract.errors import ConfigurationError

if TYPE_CHECKING:
    from streamcontract.codec.contract import Contract

__all__ = ["SharedType", "shared_type"]

_Class = TypeVar("_Class", bound=type)


@attrs.frozen(kw_only=True)
class SharedType:
    """The contracts of a class that several of them use.

    Each contract is a module beside the module of the class, and is imported on first use.

    Attributes:
        home: The module of the class.
        likeness: The likeness of all definitions of the type; see ``likeness_mark``.
        contracts: The contracts whose record it is.
        within: A contract that has it somewhere in its record; None if it is a record itself.
    """

    home: str
    likeness: str
    contracts: tuple[str, ...]
    within: str | None

    def load(self) -> dict[str, Contract]:
        """The contracts whose record it is, by name.

        Raises:
            ConfigurationError: One does not exist.
        """
        return {name: self._contract(name) for name in self.contracts}

    def any_contract(self) -> Contract:
        """A contract that defines the type; all definitions are equal.

        Raises:
            ConfigurationError: It does not exist.
        """
        return self._contract(self.within or self.contracts[0])

    def _contract(self, name: str) -> Contract:
        package = self.home.rpartition(".")[0]
        module = f"{package}.{name}" if package else name
        try:
            contract: Contract = importlib.import_module(module).CONTRACT
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            raise ConfigurationError(
                f"{self.home} has a type of the contract {name!r}, and there is no module "
                f"{module}: run `streamcontract generate`"
            ) from None
        return contract


def shared_type(
    full_name: str,
    *,
    likeness: str,
    contracts: tuple[str, ...] = (),
    within: str | None = None,
) -> Callable[[_Class], _Class]:
    """Mark a generated class as the class of a named type that several contracts use.

    Only generated code calls it. The contracts are modules beside the module of the class, and
    each names the class in its ``Contract(types=...)``.

    Args:
        full_name: The full name of the type.
        likeness: The likeness of all definitions of the type.
        contracts: The contracts whose record it is.
        within: A contract that has it somewhere in its record, if ``contracts`` is empty.

    Raises:
        ConfigurationError: Both are empty.

    Example:
        >>> import enum
        >>> @shared_type("shop.Side", likeness="70d186d1bf5ba1cf", within="order")
        ... class Side(enum.Enum):
        ...     BUY = "BUY"
        >>> Side.__contract__.within
        'order'
    """
    if not contracts and within is None:
        raise ConfigurationError(f"{full_name} is of no contract: give contracts= or within=")

    def mark(cls: _Class) -> _Class:
        home = cls.__module__
        shared = SharedType(home=home, likeness=likeness, contracts=contracts, within=within)
        setattr(cls, MARK, shared)
        setattr(cls, NAME, full_name)
        if not isinstance(cls, EnumMeta):
            announce(cls)
        return cls

    return mark
