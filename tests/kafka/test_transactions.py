"""Transactions: all or nothing, exactly once, and no zombie gets through.

What depends on the broker to hide aborted messages needs Apache Kafka; the embedded broker leaves
them readable.
"""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import KafkaError

from streamcontract import Stock, StockConsumer, StockProducer
from streamcontract.devstack import DevStack, EmbeddedBroker
from streamcontract.errors import ClientError, ConfigurationError
from streamcontract.kafka import (
    BrokerError,
    ProduceError,
    ProducerFencedError,
    TransactionAbortedError,
    TransactionError,
)
from streamcontract.kafka.connection import flushing

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.testing.fixtures.faults import Faults
    from streamcontract.testing.fixtures.stacks import Stack


def volumes(config: dict[str, Any], topic: str, **properties: Any) -> list[int]:
    """The volumes of all bars in a topic that was read to its end, in order of their offsets."""
    with StockConsumer({**config, **properties}, topic=topic) as consumer:
        return [message.value.volume for message in consumer.until_end() if message.value]


def fill(config: dict[str, Any], topic: str, bar: Callable[..., Stock], count: int) -> None:
    """Put bars with the volumes from 0 on into a topic."""
    with StockProducer(config, topic=topic) as producer:
        for volume in range(count):
            producer.produce(bar(volume=volume))


def committed(config: dict[str, Any], topic: str, group: str) -> dict[int, int]:
    """What a group committed for partition 0, as its next member would find it."""
    with StockConsumer({**config, "enable.auto.commit": False}, topic=topic, group=group) as probe:
        first = probe.poll(10)
        return {} if first is None else {first.partition: first.offset}


def test_a_transaction_arrives(
    transactional: dict[str, Any],
    config: dict[str, Any],
    bar: Callable[..., Stock],
    topic: Callable[..., str],
) -> None:
    """One after another, each is there when its block is left."""
    name = topic()
    with StockProducer(transactional, topic=name) as producer:
        for volume in range(3):
            with producer.transaction():
                producer.produce(bar(volume=volume))
            assert volumes(config, name) == [*range(volume + 1)]


def test_what_was_aborted_is_not_read(
    real: Stack,
    transactional: dict[str, Any],
    config: dict[str, Any],
    bar: Callable[..., Stock],
    topic: Callable[..., str],
) -> None:
    """read_committed, which is the default, leaves out what read_uncommitted shows."""
    name = topic()
    with StockProducer(transactional, topic=name) as producer:
        for volume in range(4):
            with contextlib.suppress(ZeroDivisionError), producer.transaction():
                producer.produce(bar(volume=volume))
                producer.flush()
                if volume % 2:
                    raise ZeroDivisionError
    assert volumes(config, name) == [0, 2]
    assert volumes(config, name, **{"isolation.level": "read_uncommitted"}) == [0, 1, 2, 3]


def test_open_transactions_are_not_read(
    real: Stack,
    transactional: dict[str, Any],
    config: dict[str, Any],
    bar: Callable[..., Stock],
    topic: Callable[..., str],
) -> None:
    """What was delivered and not committed yet stays out of a bounded read."""
    name = topic()
    with StockProducer(transactional, topic=name) as producer, producer.transaction():
        producer.produce(bar())
        producer.flush()
        assert volumes(config, name) == []
    assert volumes(config, name) == [1]


def test_closing_does_not_wait_for_brokers_that_are_away(
    transactional: dict[str, Any],
    bar: Callable[..., Stock],
    topic: Callable[..., str],
    streamcontract_faults: Faults,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They end the transaction by themselves; confluent_kafka alone would wait without end."""
    monkeypatch.setattr(flushing, "_CLOSING", 0.1)
    with contextlib.closing(StockProducer(transactional, topic=topic())) as producer:
        producer.init_transactions()
        with contextlib.suppress(ZeroDivisionError), producer.transaction(timeout=0.1):
            producer.produce(bar())
            producer.flush()
            streamcontract_faults.broker_down()
            raise ZeroDivisionError
        producer.close(0.1)


def test_an_exception_goes_first_and_voids_what_waits(
    transactional: dict[str, Any],
    config: dict[str, Any],
    bar: Callable[..., Stock],
    topic: Callable[..., str],
) -> None:
    """Aborted messages are told to their on_delivery, and are no failures of the producer."""
    name = topic()
    reports = list[Any]()
    with StockProducer({**transactional, "linger.ms": 30_000}, topic=name) as producer:
        with pytest.raises(ZeroDivisionError), producer.transaction():  # noqa: PT012 - the block raises as a whole
            producer.produce(bar(volume=0))
            producer.produce(bar(volume=1), on_delivery=reports.append)
            raise ZeroDivisionError
        assert [report.ok for report in reports] == [False]
        with producer.transaction():
            producer.produce(bar(volume=2))
    assert volumes(config, name)[-1:] == [2]


def test_positions_go_with_the_transaction(
    stack: Stack,
    transactional: dict[str, Any],
    manual: dict[str, Any],
    config: dict[str, Any],
    bar: Callable[..., Stock],
    topic: Callable[..., str],
) -> None:
    """The group goes on after the last message returned in a committed transaction."""
    source, target = topic(), topic()
    fill(config, source, bar, 5)
    with (
        StockProducer(transactional, topic=target) as producer,
        StockConsumer(manual, topic=source, group=source) as consumer,
    ):
        for message in consumer:
            with producer.transaction(consumer):
                producer.produce(message.value, key=message.key)
            if message.offset == 2:
                break
        consumer.poll(10)  # returned, and in no transaction
    assert volumes(config, target) == [0, 1, 2]
    if not isinstance(stack, DevStack):  # it takes positions in transactions, and forgets them
        assert committed(manual, source, source) == {0: 3}


@pytest.mark.parametrize("start", ["earliest", "latest", 1])
def test_after_an_abort_messages_come_again(
    transactional: dict[str, Any],
    manual: dict[str, Any],
    config: dict[str, Any],
    bar: Callable[..., Stock],
    topic: Callable[..., str],
    start: Any,
) -> None:
    """From what is committed; where nothing is, from where the consumer began."""
    source, target = topic(), topic()
    fill(config, source, bar, 2)
    begun = {"earliest": 0, "latest": 2, 1: 1}[start]
    with (
        StockProducer(transactional, topic=target) as producer,
        StockConsumer(manual, topic=source, group=source, start=start) as consumer,
    ):
        consumer.assignment(30)
        fill(config, source, bar, 4)
        seen = list[int]()
        for attempt in range(4):
            with contextlib.suppress(ZeroDivisionError), producer.transaction(consumer):
                seen.extend(message.offset for message in consumer.consume(2, 30))
                if attempt % 2 == 0:
                    raise ZeroDivisionError
    assert seen == [begun, begun + 1] * 2 + [begun + 2, begun + 3] * 2


@pytest.mark.searching
def test_nothing_is_committed_for_partitions_that_were_taken_away(
    transactional: dict[str, Any],
    manual: dict[str, Any],
    config: dict[str, Any],
    bar: Callable[..., Stock],
    topic: Callable[..., str],
) -> None:
    """A rebalance between handing out and commit aborts: the next owner has the messages."""
    source, target = topic(), topic()
    fill(config, source, bar, 2)
    # The classic protocol takes everything away from each member for a moment. On the mock cluster
    # who joins waits for the session less a second.
    session = {"session.timeout.ms": 3000, "heartbeat.interval.ms": 100}
    manual = {**manual, "group.protocol": "classic", **session}
    with (
        StockProducer(transactional, topic=target) as producer,
        StockConsumer(manual, topic=source, group=source) as consumer,
    ):
        transaction = producer.transaction(consumer)
        with pytest.raises(TransactionAbortedError, match="revoked partition 0"), transaction:  # noqa: PT012 - the block raises as a whole
            message = consumer.poll(30)
            assert message is not None
            producer.produce(message.value, key=message.key)
            with StockConsumer(manual, topic=source, group=source) as other:
                while not consumer._assignment.revoked:
                    other.poll(0.05)
                    consumer.poll(0.05)
        assert next(consumer).offset == 0
        with producer.transaction(consumer):
            producer.produce(bar(volume=7))
    assert volumes(config, target)[-1] == 7


def test_zombies_are_fenced(
    real: Stack,
    transactional: dict[str, Any],
    manual: dict[str, Any],
    config: dict[str, Any],
    bar: Callable[..., Stock],
    topic: Callable[..., str],
) -> None:
    """Who comes later with the same id goes on; whoever was before can commit nothing more."""
    source, target = topic(), topic()
    fill(config, source, bar, 3)
    with StockConsumer(manual, topic=source, group=source) as consumer:
        zombie = StockProducer(transactional, topic=target)
        transaction = zombie.transaction(consumer)
        with pytest.raises(ProducerFencedError) as caught, transaction:  # noqa: PT012 - the block raises as a whole
            zombie.produce(bar(volume=100))
            zombie.flush()
            consumer.poll(30)
            with StockProducer(transactional, topic=target) as successor:
                with successor.transaction():
                    successor.produce(bar(volume=1))
                zombie.produce(bar(volume=101))
        assert caught.value.transactional_id == transactional["transactional.id"]
        assert not isinstance(caught.value, TransactionAbortedError)
        with pytest.raises(ProducerFencedError), zombie.transaction():
            pass
        zombie.close()
        again = consumer.poll(30)
        assert again is not None
        assert again.offset == 0
    assert volumes(config, target) == [1]


def test_workers_that_crash_work_on_each_message_once(
    real: Stack,
    manual: dict[str, Any],
    config: dict[str, Any],
    bar: Callable[..., Stock],
    topic: Callable[..., str],
) -> None:
    """Killed before, within and after a transaction, and anywhere, judged from the output."""
    source, target = topic(), topic()
    count = 200
    fill(config, source, bar, count)
    anywhere = [str(random.randint(0, 60)) for _ in range(3)]
    for point in ["consumed", "delivered", "committed", *anywhere, "never"]:
        worker = subprocess.run(  # noqa: S603 - it is the file beside this one
            [
                *(sys.executable, Path(__file__).with_name("crashing_worker.py")),
                *(real.bootstrap_servers, real.registry_url, source, target, point),
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        expected = 0 if point == "never" else -signal.SIGKILL
        assert worker.returncode == expected, (point, worker.stderr)
    assert volumes(config, target) == [2 * volume for volume in range(count)]
    everything = volumes(config, target, **{"isolation.level": "read_uncommitted"})
    assert len(everything) > count, "no transaction was aborted, so nothing was tried"


def test_a_refused_delivery_aborts(
    embedded_stack: DevStack,
    transactional: dict[str, Any],
    bar: Callable[..., Stock],
    topic: Callable[..., str],
) -> None:
    """The error says that the producer can go on, and it does."""
    assert isinstance(embedded_stack.broker, EmbeddedBroker)
    with StockProducer(transactional, topic=topic()) as producer:
        with producer.transaction():
            producer.produce(bar())
        embedded_stack.broker.push_request_errors(0, [KafkaError.INVALID_RECORD])
        with pytest.raises(TransactionAbortedError) as caught, producer.transaction():
            producer.produce(bar())
        assert caught.value.code == KafkaError.INVALID_RECORD
        committed = 0
        for _ in range(5):
            # librdkafka may find a gap in the sequence numbers first, and aborts once more.
            with contextlib.suppress(TransactionAbortedError):
                with producer.transaction():
                    producer.produce(bar())
                committed += 1
        assert committed >= 3


def test_a_commit_in_doubt_ends_the_producer(
    embedded_stack: DevStack,
    transactional: dict[str, Any],
    bar: Callable[..., Stock],
    topic: Callable[..., str],
) -> None:
    """Where nobody knows whether it was committed, no other transaction is begun."""
    broker = embedded_stack.broker
    assert isinstance(broker, EmbeddedBroker)
    end_transaction = 26
    name = topic()
    with StockProducer(transactional, topic=name) as producer:
        broker.push_request_errors(
            end_transaction, [KafkaError.COORDINATOR_LOAD_IN_PROGRESS] * 1000
        )
        try:
            with pytest.raises(TransactionError) as caught, producer.transaction(timeout=1):
                producer.produce(bar())
        finally:
            broker.clear_request_errors(end_transaction)
        assert type(caught.value) is TransactionError
        assert caught.value.retriable
        with pytest.raises(TransactionError) as again, producer.transaction():
            pass
        assert again.value is caught.value
    with StockProducer(transactional, topic=name) as successor, successor.transaction():
        successor.produce(bar())


def test_producing_needs_a_transaction(
    transactional: dict[str, Any], bar: Callable[..., Stock], topic: Callable[..., str]
) -> None:
    """Outside of a block the error says what to do."""
    with StockProducer(transactional, topic=topic()) as producer:
        with pytest.raises(ProduceError, match=r"within a block `with producer\.transaction"):
            producer.produce(bar())
        with producer.transaction():
            producer.produce(bar())


def test_one_transaction_at_a_time(
    transactional: dict[str, Any], bar: Callable[..., Stock], topic: Callable[..., str]
) -> None:
    """A transaction within a transaction is refused, and spoils nothing."""
    with StockProducer(transactional, topic=topic()) as producer, producer.transaction():
        with pytest.raises(ClientError, match="one at a time"), producer.transaction():
            pass
        producer.produce(bar())


def test_a_producer_without_an_id_has_no_transactions(
    config: dict[str, Any], topic: Callable[..., str]
) -> None:
    """The error names the property."""
    with (
        StockProducer(config, topic=topic()) as producer,
        pytest.raises(ConfigurationError, match=r"'transactional\.id'"),
        producer.transaction(),
    ):
        pass


@pytest.mark.parametrize(
    ("properties", "group", "complaint"),
    [
        ({"enable.auto.commit": False}, None, "no group"),
        ({}, "g", r"'enable\.auto\.commit'"),
        (
            {"enable.auto.commit": False, "isolation.level": "read_uncommitted"},
            "g",
            r"'isolation\.level'",
        ),
    ],
)
def test_consumers_that_cannot_take_part(
    transactional: dict[str, Any],
    config: dict[str, Any],
    topic: Callable[..., str],
    properties: dict[str, Any],
    group: str | None,
    complaint: str,
) -> None:
    """Those that would commit, or read, what is not committed are refused."""
    name = topic()
    with (
        StockProducer(transactional, topic=name) as producer,
        StockConsumer({**config, **properties}, topic=name, group=group) as consumer,
        pytest.raises(ConfigurationError, match=complaint),
    ):
        producer.transaction(consumer)


def test_closing_aborts_what_is_open(
    real: Stack,
    transactional: dict[str, Any],
    config: dict[str, Any],
    bar: Callable[..., Stock],
    topic: Callable[..., str],
) -> None:
    """Nobody has to wait for the time-out of a transaction whose producer is closed."""
    name = topic()
    producer = StockProducer(transactional, topic=name)
    with pytest.raises(ClientError, match="closed"), producer.transaction():  # noqa: PT012 - the block raises as a whole
        producer.produce(bar(volume=5))
        producer.flush()
        producer.close()
    fill(config, name, bar, 1)
    assert volumes(config, name) == [0]


def test_errors_of_transactions_are_errors_of_the_broker() -> None:
    """Who catches BrokerError catches them all."""
    assert issubclass(TransactionAbortedError, BrokerError)
    assert issubclass(ProducerFencedError, BrokerError)
