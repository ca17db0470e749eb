"""A consumer that goes on after an exception in the middle of a call into librdkafka."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, Any

import confluent_kafka
import pytest
from confluent_kafka import KafkaError
from tests.kafka.bars import volumes
from tests.kafka.dlq_io import WAIT, letters, produce_raw

from streamcontract import Stock, StockConsumer, StockProducer
from streamcontract.kafka import DeadLetterError, DeadLetters, MessageDecodeError, Skip
from streamcontract.kafka.connection.waits import interruptible

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.kafka import Message
    from streamcontract.testing.fixtures.faults import Faults

Config = dict[str, Any]
REFUSED = KafkaError.TOPIC_AUTHORIZATION_FAILED


@pytest.mark.parametrize("name", ["_poll", "_consume"])
@pytest.mark.parametrize("begin", [None, "earliest", 2])
@pytest.mark.parametrize("with_group", [False, True])
def test_what_a_broken_off_call_has_fetched_is_fetched_again(
    config: Config, filled: Callable[..., str], with_group: bool, begin: Any, name: str
) -> None:
    """confluent_kafka drops what it has in hand when a signal's handler or a callback raises."""
    topic = filled(6, partitions=2)
    group: Config = {"group": topic} if with_group else {}
    with StockConsumer(config, topic=topic, **group) as consumer:
        if begin is not None:
            consumer.consume(8, WAIT)
            for partition in (0, 1):
                consumer.seek(partition, begin)
        call = getattr(consumer._contact, name)

        def broken_off(*arguments: Any) -> None:
            found = call(*arguments)
            while name == "_poll" and not found:  # until partitions are assigned, and more
                found = call(*arguments)
            if found:
                setattr(consumer._contact, name, call)
                raise KeyboardInterrupt

        setattr(consumer._contact, name, broken_off)
        first = begin if isinstance(begin, int) else 0
        expected = list(range(first, 6))
        seen: list[Message[Stock]] = []
        interrupted = 0
        while len(seen) < 2 * len(expected):
            try:
                found = consumer.poll(WAIT)
            except KeyboardInterrupt:  # noqa: PERF203 - it is what is tested
                interrupted += 1
            else:
                assert found is not None
                seen.append(found)
        assert interrupted == 1
    for partition in (0, 1):
        assert [each.offset for each in seen if each.partition == partition] == expected


@pytest.fixture
def poisoned(
    config: Config, bar: Callable[..., Stock], topic: Callable[..., str]
) -> tuple[str, Callable[[], None]]:
    """A topic with a good message and a bad one, and what adds another good one."""
    name = topic(partitions=1)

    def add(volume: int) -> None:
        with StockProducer(config, topic=name) as producer:
            producer.produce(bar(volume=volume))

    add(0)
    produce_raw(config, name, (b"poison", b"AAPL", [], 0))
    return name, lambda: add(2)


@pytest.mark.searching
def test_a_dead_letter_that_was_refused_is_one_dead_letter(
    config: Config, poisoned: tuple[str, Callable[[], None]], streamcontract_faults: Faults
) -> None:
    """It is said once, and what is behind it comes; committing waits until it is taken."""
    name, add_the_third = poisoned
    add_the_third()
    refused = 0
    with StockConsumer(config, topic=name, group=name, poison=DeadLetters()) as consumer:
        streamcontract_faults.request_errors("Produce", *[REFUSED] * 3)
        assert volumes(consumer.consume(1, WAIT)) == [0]
        assert volumes(consumer.consume(1, WAIT)) == [2]
        with pytest.raises(DeadLetterError):
            consumer.poll(WAIT)
        for _ in range(3):
            assert consumer.poll(0) is None
        while refused < 5:
            try:
                assert consumer.commit() == {0: 3}
                break
            except DeadLetterError:
                refused += 1
    assert refused > 0
    (letter,) = letters(config, f"{name}.dlq")
    assert letter.source.offset == 1


@pytest.mark.parametrize("interrupts", [1, 3])
def test_poison_of_an_interrupted_batch_is_dealt_with_once(
    config: Config, poisoned: tuple[str, Callable[[], None]], interrupts: int
) -> None:
    """Also where the messages in front of it come again in smaller batches."""
    name, add_the_third = poisoned
    skipped: list[MessageDecodeError] = []
    left = interrupts

    def interrupt() -> None:
        nonlocal left
        if skipped and left:
            left -= 1
            raise KeyboardInterrupt

    with StockConsumer(config, topic=name, group=name, poison=Skip(skipped.append)) as consumer:
        consumer._delivery.check = interrupt
        for _ in range(interrupts):
            with pytest.raises(KeyboardInterrupt):
                consumer.consume(3, WAIT)
        add_the_third()
        assert volumes(consumer.consume(1, WAIT)) == [0]
        assert volumes(consumer.consume(1, WAIT)) == [2]
        # What is fetched anew is another attempt.
        consumer.seek(0, 1)
        assert volumes(consumer.consume(1, WAIT)) == [2]
    assert [error.offset for error in skipped] == [1, 1]


@pytest.mark.usefixtures("signals_end")
def test_ctrl_c_where_no_broker_is() -> None:
    """It is what the application sees, though confluent_kafka's callbacks may lose it."""
    stop = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))

    def wait_until_stopped(consumer: StockConsumer) -> None:
        stop.start()
        next(consumer)

    with (
        StockConsumer({"bootstrap.servers": "127.0.0.1:9"}, group="interrupted") as consumer,
        pytest.raises(KeyboardInterrupt),
    ):
        wait_until_stopped(consumer)


def test_a_lost_exception_is_an_interrupt_and_no_other_error_is() -> None:
    """What CPython says of a function that failed without a word; all else stays what it is."""

    def fail(text: str) -> None:
        raise SystemError(text)

    with pytest.raises(KeyboardInterrupt):
        interruptible(fail, "<built-in method poll> returned NULL without setting an exception")
    with pytest.raises(SystemError, match="unknown opcode"):
        interruptible(fail, "unknown opcode")


def test_an_interrupt_that_becomes_a_type_error_is_an_interrupt() -> None:
    """confluent_kafka makes text of topics with str(), which runs the handlers of signals."""

    class Interrupted:
        def __str__(self) -> str:
            raise KeyboardInterrupt

    client = confluent_kafka.Consumer({"group.id": "g", "bootstrap.servers": "127.0.0.1:9"})
    with pytest.raises(TypeError):
        client.subscribe([Interrupted()])  # type: ignore[list-item] # it stands for a signal's moment
    with pytest.raises(KeyboardInterrupt):
        interruptible(client.subscribe, [Interrupted()])  # type: ignore[list-item] # likewise
    with pytest.raises(TypeError, match="callable"):
        interruptible(client.subscribe, ["topic"], on_assign=1)  # type: ignore[arg-type] # likewise
    client.close()


@pytest.mark.parametrize("value", [1, 1.5, object()])
def test_a_header_of_a_wrong_type_is_no_interrupt(value: Any) -> None:
    """It is the application's mistake, and confluent_kafka says what is wrong with it."""
    client = confluent_kafka.Producer({"bootstrap.servers": "127.0.0.1:9"})
    with pytest.raises(TypeError, match="expected header value"):
        interruptible(client.produce, "topic", b"", headers=[("name", value)])
