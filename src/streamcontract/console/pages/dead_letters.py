"""Dead letters: by reason, each decoded again, and what a replay would do."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.console.looking_up import LookUp, Ranges, ranges_of
from streamcontract.console.pages.messages import leaderless_notices
from streamcontract.console.pages.shown import (
    Notice,
    Paging,
    Undecoded,
    compact,
    cut,
    key_in_words,
    moment,
    pretty,
    undecoded,
    visible,
)
from streamcontract.errors import ClientError, RegistryError, SchemaParseError, StreamContractError
from streamcontract.kafka.admin.describe import list_cluster, offset_ranges
from streamcontract.kafka.contract.project_deserializers import project_readers
from streamcontract.kafka.dead_letters.dead_letter import SUFFIX, DeadLetter
from streamcontract.kafka.dead_letters.replay import Replayed, preview_of
from streamcontract.kafka.dead_letters.topic import DeadLetterTopic
from streamcontract.messages.dead_letters import decode_letter, summaries_of
from streamcontract.messages.keys import bytes_as_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from streamcontract.console.sources import Sources
    from streamcontract.kafka.admin.describe import TopicState
    from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
    from streamcontract.kafka.dead_letters.topic import Entry
    from streamcontract.messages.dead_letters import Decoded, Summary
    from streamcontract.project import Project

__all__ = [
    "COUNTED",
    "REASONS",
    "DeadLetters",
    "LetterRow",
    "Letters",
    "Outcome",
    "Replay",
    "SummaryRow",
    "dead_letters_page",
    "letters_page",
    "readers_for",
    "replay_page",
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
"""What the reasons of dead letters mean, in a few words."""

_SHOWN: Final = 200
"""Messages of one topic that a page reads and shows."""

COUNTED: Final = 1_000
"""Messages of each topic that the list of topics counts."""

_TOPICS: Final = 10
"""Topics of one page of that list."""

_STALLED: Final = 4.0
"""Seconds without a message after which a read gives up."""

_COUNTED_BEFORE_A_REPLAY: Final = 100_000
"""Messages of a topic that the page before a replay reads: some seconds of work."""

_MOST_HEADERS: Final = 50
_LONG_TEXT: Final = 2_000
_LONG_JSON: Final = 50_000

_CUT: Final = 4_000
"""Characters at which the text of an error is cut in a header."""

_LONG_VALUE: Final = 5_000
"""Bytes of a value that cannot be read: a page has up to 200, and the topic's page shows more."""

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


@attrs.frozen(kw_only=True)
class LetterRow:
    """One open dead letter.

    Attributes:
        partition: Its partition in the dead letter topic.
        offset: Its offset there.
        source: The original's topic, in words.
        source_topic: That topic, or None where the name is none.
        source_partition: The original's partition.
        source_offset: The original's offset.
        error: The class of the error.
        meaning: What it means, or ``""``.
        path: Where in the record, or ``""``.
        text: The message of the error.
        time: When it became a dead letter.
        sent: The original's time.
        group: The consumer group.
        attempt: The number of failed attempts.
        key: Its key.
        now: What reads it today: ``"contract"``, its own schema, ``"writer"``, or ``"none"``.
        now_in_words: That in words.
        value: Its value as JSON, as far as it can be read.
        value_in_words: What the value was read with.
        undecoded: A value that nothing reads, or None.
        headers: The original's headers.
    """

    partition: int
    offset: int
    source: str
    source_topic: str | None
    source_partition: int
    source_offset: int
    error: str
    meaning: str
    path: str
    text: str
    time: str
    sent: str
    group: str
    attempt: int
    key: str
    now: str
    now_in_words: str
    value: str
    value_in_words: str
    undecoded: Undecoded | None
    headers: tuple[tuple[str, str], ...]


@attrs.frozen(kw_only=True)
class Outcome:
    """What a replay would do with dead letters.

    Attributes:
        done: How many would go back, fail, and so on.
        topics: The topics that they would go back to.
    """

    done: Replayed = attrs.field(factory=Replayed)
    topics: tuple[str, ...] = ()

    @property
    def unknown(self) -> int:
        """How many have no contract of their topic."""
        return sum(self.done.unknown.values())


@attrs.frozen(kw_only=True)
class Replay:
    """A replay of a topic that is to be confirmed.

    Attributes:
        topic: The dead letter topic.
        outcome: What it would do now.
        is_whole: Whether all open dead letters were counted, not only the newest.
        holds_dead_letters: Whether the topic is one of dead letters, as far as it was read.
    """

    topic: str
    outcome: Outcome
    is_whole: bool
    holds_dead_letters: bool

    @property
    def is_nothing(self) -> bool:
        """Whether no dead letter would go back."""
        may_be = self.holds_dead_letters and not self.is_whole
        return not (self.outcome.done.replayed or may_be)


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
        holds_dead_letters: Whether the topic is one of dead letters, as far as it was read.
        rest: Where the next page goes on, or None if no earlier message is open.
        is_start: Whether these are the newest.
        has_all_leaders: Whether every partition could be read.
        notices: What failed.
    """

    topic: str
    rows: tuple[LetterRow, ...]
    scanned: int
    total: int
    reasons: tuple[tuple[str, int], ...]
    foreign: int
    preview: Outcome | None
    holds_dead_letters: bool
    rest: str | None
    is_start: bool
    has_all_leaders: bool = True
    notices: tuple[Notice, ...]

    @property
    def is_whole(self) -> bool:
        """Whether no other message of the topic is open."""
        return self.is_start and self.rest is None and self.has_all_leaders


def _has_all_leaders(state: TopicState) -> bool:
    return all(each.leader is not None for each in state.partitions)


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
        source=_topic_in_words(found.source),
        source_topic=_topic(found.source),
        error=_brief(found.error),
        meaning=REASONS.get(found.error, ""),
        count=found.count,
        attempts=found.attempts,
        first=moment(next(iter(found.times), None)),
        last=moment(next(iter(found.times[1:]), None)),
    )


def _topic(name: str) -> str | None:
    """A topic that a header names; None if it is no name of a topic."""
    return name if _TOPIC.fullmatch(name) and name != "-" else None


def _topic_in_words(name: str) -> str:
    return _topic(name) or _brief(name)


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
    makes = _Rows(project, sources, readers)
    rows = [
        (letter.time, makes.row(entry, letter))
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
        holds_dead_letters=part.holds_dead_letters,
        rest=str(rest) if rest.size else None,
        is_start=at is None,
        has_all_leaders=_has_all_leaders(state),
        notices=(*notices, *failed, *leaderless_notices(state)),
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
) -> tuple[Outcome | None, tuple[Notice, ...]]:
    try:
        return _outcome(entries, readers, Outcome()), ()
    except StreamContractError as error:
        return None, (Notice("bad", "What a replay would do is not known", str(error)),)


def _outcome(
    entries: Sequence[Entry], readers: Mapping[str, TopicDeserializer[Any]], before: Outcome
) -> Outcome:
    done, topics = before.done, dict.fromkeys(before.topics)
    for entry in entries:
        found = preview_of([entry], readers)
        done += found
        if found.replayed and isinstance(entry.letter, DeadLetter):
            topics[entry.letter.source.topic] = None
    return Outcome(done=done, topics=tuple(topics))


def replay_page(
    state: TopicState, sources: Sources, most: int = _COUNTED_BEFORE_A_REPLAY
) -> Replay:
    """What a replay of a topic would do now.

    Args:
        state: The topic.
        sources: The brokers, the registry and the project.
        most: How many messages are read, the newest.

    Raises:
        StreamContractError: A contract is wrong, or brokers or registry did not answer.
    """
    readers = readers_for(sources.project(), sources)
    ranges = ranges_of(LookUp(topic=state.name), sources, state)
    outcome = Outcome()
    with _reader(state.name, sources) as letters:
        part = letters.newest(ranges.offsets, most)
        for batch in part.batches:
            outcome = _outcome(batch, readers, outcome)
    return Replay(
        topic=state.name,
        outcome=outcome,
        is_whole=not part.rest and _has_all_leaders(state),
        holds_dead_letters=part.holds_dead_letters,
    )


@attrs.frozen
class _Rows:
    """Makes rows of dead letters, read with today's contracts."""

    project: Project | None
    sources: Sources
    readers: Mapping[str, TopicDeserializer[Any]]

    def row(self, entry: Entry, letter: DeadLetter) -> LetterRow:
        """The row of a dead letter."""
        decoded, failed = self._decoded(entry, letter)
        now = "none" if decoded is None else decoded.reader or "none"
        value = None if decoded is None else decoded.document["value"]
        raw = letter.value if now == "none" else None
        return LetterRow(
            partition=letter.partition,
            offset=letter.offset,
            source=_topic_in_words(letter.source.topic),
            source_topic=_topic(letter.source.topic),
            source_partition=letter.source.partition,
            source_offset=letter.source.offset,
            error=_brief(letter.error),
            meaning=REASONS.get(letter.error, ""),
            path=_brief(letter.path or ""),
            text=cut(visible(letter.text), 1_000),
            time=moment(int(letter.time.timestamp() * 1000)),
            sent=moment(letter.source.timestamp_ms),
            group=_brief(letter.group or ""),
            attempt=letter.attempt,
            key="" if letter.key is None else key_in_words(bytes_as_json(letter.key)),
            now=now,
            now_in_words=cut(visible(failed or self._today(letter, decoded)), _LONG_TEXT),
            value="" if value is None else _cut_json(pretty(value)),
            value_in_words=_read_with(decoded),
            undecoded=None if raw is None else undecoded(raw, _LONG_VALUE),
            headers=tuple(_headers(letter)),
        )

    def _decoded(self, entry: Entry, letter: DeadLetter) -> tuple[Decoded | None, str]:
        """A dead letter read again; or None, and what failed."""
        registry, settings = self.sources.registry, self.sources.settings
        try:
            found = decode_letter(entry, letter, self.project, registry, settings, self.readers)
            if letter.value is None and preview_of([entry], self.readers).replayed:
                found = attrs.evolve(found, reader="contract")
        except (RegistryError, SchemaParseError, ClientError) as error:
            return None, str(error)
        return found, ""

    def _today(self, letter: DeadLetter, decoded: Decoded | None) -> str:
        """What today's contract makes of it; the reason that it failed for is said once."""
        if letter.value is None:
            return "It has no value: a tombstone."
        if decoded is None or decoded.reader == "contract":
            return "Today's contract reads it: a replay puts it back."
        errors = [*decoded.errors]
        words = ["No contract here has its topic."]
        if letter.source.topic in self.readers:
            error = errors.pop(0)
            words = ["Still so today." if _is_same(error, letter) else f"Today: {_sentence(error)}"]
        for error in errors:
            reason = "for the same reason" if _is_same(error, letter) else error
            words.append(f"Its own schema does not read it either: {_sentence(reason)}")
        return " ".join(words)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?")) else f"{text}."


def _is_same(error: str, letter: DeadLetter) -> bool:
    """Whether an error is the one that a message became a dead letter for."""
    is_cut = len(letter.text) >= _CUT and error.startswith(letter.text)
    return letter.text == error or is_cut


def _read_with(decoded: Decoded | None) -> str:
    if decoded is None or decoded.reader is None:
        return ""
    if decoded.reader == "contract":
        return "The value, as today's contract reads it"
    name = next((each.name for each in decoded.schemas), None)
    return f"The value as it was written, by {name or 'its own schema'}"


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
