"""Ctrl-C at every place of a producer's calls: what was taken arrives, and failures are told."""

from __future__ import annotations

import contextlib
import functools
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, cast

import attrs
import pytest
from tests.kafka.applications import TOPIC, ScriptedRegistry, bar, payload
from tests.kafka.interrupts import Interrupts, shown
from tests.kafka.matrix import drawn_pairs, every_place, first_of_each, places_of, try_all
from tests.kafka.scripted_broker import ScriptedBroker
from tests.kafka.scripted_calls import raw_messages
from tests.kafka.scripted_client import script

from streamcontract import SchemaRegistry, StockProducer
from streamcontract.kafka import Delivery, DeliveryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.kafka.matrix import Make

    from streamcontract import Stock

COUNT: Final = 5
REFUSED: Final = 3
"""The number of the record that the broker does not take."""

WAYS: Final = ("flush", "close", "on_delivery", "produce_all", "full queue")
CALLBACKS: Final = (
    *("failures.py:report ", "failures.py:add ", "deliveries.py:call_on_delivery "),
    *("message.py:of ", "message.py:ok "),
    *("produce_all.py:tell ", "produce_all.py:_fail "),
)
"""What confluent_kafka calls with a report, and what that calls."""


@attrs.define
class Application:
    """Produces a few records, and goes on when it is interrupted.

    Attributes:
        how: Which calls it makes.
        calls: How often each record was given to the producer.
        told: How often it heard of a failure.
        reports: How often ``on_delivery`` was called.
    """

    how: str
    broker: ScriptedBroker
    interrupts: Interrupts
    calls: Counter[int] = attrs.field(factory=Counter)
    told: int = 0
    reports: int = 0

    def run(self) -> None:
        """Produce all, flush and close."""
        self.broker.create_topic(TOPIC)
        self.broker.refused_keys.add(b"REFUSED")
        producer = producer_of(2 if self.how == "full queue" else 100)
        try:
            self._run(producer)
        finally:
            with contextlib.suppress(Exception):
                producer.close(0)

    def _run(self, producer: StockProducer) -> None:
        if self.how == "produce_all":
            report = self._until_done(lambda: producer.produce_all(self._records()))
            if report is not None:
                assert report.delivered + report.failed == COUNT
                self.told += report.failed
        else:
            for number in range(COUNT):
                self._until_done(functools.partial(self._produce, producer, number))
        while self.how != "close" and self._until_done(producer.flush):
            pass
        self._until_done(producer.close)
        assert len(producer.client) == 0

    def _produce(self, producer: StockProducer, number: int) -> None:
        self.calls[number] += 1
        if self.how == "on_delivery":
            producer.produce(record(number), on_delivery=self._on_delivery)
        else:
            producer.produce(record(number))

    def _records(self) -> list[Stock]:
        self.calls.update(range(COUNT))
        return [record(number) for number in range(COUNT)]

    def _on_delivery(self, delivery: Delivery) -> None:
        self.reports += 1
        self.told += not delivery.ok

    def _until_done(self, call: Callable[[], Any]) -> Any:
        while True:
            try:
                return self.interrupts.call(call)
            except KeyboardInterrupt:  # noqa: PERF203 - it is what is tested
                pass
            except DeliveryError as error:
                self.told += error.count

    def check(self) -> None:
        """What has to hold."""
        found = [raw.value() for raw in raw_messages(self.broker, TOPIC)]
        for number in range(COUNT):
            if number != REFUSED:
                times = found.count(payload(number))
                assert 1 <= times <= self.calls[number], f"record {number} came {times} times"
        # A report's callback can be broken off itself, and confluent_kafka gives a report once.
        lost = sum(
            any(name in shown(place) for name in CALLBACKS) for place in self.interrupts.raised
        )
        assert self.told >= 1 - lost, "nobody heard of the record that was refused"
        if self.how == "on_delivery":
            assert self.reports >= COUNT - lost, f"{self.reports} reports"


def record(number: int) -> Stock:
    """A record; the broker does not take one of them."""
    return bar(number, "REFUSED" if number == REFUSED else "AAPL")


def producer_of(limit: int = 100) -> StockProducer:
    """A producer whose queue holds so many messages."""
    return StockProducer(
        {"bootstrap.servers": "scripted", "queue.buffering.max.messages": limit},
        topic=TOPIC,
        registry=cast("SchemaRegistry", ScriptedRegistry()),
    )


def producing(how: str) -> Make:
    """A maker of applications that produce in this way."""
    return functools.partial(Application, how)


@pytest.mark.parametrize("how", WAYS)
def test_an_interrupt_anywhere_loses_nothing(how: str) -> None:
    """At a third of the places in the code, when one is met for the first time."""
    make = producing(how)
    try_all(make, ((number,) for number in first_of_each(places_of(make))[::3]))


@pytest.mark.searching
@pytest.mark.parametrize("how", WAYS)
def test_an_interrupt_at_any_time_loses_nothing(engine: str, how: str) -> None:
    """Each time that a place is met, and wherever a call returns in the middle of a line."""
    make = producing(how)
    try_all(make, every_place(places_of(make, opcodes=True)), opcodes=True)


@pytest.mark.searching
@pytest.mark.parametrize("how", WAYS)
def test_a_second_interrupt_loses_nothing(how: str) -> None:
    """Any time after the first. Pairs are drawn."""
    make = producing(how)
    try_all(make, drawn_pairs(make, how, 12))


def test_failures_that_a_broken_off_call_knows_of_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``produce_all`` gives no report then, so the next call raises them."""
    broker = script(monkeypatch)
    broker.create_topic(TOPIC)
    broker.refused_keys.add(b"REFUSED")
    with producer_of() as producer:

        def records() -> Iterator[Stock]:
            yield record(REFUSED)
            broker.clock.sleep(1)
            yield record(0)
            producer.poll()
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            producer.produce_all(records())
        with pytest.raises(DeliveryError) as raised:
            producer.flush()
        assert raised.value.count == 1
    monkeypatch.undo()


@pytest.mark.parametrize("name", ["flush", "poll", "produce_all", "close"])
def test_an_exception_that_confluent_kafka_loses_is_an_interrupt(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A callback raised, another followed, and the call failed without saying why."""
    broker = script(monkeypatch)
    broker.create_topic(TOPIC)
    producer = producer_of()
    producer.produce(bar(0))
    calls: dict[str, Callable[[], object]] = {
        "flush": producer.flush,
        "poll": lambda: producer.poll(1),
        "produce_all": lambda: producer.produce_all([bar(1)]),
        "close": producer.close,
    }

    def lose(called: str, when: str) -> None:
        if called in {"poll", "flush"} and when == "after":
            broker.on_call = None
            raise SystemError(f"<method {called!r}> returned NULL without setting an exception")

    broker.on_call = lose
    with pytest.raises(KeyboardInterrupt):
        calls[name]()
    producer.close()
    assert len(producer.client) == 0
    monkeypatch.undo()
