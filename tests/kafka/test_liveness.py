"""Slow handlers keep their membership, their commits and their group going, on Apache Kafka.

The embedded broker does not take members away that do not poll, so these run with
``--streamcontract-stack=kafka`` alone. What is counted are messages, not seconds.
"""

from __future__ import annotations

import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka
import pytest
from confluent_kafka import TopicPartition

from streamcontract import Stock, StockConsumer
from streamcontract.devstack import DevStack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamcontract.kafka import Message
    from streamcontract.testing.fixtures.stacks import Stack

Config = dict[str, Any]

WORK: Final = 0.04
"""Seconds of work for each message."""
COUNT: Final = 250
"""So many that working on them takes longer than ``max.poll.interval.ms``."""
WAIT: Final = 60.0
_LIVELY: Final[Config] = {
    "max.poll.interval.ms": 6_000,
    "session.timeout.ms": 6_000,
    "heartbeat.interval.ms": 500,
}


@pytest.fixture(autouse=True)
def _kafka(stack: Stack) -> None:
    if isinstance(stack, DevStack):
        pytest.skip("the embedded broker takes no partition away from a member that does not poll")


@pytest.fixture
def lively(config: Config) -> Config:
    """Properties of a member that has to be heard of every 6 seconds."""
    return {**config, **_LIVELY}


def work(messages: list[Message[Stock]]) -> Iterator[int]:
    """The offsets of messages that are worked on, one after the other."""
    for message in messages:
        time.sleep(WORK)
        yield message.offset


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
@pytest.mark.parametrize("how", ["next", "poll", "consume", "commit"])
def test_a_slow_handler_gets_all_in_one_run(
    lively: Config, filled: Callable[..., str], how: str, protocol: str
) -> None:
    """No message twice, no error, and each commit by hand is taken."""
    topic = filled(COUNT)
    properties = {**lively, "group.protocol": protocol, "enable.auto.commit": how != "commit"}
    if protocol == "consumer":  # there the brokers set these
        del properties["session.timeout.ms"], properties["heartbeat.interval.ms"]
    seen: list[int] = []
    with StockConsumer(properties, topic=topic, group=topic) as consumer:
        while len(seen) < COUNT:
            if how == "next":
                found = [next(consumer)]
            elif how == "consume":
                found = consumer.consume(10, 1)
            else:
                message = consumer.poll(WAIT)
                assert message is not None
                found = [message]
            seen += work(found)
            if how == "commit":
                consumer.commit(found[-1])
    assert seen == [*range(COUNT)]
    assert committed(lively, topic) == COUNT


def committed(config: Config, topic: str, group: str | None = None) -> int:
    """What a group has committed in the topic's first partition; 0 for nothing."""
    client = confluent_kafka.Consumer(
        {"bootstrap.servers": config["bootstrap.servers"], "group.id": group or topic}
    )
    [place] = client.committed([TopicPartition(topic, 0)], WAIT)
    client.close()
    return max(0, place.offset)


def test_commits_by_time_follow_the_work(lively: Config, filled: Callable[..., str]) -> None:
    """One a second, of which no more than a few seconds of work may be missing."""
    topic = filled(COUNT)
    behind: list[int] = []
    with StockConsumer(
        {**lively, "auto.commit.interval.ms": 1_000}, topic=topic, group=topic
    ) as consumer:
        for number, _ in enumerate(work_of(consumer), start=1):
            if number % 25 == 0:
                behind.append(number - committed(lively, topic))
    # Two seconds of work are 50; another two for the brokers' answers on a busy machine.
    assert max(behind) <= 100, behind


def work_of(consumer: StockConsumer) -> Iterator[int]:
    """The offsets of all messages, each worked on."""
    for _ in range(COUNT):
        yield from work([next(consumer)])


def test_a_second_member_is_let_in_while_the_first_one_works(
    config: Config, lively: Config, filled: Callable[..., str]
) -> None:
    """After no more than twice the messages that a plain confluent_kafka client works on."""
    topic = filled(600, partitions=2)
    plain = {
        "bootstrap.servers": config["bootstrap.servers"],
        "auto.offset.reset": "earliest",
        "fetch.wait.max.ms": 10,
        **_LIVELY,
    }

    def plain_member(group: str) -> tuple[Callable[[], bool], Callable[[], None]]:
        client = confluent_kafka.Consumer({**plain, "group.id": group})
        client.subscribe([topic])
        return lambda: client.poll(0.1) is not None, client.close

    def typed_member(group: str) -> tuple[Callable[[], bool], Callable[[], None]]:
        consumer = StockConsumer(lively, topic=topic, group=group)
        return lambda: consumer.poll(0.1) is not None, consumer.close

    theirs = worked_on_until_another_joined(plain_member)
    ours = worked_on_until_another_joined(typed_member)
    assert ours <= 2 * theirs + 25, f"{ours} messages, where a plain client worked on {theirs}"


def worked_on_until_another_joined(
    member: Callable[[str], tuple[Callable[[], bool], Callable[[], None]]],
) -> int:
    """How many messages a member works on from when another starts until that one has one."""
    group = uuid.uuid4().hex
    gets, close = member(group)
    while not gets():
        pass
    is_in = threading.Event()

    def join() -> None:
        gets_too, close_too = member(group)
        while not gets_too():
            pass
        is_in.set()
        close_too()

    other = threading.Thread(target=join)
    other.start()
    count = 0
    while not is_in.is_set():
        assert count < 1_000, "nobody else is let in"
        count += gets()
        time.sleep(WORK)
    close()
    other.join()
    return count
