"""Dead letters of all topics, counted by source and reason."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.console.pages.replays import letters_of
from streamcontract.console.pages.shown import (
    Notice,
    Paging,
    cut,
    moment,
    visible,
)
from streamcontract.errors import ClientError
from streamcontract.kafka.admin.describe import list_cluster, offset_ranges
from streamcontract.kafka.dead_letters.dead_letter import SUFFIX
from streamcontract.messages.dead_letters import summaries_of

if TYPE_CHECKING:
    from streamcontract.console.sources import Sources
    from streamcontract.messages.dead_letters import Summary

__all__ = [
    "COUNTED",
    "REASONS",
    "DeadLetters",
    "SummaryRow",
    "brief",
    "dead_letters_page",
    "topic_in_words",
    "topic_of",
]

REASONS: Final = {
    "FrameError": "no schema id, or one in another form than is configured",
    "DecodeError": "the bytes do not match their schema",
    "ResolutionError": "the contract cannot take what was written",
    "SchemaNotFoundError": "the registry does not have its schema",
    "SubjectNotFoundError": "the registry does not have the subject of its schema",
    "VersionNotFoundError": "the registry does not have the version of its schema",
    "StoredSchemaError": "the registry has no usable Avro schema under its id",
    "UnsupportedRequestError": "it names its schema in a way that the registry cannot look up",
    "UnexpectedTypeError": "a record of another type than those that are read",
    "not a dead letter": "a message without the headers of a dead letter",
}
"""The meanings of the reasons of dead letters, in a few words."""

COUNTED: Final = 1_000
"""Messages of each topic that the list of topics counts."""

_TOPICS: Final = 10
"""Topics of one page of that list."""

_TOPIC: Final = re.compile("[A-Za-z0-9._-]{1,249}")
"""A name that a topic can have."""


@attrs.frozen(kw_only=True)
class SummaryRow:
    """Open dead letters of one topic with the same source and error.

    Attributes:
        topic: The dead letter topic.
        source: The topic that they come from, in words.
        source_topic: That topic, or None where the name is none.
        error: The class of the error.
        meaning: What it means, or ``""``.
        count: How many there are.
        attempts: The most failed attempts of one of them.
        first: When the first one failed, in UTC.
        last: When the last one failed.
    """

    topic: str
    source: str
    source_topic: str | None
    error: str
    meaning: str
    count: int
    attempts: int
    first: str
    last: str


@attrs.frozen(kw_only=True)
class DeadLetters:
    """The dead letter topics of a page.

    Attributes:
        summaries: Open dead letters by topic, source and error, of the messages that were read.
        topics: The dead letter topics that have messages.
        empty: The number of those that have none.
        cut: The topics of which only the newest messages were read.
        paging: Which of the topics.
        notices: What failed.
    """

    summaries: tuple[SummaryRow, ...]
    topics: tuple[str, ...]
    empty: int
    cut: tuple[str, ...]
    paging: Paging
    notices: tuple[Notice, ...]


def dead_letters_page(sources: Sources, page: int = 1) -> DeadLetters:
    """The open dead letters among the newest messages of topics that end in ``.dlq``.

    Raises:
        ClientError: The brokers did not answer.
    """
    listed = [each for each in list_cluster(sources.cluster).topics if each.name.endswith(SUFFIX)]
    ranges = offset_ranges(sources.cluster, listed)
    filled = [name for name, of in ranges.items() if any(low < high for low, high in of.values())]
    paging = Paging.of(page, len(filled), _TOPICS)
    found: list[Summary] = []
    notices: list[Notice] = []
    cut: list[str] = []
    for topic in filled[paging.first : paging.end]:
        try:
            with letters_of(topic, sources) as letters:
                part = letters.newest(ranges[topic], COUNTED)
                found += summaries_of(topic, part.batches)
        except ClientError as error:  # noqa: PERF203 - each topic fails on its own
            notices.append(Notice("bad", f"{topic} was not read", str(error)))
        else:
            cut += [topic] if part.rest else []
    return DeadLetters(
        summaries=tuple(map(_summary, found)),
        topics=tuple(filled),
        empty=len(listed) - len(filled),
        cut=tuple(cut),
        paging=paging,
        notices=tuple(notices),
    )


def _summary(found: Summary) -> SummaryRow:
    return SummaryRow(
        topic=found.topic,
        source=topic_in_words(found.source),
        source_topic=topic_of(found.source),
        error=brief(found.error),
        meaning=REASONS.get(found.error, ""),
        count=found.count,
        attempts=found.attempts,
        first=moment(next(iter(found.times), None)),
        last=moment(next(iter(found.times[1:]), None)),
    )


def topic_of(name: str) -> str | None:
    """A topic that a header names; None if it is no name of a topic."""
    return name if _TOPIC.fullmatch(name) and name != "-" else None


def topic_in_words(name: str) -> str:
    """A topic that a header names, or the beginning of what it has instead."""
    return topic_of(name) or brief(name)


def brief(text: str) -> str:
    """The beginning of a header's text: any producer may write a dead letter, of any length."""
    return cut(visible(text))
