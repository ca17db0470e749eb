"""Contracts as generated modules declare them, and the classes that they bind to named types."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from streamcontract._bound_classes import announce
from streamcontract._lazy import Later
from streamcontract.errors import ArgumentError, ConfigurationError

__all__ = ["MARK", "NAME", "Contract", "full_name_of"]

MARK: Final = "__contract__"
"""The attribute of a generated class that has its contract, or contracts."""
NAME: Final = "__avro_name__"
"""The attribute of a generated class that is the full name of its type."""

_Class = TypeVar("_Class", bound=type)

if TYPE_CHECKING:
    from typing_extensions import TypeVar as TypeVarWithDefault  # PEP 696, for type checkers alone

    from streamcontract import schema as schemas

    Value_co = TypeVarWithDefault("Value_co", default=Any, covariant=True)
    Sent_contra = TypeVarWithDefault("Sent_contra", default=Any, contravariant=True)
    Read_co = TypeVarWithDefault("Read_co", default=Any, covariant=True)
else:
    schemas = Later("streamcontract.schema")
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
        self._types: dict[str, type] = {full_name_of(cls): cls for cls in types}
        self.topic = topic
        self.key = key
        self.partitions = partitions
        self.compatibility = compatibility

    def __repr__(self) -> str:
        return f"<Contract of {', '.join(self._types) or 'no class'}, topic {self.topic!r}>"

    @functools.cached_property
    def schema(self) -> schemas.Schema:
        """The schema of the records, parsed once."""
        return _parse(self._schema_text, self._reference_texts)

    @property
    def key_schema(self) -> schemas.Schema | None:
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


def _parse(text: str, references: tuple[str, ...]) -> schemas.Schema:
    # Importing a generated module is no use of the parser yet.
    from streamcontract.schema.parse import parse_schema  # noqa: PLC0415

    known: list[schemas.Schema] = []
    for reference in references:
        known.append(parse_schema(reference, references=tuple(known)))
    return parse_schema(text, references=tuple(known))


def full_name_of(cls: type) -> str:
    """The full name of the type that a generated class stands for.

    Raises:
        ArgumentError: It is not a class.
        ConfigurationError: The class was not generated from a schema.
    """
    if not isinstance(cls, type):
        raise ArgumentError("record", cls, "a generated class")
    name = cls.__dict__.get(NAME)
    if not isinstance(name, str) or MARK not in cls.__dict__:
        raise ConfigurationError(
            f"{cls.__module__}.{cls.__qualname__} is no record class: it was not generated from "
            f"a schema (streamcontract generate), nor is it bound with Contract.record"
        )
    return name
