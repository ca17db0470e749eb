"""Plain records are queued, the same on both engines; all else is left to be produced with care."""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING, Any, Protocol

import confluent_kafka
import pytest

from streamcontract.kafka.producer.plain_records import (
    PortableReport,
    PortableSender,
    reporter,
    sender,
)

if TYPE_CHECKING:
    from streamcontract.kafka.producer.plain_records import Sender

HAS_NATIVE = importlib.util.find_spec("streamcontract.kafka._native") is not None
LONG = 1e9


class Parts:
    """What a sender is made of; each part may be told to raise."""

    def __init__(self, **raising: BaseException) -> None:
        self.raising = raising
        self.queued: list[tuple[Any, ...]] = []

    def _raise(self, part: str) -> None:
        if part in self.raising:
            raise self.raising[part]

    def encode(self, value: str) -> bytes:
        """The codec."""
        self._raise("encode")
        return value.encode()

    def derive(self, value: str) -> str:
        """The key field."""
        self._raise("derive")
        return value[:1]

    def produce(self, *message: Any) -> None:
        """The client."""
        self._raise("produce")
        self.queued.append(message)

    def report(self, error: object, raw: object) -> None:
        """The delivery callback."""


class Make(Protocol):
    """Makes a sender of its parts and its interval."""

    def __call__(self, parts: Parts, interval: float) -> Sender:
        """The sender of one engine."""


@pytest.fixture(params=["portable", "native"])
def make(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Each engine's senders."""
    if request.param == "native" and not HAS_NATIVE:
        pytest.skip("it was not built")
    monkeypatch.setenv("STREAMCONTRACT_ENGINE", request.param)

    def build(parts: Parts, interval: float) -> Sender:
        made = sender("stocks", parts.encode, parts.derive, parts.produce, parts.report, interval)
        assert isinstance(made, PortableSender) == (request.param == "portable")
        return made

    return build


def test_a_plain_record_is_queued(make: Make) -> None:
    """Payload, key, any partition and the delivery callback go to the client."""
    parts = Parts()
    plain = make(parts, LONG)
    assert plain.is_due()
    assert plain.send("AAPL")
    assert parts.queued == [("stocks", b"AAPL", "A", -1, parts.report)]


@pytest.mark.parametrize(
    ("part", "error"),
    [
        ("encode", ValueError("planted")),
        ("derive", KeyError("planted")),
        ("produce", BufferError("planted")),
        ("produce", confluent_kafka.KafkaException("planted")),
    ],
)
def test_what_raises_takes_care(make: Make, part: str, error: Exception) -> None:
    """Nothing is queued, and nothing is raised: the careful way finds out why."""
    parts = Parts(**{part: error})
    plain = make(parts, LONG)
    assert plain.is_due()
    assert not plain.send("AAPL")
    assert parts.queued == []


def test_a_tombstone_takes_care(make: Make) -> None:
    """It has no record to take the key from."""
    parts = Parts(encode=AssertionError("nothing is to be encoded"))
    plain = make(parts, LONG)
    assert plain.is_due()
    assert not plain.send(None)


def test_ctrl_c_is_heard(make: Make) -> None:
    """What is no mere Exception is nobody's to swallow."""
    plain = make(Parts(produce=KeyboardInterrupt()), LONG)
    assert plain.is_due()
    with pytest.raises(KeyboardInterrupt):
        plain.send("AAPL")


def test_reports_come_first_when_they_are_due(make: Make) -> None:
    """They are due at once, and again after each interval; until somebody asks nothing is sent."""
    parts = Parts()
    plain = make(parts, LONG)
    assert not plain.send("AAPL")
    assert plain.is_due()
    assert not plain.is_due()
    assert plain.send("AAPL")
    always = make(parts, 0.0)
    assert always.is_due()
    assert always.is_due()
    assert not always.send("AAPL")
    assert len(parts.queued) == 1


def test_a_record_may_have_a_report_of_its_own(make: Make) -> None:
    """Everything else is as for others."""
    parts = Parts()
    plain = make(parts, LONG)
    own = object()
    assert not plain.send_reported("AAPL", own)  # type: ignore[arg-type] # nobody calls it
    assert plain.is_due()
    assert plain.send_reported("AAPL", own)  # type: ignore[arg-type] # likewise
    assert parts.queued == [("stocks", b"AAPL", "A", -1, own)]


def test_a_report_passes_failures_on_with_their_record(make: Make) -> None:
    """What was delivered costs nothing but the call."""
    make(Parts(), LONG)  # chooses the engine
    failed: list[tuple[Any, ...]] = []
    report = reporter()(lambda *failure: failed.append(failure), 7, "AAPL")
    assert isinstance(report, PortableReport) == (os.environ["STREAMCONTRACT_ENGINE"] == "portable")
    report(None, "message")
    report("error", "message")
    assert failed == [(7, "AAPL", "error", "message")]
