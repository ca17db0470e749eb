"""Flushing asks for metadata until something was delivered, and never waits for too long."""

from __future__ import annotations

import confluent_kafka
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.kafka.connection.flushing import Flusher


class Unmet:
    """A producer that gets its producer id with the answer to a question for metadata.

    Args:
        answer: Which question is answered, counted from 1; there is nobody to ask before.
    """

    def __init__(self, answer: int) -> None:
        self._answer = answer
        self.asked: list[str] = []
        self.waited: list[float] = []
        self.waiting = 3

    def flush(self, timeout: float) -> int:
        """Deliver everything if there is an id."""
        self.waited.append(timeout)
        if len(self.asked) >= self._answer:
            self.waiting = 0
        return self.waiting

    def list_topics(self, topic: str, timeout: float) -> object:
        """Take a question, without anybody who waits for the answer."""
        assert timeout == 0
        self.asked.append(topic)
        if len(self.asked) < self._answer:
            raise confluent_kafka.KafkaException(
                confluent_kafka.KafkaError(confluent_kafka.KafkaError._TRANSPORT)
            )
        return None


@pytest.mark.parametrize("answer", [1, 2, 5])
def test_the_first_delivery_is_hastened(answer: int) -> None:
    """Each wait is longer than the one before, and there is a question behind it."""
    client = Unmet(answer)
    flusher = Flusher(client, "stocks")
    while flusher.flush():
        pass
    assert client.asked == ["stocks"] * answer
    assert client.waited[:answer] == sorted(set(client.waited[:answer]))


def test_looks_that_do_not_wait_use_up_no_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are while no time passes, they ask once, and a wait asks once more."""
    monkeypatch.setattr("time.monotonic", lambda: 1.0)
    client = Unmet(1_000)
    flusher = Flusher(client, "stocks")
    for _ in range(9):
        assert flusher.flush(0) == 3
    assert client.asked == ["stocks"]
    assert flusher.flush() == 3
    assert client.asked == ["stocks"] * 2


def test_nothing_is_asked_once_something_was_delivered() -> None:
    """A producer that is at work has its id."""
    client = Unmet(1)
    flusher = Flusher(client, "stocks")
    assert [flusher.flush(), flusher.flush()] == [3, 0]
    client.waiting = 3
    client.asked.clear()
    assert [flusher.flush() for _ in range(5)] == [3] * 5
    assert client.asked == []


@given(st.sampled_from([None, "stocks"]), st.lists(st.floats(-1, 1)))
def test_brokers_that_never_answer(topic: str | None, timeouts: list[float]) -> None:
    """They are asked a few times at most, and nobody waits for longer than wanted."""
    client = Unmet(1_000)
    flusher = Flusher(client, topic)
    for timeout in timeouts:
        assert flusher.flush(timeout) == 3
        assert 0 <= client.waited[-1] <= max(0, timeout)
    assert len(client.asked) <= (0 if topic is None else 5)
