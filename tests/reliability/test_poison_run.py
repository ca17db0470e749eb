"""The poison run holds where nothing is wrong, and finds what it is there to find."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from reliability import poison
from reliability.load import client_config
from reliability.poisonous import EVERY, KINDS
from reliability.verdict import Verdict
from streamcontract.devstack import DevStack
from streamcontract.kafka import ensure_topic
from streamcontract.kafka.dead_letters.dead_letter import DeadLetter
from streamcontract.kafka.dead_letters.producer import DeadLetterSender

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.searching  # runs of some seconds each

COUNT = 2 * EVERY * len(KINDS)


@pytest.fixture
def config() -> Iterator[dict[str, Any]]:
    """Client properties that lead to an embedded stack."""
    with DevStack() as stack:
        yield client_config(stack)


def judge(config: dict[str, Any]) -> dict[str, int]:
    """What is found in a topic of its own."""
    topic, verdict = uuid.uuid4().hex, Verdict()
    ensure_topic(topic, config, partitions=poison.PARTITIONS)
    poison.judge_poison(config, topic, COUNT, verdict)
    return {kind: count for kind, count in verdict.counts.items() if count}


def test_nothing_is_found_where_nothing_is(config: dict[str, Any]) -> None:
    """Good ones processed, bad ones kept as they were, mended ones sent back."""
    assert judge(config) == {}


def test_lost_dead_letters_are_found(
    config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A consumer that only passes over poison does not hold."""
    monkeypatch.setattr(DeadLetterSender, "settle", lambda *_: None)
    with pytest.raises(Exception, match="no such topic"):
        judge(config)


def test_altered_dead_letters_are_found(
    config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One byte less in a key is enough."""
    plain = poison.open_letters

    def altered(*arguments: Any) -> Iterator[DeadLetter]:
        for letter in plain(*arguments):
            yield attrs.evolve(letter, key=(letter.key or b"")[:-1])

    monkeypatch.setattr(poison, "open_letters", altered)
    assert judge(config)["dead letters altered"] == COUNT // EVERY
