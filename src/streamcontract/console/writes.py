"""Writes of a console that may: a record, a topic, a replay of dead letters."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import attrs

from streamcontract.console.forms import parse_json
from streamcontract.console.pages.dead_letters import readers_for
from streamcontract.errors import ConfigurationError, StreamContractError
from streamcontract.kafka.admin.topics import ensure_topic
from streamcontract.kafka.dead_letters.replay import replay_dead_letters
from streamcontract.messages.envelopes import MARK, TYPE
from streamcontract.messages.keys import FieldKeys, SchemaKeys
from streamcontract.messages.topics import writer_of
from streamcontract.messages.values import Form
from streamcontract.messages.writing import Plan, Writing
from streamcontract.registry.subjects import topic_name_strategy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamcontract.console.sources import Sources
    from streamcontract.kafka.admin.topics import TopicOutcome
    from streamcontract.kafka.dead_letters.replay import Replayed
    from streamcontract.messages.keys import Keys
    from streamcontract.schema import Schema
    from streamcontract.schema.model import JsonValue

__all__ = ["Sent", "Target", "create_topic", "declared_partitions", "replay", "send", "target_of"]


@attrs.frozen(kw_only=True)
class Sent:
    """The result of sending one record.

    Attributes:
        is_sent: Whether the brokers have it.
        faults: What does not fit, by path; ``""`` for the record as a whole.
    """

    is_sent: bool
    faults: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Target:
    """What a record for a topic is checked against.

    Attributes:
        schema: The schema of its value: the contract's, else the registry's latest.
        contract: The name of the contract, or None.
        subject: The subject of the topic's values.
        key_in_words: What to fill in for its key.
    """

    schema: Schema
    contract: str | None
    subject: str
    key_in_words: str


def target_of(topic: str, sources: Sources, contract: str | None = None) -> Target:
    """What a record for a topic is checked against.

    Args:
        topic: The topic.
        sources: The registry and the project.
        contract: The contract, where the topic has several.

    Raises:
        ConfigurationError: There is no schema, or there are several contracts.
        RegistryError: The registry did not answer.
    """
    found = writer_of(
        topic, sources.project(), sources.registry, sources.settings, Form(), contract=contract
    )
    subject = topic_name_strategy(topic, is_key=False)
    if found is None or found.schema is None:
        raise ConfigurationError(
            f"There is no schema for the topic {topic!r}: no contract names it, and the registry "
            f"has no subject {subject}. Name the topic in a contract of `streamcontract.toml`, or "
            f"register its schema: `streamcontract register`"
        )
    return Target(
        schema=found.schema,
        contract=found.contract,
        subject=subject,
        key_in_words=_key_in_words(found.keys),
    )


def _key_in_words(keys: Keys) -> str:
    match keys:
        case FieldKeys(field=field):
            return f"empty: the field {field}"
        case SchemaKeys():
            return "required: JSON, by the key's schema"
        case _:
            return "text; empty for none"


def send(
    topic: str, document: JsonValue, key: str, sources: Sources, contract: str | None = None
) -> Sent:
    """Check a record against the contract, and send it if it fits.

    Args:
        topic: The topic.
        document: The record as plain JSON.
        key: The key as text or JSON; ``""`` for that of the contract, or none.
        sources: The brokers, the registry and the project.
        contract: The contract, where the topic has several.

    Raises:
        StreamContractError: The record could not be sent.
    """
    envelope: dict[str, Any] = {TYPE: MARK, "value": document}
    if key:
        envelope["key"] = _key(key)
    plan = Plan(topic=topic, contract=contract, kind="messages")
    with Writing(plan, sources.config, sources.project()) as writing:
        line = json.dumps(envelope).encode()
        faults = [fault for error in writing.check([line]) for fault in error.faults]
        if faults:
            return Sent(is_sent=False, faults={fault.path: str(fault) for fault in faults})
        writing.require_brokers()
        sent = writing.send()
    failed = "; ".join(each.reason for each in sent.failures)
    return Sent(is_sent=not failed, faults={"": failed} if failed else {})


def _key(text: str) -> JsonValue:
    """A key: JSON where it is an object or a number, else text."""
    try:
        found = parse_json(text)
    except ValueError:
        return text
    return found if isinstance(found, dict | int) and not isinstance(found, bool) else text


def declared_partitions(topic: str, sources: Sources) -> int | None:
    """The partitions that the topic's contract asks for, as `streamcontract topics create` does."""
    project = sources.project()
    contracts = () if project is None else project.contracts
    found = (each.partitions for each in contracts if each.topic == topic)
    return next((each for each in found if each is not None), None)


def create_topic(name: str, partitions: str, sources: Sources) -> TopicOutcome:
    """Create a topic unless it exists.

    Args:
        name: The topic.
        partitions: Their number; ``""`` for that of the topic's contract, else the brokers'.
        sources: The brokers and the project.

    Raises:
        ConfigurationError: The name or the number cannot be used.
        TopicError: The brokers refused, or did not answer.
    """
    if partitions and not re.fullmatch(r"[0-9]{1,10}", partitions):
        raise ConfigurationError(f"{partitions!r} is no number of partitions")
    count = int(partitions) if partitions else declared_partitions(name, sources)
    return ensure_topic(name, sources.config, partitions=count, timeout=10.0)


def replay(topic: str, sources: Sources) -> Replayed:
    """Send the dead letters of a topic back that can be read now.

    Raises:
        StreamContractError: There is no project with contracts, or the replay failed.
    """
    readers = readers_for(sources.project(), sources)
    if not readers:
        raise StreamContractError("no contract here names a topic, so nothing could be read")
    return replay_dead_letters(topic, readers, sources.config)
