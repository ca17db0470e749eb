"""List of topics: partitions, messages, contract and health of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from streamcontract.console.pages.shown import Notice, Paging
from streamcontract.errors import ClientError
from streamcontract.kafka.admin.describe import list_cluster, offset_ranges

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamcontract.console.sources import Sources
    from streamcontract.kafka.admin.describe import TopicListing

__all__ = ["TopicRow", "Topics", "topics_page"]


@attrs.frozen(kw_only=True)
class TopicRow:
    """One topic.

    Attributes:
        name: Its name.
        partitions: The number of its partitions.
        messages: The number of its messages; None if it is not known.
        contracts: The contracts that name it.
        health: What is wrong with its partitions, or ``""``.
    """

    name: str
    partitions: int
    messages: int | None
    contracts: tuple[str, ...]
    health: str


@attrs.frozen(kw_only=True)
class Topics:
    """The topics of a page.

    Attributes:
        rows: The topics.
        paging: Which of them.
        sought: What their names contain.
        with_internal: Whether those that start with ``_`` are listed too.
        notices: What failed.
    """

    rows: tuple[TopicRow, ...] = ()
    paging: Paging
    sought: str
    with_internal: bool
    notices: tuple[Notice, ...] = ()


def topics_page(sources: Sources, sought: str, page: int, *, with_internal: bool) -> Topics:
    """The topics whose names contain a text, by one request, and offsets of one page of them.

    Raises:
        ClientError: The brokers did not answer.
    """
    listed = list_cluster(sources.cluster)
    found = [
        each
        for each in listed.topics
        if sought.lower() in each.name.lower() and (with_internal or not each.name.startswith("_"))
    ]
    paging = Paging.of(page, len(found))
    shown = found[paging.first : paging.end]
    messages, notices = _messages(sources, shown)
    contracts = contracts_by_topic(sources)
    rows = tuple(
        TopicRow(
            name=each.name,
            partitions=each.partitions,
            messages=messages.get(each.name),
            contracts=tuple(contracts.get(each.name, ())),
            health=health_of(each),
        )
        for each in shown
    )
    return Topics(
        rows=rows, paging=paging, sought=sought, with_internal=with_internal, notices=notices
    )


def _messages(
    sources: Sources, shown: Sequence[TopicListing]
) -> tuple[Mapping[str, int], tuple[Notice, ...]]:
    try:
        ranges = offset_ranges(sources.cluster, (each for each in shown if not each.leaderless))
    except ClientError as error:  # such as a topic that was deleted meanwhile
        return {}, (Notice("warn", "Messages were not counted", str(error)),)
    counts = {
        name: sum(end - first for first, end in found.values()) for name, found in ranges.items()
    }
    return counts, ()


def contracts_by_topic(sources: Sources) -> dict[str, list[str]]:
    """The names of the project's contracts by topic."""
    project = sources.project()
    found: dict[str, list[str]] = {}
    for each in () if project is None else project.contracts:
        if each.topic is not None:
            found.setdefault(each.topic, []).append(each.name)
    return found


def health_of(topic: TopicListing) -> str:
    """What is wrong with a topic's partitions, or ``""``."""
    if topic.leaderless:
        return f"{topic.leaderless} of {topic.partitions} partitions without a leader"
    if topic.under_replicated:
        return f"{topic.under_replicated} of {topic.partitions} partitions under-replicated"
    return ""
