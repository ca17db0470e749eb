"""Producers that are not closed, and clients in forked processes: nothing is lost in silence."""

from __future__ import annotations

import gc
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.kafka.applications import bar
from tests.kafka.careless_application import COUNT, REGISTRY

from streamcontract import StockConsumer, StockProducer
from streamcontract.devstack import DevStack
from streamcontract.errors import ClientError
from streamcontract.kafka import Delivery, DeliveryError
from streamcontract.kafka.producer import unclosed

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.testing.fixtures.stacks import Stack


def run(how: str, stack: Stack, topic: str) -> subprocess.CompletedProcess[str]:
    """Let the application be careless; it ends well, and soon."""
    command = [sys.executable, "-m", "tests.kafka.careless_application", how]
    command += [stack.bootstrap_servers, stack.registry_url, topic]
    done = subprocess.run(  # noqa: S603 - it is the module beside this one
        command, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


def volumes(config: dict[str, Any], topic: str) -> list[int]:
    """The volumes of all bars of a topic, in order."""
    with StockConsumer(config, topic=topic) as consumer:
        return [message.value.volume for message in consumer.until_end() if message.value]


@pytest.mark.parametrize("how", ["at the end", "dropped"])
def test_what_a_forgotten_producer_has_queued_is_delivered(
    how: str, stack: Stack, config: dict[str, Any], topic: Callable[..., str]
) -> None:
    """At the end of the interpreter, or after the producer went out of use."""
    name = topic()
    run(how, stack, name)
    assert volumes(config, name) == [bar(number).volume for number in range(COUNT)]


def test_what_cannot_be_delivered_is_said_on_standard_error(
    stack: Stack, topic: Callable[..., str]
) -> None:
    """With what to do about it; the end of the interpreter is not held up for ever."""
    done = run("nowhere", stack, topic())
    assert f"{COUNT} messages were not delivered" in done.stderr
    assert "use it in a with block" in done.stderr


@pytest.mark.searching
@pytest.mark.usefixtures("own_producer_ids")
def test_an_open_transaction_is_aborted_at_the_end(
    stack: Stack, config: dict[str, Any], topic: Callable[..., str]
) -> None:
    """Nothing of it is read, and standard error says so."""
    name = topic()
    done = run("transaction", stack, name)
    assert "a transaction is aborted because its producer was not closed" in done.stderr
    if not isinstance(stack, DevStack):  # which shows what was aborted
        assert volumes(config, name) == []


@pytest.mark.searching
def test_collecting_a_producer_does_not_wait_and_its_failures_are_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A thread serves its client, until all is delivered or has failed."""
    properties = {"bootstrap.servers": "127.0.0.1:9", "message.timeout.ms": 100}
    producer = StockProducer(properties, registry=REGISTRY)
    told: list[Delivery] = []
    producer.produce(bar(0))
    producer.produce(bar(1), on_delivery=told.append)
    with pytest.warns(ResourceWarning, match="not closed"):  # noqa: PT031 - one or the other warns
        del producer
        gc.collect()
    with unclosed._serving:
        assert not unclosed.waiting()
    assert [report.ok for report in told] == [False]
    assert "1 message was not delivered" in caplog.text


@pytest.mark.searching
def test_a_forked_child_is_told_and_leaves_the_parents_client_alone(
    stack: Stack, config: dict[str, Any], topic: Callable[..., str]
) -> None:
    """Each call names the fork; the child ends as any process, and the parent goes on."""
    name = topic()
    told = run("forked", stack, name).stdout.splitlines()
    assert len(told) == 8
    assert all(line.endswith(": ForkedError") for line in told)
    expected = [bar(number).volume for number in range(COUNT + 1)]
    assert sorted(volumes(config, name)) == sorted(expected)


@pytest.mark.searching
def test_consumers_and_clients_of_asyncio_are_the_parents_too(
    stack: Stack, topic: Callable[..., str]
) -> None:
    """What the parent has fetched is not returned by the child, nor does it wait for threads."""
    told = run("forked consumers", stack, topic()).stdout.splitlines()
    assert len(told) == 12
    assert all(line.endswith(": ForkedError") for line in told)


@pytest.mark.parametrize(
    "call",
    [
        lambda producer: producer.flush(),
        lambda producer: producer.close(),
        lambda producer: producer.produce_all([]),
        lambda producer: producer.transaction(),
    ],
    ids=["flush", "close", "produce_all", "transaction"],
)
@pytest.mark.parametrize("way", ["produce", "produce_all"])
def test_waiting_for_all_deliveries_within_one_is_refused(
    config: dict[str, Any],
    topic: Callable[..., str],
    call: Callable[[StockProducer], object],
    way: str,
) -> None:
    """It would wait for itself; the error comes out of the call that served the report."""
    with StockProducer(config, topic=topic()) as producer:

        def on_delivery(_: Delivery) -> None:
            call(producer)

        with pytest.raises(ClientError, match="cannot be called by an on_delivery"):  # noqa: PT012 - one of them raises
            if way == "produce":
                producer.produce(bar(0), on_delivery=on_delivery)
                producer.flush()
            else:
                producer.produce_all([bar(0)], options=lambda _: {"on_delivery": on_delivery})
        producer.produce(bar(1))
        assert producer.flush() == 0


def test_another_producer_may_be_flushed_within_a_delivery(
    config: dict[str, Any], topic: Callable[..., str]
) -> None:
    """It is not waited for the delivery at hand."""
    name = topic()
    with StockProducer(config, topic=name) as second, StockProducer(config, topic=name) as first:

        def forward(_: Delivery) -> None:
            second.produce(bar(1))
            second.flush()

        first.produce(bar(0), on_delivery=forward)
    assert len(volumes(config, name)) == 2


def test_a_failure_is_raised_by_close_and_not_logged_at_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A producer that was closed is none that was forgotten."""
    producer = StockProducer({"bootstrap.servers": "127.0.0.1:9"}, registry=REGISTRY)
    producer.produce(bar(0))
    with pytest.raises(DeliveryError):
        producer.close(0)
    unclosed.finish_all(0)
    assert "not closed" not in caplog.text
