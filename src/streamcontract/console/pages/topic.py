"""One topic: what each of its pages begins with, and its configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from streamcontract.console.pages.shown import property_in_words
from streamcontract.console.pages.topics import contracts_by_topic
from streamcontract.errors import ConfigurationError, RegistryError
from streamcontract.kafka.admin.describe import properties_of, topics_of
from streamcontract.kafka.dead_letters.dead_letter import SUFFIX
from streamcontract.registry.subjects import topic_name_strategy

if TYPE_CHECKING:
    from streamcontract.console.sources import Sources
    from streamcontract.kafka.admin.describe import TopicState

__all__ = ["Configuration", "Head", "Property", "configuration_page", "head_of"]


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
class Property:
    """One property of a topic.

    Attributes:
        name: Its name.
        value: Its value.
        words: A number in larger units, or ``""``.
        is_own: Whether it is set for this topic; else it is the brokers'.
    """

    name: str
    value: str
    words: str
    is_own: bool


@attrs.frozen
class Configuration:
    """The configuration of a topic.

    Attributes:
        properties: Those that are set for the topic first; none where the brokers do not return
            them.
    """

    properties: tuple[Property, ...]


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


def configuration_page(head: Head, sources: Sources) -> Configuration:
    """The configuration of a topic.

    Raises:
        ClientError: The brokers did not answer.
    """
    found = (
        Property(
            each.name, each.value or "", property_in_words(each.name, each.value or ""), each.is_own
        )
        for each in properties_of(sources.cluster, head.name)
    )
    return Configuration(tuple(sorted(found, key=lambda each: (not each.is_own, each.name))))
