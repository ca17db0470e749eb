"""Deserializers of a project's topics, from ``streamcontract.toml`` and without classes."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from streamcontract.codec import Codec
from streamcontract.errors import ConfigurationError
from streamcontract.kafka.contract.binding import Binding
from streamcontract.kafka.contract.dispatch import RecordsBinding, merge_bindings
from streamcontract.kafka.contract.keys import key_codec, raw_key_codec
from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
from streamcontract.schema import parse_schema

if TYPE_CHECKING:
    from streamcontract.kafka.connection.config import Settings
    from streamcontract.kafka.contract.keys import KeyCodec
    from streamcontract.project import ContractConfig, Project
    from streamcontract.registry import SchemaRegistry

__all__ = ["project_readers"]


def project_readers(
    project: Project, registry: SchemaRegistry, settings: Settings
) -> dict[str, TopicDeserializer[Any]]:
    """A deserializer of plain values for each topic of the project's contracts.

    A topic of several contracts has several types.

    Args:
        project: The project.
        registry: The registry; the caller closes it.
        settings: The configuration of the client that reads.

    Raises:
        ConfigurationError: No contract has a topic, or a contract's key cannot be read.
        SchemaParseError: A schema breaks the Avro specification.
    """
    found: defaultdict[str, list[Binding[Any]]] = defaultdict(list)
    for contract in project.contracts:
        if contract.topic is not None:
            found[contract.topic].append(_bind(contract, contract.topic))
    if not found:
        raise ConfigurationError(f"no contract of {project.file} names a topic")
    return {
        topic: TopicDeserializer.configured(_merged(bindings), registry, settings)
        for topic, bindings in found.items()
    }


def _bind(contract: ContractConfig, topic: str) -> Binding[Any]:
    schema = parse_schema(contract.schema, folders=contract.folders)
    key: KeyCodec | Codec[Any]
    if contract.key_schema is not None:
        key = Codec(parse_schema(contract.key_schema, folders=contract.folders))
    elif contract.key is not None:
        key = key_codec(contract.key, schema, {})
    else:
        key = raw_key_codec()
    return Binding(topic, Codec(schema), key, None)


def _merged(bindings: list[Binding[Any]]) -> Binding[Any] | RecordsBinding[Any]:
    return bindings[0] if len(bindings) == 1 else merge_bindings(bindings)
