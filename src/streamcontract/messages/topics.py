"""Schemas and keys of a topic: those of the project's contracts, else those of the registry."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import attrs

from streamcontract.errors import ConfigurationError
from streamcontract.kafka.contract.binding import Binding
from streamcontract.kafka.contract.dispatch import RecordsBinding, merge_bindings
from streamcontract.messages.keys import FieldKeys, RawKeys, SchemaKeys
from streamcontract.messages.values import DocumentCodec, EncodedCodec, Form, WrittenCodec
from streamcontract.registry.errors import SubjectNotFoundError
from streamcontract.registry.subjects import topic_name_strategy
from streamcontract.schema import parse_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamcontract.kafka.connection.config import Settings
    from streamcontract.messages.keys import Keys
    from streamcontract.project import ContractConfig, Project
    from streamcontract.registry import SchemaRegistry
    from streamcontract.schema import Schema

__all__ = [
    "TopicSchemas",
    "no_schema",
    "readers_of",
    "readers_without_registry",
    "schema_of",
    "writer_of",
]


@attrs.frozen
class TopicSchemas:
    """What is known of the messages of a topic.

    Attributes:
        topic: The topic.
        contract: The name of its contract; None where the registry's schema counts.
        schema: The schema of the values; None where each message's own counts.
        keys: Its keys.
        binding: What a consumer reads it with, or a producer writes.
        is_registered: Whether the schema is the registry's, for this topic.
    """

    topic: str
    contract: str | None
    schema: Schema | None
    keys: Keys
    binding: Binding[Any] | RecordsBinding[Any]
    is_registered: bool = False


def _parsed(contract: ContractConfig) -> Schema:
    return parse_schema(contract.schema, folders=contract.folders)


def _keys_of(contract: ContractConfig, schema: Schema, form: Form) -> Keys:
    if contract.key_schema is not None:
        return SchemaKeys(parse_schema(contract.key_schema, folders=contract.folders), form)
    if contract.key is not None:
        return FieldKeys(contract.key, schema, form.encoding)
    return RawKeys()


def _contracts_of(topic: str, project: Project | None) -> list[ContractConfig]:
    contracts = () if project is None else project.contracts
    return [each for each in contracts if each.topic == topic]


def readers_of(
    topic: str,
    project: Project | None,
    registry: SchemaRegistry,
    settings: Settings,
    form: Form,
    *,
    latest: bool = False,
) -> TopicSchemas:
    """What the messages of a topic are read with.

    Args:
        topic: The topic.
        project: The project, if there is one: its contracts of the topic count.
        registry: Without a contract, each message is read with the schema that it was written with.
        settings: The client's.
        form: How values are read.
        latest: Whether the latest schema of the topic's subject reads all messages of a topic
            without a contract, if there is one.

    Raises:
        SchemaParseError: A contract's schema breaks the Avro specification.
        ConfigurationError: A contract's key cannot be read, or the condition fits no schema.
        RegistryError: The registry did not answer.
    """
    contracts = _contracts_of(topic, project)
    if not contracts:
        return _without_contract(topic, registry, settings, form, reads_latest=latest)
    bindings: list[Binding[Any]] = []
    found: list[TopicSchemas] = []
    for contract in contracts:
        schema = _parsed(contract)
        keys = _keys_of(contract, schema, form)
        bindings.append(Binding(topic, DocumentCodec(schema, form), keys.reading, None))
        found.append(TopicSchemas(topic, contract.name, schema, keys, bindings[-1]))
    if len(found) == 1:
        return found[0]
    names = ", ".join(each.name for each in contracts)
    return TopicSchemas(topic, names, None, found[0].keys, merge_bindings(bindings))


def _without_contract(
    topic: str, registry: SchemaRegistry, settings: Settings, form: Form, *, reads_latest: bool
) -> TopicSchemas:
    codec: WrittenCodec | DocumentCodec = WrittenCodec(form)
    latest = None
    if form.where is not None or reads_latest:
        latest = _latest(topic, registry, settings, is_key=False)
        if latest is not None:
            of_latest = DocumentCodec(latest, form)  # a wrong condition is reported before a read
            codec = of_latest if reads_latest else codec
    key_schema = _latest(topic, registry, settings, is_key=True)
    keys: Keys = RawKeys() if key_schema is None else SchemaKeys(key_schema, form)
    binding: Binding[Any] = Binding(topic, codec, keys.reading, None)
    schema = latest if reads_latest else None
    return TopicSchemas(topic, None, schema, keys, binding, schema is not None)


def readers_without_registry(topic: str, form: Form) -> TopicSchemas:
    """What the messages of a topic without a contract are read with while no registry answers."""
    keys = RawKeys()
    binding: Binding[Any] = Binding(topic, WrittenCodec(form), keys.reading, None)
    return TopicSchemas(topic, None, None, keys, binding)


def _latest(
    topic: str, registry: SchemaRegistry, settings: Settings, *, is_key: bool
) -> Schema | None:
    """The latest schema of the topic's subject; None where it has none that the topic names."""
    strategy = settings.subject_name_strategy
    if strategy is not topic_name_strategy:
        return None
    try:
        return registry.version(strategy(topic, None, is_key=is_key)).schema
    except SubjectNotFoundError:
        return None


def writer_of(
    topic: str,
    project: Project | None,
    registry: SchemaRegistry,
    settings: Settings,
    form: Form,
    *,
    contract: str | None = None,
    key: str | None = None,
    source: str | None = None,
) -> TopicSchemas | None:
    """What the messages of a topic are written with; None where nothing is known of it.

    Args:
        topic: The topic.
        project: The project, if there is one: its contract of the topic counts.
        registry: Without a contract, the latest schema of the topic's subject counts.
        settings: The client's.
        form: How values are read from JSON.
        contract: The name of the contract, instead of the topic's.
        key: The field of the value that gives the key, instead of the contract's.
        source: A topic whose contract, or schema, counts instead.

    Raises:
        ConfigurationError: There are several contracts, or the key cannot be one.
        SchemaParseError: A contract's schema breaks the Avro specification.
        RegistryError: The registry did not answer.
    """
    of_topic = topic if source is None else source
    chosen = _chosen(of_topic, project, contract)
    schema = _schema_for(of_topic, chosen, registry, settings)
    if schema is None:
        return None
    keys: Keys
    if chosen is not None:
        keys = _keys_of(chosen, schema, form)
    else:
        key_schema = _latest(of_topic, registry, settings, is_key=True)
        keys = RawKeys() if key_schema is None else SchemaKeys(key_schema, form)
    if key is not None:
        keys = FieldKeys(key, schema, form.encoding)
    binding: Binding[Any] = Binding(topic, EncodedCodec(schema), keys.writing, None)
    name = None if chosen is None else chosen.name
    return TopicSchemas(topic, name, schema, keys, binding, chosen is None and source is None)


def schema_of(
    topic: str,
    project: Project | None,
    registry: SchemaRegistry,
    settings: Settings,
    *,
    contract: str | None = None,
) -> Schema:
    """The one schema that all values of a topic are read with.

    Args:
        topic: The topic.
        project: The project, if there is one: its contract of the topic counts.
        registry: Without a contract, the latest schema of the topic's subject counts.
        settings: The client's.
        contract: The name of the contract, instead of the topic's.

    Raises:
        ConfigurationError: There are several contracts, or there is no schema.
        SchemaParseError: A contract's schema breaks the Avro specification.
        RegistryError: The registry did not answer.
    """
    chosen = _chosen(topic, project, contract)
    schema = _schema_for(topic, chosen, registry, settings)
    if schema is None:
        raise no_schema(topic, registry)
    return schema


def _schema_for(
    topic: str, contract: ContractConfig | None, registry: SchemaRegistry, settings: Settings
) -> Schema | None:
    if contract is None:
        return _latest(topic, registry, settings, is_key=False)
    return _parsed(contract)


def no_schema(topic: str, registry: SchemaRegistry) -> ConfigurationError:
    """The error that nothing is known of a topic."""
    return ConfigurationError(
        f"there is no schema for topic {topic!r}: no contract of a project here names it, and "
        f"the registry has no subject {topic}-value{_near(topic, registry)}. Name the topic in a "
        "contract, choose one with --contract, or register a schema for it"
    )


def _chosen(topic: str, project: Project | None, name: str | None) -> ContractConfig | None:
    if name is not None:
        if project is None:
            raise ConfigurationError(f"there is no project file with a contract {name!r} here")
        return project.contract(name)
    contracts = _contracts_of(topic, project)
    if len(contracts) > 1:
        names = ", ".join(each.name for each in contracts)
        raise ConfigurationError(
            f"topic {topic!r} has several contracts ({names}): choose one with --contract"
        )
    return contracts[0] if contracts else None


def _near(topic: str, registry: SchemaRegistry) -> str:
    known: Sequence[str] = [
        each.removesuffix("-value") for each in registry.subjects() if each.endswith("-value")
    ]
    near = difflib.get_close_matches(topic, known, n=1)
    return f"; did you mean topic {near[0]!r}?" if near else ""
