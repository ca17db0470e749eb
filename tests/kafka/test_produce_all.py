"""Many records at once: all are sent, and the report tells what failed and why."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from confluent_kafka import KafkaError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.searching import examples

from streamcontract import Stock, StockConsumer, StockProducer
from streamcontract.devstack import EmbeddedBroker
from streamcontract.errors import ConfigurationError
from streamcontract.kafka import (
    Delivery,
    DeliveryError,
    MessageEncodeError,
    ProduceError,
    ProduceFailuresError,
    ProduceProgress,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamcontract.devstack import DevStack
    from streamcontract.kafka.producer.options import ProduceOptions
    from streamcontract.testing.fixtures.stacks import Stack

BAR = Stock(
    symbol="AAPL",
    date=dt.date(2026, 5, 4),
    open=10.5,
    high=11.0,
    low=9.25,
    close=10.75,
    volume=0,
)
TOO_LARGE = "x" * 2_000_000


def make(volume: int) -> Stock:
    """A bar that differs from others by its volume."""
    return attrs.evolve(BAR, volume=volume)


def faulty(volume: int) -> Stock:
    """A bar that no contract allows."""
    bar = make(volume)
    object.__setattr__(bar, "close", "10.75")
    return bar


def volumes(config: dict[str, Any], topic: str) -> list[int]:
    """The volumes of all bars of a topic, in order."""
    with StockConsumer(config, topic=topic) as consumer:
        return [message.value.volume for message in consumer.until_end() if message.value]


def refuse_next(stack: DevStack) -> None:
    """Let the brokers refuse the next produce request."""
    assert isinstance(stack.broker, EmbeddedBroker)
    stack.broker.push_request_errors(0, [KafkaError.TOPIC_AUTHORIZATION_FAILED])


# Each example makes a topic, which real brokers take their time for.
@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=st.lists(st.sampled_from(["good", "faulty", "large"]), max_size=12))
def test_each_record_is_delivered_or_reported(
    streamcontract_stack: Stack, kinds: list[str]
) -> None:
    """Counts and indices are right for any mixture, and the good ones arrive in order."""
    stack = streamcontract_stack
    topic = f"mixture-{uuid.uuid4().hex}"
    stack.create_topic(topic)
    config = {
        "bootstrap.servers": stack.bootstrap_servers,
        "schema.registry.url": stack.registry_url,
        "linger.ms": 0,
    }

    def options(value: Stock | None) -> ProduceOptions:
        assert value is not None
        return {"key": TOO_LARGE} if kinds[value.volume] == "large" else {}

    values = [faulty(i) if kind == "faulty" else make(i) for i, kind in enumerate(kinds)]
    with StockProducer(config, topic=topic) as producer:
        report = producer.produce_all(iter(values), options=options)
    good = [i for i, kind in enumerate(kinds) if kind == "good"]
    bad = {i: kind for i, kind in enumerate(kinds) if kind != "good"}
    assert (report.delivered, report.failed, report.ok) == (len(good), len(bad), not bad)
    assert {failure.index: failure.value for failure in report.failures} == {
        i: values[i] for i in bad
    }
    for failure in report.failures:
        expected = MessageEncodeError if bad[failure.index] == "faulty" else ProduceError
        assert type(failure.error) is expected
    assert volumes(config, topic) == good


def test_what_the_brokers_refuse_is_reported_with_its_record(
    embedded_stack: DevStack, config: dict[str, Any], topic: Callable[..., str]
) -> None:
    """A delivery that fails has its report, and is not raised by the producer once more."""
    name = topic()
    with StockProducer({**config, "linger.ms": 0}, topic=name) as producer:
        assert producer.produce_all([make(0)]).ok
        refuse_next(embedded_stack)
        report = producer.produce_all([make(1)])
        assert (report.delivered, report.failed) == (0, 1)
        [failure] = report.failures
        assert (failure.index, failure.value) == (0, make(1))
        assert isinstance(failure.error, ProduceError)
        assert failure.error.code == KafkaError.TOPIC_AUTHORIZATION_FAILED
        assert failure.delivery is not None
        assert failure.delivery.partition == 0
        with pytest.raises(ProduceFailuresError, match="1 of 1 records were not delivered; "):
            report.raise_for_failures()
        producer.flush()
    assert volumes(config, name) == [0]


def test_no_more_is_taken_than_the_brokers_take(
    config: dict[str, Any], topic: Callable[..., str]
) -> None:
    """An iterable is asked for a record only when there is room for it."""
    waiting = list[int]()

    def bars() -> Iterator[Stock]:
        for volume in range(50):
            waiting.append(len(producer.client))
            yield make(volume)

    name = topic()
    with StockProducer({**config, "linger.ms": 5}, topic=name) as producer:
        assert producer.produce_all(bars(), max_in_flight=3).ok
    # librdkafka counts a message twice while its report waits to be served.
    assert max(waiting) <= 2 * 2
    assert volumes(config, name) == [*range(50)]


def test_more_than_the_queue_holds(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """The limit of librdkafka itself is waited for, too."""
    name = topic()
    with StockProducer({**config, "queue.buffering.max.messages": 5}, topic=name) as producer:
        assert producer.produce_all(map(make, range(50))).delivered == 50
    assert volumes(config, name) == [*range(50)]


def test_only_some_failures_are_kept(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """Memory is bounded: the first are kept, the others are counted."""
    with StockProducer(config, topic=topic()) as producer:
        report = producer.produce_all(map(faulty, range(10)), max_failures=2)
    assert (report.failed, [failure.index for failure in report.failures]) == (10, [0, 1])


@pytest.mark.parametrize("only_errors", [True, False])
def test_progress_ends_with_the_truth(
    config: dict[str, Any], topic: Callable[..., str], only_errors: bool
) -> None:
    """The last call has the counts of the report, also if nobody tells of what arrived."""
    calls = list[ProduceProgress]()
    properties = {**config, "delivery.report.only.error": only_errors}
    with StockProducer(properties, topic=topic()) as producer:
        report = producer.produce_all([make(0), faulty(1), make(2)], progress=calls.append)
    assert calls[-1] == ProduceProgress(taken=3, delivered=2, failed=1)
    assert (report.delivered, report.failed) == (2, 1)


def test_each_record_can_have_its_options(
    config: dict[str, Any], topic: Callable[..., str]
) -> None:
    """Keys, partitions and callbacks come from the record; tombstones get their key so."""
    name = topic(partitions=2)
    told = list[Delivery]()

    def options(value: Stock | None) -> ProduceOptions:
        return {"key": "GONE", "on_delivery": told.append} if value is None else {"partition": 1}

    with StockProducer(config, topic=name) as producer:
        assert producer.produce_all([make(1), None], options=options).ok
    assert [delivery.key for delivery in told] == [b"GONE"]
    with StockConsumer(config, topic=name) as consumer:
        found = {(message.key, message.value) for message in consumer.until_end()}
    assert found == {("GONE", None), ("AAPL", make(1))}


def test_after_an_exception_nothing_is_lost_in_silence(
    embedded_stack: DevStack, config: dict[str, Any], topic: Callable[..., str]
) -> None:
    """What was taken before goes on; where it fails, the producer tells of it."""
    name = topic()

    def bars() -> Iterator[Stock]:
        yield make(0)
        raise ZeroDivisionError

    with StockProducer({**config, "linger.ms": 5}, topic=name) as producer:
        with pytest.raises(ZeroDivisionError):
            producer.produce_all(bars())
        producer.flush()
        refuse_next(embedded_stack)
        with pytest.raises(ZeroDivisionError):
            producer.produce_all(bars())
        with pytest.raises(DeliveryError, match="1 message was not delivered"):
            producer.flush()
    assert volumes(config, name) == [0]


@pytest.mark.parametrize("limits", [{"max_in_flight": 0}, {"max_failures": -1}])
def test_limits_that_make_no_sense(
    config: dict[str, Any], topic: Callable[..., str], limits: dict[str, Any]
) -> None:
    """A limit that would never let anything through is refused at once."""
    with (
        StockProducer(config, topic=topic()) as producer,
        pytest.raises(ConfigurationError, match="has to be a number of"),
    ):
        producer.produce_all([], **limits)
