"""Waits that take long say what they wait for; errors that are met often say what to do."""

from __future__ import annotations

import contextlib
import logging
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING, Any, cast

import pytest
from confluent_kafka import KafkaError
from hypothesis import given
from hypothesis import strategies as st
from tests.kafka.applications import ScriptedRegistry, bar

from streamcontract import (
    ContractConsumer,
    ContractProducer,
    SchemaRegistry,
    StockConsumer,
    StockProducer,
)
from streamcontract.devstack import DevStack, EmbeddedBroker
from streamcontract.kafka import DeliveryError, MessageDecodeError, ProduceError
from streamcontract.kafka.connection import waits
from streamcontract.kafka.connection.authentication_errors import AuthenticationErrors
from streamcontract.kafka.connection.waits import Waiting, result_of
from streamcontract.registry.errors import IncompatibleSchemaError

if TYPE_CHECKING:
    from collections.abc import Callable

NOWHERE = "127.0.0.1:9"


class Clock:
    """Time as the test says."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time that passes by hand."""
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock.monotonic)
    return clock


@given(st.lists(st.tuples(st.floats(0.01, 2), st.integers(0, 2)), max_size=40))
def test_a_wait_is_logged_after_three_seconds_without_progress(
    steps: list[tuple[float, int]],
) -> None:
    """And then when it takes twice as long each time; progress begins it anew."""
    clock, lines = Clock(), list[str]()
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign] # for a test
    logger = logging.getLogger("streamcontract.kafka")
    logger.addHandler(handler)
    expected, begun, pause, before = 0, clock.now, 3.0, None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "monotonic", clock.monotonic)
        waiting = Waiting("what is due", "stocks", lambda: "it is late")
        for seconds, left in steps:
            clock.now += seconds
            waiting.note(left)
            if left != before:
                begun, pause, before = clock.now, 3.0, left
            elif clock.now - begun >= pause:
                expected, pause = expected + 1, 2 * (clock.now - begun)
    logger.removeHandler(handler)
    assert len(lines) == expected
    assert all(line.startswith("waiting for what is due, without progress") for line in lines)
    assert all(line.endswith(": it is late") for line in lines)


def test_an_answer_is_waited_for_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the question failed with is raised, a time-out of its own included."""
    monkeypatch.setattr(waits, "SLICE", 0.0)
    done: Future[int] = Future()
    noted: list[object] = []

    class _Waiting(Waiting):
        def note(self, left: object = None) -> None:
            noted.append(left)
            done.set_result(5)

    assert result_of(done, _Waiting("a number", "")) == 5
    assert noted == [None]
    failed: Future[int] = Future()
    failed.set_exception(FutureTimeoutError("of the broker"))
    with pytest.raises(FutureTimeoutError, match="of the broker"):
        result_of(failed, Waiting("a number", ""))


def test_what_the_client_heard_last_is_said_with_it() -> None:
    """The reason goes before the summary that librdkafka gives afterwards."""
    watch = AuthenticationErrors({"bootstrap.servers": "host:9092"})
    assert watch.state() == ""
    watch.hear(KafkaError(KafkaError._TRANSPORT, "Connection refused"))
    watch.hear(KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down"))
    assert watch.state() == (
        "the brokers are host:9092, and the client's last error was Connection refused (_TRANSPORT)"
    )


def test_a_group_that_assigns_nothing_is_logged(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the group, and with what it may wait for; without a group there is no such line."""
    monkeypatch.setattr(waits, "_LONG", 0.0)
    registry = cast("SchemaRegistry", ScriptedRegistry())
    with DevStack(group_join_delay_ms=60_000) as stack:
        stack.create_topic("stocks")
        for group in (None, "report"):
            properties = {"bootstrap.servers": stack.bootstrap_servers}
            with StockConsumer(properties, topic="stocks", group=group, registry=registry) as made:
                for _ in range(3):
                    assert made.poll(0) is None
    (line, *_) = [each for each in caplog.messages if "to assign partitions" in each]
    assert line.startswith("waiting for group 'report' to assign partitions (it keeps those of")


@pytest.mark.searching
def test_a_flush_that_gets_nowhere_says_so(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the address and the reason, long before the delivery fails."""
    monkeypatch.setattr(waits, "_LONG", 0.0)
    registry = cast("SchemaRegistry", ScriptedRegistry())
    with (
        contextlib.suppress(DeliveryError),
        StockProducer(
            {"bootstrap.servers": NOWHERE, "message.timeout.ms": 1000}, registry=registry
        ) as producer,
    ):
        producer.produce(bar(0))
    assert "waiting for what was produced to be delivered" in caplog.text
    assert f"the brokers are {NOWHERE}, and the client's last error was" in caplog.text


def test_a_message_that_is_too_large_names_size_and_setting(
    config: dict[str, Any], topic: Callable[..., str]
) -> None:
    """Both the client's, which refuses it, and the topic's."""
    with (
        ContractProducer(
            {**config, "message.max.bytes": 1000}, topic=topic(), schema={"type": "string"}
        ) as producer,
        pytest.raises(ProduceError) as caught,
    ):
        producer.produce("x" * 2000, key="key")
    assert "Its value and key have 2,010 bytes" in str(caught.value)
    assert "'message.max.bytes' of this producer is 1000" in str(caught.value)


def test_a_message_that_the_broker_finds_too_large_names_the_setting(
    embedded_stack: DevStack, config: dict[str, Any], topic: Callable[..., str]
) -> None:
    """It is the topic's then."""
    assert isinstance(embedded_stack.broker, EmbeddedBroker)
    producer = StockProducer(config, topic=topic())
    producer.produce(bar(0))
    producer.flush()
    embedded_stack.broker.push_request_errors(0, [KafkaError.MSG_SIZE_TOO_LARGE])
    producer.produce(bar(0))
    with pytest.raises(DeliveryError, match=r"max\.message\.bytes of the topic"):
        producer.close()


def test_a_schema_that_the_registry_refuses_is_found_by_check(
    config: dict[str, Any], topic: Callable[..., str]
) -> None:
    """The error names the command, and its traceback ends where the producer asked."""
    name = topic()
    fields = [[{"name": each, "type": "int"}] for each in ("a", "b")]
    old, new = ({"type": "record", "name": "R", "fields": each} for each in fields)
    with ContractProducer(config, topic=name, schema=old) as producer:
        producer.produce({"a": 1})
    with (
        ContractProducer(config, topic=name, schema=new) as producer,
        pytest.raises(
            IncompatibleSchemaError, match="`streamcontract check --against registry`"
        ) as caught,
    ):
        producer.produce({"b": 1})
    assert len(caught.traceback) <= 6


def test_a_message_that_cannot_be_read_says_what_poison_offers(
    config: dict[str, Any], filled: Callable[..., str]
) -> None:
    """Where it is raised; what is passed over or put aside needs no such advice."""
    name = filled(1)

    other = {"type": "record", "name": "Other", "fields": [{"name": "x", "type": "int"}]}
    with (
        ContractConsumer(config, topic=name, schema=other) as consumer,
        pytest.raises(MessageDecodeError, match=r"poison=Skip\(callback\)") as caught,
    ):
        next(consumer)
    assert "poison=DeadLetters()" in str(caught.value)
