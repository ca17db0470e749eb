"""Contract of a generated module, and the classes that are bound to its named types."""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import attrs

from streamcontract._bound_classes import announce
from streamcontract.codec.shared_types import MARK, NAME, SharedType
from streamcontract.errors import ArgumentError, ConfigurationError
from streamcontract.schema.likeness import likeness_mark
from streamcontract.schema.model import EnumType, RecordType
from streamcontract.schema.parse import parse_schema
from streamcontract.schema.schema import Schema

__all__ = ["Bindings", "Contract", "bindings_of", "contract_of", "contracts_of"]

_Class = TypeVar("_Class", bound=type)

if TYPE_CHECKING:
    from typing_extensions import TypeVar as TypeVarWithDefault  # PEP 696, for type checkers alone

    Value_co = TypeVarWithDefault("Value_co", default=Any, covariant=True)
    Sent_contra = TypeVarWithDefault("Sent_contra", default=Any, contravariant=True)
    Read_co = TypeVarWithDefault("Read_co", default=Any, covariant=True)
else:
    Value_co, Sent_contra, Read_co = map(TypeVar, ("Value_co", "Sent_contra", "Read_co"))


class Contract(Generic[Value_co, Sent_contra, Read_co]):
    """The contract of one topic, as a generated module declares it.

    Nothing is parsed before its first use, so importing a generated module is cheap. For type
    checkers it is generic over its records, the keys that a producer takes, and the keys that a
    consumer returns; a generated record class declares them.

    Args:
        schema: The text of the ``.avsc`` file.
        references: The texts of other schemas whose named types it uses, each after those that it
        needs itself.
        types: The classes of the named types that other contracts share.
        topic: The topic of its records, or None.
        key: The name of the field that is the message key, or None.
        key_schema: The text of an Avro schema for message keys, or None.
        key_references: Like ``references``, for the key schema.
        key_types: Like ``types``, for the key schema.
        partitions: The number of partitions for a new topic, or None.
        compatibility: The compatibility level of its subject, such as ``"BACKWARD"``, or None.

    Example:
        >>> Contract('{"type": "record", "name": "Ping", "fields": []}').schema.name
        'Ping'
    """

    def __init__(  # noqa: PLR0913 - each is one fact of the contract, given by name
        self,
        schema: str,
        *,
        references: tuple[str, ...] = (),
        types: tuple[type, ...] = (),
        topic: str | None = None,
        key: str | None = None,
        key_schema: str | None = None,
        key_references: tuple[str, ...] = (),
        key_types: tuple[type, ...] = (),
        partitions: int | None = None,
        compatibility: str | None = None,
    ) -> None:
        self._schema_text = schema
        self._reference_texts = references
        self._keys: Contract | None = None
        if key_schema is not None:
            self._keys = Contract(key_schema, references=key_references, types=key_types)
        self._types: dict[str, type] = {_mark_of(cls)[1]: cls for cls in types}
        self.topic = topic
        self.key = key
        self.partitions = partitions
        self.compatibility = compatibility

    def __repr__(self) -> str:
        return f"<Contract of {', '.join(self._types) or 'no class'}, topic {self.topic!r}>"

    @functools.cached_property
    def schema(self) -> Schema:
        """The schema of the records, parsed once."""
        return _parse(self._schema_text, self._reference_texts)

    @property
    def key_schema(self) -> Schema | None:
        """The schema of the keys, parsed once, or None."""
        return None if self._keys is None else self._keys.schema

    @property
    def keys(self) -> Contract:
        """The keys as a contract of their own: its schema is the key schema, its types theirs.

        Raises:
            ConfigurationError: There is no key schema.

        Example:
            >>> Contract('{"type": "map", "values": "int"}', key_schema='"long"').keys.schema.json
            '"long"'
        """
        if self._keys is None:
            raise ConfigurationError(f"{self!r} has no key schema: give it one with key_schema=")
        return self._keys

    @property
    def types(self) -> Mapping[str, type]:
        """The class of each named type, by full name."""
        return MappingProxyType(self._types)

    def sends_alike(self, other: Contract) -> bool:
        """Whether a record becomes the same message with both: same schema, same kind of key."""
        return self._message_texts == other._message_texts

    @functools.cached_property
    def _message_texts(self) -> tuple[object, ...]:
        keys = () if self._keys is None else (self._keys.schema.inlined_json,)
        return self._schema_text, self._reference_texts, self.key, *keys

    def record(self, full_name: str) -> Callable[[_Class], _Class]:
        """Bind an attrs class to the record of that full name; attribute i is field i."""
        bind = self._bind(full_name)

        def bind_and_announce(cls: _Class) -> _Class:
            announce(bind(cls))
            return cls

        return bind_and_announce

    def enum(self, full_name: str) -> Callable[[_Class], _Class]:
        """Bind an enum class to the enum of that full name; member values are its symbols."""
        return self._bind(full_name)

    def _bind(self, full_name: str) -> Callable[[_Class], _Class]:
        def bind(cls: _Class) -> _Class:
            setattr(cls, MARK, self)
            setattr(cls, NAME, full_name)
            self._types[full_name] = cls
            return cls

        return bind


if TYPE_CHECKING:

    class RecordClass(Protocol[Value_co, Sent_contra, Read_co]):
        """A generated record class, which refers to its contract."""

        @property
        def __contract__(self) -> Contract[Value_co, Sent_contra, Read_co]: ...
        def __call__(self, *args: Any, **kwargs: Any) -> object: ...  # no instance of it


def _parse(text: str, references: tuple[str, ...]) -> Schema:
    known: list[Schema] = []
    for reference in references:
        known.append(parse_schema(reference, references=tuple(known)))
    return parse_schema(text, references=tuple(known))


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
    if not isinstance(cls, type):
        raise ArgumentError("record", cls, "a generated class")
    mark, name = cls.__dict__.get(MARK), cls.__dict__.get(NAME)
    if not isinstance(mark, (Contract, SharedType)) or not isinstance(name, str):
        raise ConfigurationError(
            f"{cls.__module__}.{cls.__qualname__} is no record class: it was not generated from "
            f"a schema (streamcontract generate), nor is it bound with Contract.record"
        )
    return mark, name


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
