"""Bindings of a producer or consumer to a contract: its codec, key and topic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import attrs

from streamcontract.codec import Codec, Contract
from streamcontract.codec.bindings import contracts_of
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

__all__ = ["Binding", "bind", "bind_each", "checked_topic"]

T = TypeVar("T")

SchemaSource: TypeAlias = Schema | str | dict[str, Any] | list[Any] | Path
"""A schema, or what one is parsed from."""


@attrs.frozen
class Binding(Generic[T]):
    """A contract, ready for clients to use.

    Attributes:
        topic: The topic.
        codec: The codec of the values.
        key: The codec of the keys: plain bytes, or Avro with a schema of their own.
        derive: Takes the key from a record, or None if the contract has no key field.
        contract: The contract; None for a schema alone.
    """

    topic: str
    codec: Codec[T]
    key: KeyCodec | Codec[Any]
    derive: Callable[[T], Any] | None
    contract: Contract | None = None

    def sends_alike(self, other: Binding[T]) -> bool:
        """Whether a record becomes the same message with both."""
        if self.contract is None or other.contract is None:
            return False
        return self.contract.sends_alike(other.contract)


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
        topic: Replaces the contract's topic; needed if it has none.
        record: A generated class, instead of a contract.
        schema: A schema, instead of a contract; values are plain then.

    Raises:
        ConfigurationError: Not exactly one of the three is given, no topic is known, the class is
        the record of several contracts and the topic does not determine one, or the contract's
        key field cannot be a key.
        SchemaParseError: The schema breaks the Avro specification.
    """
    if sum(given is not None for given in (contract, record, schema)) != 1:
        raise ConfigurationError(
            "give exactly one of record= (a generated class) and schema=, or use a generated "
            "client such as StockProducer, which has its contract as class attribute `contract`"
        )
    topic = checked_topic(topic)
    if schema is not None:
        parsed = schema if isinstance(schema, Schema) else parse_schema(schema)
        return Binding(_known(topic), Codec(parsed), raw_key_codec(), None)
    if record is not None:
        contract = _contract_for(record, topic)
        if contract is None:
            # A type inside a record: topic and key belong to the contract's own record.
            return Binding(_known(topic), Codec(record), raw_key_codec(), None)
    if contract is None:
        raise AssertionError("exactly one of contract, record and schema is given")
    return _bind_contract(contract, _known(contract.topic if topic is None else topic))


def bind_each(
    records: Sequence[type[Any]], topic: str | None
) -> dict[type[Any] | None, tuple[Binding[Any], ...]]:
    """Bind a client to several generated classes, each with topic and key of its contracts.

    Args:
        records: The classes.
        topic: The topic of all of them, instead of the contracts' topics.

    Returns:
        The contracts of each class, that of ``topic`` first.

    Raises:
        ConfigurationError: There are none, one occurs twice, or a contract has no topic.
    """
    given: Any = records
    if not isinstance(given, Sequence) or not all(isinstance(each, type) for each in given):
        raise ArgumentError("records", records, "a list of generated classes")
    if not records or len(set(records)) != len(records):
        raise ArgumentError("records", records, "generated classes, at least one and each once")
    topic = checked_topic(topic)
    return {each: _bind_all(each, topic) for each in records}


def _bind_all(record: type[Any], topic: str | None) -> tuple[Binding[Any], ...]:
    contracts = contracts_of(record)
    if len(contracts) <= 1:
        return (bind(None, topic=topic, record=record, schema=None),)
    topics = dict.fromkeys(each.topic for each in contracts.values())
    if topic is not None:
        topics = dict.fromkeys((topic, *filter(None, topics)))
    return tuple(bind(None, topic=each, record=record, schema=None) for each in topics)


def _contract_for(record: type[Any], topic: str | None) -> Contract | None:
    """The contract of a record class; None for a type inside records.

    Raises:
        ConfigurationError: There are several, and they differ.
    """
    contracts = contracts_of(record)
    if topic is None:
        # Without a given topic, the contracts have to have a common one.
        is_clear = len({each.topic for each in contracts.values()}) <= 1
        fitting = list(contracts.values())
    else:
        is_clear = True
        fitting = [each for each in contracts.values() if each.topic == topic]
        fitting = fitting or list(contracts.values())
    if is_clear and all(each.sends_alike(fitting[0]) for each in fitting):
        return fitting[0] if fitting else None
    raise ConfigurationError(_which(record, contracts, topic))


def _which(record: type[Any], contracts: Mapping[str, Contract], topic: str | None) -> str:
    """The possible contracts, for an error."""
    named = [
        f"{name!r} ({'no topic' if each.topic is None else f'topic {each.topic!r}'})"
        for name, each in contracts.items()
    ]
    listed = f"{', '.join(named[:-1])} and {named[-1]}"
    is_told_apart = len({each.topic for each in contracts.values()}) == len(contracts)
    if topic is None and is_told_apart:
        advice = "choose one with topic=, or use a client of one"
    elif topic is None:
        advice = "use a client of one"
    else:
        advice = f"which differ, and topic= is {topic!r}: use a client of one, with topic="
    package = record.__module__.rpartition(".")[0]
    module = f"{package}.{next(iter(contracts))}".lstrip(".")
    return (
        f"{record.__name__} is the record of several contracts, {listed}: {advice}, such as the "
        f"producer in {module}"
    )


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
    return Binding(topic, Codec(contract), key, derive, contract)


def checked_topic(topic: str | None) -> str | None:
    """The ``topic=`` of a client, checked before anything is made of it.

    Raises:
        ConfigurationError: It is not text, or empty.
        ArgumentError: It contains a NUL or half a surrogate pair.
    """
    if topic is None:
        return None
    if not isinstance(topic, str):
        raise ConfigurationError(f"topic= is the name of one topic, not {shown(topic)}")
    if not topic:
        raise ConfigurationError("topic= is empty: name a topic, or leave it out")
    return text(topic, "topic")


def _known(topic: str | None) -> str:
    known = checked_topic(topic)
    if known is None:
        raise ConfigurationError("no topic: the contract names none, so give one with topic=")
    return known
