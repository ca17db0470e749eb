"""Replays of dead letters: the outcome that one would have now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.console.looking_up import LookUp, ranges_of
from streamcontract.kafka.contract.project_deserializers import project_readers
from streamcontract.kafka.dead_letters.dead_letter import DeadLetter
from streamcontract.kafka.dead_letters.replay import Replayed, preview_of
from streamcontract.kafka.dead_letters.topic import DeadLetterTopic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamcontract.console.sources import Sources
    from streamcontract.kafka.admin.describe import TopicState
    from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
    from streamcontract.kafka.dead_letters.topic import Entry
    from streamcontract.project import Project

__all__ = [
    "Outcome",
    "Replay",
    "has_all_leaders",
    "letters_of",
    "outcome_of",
    "readers_for",
    "replay_page",
]

_STALLED: Final = 4.0
"""Seconds without a message after which a read gives up."""

_COUNTED_BEFORE_A_REPLAY: Final = 100_000
"""Messages of a topic that the page before a replay reads: some seconds of work."""


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


def has_all_leaders(state: TopicState) -> bool:
    """Whether every partition of a topic can be read."""
    return all(each.leader is not None for each in state.partitions)


def letters_of(topic: str, sources: Sources) -> DeadLetterTopic:
    """The dead letters of a topic, for a page that waits for them."""
    return DeadLetterTopic(topic, cluster=sources.cluster, patience=_STALLED)


def readers_for(project: Project | None, sources: Sources) -> Mapping[str, TopicDeserializer[Any]]:
    """The deserializers of a project's topics; none without a project or topics.

    Raises:
        StreamContractError: A contract is wrong.
    """
    if project is None or not any(each.topic for each in project.contracts):
        return {}
    return project_readers(project, sources.registry, sources.settings)


def outcome_of(
    entries: Sequence[Entry], readers: Mapping[str, TopicDeserializer[Any]], before: Outcome
) -> Outcome:
    """What a replay would do with more dead letters, after others."""
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
    with letters_of(state.name, sources) as letters:
        part = letters.newest(ranges.offsets, most)
        for batch in part.batches:
            outcome = outcome_of(batch, readers, outcome)
    return Replay(
        topic=state.name,
        outcome=outcome,
        is_whole=not part.rest and has_all_leaders(state),
        holds_dead_letters=part.holds_dead_letters,
    )
