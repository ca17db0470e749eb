"""Overview: brokers, topics, subjects and contracts, and everything that is unhealthy."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.console.pages.contracts import NO_PROJECT, parsed, project_notices
from streamcontract.console.pages.shown import Link, Notice
from streamcontract.console.pages.sides import (
    Registration,
    registration,
    registry_notices,
    topic_notices,
)
from streamcontract.console.pages.topics import health_of
from streamcontract.errors import ClientError, RegistryError, SchemaParseError
from streamcontract.kafka.admin.describe import list_cluster, offset_ranges
from streamcontract.kafka.dead_letters.dead_letter import SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from streamcontract.console.sources import Sources
    from streamcontract.kafka.admin.describe import ClusterListing, TopicListing
    from streamcontract.project import ContractConfig, Project

__all__ = ["ContractState", "Overview", "overview_page"]

_MOST: Final = 20
"""Unhealthy topics that are named one by one."""


@attrs.frozen(kw_only=True)
class ContractState:
    """One contract and its topic.

    Attributes:
        name: The contract.
        topic: Its topic, or None.
        partitions: The partitions of the topic, or None if there is no such topic.
        registered: Whether the registry has its schema.
    """

    name: str
    topic: str | None
    partitions: int | None
    registered: Registration


@attrs.frozen(kw_only=True)
class Overview:
    """The first page.

    Attributes:
        brokers: The brokers' addresses, as configured.
        cluster: The brokers and topics; None if they do not answer.
        topics: The number of topics, those that start with ``_`` not counted.
        partitions: The number of their partitions.
        registries: The registry's URLs.
        subjects: The number of subjects; None if the registry does not answer.
        level: The registry's compatibility level, or None.
        project: The project file with its folder, or None.
        contracts: The contracts.
        problems: What is unhealthy.
    """

    brokers: str
    cluster: ClusterListing | None
    topics: int
    partitions: int
    registries: tuple[str, ...]
    subjects: int | None
    level: str | None
    project: str | None
    contracts: tuple[ContractState, ...]
    problems: tuple[Notice, ...]


def overview_page(sources: Sources) -> Overview:
    """The state of everything, as far as it answers."""
    problems: list[Notice] = []
    with ThreadPoolExecutor(1) as other:  # where neither answers, the page waits once
        registry = other.submit(_registry, sources)
        cluster = _cluster(sources, problems)
        subjects, level, silent = registry.result()
    problems += silent
    project = sources.project()
    listed = {each.name: each for each in cluster.topics} if cluster is not None else {}
    own = [each for each in listed.values() if not each.name.startswith("_")]
    if cluster is not None:
        problems += _of_topics(listed)
        problems += _of_dead_letters(sources, listed)
    problems += (NO_PROJECT,) if project is None else project_notices(project)
    contracts = () if project is None else project.contracts
    states = [_state(each, sources, listed, answers=subjects is not None) for each in contracts]
    for contract, state in zip(contracts, states, strict=True):
        problems += _of_contract(contract, state, None if cluster is None else listed)
    return Overview(
        brokers=sources.brokers,
        cluster=cluster,
        topics=len(own),
        partitions=sum(each.partitions for each in own),
        registries=sources.registry.urls,
        subjects=subjects,
        level=level,
        project=_file(project),
        contracts=tuple(states),
        problems=tuple(problems),
    )


def _file(project: Project | None) -> str | None:
    return None if project is None else f"{project.root.name}/{project.file.name}"


def _cluster(sources: Sources, problems: list[Notice]) -> ClusterListing | None:
    try:
        return list_cluster(sources.cluster)
    except ClientError as error:
        problems.append(Notice("bad", f"{sources.brokers} does not answer", str(error)))
        return None


def _registry(sources: Sources) -> tuple[int | None, str | None, tuple[Notice, ...]]:
    try:
        return len(sources.registry.subjects()), sources.registry.compatibility(), ()
    except RegistryError as error:
        urls = ", ".join(sources.registry.urls)
        return None, None, (Notice("bad", f"{urls} does not answer", str(error)),)


def _of_topics(listed: Mapping[str, TopicListing]) -> Iterator[Notice]:
    ill = [(each.name, health_of(each)) for each in listed.values() if health_of(each)]
    for name, health in ill[:_MOST]:
        link = Link("topic/partitions", "Look at it", {"name": name})
        yield Notice("warn", f"Topic {name}", health, link)
    if len(ill) > _MOST:
        yield Notice("warn", f"{len(ill) - _MOST} more topics", "They are marked in the list.")


def _of_dead_letters(sources: Sources, listed: Mapping[str, TopicListing]) -> Iterator[Notice]:
    found = [each for each in listed.values() if each.name.endswith(SUFFIX)]
    try:
        ranges = offset_ranges(sources.cluster, found)
    except ClientError as error:  # such as a topic that was deleted meanwhile
        yield Notice("warn", "Dead letters were not counted", str(error))
        return
    filled = [name for name, of in ranges.items() if any(low < high for low, high in of.values())]
    for name in filled[:_MOST]:
        text = "Some of them may be replayed already; the page shows those that are open."
        link = Link("dead-letters/topic", "Look at them", {"name": name})
        yield Notice("note", f"Dead letters in {name}", text, link)
    if len(filled) > _MOST:
        text = "The page of dead letters lists them."
        yield Notice("note", f"Dead letters in {len(filled) - _MOST} more topics", text)


def _of_contract(
    contract: ContractConfig, state: ContractState, listed: Mapping[str, TopicListing] | None
) -> Iterator[Notice]:
    schema = parsed(contract)
    if isinstance(schema, SchemaParseError):
        yield Notice("bad", f"The schema of contract {contract.name} is not valid", str(schema))
    if listed is not None:
        yield from topic_notices(contract, listed)
    yield from registry_notices(contract.name, state.registered)


def _state(
    contract: ContractConfig,
    sources: Sources,
    listed: Mapping[str, TopicListing],
    *,
    answers: bool,
) -> ContractState:
    schema = parsed(contract)
    registered = Registration("note", "not known")
    if answers and not isinstance(schema, SchemaParseError):
        registered = registration(contract, schema, sources.registry)
    found = listed.get(contract.topic or "")
    return ContractState(
        name=contract.name,
        topic=contract.topic,
        partitions=None if found is None else found.partitions,
        registered=registered,
    )
