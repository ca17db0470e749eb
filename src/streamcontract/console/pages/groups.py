"""Consumer groups: their states, members and lag, of the cluster and of one topic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.console.pages.shown import Notice, Paging
from streamcontract.errors import ClientError
from streamcontract.kafka.admin.describe import list_cluster
from streamcontract.kafka.admin.groups import GroupDescription, groups_at_once, listed_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from streamcontract.console.sources import Sources
    from streamcontract.kafka.admin.describe import GroupState, TopicState
    from streamcontract.kafka.admin.groups import GroupListing, GroupMember
    from streamcontract.kafka.errors import GroupError

__all__ = ["AllGroups", "GroupRow", "Groups", "OfTopic", "all_groups_page", "groups_of_topic"]

_PER_PAGE: Final = 25
"""Groups of a page of the list, with all topics of each."""

_ASKED: Final = 500
"""Groups of the cluster that a page of one topic asks for their offsets in it."""

_OFFSETS: Final = 50_000
"""Offsets that such a page asks for, of all its partitions: each takes memory, and a row."""

_NOT_LISTED: Final = Notice(
    "note",
    "The embedded broker cannot list groups",
    "Name one on the command line: `streamcontract groups describe GROUP`",
)


@attrs.frozen(kw_only=True)
class OfTopic:
    """A group in one topic.

    Attributes:
        offsets: Its committed offsets.
        owners: The member that each partition is assigned to.
    """

    offsets: GroupState
    owners: Mapping[int, GroupMember]

    @property
    def lag(self) -> str:
        """The lag in words: of all partitions, or of those where it is known."""
        known, total = self.offsets.known_lags, len(self.offsets.topic.partitions)
        if len(known) == total:
            return f"lag {sum(known):,}"
        return (
            f"lag {sum(known):,} in {len(known)} of {total} partitions" if known else "lag unknown"
        )


@attrs.frozen(kw_only=True)
class GroupRow:
    """One consumer group.

    Attributes:
        name: Its id.
        state: Its state, such as ``"stable"``.
        protocol: ``"classic"`` or ``"consumer"``.
        members: Its members; None if they are not known.
        topics: The topics that it has committed in or reads.
    """

    name: str
    state: str
    protocol: str
    members: tuple[GroupMember, ...] | None = None
    topics: tuple[OfTopic, ...] = ()

    @property
    def kind(self) -> str:
        """The kind of badge of its state."""
        return {"stable": "good", "empty": "none"}.get(self.state, "warn")

    @property
    def lag(self) -> str:
        """The lag in all topics in words."""
        known = [lag for each in self.topics for lag in each.offsets.known_lags]
        total = sum(len(each.offsets.topic.partitions) for each in self.topics)
        if not known:
            return ""
        some = "" if len(known) == total else f" in {len(known)} of {total} partitions"
        return f"{sum(known):,}{some}"


@attrs.frozen(kw_only=True)
class Groups:
    """The consumer groups of a topic.

    Attributes:
        rows: The groups, of those that were asked; None where they cannot be listed.
        paging: Which groups of the cluster were asked.
        notices: What failed.
    """

    rows: tuple[GroupRow, ...] | None = None
    paging: Paging = Paging(1, _ASKED, 0)  # noqa: RUF009 - it is frozen
    notices: tuple[Notice, ...] = ()


@attrs.frozen(kw_only=True)
class AllGroups(Groups):
    """The consumer groups of a page of the cluster's.

    Attributes:
        sought: What their ids contain.
    """

    sought: str


def groups_of_topic(topic: TopicState, sources: Sources, page: int, *, is_embedded: bool) -> Groups:
    """The groups that have committed in a topic, or read it."""
    if is_embedded:
        return Groups(notices=(_NOT_LISTED,))
    try:
        # Those with members first: they are what reads the topic now.
        listed = sorted(listed_groups(sources.cluster), key=lambda each: each.state == "EMPTY")
        fitting = _OFFSETS // max(1, len(topic.partitions))
        paging = Paging.of(page, len(listed), max(1, min(_ASKED, fitting)))
        rows, notices = _rows(sources, listed[paging.first : paging.end], topic)
    except ClientError as error:
        return Groups(notices=(_failed(error),))
    return Groups(rows=tuple(each for each in rows if each.topics), paging=paging, notices=notices)


def all_groups_page(sources: Sources, sought: str, page: int) -> AllGroups:
    """The groups whose ids contain a text.

    Raises:
        ClientError: The brokers did not answer.
    """
    if list_cluster(sources.cluster).is_embedded:
        return AllGroups(notices=(_NOT_LISTED,), sought=sought)
    listed = [
        each for each in listed_groups(sources.cluster) if sought.lower() in each.group.lower()
    ]
    paging = Paging.of(page, len(listed), _PER_PAGE)
    rows, notices = _rows(sources, listed[paging.first : paging.end])
    return AllGroups(rows=rows, paging=paging, notices=notices, sought=sought)


def _rows(
    sources: Sources, listed: Iterable[GroupListing], topic: TopicState | None = None
) -> tuple[tuple[GroupRow, ...], tuple[Notice, ...]]:
    """The groups, and a notice of those that could not be described, such as for want of rights."""
    listed = tuple(listed)
    found = groups_at_once(sources.cluster, [each.group for each in listed], topic)
    rows, failed = [], []
    for each in listed:
        answer = found[each.group]
        row = GroupRow(name=each.group, state=_words(each.state), protocol=_words(each.type))
        if isinstance(answer, GroupDescription):
            row = _described(row, answer)
        else:
            failed.append(answer)
        rows.append(row)
    return tuple(rows), tuple(_failures(failed))


def _described(row: GroupRow, answer: GroupDescription) -> GroupRow:
    members = answer.members or ()
    topics = tuple(
        OfTopic(
            offsets=each,
            owners={
                number: member
                for member in members
                for number in member.partitions.get(each.topic.name, ())
            },
        )
        for each in answer.topics
    )
    state = row.state if answer.state is None else _words(answer.state)
    return attrs.evolve(row, state=state, members=members, topics=topics)


def _words(name: str) -> str:
    return name.lower().replace("_", " ")


def _failures(failed: list[GroupError]) -> Iterable[Notice]:
    if failed:
        count = "1 group was" if len(failed) == 1 else f"{len(failed):,} groups were"
        yield Notice("warn", f"{count} not described", str(failed[0]))


def _failed(error: ClientError) -> Notice:
    return Notice("bad", "The groups were not listed", str(error))
