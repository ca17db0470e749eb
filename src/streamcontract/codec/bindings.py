"""Bindings of generated classes: to the named types of a schema, and to their contracts."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import attrs

from streamcontract.codec.contract import MARK, full_name_of
from streamcontract.codec.shared_types import SharedType
from streamcontract.errors import ConfigurationError
from streamcontract.schema.likeness import likeness_mark

if TYPE_CHECKING:
    from streamcontract.codec.contract import Contract
    from streamcontract.schema.model import EnumType, RecordType

__all__ = ["Bindings", "bindings_of", "contract_of", "contracts_of"]


def contract_of(cls: type) -> tuple[Contract, str]:
    """A contract that a generated class belongs to, and its type's full name.

    If there are several, it is any of them: all define the type alike.

    Raises:
        ArgumentError: It is not a class.
        ConfigurationError: The class was not generated from a schema.
    """
    mark, name = _mark_of(cls)
    if not isinstance(mark, SharedType):
        return mark, name
    contract = mark.any_contract()
    return (contract if name in contract.schema.named_types else contract.keys), name


def contracts_of(cls: type) -> Mapping[str, Contract]:
    """The contracts whose record a generated class is, by name; none for a type inside a record.

    Raises:
        ArgumentError: It is not a class.
        ConfigurationError: The class was not generated from a schema.
    """
    mark, name = _mark_of(cls)
    if isinstance(mark, SharedType):
        return mark.load()
    return {cls.__module__.rpartition(".")[2]: mark} if mark.schema.name == name else {}


def _mark_of(cls: type) -> tuple[Contract | SharedType, str]:
    name = full_name_of(cls)
    return cls.__dict__[MARK], name


@attrs.frozen(eq=False)
class Bindings:
    """Classes of the named types of a schema; empty for plain values."""

    types: Mapping[str, type] = MappingProxyType({})

    def record(self, node: RecordType) -> tuple[type, tuple[str, ...]] | None:
        """The class of a record and its attributes in field order, or None for dict values."""
        cls = self.types.get(node.full_name)
        if cls is None:
            return None
        _require_alike(cls, node)
        names = tuple(field.name for field in attrs.fields(cls))
        if len(names) != len(node.fields):
            raise ConfigurationError(
                f"{cls.__qualname__} has {len(names)} attributes, but record {node.full_name} "
                f"has {len(node.fields)} fields: generate the class anew from its schema"
            )
        return cls, names

    def enum(self, node: EnumType) -> dict[str, enum.Enum] | None:
        """The member for each symbol; None for str values, and for an enum without symbols."""
        cls = self.types.get(node.full_name)
        if cls is None or not issubclass(cls, enum.Enum):
            return None
        _require_alike(cls, node)
        members = {str(member.value): member for member in cls}
        if tuple(members) != node.symbols:
            raise ConfigurationError(
                f"{cls.__qualname__} has the symbols {tuple(members)}, but enum {node.full_name} "
                f"has {node.symbols}: generate the class anew from its schema"
            )
        return members or None  # without symbols, every value is refused either way


def _require_alike(cls: type, node: RecordType | EnumType) -> None:
    """Check that a class from another module than its contract has the contract's definition.

    Raises:
        ConfigurationError: The modules were not generated together.
    """
    mark = cls.__dict__.get(MARK)
    if isinstance(mark, SharedType) and mark.likeness != likeness_mark(node):
        raise ConfigurationError(
            f"{cls.__module__}.{cls.__qualname__} was generated from another definition of "
            f"{node.full_name} than the contract has: run `streamcontract generate`"
        )


def bindings_of(contract: Contract) -> Bindings:
    """The classes that a contract's module has bound."""
    return Bindings(contract.types)
