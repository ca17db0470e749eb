"""Brokers that die, stand still and come back; servers whose owner dies."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import confluent_kafka
import pytest

from streamcontract.devstack.kafka import KafkaStack
from streamcontract.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable

WAIT = 60.0
COUNT = 3000


@pytest.fixture
def topic(cluster: KafkaStack) -> str:
    """A topic of one partition on all three brokers."""
    name = f"faults-{uuid.uuid4().hex[:12]}"
    cluster.create_topic(name, 1, 3)
    return name


def leader_of(stack: KafkaStack, topic: str) -> int:
    """The broker that leads partition 0."""
    client = confluent_kafka.Producer({"bootstrap.servers": stack.bootstrap_servers})
    leader: int = client.list_topics(topic, timeout=WAIT).topics[topic].partitions[0].leader
    return leader


def produce_through(
    stack: KafkaStack, topic: str, fault: Callable[[], None], repair: Callable[[], None]
) -> None:
    """Produce numbers one after another, with a fault after a third and its repair after two."""
    failed: list[Any] = []

    def told(error: Any, _message: Any) -> None:
        if error is not None:
            failed.append(error)

    producer = confluent_kafka.Producer(
        {"bootstrap.servers": stack.bootstrap_servers, "enable.idempotence": True, "linger.ms": 0}
    )
    for number in range(COUNT):
        if number == COUNT // 3:
            producer.flush(WAIT)
            fault()
        if number == 2 * COUNT // 3:
            repair()
        producer.produce(topic, str(number), on_delivery=told)
        producer.poll(0)
    assert producer.flush(WAIT) == 0
    assert failed == []


def read_all(stack: KafkaStack, topic: str) -> list[tuple[int, int]]:
    """Offset and number of every message."""
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": stack.bootstrap_servers,
            "group.id": uuid.uuid4().hex,
            "enable.partition.eof": True,
        }
    )
    consumer.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
    found: list[tuple[int, int]] = []
    try:
        while True:
            message: Any = consumer.poll(WAIT)
            assert message is not None, "the end was not reached"
            if message.error() is not None:
                assert message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF
                return found
            found.append((message.offset(), int(message.value())))
    finally:
        consumer.close()


def test_the_leader_is_killed(cluster: KafkaStack, topic: str) -> None:
    """What was and will be acknowledged is there once and in order; the broker comes back."""
    leader = leader_of(cluster, topic)
    produce_through(cluster, topic, lambda: cluster.kill(leader), lambda: cluster.restart(leader))
    assert read_all(cluster, topic) == [(number, number) for number in range(COUNT)]


def test_the_leader_stands_still(cluster: KafkaStack, topic: str) -> None:
    """A broker that answers nobody is replaced, and finds its place when it goes on."""
    leader = leader_of(cluster, topic)
    produce_through(cluster, topic, lambda: cluster.pause(leader), lambda: cluster.resume(leader))
    assert read_all(cluster, topic) == [(number, number) for number in range(COUNT)]


def test_the_only_broker_stops_in_order(real_servers: None) -> None:
    """What was acknowledged outlives a restart of the only broker."""
    with KafkaStack() as stack:
        stack.create_topic("kept")
        produce_through(stack, "kept", lambda: stack.stop(1), lambda: stack.restart(1))
        assert read_all(stack, "kept") == [(number, number) for number in range(COUNT)]


@pytest.mark.parametrize("broker", [0, 4])
def test_a_broker_that_is_not_there(cluster: KafkaStack, broker: int) -> None:
    """The error says which there are."""
    with pytest.raises(StackError, match="the ids are 1 to 3"):
        cluster.kill(broker)


def test_a_broker_that_cannot_start(real_servers: None) -> None:
    """The error shows the end of its log; the whole log is kept where it says."""
    with pytest.raises(
        StackError, match=r"(?s)broker-1 ended as it started.*no.such.Reporter"
    ) as caught:
        KafkaStack(properties={"metric.reporters": "no.such.Reporter"})
    (log,) = map(Path, re.findall(r"from (\S+):", str(caught.value)))
    assert "no.such.Reporter" in log.read_text()
    assert not list(log.parents[1].glob("broker-1")), "its data are not kept"
    shutil.rmtree(log.parents[1])


OWNER = """
import sys
from streamcontract.devstack.kafka import KafkaStack
stack = KafkaStack()
print(stack.bootstrap_servers, stack.logs.parent, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_servers_end_with_their_owner(real_servers: None, end: signal.Signals) -> None:
    """Whatever ends the Python process ends the broker and deletes its data."""
    with subprocess.Popen(  # noqa: S603 - the script above
        [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        address, folder = owner.stdout.readline().split()
        os.kill(owner.pid, end)
    deadline = time.monotonic() + WAIT
    while is_listening(address) or Path(folder).exists():
        assert time.monotonic() < deadline, "the broker or its data outlived their owner"
        time.sleep(0.01)  # between two questions


def is_listening(address: str) -> bool:
    """Whether somebody accepts connections there."""
    host, _, port = address.partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0
