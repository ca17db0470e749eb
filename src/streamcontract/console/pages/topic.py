"""One topic: its partitions, consumer groups and configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from streamcontract.console.pages.shown import Notice
from streamcontract.console.pages.topics import contracts_by_topic
from streamcontract.errors import ClientError, ConfigurationError, RegistryError
from streamcontract.kafka.admin.describe import groups_of, topics_of
from streamcontract.kafka.dead_letters.dead_letter import SUFFIX
from streamcontract.registry.subjects import topic_name_strategy

if TYPE_CHECKING:
    from streamcontract.console.sources import Sources
    from streamcontract.kafka.admin.describe import GroupState, TopicState

__all__ = ["Configuration", "Groups", "Head", "configuration_page", "groups_page", "head_of"]


@attrs.frozen(kw_only=True)
class Head:
    """What every page of a topic begins with.

    Attributes:
        name: The topic.
        state: Its partitions.
        contracts: The contracts that name it.
        subject: The subject of its values, or None if the registry has none.
        is_dead_letters: Whether its name is that of a dead letter topic.
        is_embedded: Whether the brokers are the embedded one.
    """

    name: str
    state: TopicState
    contracts: tuple[str, ...]
    subject: str | None
    is_dead_letters: bool
    is_embedded: bool


@attrs.frozen
class Groups:
    """The consumer groups of a topic.

    Attributes:
        groups: Their committed offsets; None where the brokers cannot list groups.
        notices: What failed.
    """

    groups: tuple[GroupState, ...] | None
    notices: tuple[Notice, ...] = ()


@attrs.frozen
class Configuration:
    """The configuration of a topic.

    Attributes:
        properties: The values by name; empty where the brokers do not return them.
    """

    properties: tuple[tuple[str, str], ...]


def head_of(name: str, sources: Sources) -> Head:
    """The head of a topic's pages.

    Raises:
        ConfigurationError: The name is empty.
        ClientError: The brokers did not answer, or there is no such topic.
    """
    if not name:
        raise ConfigurationError("the address names no topic")
    found = topics_of(sources.cluster, [name])
    subject: str | None = topic_name_strategy(name, is_key=False)
    try:
        sources.registry.versions(subject or "")
    except RegistryError:
        subject = None
    return Head(
        name=name,
        state=found.topics[0],
        contracts=tuple(contracts_by_topic(sources).get(name, ())),
        subject=subject,
        is_dead_letters=name.endswith(SUFFIX),
        is_embedded=found.is_embedded,
    )


def groups_page(head: Head, sources: Sources) -> Groups:
    """The groups that have committed offsets in a topic."""
    if head.is_embedded:
        text = "Name one on the command line: `streamcontract groups describe GROUP`"
        return Groups(None, (Notice("note", "The embedded broker cannot list groups", text),))
    try:
        return Groups(groups_of(sources.cluster, head.state))
    except ClientError as error:
        return Groups(None, (Notice("bad", "The groups were not listed", str(error)),))


def configuration_page(head: Head, sources: Sources) -> Configuration:
    """The configuration of a topic.

    Raises:
        ClientError: The brokers did not answer.
    """
    found = sources.cluster.topic_properties(head.name)
    return Configuration(tuple(sorted((name, value or "") for name, value in found.items())))
