"""Differences of a contract from the brokers and the registry."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal

import attrs

from streamcontract.console.pages.contracts import parsed
from streamcontract.console.pages.shown import Link, Notice
from streamcontract.errors import ClientError, RegistryError, SchemaParseError, last_word
from streamcontract.kafka.admin.describe import list_cluster
from streamcontract.registry.errors import SchemaNotFoundError, SubjectNotFoundError
from streamcontract.registry.subjects import topic_name_strategy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from streamcontract.console.sources import Sources
    from streamcontract.kafka.admin.describe import TopicListing
    from streamcontract.project import ContractConfig
    from streamcontract.registry import SchemaRegistry
    from streamcontract.schema import Schema

__all__ = [
    "ContractSides",
    "Registration",
    "registration",
    "registry_notices",
    "sides_of",
    "topic_notices",
]


@attrs.frozen
class Registration:
    """Whether the registry has a contract's schema.

    Attributes:
        kind: The kind of notice: ``"warn"`` where it has another as the latest, or none.
        words: It in words.
        version: The version that it is registered as, or None.
        fault: Why the registry did not answer, or ``""``.
    """

    kind: Literal["bad", "warn", "good", "note"]
    words: str
    version: int | None = None
    fault: str = ""


@attrs.frozen(kw_only=True)
class ContractSides:
    """What brokers and registry have of a contract.

    Attributes:
        registered: Whether the registry has its schema; None where the schema is not valid.
        topic: The topic; None if there is none, or the brokers do not answer.
        notices: What is wrong with the topic, and what did not answer.
    """

    registered: Registration | None
    topic: TopicListing | None
    notices: tuple[Notice, ...]


def sides_of(contract: ContractConfig, sources: Sources) -> ContractSides:
    """What brokers and registry have of a contract; where neither answers, it waits once."""
    schema = parsed(contract)
    with ThreadPoolExecutor(1) as other:
        asked = other.submit(_topic_of, contract, sources)
        registered = None
        if not isinstance(schema, SchemaParseError):
            registered = registration(contract, schema, sources.registry)
        topic, notices = asked.result()
    if registered is not None and registered.fault:
        title = "The registry does not answer"
        notices = (*notices, Notice("bad", title, registered.fault))
    return ContractSides(registered=registered, topic=topic, notices=notices)


def _topic_of(
    contract: ContractConfig, sources: Sources
) -> tuple[TopicListing | None, tuple[Notice, ...]]:
    if contract.topic is None:
        return None, ()
    try:
        listed = {each.name: each for each in list_cluster(sources.cluster).topics}
    except ClientError as error:
        return None, (Notice("bad", f"{sources.brokers} does not answer", str(error)),)
    return listed.get(contract.topic), tuple(topic_notices(contract, listed))


def topic_notices(contract: ContractConfig, listed: Mapping[str, TopicListing]) -> Iterator[Notice]:
    """Where a contract and the topics of a cluster differ."""
    topic = contract.topic
    if topic is None:
        return
    found = listed.get(topic)
    if found is None:
        text = f"Create it with: `streamcontract topics create {last_word(topic)}`"
        link = Link("topics/new", "Create it here", {"name": topic}, writes=True)
        yield Notice("warn", f"Contract {contract.name}: there is no topic {topic}", text, link)
    elif contract.partitions not in {None, found.partitions}:
        text = f"It has {found.partitions}, and the contract asks for {contract.partitions}"
        link = Link("topic/partitions", "Look at it", {"name": topic})
        yield Notice("warn", f"Topic {topic} has another number of partitions", text, link)


def registry_notices(name: str, registered: Registration) -> Iterator[Notice]:
    """Where a contract and the registry differ."""
    kind, words = registered.kind, registered.words
    link = Link("contract", "Look at it", {"name": name})
    if kind == "warn":
        text = f"{words[:1].upper()}{words[1:]}"
        title = "differs from the registry" if registered.version else "is not registered"
        yield Notice("warn", f"Contract {name} {title}", text, link)
    elif kind == "bad":
        yield Notice(
            "bad", f"Contract {name} was not looked up in the registry", registered.fault, link
        )


def registration(
    contract: ContractConfig, schema: Schema, registry: SchemaRegistry
) -> Registration:
    """Whether the registry has a contract's schema."""
    if contract.topic is None:
        return Registration("note", "not registered, because it has no topic")
    subject = topic_name_strategy(contract.topic, is_key=False)
    try:
        found = registry.lookup(subject, schema)
        latest = registry.describe_version(subject)
    except (SubjectNotFoundError, SchemaNotFoundError):
        return Registration("warn", "not registered yet; `streamcontract register` does it")
    except RegistryError as error:
        return Registration("bad", "not known", fault=str(error))
    version = found.version
    if version == latest.version:
        return Registration(
            "good", f"registered as version {version} of {subject}, the latest", version
        )
    words = f"version {version} of {subject}, but its latest is {latest.version}"
    return Registration("warn", words, version)
