"""Partitions that are lost or revoked while the application works on their messages."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.kafka.bars import volumes

from streamcontract import StockConsumer
from streamcontract.kafka import ConsumeError
from streamcontract.kafka.connection.error_codes import LocalErrorCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract import Stock
    from streamcontract.kafka import Message

Config = dict[str, Any]
WAIT = 30.0
CLASSIC: Config = {"session.timeout.ms": 2000, "heartbeat.interval.ms": 100}
COOPERATIVE: Config = {**CLASSIC, "partition.assignment.strategy": "cooperative-sticky"}
PROTOCOLS = [
    pytest.param(CLASSIC, id="range", marks=pytest.mark.searching),
    pytest.param(COOPERATIVE, id="cooperative-sticky", marks=pytest.mark.searching),
    pytest.param({"group.protocol": "consumer"}, id="consumer"),
]


@pytest.mark.searching
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_handler_that_takes_too_long_loses_its_partitions(
    config: Config,
    filled: Callable[..., str],
    caplog: pytest.LogCaptureFixture,
    protocol: Config,
) -> None:
    """One warning names the setting; what is in the queue is not delivered; all comes again."""
    name = filled(10)
    config = {**config, **protocol, "max.poll.interval.ms": 2000, "enable.auto.commit": False}
    with StockConsumer(config, topic=name, group=name) as consumer:
        assert volumes(consumer.consume(3, WAIT)) == [0, 1, 2]
        consumer.commit()
        assert volumes([next(consumer)]) == [3]
        work_until_late(consumer, caplog)
        assert volumes(consumer.consume(7, WAIT)) == [3, 4, 5, 6, 7, 8, 9]
        assert consumer.commit() == {0: 10}
    assert len(late_warnings(caplog)) == 1


def work_until_late(consumer: StockConsumer, caplog: pytest.LogCaptureFixture) -> None:
    """Work on the message in hand until the group has had enough."""
    deadline = time.monotonic() + WAIT
    while not late_warnings(caplog):
        assert time.monotonic() < deadline
        time.sleep(2.2)  # the application works; a contact shows whether that was too long
        consumer._delivery.wait(0)


def late_warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What is logged of the setting."""
    return [each.message for each in caplog.records if "max.poll.interval.ms" in each.message]


def test_a_message_of_a_revoked_partition_is_not_committed(
    config: Config, filled: Callable[..., str]
) -> None:
    """Its next owner may be beyond it: the error says so, and nothing is committed."""
    name = filled(10, partitions=2)
    config = {**config, "group.protocol": "consumer", "enable.auto.commit": False}
    kept: list[Message[Stock]] = []
    with StockConsumer(config, topic=name, group=name) as consumer:
        while {message.partition for message in kept} != {0, 1}:
            kept += consumer.consume(1, WAIT)
        joined, done = threading.Event(), threading.Event()

        def other() -> None:
            with StockConsumer(config, topic=name, group=name) as second:
                while second.assignment(0.1) == ():
                    pass
                joined.set()
                while not done.is_set():
                    second.poll(0.05)

        thread = threading.Thread(target=other)
        thread.start()
        while not joined.is_set():
            consumer.poll(0.05)
        (mine,) = consumer.assignment()
        for message in kept[:1] + kept[-1:]:
            if message.partition == mine:
                assert consumer.commit(message) == {mine: message.offset + 1}
            else:
                with pytest.raises(ConsumeError, match="revoked") as caught:
                    consumer.commit(message)
                assert caught.value.code == LocalErrorCode.ASSIGNMENT_LOST
                assert caught.value.partition == message.partition
        done.set()
        thread.join(WAIT)


def test_what_is_taken_back_comes_again(config: Config, filled: Callable[..., str]) -> None:
    """The message or the list in hand, once; and nothing is committed that was taken back."""
    name = filled(6)
    with StockConsumer(config, topic=name, group=name) as consumer:
        assert volumes([next(consumer), next(consumer)]) == [0, 1]
        consumer.take_back()
        consumer.take_back()
        assert consumer.commit() == {0: 1}
        assert volumes(consumer.consume(3, WAIT)) == [1, 2, 3]
        consumer.take_back()
        assert volumes(consumer.until_end()) == [1, 2, 3, 4, 5]
