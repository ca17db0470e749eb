"""Dead letters: by reason, each decoded again, and what a replay would do."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.console.looking_up import LookUp, Ranges, ranges_of
from streamcontract.console.pages.shown import (
    Notice,
    Paging,
    compact,
    cut,
    key_in_words,
    moment,
    pretty,
    visible,
)
from streamcontract.errors import ClientError, RegistryError, SchemaParseError, StreamContractError
from streamcontract.kafka.admin.describe import list_cluster, offset_ranges
from streamcontract.kafka.contract.project_deserializers import project_readers
from streamcontract.kafka.dead_letters.dead_letter import SUFFIX, DeadLetter
from streamcontract.kafka.dead_letters.replay import preview_of
from streamcontract.kafka.dead_letters.topic import DeadLetterTopic
from streamcontract.messages.dead_letters import decode_letter, summaries_of
from streamcontract.messages.keys import bytes_as_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from streamcontract.console.sources import Sources
    from streamcontract.kafka.admin.describe import TopicState
    from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
    from streamcontract.kafka.dead_letters.replay import Replayed
    from streamcontract.kafka.dead_letters.topic import Entry
    from streamcontract.messages.dead_letters import Decoded, Summary
    from streamcontract.project import Project

__all__ = [
    "COUNTED",
    "DeadLetters",
    "LetterRow",
    "Letters",
    "dead_letters_page",
    "letters_page",
    "readers_for",
]

_SHOWN: Final = 200
"""Messages of one topic that a page reads and shows."""

COUNTED: Final = 1_000
"""Messages of each topic that the list of topics counts."""

_TOPICS: Final = 10
"""Topics of one page of that list."""

_STALLED: Final = 4.0
"""Seconds without a message after which a read gives up."""

_MOST_HEADERS: Final = 50
_LONG_TEXT: Final = 2_000
_LONG_JSON: Final = 50_000


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

    summaries: tuple[Summary, ...]
    topics: tuple[str, ...]
    empty: int
    cut: tuple[str, ...]
    paging: Paging
    notices: tuple[Notice, ...]


@attrs.frozen(kw_only=True)
class LetterRow:
    """One open dead letter.

    Attributes:
        partition: Its partition in the dead letter topic.
        offset: Its offset there.
        source: The original's topic.
        source_partition: The original's partition.
        source_offset: The original's offset.
        error: The class of the error, or why it is no dead letter.
        path: Where in the record, or ``""``.
        text: The message of the error.
        time: When it became a dead letter.
        group: The consumer group.
        attempt: The number of failed attempts.
        key: Its key.
        now: What today's schema makes of it: ``"contract"``, ``"writer"`` or ``"none"``.
        now_in_words: That in words.
        value: Its value as JSON, as far as it can be read.
        headers: The original's headers.
    """

    partition: int
    offset: int
    source: str
    source_partition: int
    source_offset: int
    error: str
    path: str
    text: str
    time: str
    group: str
    attempt: int
    key: str
    now: str
    now_in_words: str
    value: str
    headers: tuple[tuple[str, str], ...]


@attrs.frozen(kw_only=True)
class Letters:
    """Open dead letters of one topic: those of the newest messages, or of the ones before them.

    Attributes:
        topic: The topic.
        rows: The dead letters, newest first.
        scanned: How many messages were read.
        total: How many messages the topic has.
        reasons: How many of them are open, by error, copies not counted.
        foreign: How many of them are no dead letters.
        preview: What a replay would do with them; None where it cannot be known.
        rest: Where the next page goes on, or None if no earlier message is open.
        is_start: Whether these are the newest.
        notices: What failed.
    """

    topic: str
    rows: tuple[LetterRow, ...]
    scanned: int
    total: int
    reasons: tuple[tuple[str, int], ...]
    foreign: int
    preview: Replayed | None
    rest: str | None
    is_start: bool
    notices: tuple[Notice, ...]

    @property
    def is_whole(self) -> bool:
        """Whether no other message of the topic is open."""
        return self.is_start and self.rest is None


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
            with _reader(topic, sources) as letters:
                part = letters.newest(ranges[topic], COUNTED)
                found += summaries_of(topic, part.batches)
        except ClientError as error:  # noqa: PERF203 - each topic fails on its own
            notices.append(Notice("bad", f"{topic} was not read", str(error)))
        else:
            cut += [topic] if part.rest else []
    return DeadLetters(
        summaries=tuple(
            attrs.evolve(each, source=_brief(each.source), error=_brief(each.error))
            for each in found
        ),
        topics=tuple(filled),
        empty=len(listed) - len(filled),
        cut=tuple(cut),
        paging=paging,
        notices=tuple(notices),
    )


def _brief(text: str) -> str:
    """The beginning of a header's text: any producer may write a dead letter, of any length."""
    return cut(visible(text))


def _reader(topic: str, sources: Sources) -> DeadLetterTopic:
    return DeadLetterTopic(topic, cluster=sources.cluster, patience=_STALLED)


def readers_for(project: Project | None, sources: Sources) -> Mapping[str, TopicDeserializer[Any]]:
    """The deserializers of a project's topics; none without a project or topics.

    Raises:
        StreamContractError: A contract is wrong.
    """
    if project is None or not any(each.topic for each in project.contracts):
        return {}
    return project_readers(project, sources.registry, sources.settings)


def letters_page(
    state: TopicState, error: str | None, sources: Sources, at: Ranges | None = None
) -> Letters:
    """Open dead letters of a topic, those of one error if it is named.

    Args:
        state: The topic.
        error: The error, or None for all.
        sources: The brokers, the registry and the project.
        at: Where an earlier page stopped, or None for the newest messages.

    Raises:
        ClientError: The brokers did not answer.
        ConfigurationError: ``at`` is not of this topic.
    """
    project = sources.project()
    readers, notices = _readers(project, sources)
    ranges = ranges_of(LookUp(topic=state.name, rest=at), sources, state)
    with _reader(state.name, sources) as letters:
        part = letters.newest(ranges.offsets, _SHOWN)
        entries = [entry for batch in part.batches for entry in batch]
    preview, failed = _preview(entries, readers)
    found = [(each, each.letter) for each in entries if not each.is_copy]
    shown = [(entry, of) for entry, of in found if isinstance(of, DeadLetter)]
    rows = [
        (letter.time, _row(entry, letter, project, sources, readers))
        for entry, letter in shown
        if error in {None, _brief(letter.error)}
    ]
    rows.sort(key=lambda each: (each[0], each[1].offset), reverse=True)
    rest = Ranges(is_backward=True, offsets=part.rest)
    return Letters(
        topic=state.name,
        rows=tuple(row for _, row in rows),
        scanned=part.scanned,
        total=state.messages,
        reasons=tuple(Counter(_brief(letter.error) for _, letter in shown).most_common()),
        foreign=len(found) - len(shown),
        preview=preview,
        rest=str(rest) if rest.size else None,
        is_start=at is None,
        notices=(*notices, *failed),
    )


def _readers(
    project: Project | None, sources: Sources
) -> tuple[Mapping[str, TopicDeserializer[Any]], tuple[Notice, ...]]:
    try:
        return readers_for(project, sources), ()
    except StreamContractError as error:
        return {}, (Notice("bad", "The contracts cannot be used", str(error)),)


def _preview(
    entries: Sequence[Entry], readers: Mapping[str, TopicDeserializer[Any]]
) -> tuple[Replayed | None, tuple[Notice, ...]]:
    try:
        return preview_of(entries, readers), ()
    except StreamContractError as error:
        return None, (Notice("bad", "What a replay would do is not known", str(error)),)


def _row(
    entry: Entry,
    letter: DeadLetter,
    project: Project | None,
    sources: Sources,
    readers: Mapping[str, TopicDeserializer[Any]],
) -> LetterRow:
    decoded: Decoded | None = None
    words = ""
    try:
        decoded = decode_letter(entry, letter, project, sources.registry, sources.settings, readers)
        words = "; ".join(decoded.lines)
    except (RegistryError, SchemaParseError, ClientError) as error:
        words = str(error)
    value = None if decoded is None else decoded.document["value"]
    return LetterRow(
        partition=letter.partition,
        offset=letter.offset,
        source=_brief(letter.source.topic),
        source_partition=letter.source.partition,
        source_offset=letter.source.offset,
        error=_brief(letter.error),
        path=_brief(letter.path or ""),
        text=cut(visible(letter.text), 1_000),
        time=moment(int(letter.time.timestamp() * 1000)),
        group=_brief(letter.group or ""),
        attempt=letter.attempt,
        key="" if letter.key is None else key_in_words(bytes_as_json(letter.key)),
        now=(decoded.reader if decoded is not None else None) or "none",
        now_in_words=cut(visible(words), _LONG_TEXT),
        value="" if value is None else _cut_json(pretty(value)),
        headers=tuple(_headers(letter)),
    )


def _cut_json(text: str) -> str:
    if len(text) <= _LONG_JSON:
        return text
    return f"{text[:_LONG_JSON]}\n… cut after {_LONG_JSON:,} of {len(text):,} characters"


def _headers(letter: DeadLetter) -> Iterator[tuple[str, str]]:
    for name, value in letter.headers[:_MOST_HEADERS]:
        text = "" if value is None else cut(compact(bytes_as_json(value)), _LONG_TEXT)
        yield cut(visible(name)), text
    if (more := len(letter.headers) - _MOST_HEADERS) > 0:
        yield "…", f"and {more:,} more"
