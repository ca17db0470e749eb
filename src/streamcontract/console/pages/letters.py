"""Dead letters of one topic, each read again with today's contracts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.console.looking_up import LookUp, Ranges, ranges_of
from streamcontract.console.pages.dead_letters import REASONS, brief, topic_in_words, topic_of
from streamcontract.console.pages.messages import leaderless_notices
from streamcontract.console.pages.replays import (
    Outcome,
    has_all_leaders,
    letters_of,
    outcome_of,
    readers_for,
)
from streamcontract.console.pages.shown import (
    Notice,
    Undecoded,
    cut,
    headers_in_words,
    json_in_words,
    key_in_words,
    moment,
    undecoded,
    visible,
)
from streamcontract.errors import ClientError, RegistryError, SchemaParseError, StreamContractError
from streamcontract.kafka.dead_letters.dead_letter import DeadLetter
from streamcontract.kafka.dead_letters.replay import preview_of
from streamcontract.messages.dead_letters import decode_letter
from streamcontract.messages.keys import bytes_as_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamcontract.console.sources import Sources
    from streamcontract.kafka.admin.describe import TopicState
    from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
    from streamcontract.kafka.dead_letters.topic import Entry
    from streamcontract.messages.dead_letters import Decoded
    from streamcontract.project import Project

__all__ = ["LetterRow", "Letters", "letters_page"]

_SHOWN: Final = 200
"""Messages of one topic that a page reads and shows."""

_LONG_TEXT: Final = 2_000

_CUT: Final = 4_000
"""Characters at which the text of an error is cut in a header."""

_LONG_VALUE: Final = 5_000
"""Bytes of a value that cannot be read: a page has up to 200, and the topic's page shows more."""


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
    with letters_of(state.name, sources) as letters:
        part = letters.newest(ranges.offsets, _SHOWN)
        entries = [entry for batch in part.batches for entry in batch]
    preview, failed = _preview(entries, readers)
    found = [(each, each.letter) for each in entries if not each.is_copy]
    shown = [(entry, of) for entry, of in found if isinstance(of, DeadLetter)]
    makes = _Rows(project, sources, readers)
    rows = [
        (letter.time, makes.row(entry, letter))
        for entry, letter in shown
        if error in {None, brief(letter.error)}
    ]
    rows.sort(key=lambda each: (each[0], each[1].offset), reverse=True)
    rest = Ranges(is_backward=True, offsets=part.rest)
    return Letters(
        topic=state.name,
        rows=tuple(row for _, row in rows),
        scanned=part.scanned,
        total=state.messages,
        reasons=tuple(Counter(brief(letter.error) for _, letter in shown).most_common()),
        foreign=len(found) - len(shown),
        preview=preview,
        holds_dead_letters=part.holds_dead_letters,
        rest=str(rest) if rest.size else None,
        is_start=at is None,
        has_all_leaders=has_all_leaders(state),
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
        return outcome_of(entries, readers, Outcome()), ()
    except StreamContractError as error:
        return None, (Notice("bad", "What a replay would do is not known", str(error)),)


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
        headers = [
            (name, "" if data is None else bytes_as_json(data)) for name, data in letter.headers
        ]
        return LetterRow(
            partition=letter.partition,
            offset=letter.offset,
            source=topic_in_words(letter.source.topic),
            source_topic=topic_of(letter.source.topic),
            source_partition=letter.source.partition,
            source_offset=letter.source.offset,
            error=brief(letter.error),
            meaning=REASONS.get(letter.error, ""),
            path=brief(letter.path or ""),
            text=cut(visible(letter.text), 1_000),
            time=moment(int(letter.time.timestamp() * 1000)),
            sent=moment(letter.source.timestamp_ms),
            group=brief(letter.group or ""),
            attempt=letter.attempt,
            key="" if letter.key is None else key_in_words(bytes_as_json(letter.key)),
            now=now,
            now_in_words=cut(visible(failed or self._today(letter, decoded)), _LONG_TEXT),
            value="" if value is None else json_in_words(value),
            value_in_words=_read_with(decoded),
            undecoded=None if raw is None else undecoded(raw, _LONG_VALUE),
            headers=tuple(headers_in_words(headers)),
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
