"""Offsets to go on from that the brokers do not have any more."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import confluent_kafka
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from tests.kafka.bars import volumes

from streamcontract import StockConsumer, StockProducer
from streamcontract.kafka import ConsumeError
from streamcontract.kafka.connection.error_codes import LocalErrorCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract import Stock
    from streamcontract.testing.fixtures.stacks import Stack

Config = dict[str, Any]
WAIT = 30.0


def warnings(caplog: pytest.LogCaptureFixture) -> list[tuple[int, int, int]]:
    """Partition, offset and number of messages of each warning."""
    found = [vars(record) for record in caplog.records if "missing" in vars(record)]
    assert all(each["levelno"] == logging.WARNING for each in found)
    return [(each["partition"], each["offset"], each["missing"]) for each in found]


def delete_before(config: Config, topic: str, offset: int) -> None:
    """Delete the messages of partition 0 before an offset."""
    admin = AdminClient({"bootstrap.servers": config["bootstrap.servers"]})
    place = TopicPartition(topic, 0, offset)
    admin.delete_records([place])[place].result(WAIT)


@pytest.mark.parametrize("strategy", ["range", "cooperative-sticky"])
@pytest.mark.parametrize(("start", "first"), [("earliest", 7), (8, 8), ("latest", 10)])
def test_messages_that_retention_took(
    real: Stack,
    config: Config,
    filled: Callable[..., str],
    bar: Callable[..., Stock],
    caplog: pytest.LogCaptureFixture,
    start: Any,
    first: int,
    strategy: str,
) -> None:
    """One warning says how many, and reading goes on by the start."""
    name = filled(10)
    config = {**config, "partition.assignment.strategy": strategy}
    with StockConsumer(config, topic=name, group=name, start=0) as consumer:
        assert volumes(consumer.consume(3, WAIT)) == [0, 1, 2]
    delete_before(config, name, 7)
    with StockConsumer(config, topic=name, group=name, start=start) as consumer:
        assert consumer.assignment(WAIT) == (0,)
        while not warnings(caplog):
            consumer.poll(0)
        with StockProducer(config, topic=name) as producer:
            producer.produce(bar(volume=10))
        assert volumes(consumer.until_end())[:1] in ([first], [first + 1])
        assert consumer.commit() == {0: 11}
    assert warnings(caplog) == [(0, 3, first - 3)]
    assert f"{first - 3} messages are missing" in caplog.text


def test_an_offset_beyond_the_end(
    config: Config,
    quick_group: Config,
    filled: Callable[..., str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As in a topic that was created anew: reading begins again, and commits again."""
    name = filled(4)
    config = {**config, **quick_group}
    plain = confluent_kafka.Consumer(
        {"bootstrap.servers": config["bootstrap.servers"], "group.id": name}
    )
    plain.commit(offsets=[TopicPartition(name, 0, 10)], asynchronous=False)
    plain.close()
    with StockConsumer(config, topic=name, group=name) as consumer:
        assert volumes(consumer.consume(4, WAIT)) == [0, 1, 2, 3]
    assert warnings(caplog) == [(0, 10, 6)]
    with StockConsumer(config, topic=name, group=name) as consumer:
        assert list(consumer.until_end()) == []
    assert len(warnings(caplog)) == 1


def test_an_application_may_want_an_error(
    real: Stack, config: Config, filled: Callable[..., str]
) -> None:
    """With ``auto.offset.reset=error`` it gets one, and may seek."""
    name = filled(10)
    config = {**config, "auto.offset.reset": "error"}
    with (
        StockConsumer(config, topic=name, group=name) as consumer,
        pytest.raises(ConsumeError) as caught,
    ):
        consumer.poll(WAIT)
    assert caught.value.code == LocalErrorCode.AUTO_OFFSET_RESET
    with StockConsumer(config, topic=name, group=name, start=0) as consumer:
        consumer.consume(3, WAIT)
    delete_before(config, name, 7)
    with StockConsumer(config, topic=name, group=name) as consumer:
        with pytest.raises(ConsumeError):
            consumer.poll(WAIT)
        consumer.seek(0, "earliest")
        assert volumes(consumer.until_end()) == [7, 8, 9]


def test_gaps_mean_nothing(
    real: Stack,
    config: Config,
    transactional: Config,
    bar: Callable[..., Stock],
    topic: Callable[..., str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The marks of transactions have offsets and are no messages."""
    name = topic()
    with StockProducer(transactional, topic=name) as producer:
        for volume in range(3):
            with producer.transaction():
                producer.produce(bar(volume=volume))
    with StockConsumer(config, topic=name, group=name) as consumer:
        assert volumes(consumer.until_end()) == [0, 1, 2]
    assert warnings(caplog) == []


@pytest.mark.usefixtures("embedded_stack")
def test_what_the_embedded_broker_dropped(
    config: Config,
    quick_group: Config,
    topic: Callable[..., str],
    bar: Callable[..., Stock],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It keeps 5 MiB of a partition, whether the consumer was there before or not."""
    name = topic()

    def fill(count: int) -> None:
        with StockProducer(config, topic=name) as producer:
            for volume in range(count):
                producer.produce(bar(volume=volume), headers={"ballast": bytes(100_000)})

    fill(3)
    grouped = {**config, **quick_group}
    with StockConsumer(grouped, topic=name, group=name) as consumer:
        assert volumes(consumer.until_end()) == [0, 1, 2]
        assert warnings(caplog) == []
    fill(80)
    for group, offset in ((name, 3), (f"{name}-new", 0)):
        caplog.clear()
        with StockConsumer(grouped, topic=name, group=group) as consumer:
            first = next(consumer).offset
        assert first > 3
        assert warnings(caplog) == [(0, offset, first - offset)]
