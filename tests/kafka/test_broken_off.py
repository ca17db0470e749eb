"""A consumer that goes on after an exception in the middle of a call into librdkafka."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from streamcontract import Stock, StockConsumer
from streamcontract.kafka.interrupts import interruptible

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.kafka import Message

Config = dict[str, Any]
WAIT = 30.0


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
        call = getattr(consumer._fetcher, name)

        def broken_off(*arguments: Any) -> None:
            found = call(*arguments)
            while name == "_poll" and not found:  # until partitions are assigned, and more
                found = call(*arguments)
            if found:
                setattr(consumer._fetcher, name, call)
                raise KeyboardInterrupt

        setattr(consumer._fetcher, name, broken_off)
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
