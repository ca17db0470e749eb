"""Dead letters: by reason, each decoded again, and what a replay would do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.console.pages.shown import Notice, compact, cut, moment, pretty
from streamcontract.errors import ClientError, RegistryError, SchemaParseError, StreamContractError
from streamcontract.kafka.admin.describe import list_cluster
from streamcontract.kafka.contract.project_deserializers import project_readers
from streamcontract.kafka.dead_letters.dead_letter import SUFFIX, DeadLetter
from streamcontract.kafka.dead_letters.replay import preview_replay
from streamcontract.kafka.dead_letters.topic import DeadLetterTopic
from streamcontract.messages.dead_letters import decode_letter, summaries
from streamcontract.messages.keys import bytes_as_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamcontract.console.sources import Sources
    from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
    from streamcontract.kafka.dead_letters.replay import Replayed
    from streamcontract.kafka.dead_letters.topic import Entry
    from streamcontract.messages.dead_letters import Decoded, Summary
    from streamcontract.project import Project

__all__ = [
    "DeadLetters",
    "LetterRow",
    "Letters",
    "dead_letters_page",
    "letters_page",
    "readers_for",
]

_MOST: Final = 100
"""Dead letters that a page shows."""


@attrs.frozen(kw_only=True)
class DeadLetters:
    """The dead letter topics.

    Attributes:
        summaries: Open dead letters by topic, source and error.
        topics: The dead letter topics.
        notices: What failed.
    """

    summaries: tuple[Summary, ...]
    topics: tuple[str, ...]
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
    """The open dead letters of one topic.

    Attributes:
        topic: The topic.
        rows: The first of them.
        total: How many are open, copies not counted.
        foreign: How many messages of the topic are no dead letters.
        preview: What a replay would do; None where it cannot be known.
        notices: What failed.
    """

    topic: str
    rows: tuple[LetterRow, ...]
    total: int
    foreign: int
    preview: Replayed | None
    notices: tuple[Notice, ...]


def dead_letters_page(sources: Sources) -> DeadLetters:
    """The open dead letters of all topics that end in ``.dlq``.

    Raises:
        ClientError: The brokers did not answer.
    """
    listed = list_cluster(sources.cluster).topics
    topics = [each.name for each in listed if each.name.endswith(SUFFIX)]
    found: list[Summary] = []
    notices: list[Notice] = []
    for topic in topics:
        try:
            found += summaries(topic, sources.config)
        except ClientError as error:  # noqa: PERF203 - each topic fails on its own
            notices.append(Notice("bad", f"{topic} was not read", str(error)))
    return DeadLetters(summaries=tuple(found), topics=tuple(topics), notices=tuple(notices))


def readers_for(project: Project | None, sources: Sources) -> Mapping[str, TopicDeserializer[Any]]:
    """The deserializers of a project's topics; none without a project or topics.

    Raises:
        StreamContractError: A contract is wrong.
    """
    if project is None or not any(each.topic for each in project.contracts):
        return {}
    settings = sources.settings
    return project_readers(project, sources.registry, settings.wire, settings.rules_ignored)


def letters_page(topic: str, error: str | None, sources: Sources) -> Letters:
    """The open dead letters of a topic, those of one error if it is named.

    Raises:
        ClientError: The brokers did not answer, or there is no such topic.
    """
    project = sources.project()
    rows: list[LetterRow] = []
    total = foreign = 0
    with DeadLetterTopic(topic, sources.config) as letters:
        for batch in letters.open():
            for entry in batch:
                letter = entry.letter
                if not isinstance(letter, DeadLetter):
                    foreign += 1
                elif not entry.is_copy and error in {None, letter.error}:
                    total += 1
                    if len(rows) < _MOST:
                        rows.append(_row(entry, letter, project, sources))
    preview, notices = _preview(topic, project, sources)
    return Letters(
        topic=topic,
        rows=tuple(rows),
        total=total,
        foreign=foreign,
        preview=preview,
        notices=notices,
    )


def _preview(
    topic: str, project: Project | None, sources: Sources
) -> tuple[Replayed | None, tuple[Notice, ...]]:
    try:
        readers = readers_for(project, sources)
        return preview_replay(topic, readers, sources.config), ()
    except StreamContractError as error:
        return None, (Notice("bad", "What a replay would do is not known", str(error)),)


def _row(entry: Entry, letter: DeadLetter, project: Project | None, sources: Sources) -> LetterRow:
    decoded: Decoded | None = None
    words = ""
    try:
        decoded = decode_letter(entry, letter, project, sources.registry, sources.settings)
        words = "; ".join(decoded.lines)
    except (RegistryError, SchemaParseError, ClientError) as error:
        words = str(error)
    value = None if decoded is None else decoded.document["value"]
    return LetterRow(
        partition=letter.partition,
        offset=letter.offset,
        source=letter.source.topic,
        source_partition=letter.source.partition,
        source_offset=letter.source.offset,
        error=letter.error,
        path=letter.path or "",
        text=cut(letter.text, 1_000),
        time=moment(int(letter.time.timestamp() * 1000)),
        group=letter.group or "",
        attempt=letter.attempt,
        key="" if letter.key is None else compact(bytes_as_json(letter.key)),
        now=(decoded.reader if decoded is not None else None) or "none",
        now_in_words=words,
        value="" if value is None else pretty(value),
        headers=tuple(
            (name, "" if each is None else compact(bytes_as_json(each)))
            for name, each in letter.headers
        ),
    )
