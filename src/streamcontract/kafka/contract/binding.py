"""Bindings of a producer or consumer to a contract: its codec, key and topic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from streamcontract.codec import Codec, Contract
from streamcontract.codec.contract import contract_of
from streamcontract.errors import ArgumentError, ConfigurationError, shown
from streamcontract.guards import text
from streamcontract.kafka.contract.keys import (
    AvroKeyCodec,
    KeyCodec,
    field_getter,
    key_codec,
    raw_key_codec,
)
from streamcontract.schema import Schema, parse_schema

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import TypeAlias

    SchemaSource: TypeAlias = Schema | str | dict[str, Any] | list[Any] | Path

__all__ = ["Binding", "bind", "bind_each"]

T = TypeVar("T")


@attrs.frozen
class Binding(Generic[T]):
    """A contract, ready for clients to use.

    Attributes:
        topic: The topic.
        codec: Writes and reads the values.
        key: How keys travel: as plain bytes, or as Avro of a schema of their own.
        derive: Takes the key out of a record, or None where the contract names no key field.
    """

    topic: str
    codec: Codec[T]
    key: KeyCodec | Codec[Any]
    derive: Callable[[T], Any] | None


def bind(
    contract: Contract | None,
    *,
    topic: str | None,
    record: type[T] | None,
    schema: SchemaSource | None,
) -> Binding[T]:
    """Bind a client to a contract, a record class or a schema.

    Args:
        contract: The class attribute ``contract`` of a generated client.
        topic: Replaces the contract's topic; needed where it names none.
        record: A generated class, instead of a contract.
        schema: A schema, instead of a contract; values are plain then.

    Raises:
        ConfigurationError: Not exactly one of the three is given, no topic is known, or the
            contract's key field cannot be a key.
        SchemaParseError: The schema breaks the Avro specification.
    """
    if sum(given is not None for given in (contract, record, schema)) != 1:
        raise ConfigurationError(
            "give exactly one of record= (a generated class) and schema=, or use a generated "
            "client such as StockProducer, whose class attribute `contract` says what it carries"
        )
    if schema is not None:
        parsed = schema if isinstance(schema, Schema) else parse_schema(schema)
        return Binding(_known(topic), Codec(parsed), raw_key_codec(), None)
    if record is not None:
        contract, name = contract_of(record)
        if name != contract.schema.name:
            # A type inside the contract: topic and key are those of the contract's own record.
            return Binding(_known(topic), Codec(record), raw_key_codec(), None)
    if contract is None:
        raise AssertionError("exactly one of contract, record and schema is given")
    return _bind_contract(contract, _known(contract.topic if topic is None else topic))


def bind_each(
    records: Sequence[type[Any]], topic: str | None
) -> dict[type[Any] | None, Binding[Any]]:
    """Bind a client to several generated classes, each with the topic and key of its contract.

    Args:
        records: The classes.
        topic: The topic of all of them, instead of their contracts'.

    Raises:
        ConfigurationError: There are none, one comes twice, or one's contract names no topic.
    """
    given: Any = records
    if not isinstance(given, Sequence) or not all(isinstance(each, type) for each in given):
        raise ArgumentError("records", records, "a list of generated classes")
    if not records or len(set(records)) != len(records):
        raise ArgumentError("records", records, "generated classes, at least one and each once")
    return {each: bind(None, topic=topic, record=each, schema=None) for each in records}


def _bind_contract(contract: Contract, topic: str) -> Binding[Any]:
    schema, types = contract.schema, contract.types
    derive = None
    if contract.key is not None:
        derive = field_getter(contract.key, schema, types.get(schema.name or ""))
    key: KeyCodec | Codec[Any]
    if contract.key_schema is not None:
        key = AvroKeyCodec(contract.keys)
    elif contract.key is not None:
        key = key_codec(contract.key, schema, types)
    else:
        key = raw_key_codec()
    return Binding(topic, Codec(contract), key, derive)


def _known(topic: str | None) -> str:
    if topic is None:
        raise ConfigurationError("no topic: the contract names none, so give one with topic=")
    if not isinstance(topic, str):
        raise ConfigurationError(f"topic= is the name of one topic, not {shown(topic)}")
    if not topic:
        raise ConfigurationError("topic= is empty: name a topic, or leave it out")
    return text(topic, "topic")
