"""The embedded broker, seen through confluent-kafka's own clients."""

from __future__ import annotations

import itertools
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import confluent_kafka
import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from tests.devstack.kafka_io import (
    PATIENCE_S,
    consumer,
    producer,
    publish,
    read_all,
    wait_until,
)

from streamcontract.devstack import EmbeddedBroker
from streamcontract.devstack import librdkafka as binding
from streamcontract.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator

PRODUCE = 0  # the protocol's number of the request


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedBroker]:
    """Three brokers for this module; tests use topics of their own."""
    with EmbeddedBroker(brokers=3) as broker:
        yield broker


def leaders(broker: EmbeddedBroker, topic: str) -> dict[int, int]:
    """The leader of each partition, by the client's metadata."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})
    partitions = admin.list_topics(topic, timeout=PATIENCE_S).topics[topic].partitions
    return {number: partition.leader for number, partition in partitions.items()}


def test_the_binding_is_the_library_that_the_client_uses() -> None:
    """No second copy of librdkafka is loaded: the version is the client's, the file too."""
    library = binding.find_library()
    assert library is not None
    assert library.rd_kafka_version() == confluent_kafka.libversion()[1]
    if Path("/proc/self/maps").exists():
        mapped = Path("/proc/self/maps").read_text().splitlines()
        assert len({line.split()[-1] for line in mapped if "rdkafka" in line}) == 1


def test_messages_arrive_over_all_brokers(broker: EmbeddedBroker) -> None:
    """What is sent to three partitions on three leaders comes back, each value once."""
    broker.create_topic("spread", partitions=3, replication=2)
    for partition in range(3):
        broker.set_leader("spread", partition, partition + 1)
    assert leaders(broker, "spread") == {0: 1, 1: 2, 2: 3}
    values = [b"%d" % number for number in range(3000)]
    publish(broker.bootstrap_servers, "spread", values)
    found = read_all(broker.bootstrap_servers, "spread", 3)
    assert all(found.values())
    assert sorted(itertools.chain.from_iterable(found.values())) == sorted(values)


def test_topics_are_known(broker: EmbeddedBroker) -> None:
    """Topics show with their partitions: created ones, and those that appear on first use."""
    assert broker.create_topic("known", partitions=5) is True
    publish(broker.bootstrap_servers, "appeared", [b"x"])
    topics = broker.topics()
    assert (topics["known"], topics["appeared"]) == (5, 4)


def test_a_topic_is_created_once(broker: EmbeddedBroker) -> None:
    """The same again is no error; another number of partitions is one that names both."""
    assert broker.create_topic("once", partitions=2) is True
    assert broker.create_topic("once", partitions=2) is False
    with pytest.raises(StackError, match=r"'once' has 2 partition\(s\), not 3"):
        broker.create_topic("once", partitions=3)


@pytest.mark.parametrize(
    ("name", "partitions", "replication", "message"),
    [
        ("", 1, 1, "is no topic name"),
        ("..", 1, 1, "is no topic name"),
        ("a b", 1, 1, "is no topic name"),
        ("é", 1, 1, "is no topic name"),
        ("a\n", 1, 1, "is no topic name"),
        ("x" * 250, 1, 1, "is no topic name"),
        ("ok", 0, 1, "at least 1 partition"),
        ("ok", 1, 0, r"cannot be on 0 broker\(s\)"),
        ("ok", 1, 4, r"this cluster has 3; start it with more"),
    ],
)
def test_impossible_topics_are_refused(
    broker: EmbeddedBroker, name: str, partitions: int, replication: int, message: str
) -> None:
    """Names and numbers that Kafka refuses never reach the library, which does not check them."""
    with pytest.raises(StackError, match=message):
        broker.create_topic(name, partitions, replication)


@pytest.mark.searching  # the delay is waited for, and is long enough for a machine that is busy
def test_two_consumers_that_start_together_share_a_group() -> None:
    """Within the delay, neither has to wait for the other's rebalance: that takes 44 seconds.

    Save where one asks for its share in the very moment after the other was given its own. The
    broker refuses that, and they share anew, which the short session makes short.
    """
    with EmbeddedBroker(group_join_delay_ms=5_000) as broker:
        broker.create_topic("shared", partitions=4)
        session = {"session_timeout_ms": 8000, "heartbeat_interval_ms": 200}
        readers = [consumer(broker.bootstrap_servers, "shared-group", **session) for _ in range(2)]
        for reader in readers:
            reader.subscribe(["shared"])
        sizes = set()

        def settled() -> bool:
            for reader in readers:
                reader.poll(0.01)
            held = [len(reader.assignment()) for reader in readers]
            sizes.update(held)
            return held == [2, 2]

        wait_until(settled)
        assert sizes <= {0, 2}
        for reader in readers:
            reader.close()


def test_the_newer_group_protocol_rebalances_at_once(broker: EmbeddedBroker) -> None:
    """With group.protocol=consumer a second member shares, and takes over when the first leaves."""
    broker.create_topic("kip848", partitions=2)
    first, second = (
        consumer(broker.bootstrap_servers, "kip848-group", group_protocol="consumer")
        for _ in range(2)
    )
    first.subscribe(["kip848"])
    wait_until(lambda: first.poll(0.01) or len(first.assignment()) == 2)
    second.subscribe(["kip848"])
    wait_until(lambda: [reader.poll(0.01) for reader in (first, second)] and second.assignment())
    first.close()
    wait_until(lambda: second.poll(0.01) or len(second.assignment()) == 2)
    second.close()


def test_nothing_is_lost_while_a_broker_is_down() -> None:
    """An idempotent producer sends through a broker's absence: all arrives, in order.

    A retry may write twice here (docs/devstack.md), so it is first appearances that are in order.
    """
    with EmbeddedBroker(brokers=2) as broker:
        broker.create_topic("faulty", partitions=2)
        broker.set_leader("faulty", 0, 1)
        broker.set_leader("faulty", 1, 2)
        sender = producer(broker.bootstrap_servers, enable_idempotence=True, linger_ms=0)
        for number in range(4000):
            if number == 1000:
                broker.set_broker_down(1)
            elif number == 3000:
                broker.set_broker_up(1)
            sender.produce("faulty", b"%d" % number, partition=number % 2)
            sender.poll(0)
        assert sender.flush(PATIENCE_S) == 0
        found = read_all(broker.bootstrap_servers, "faulty", 2)
    for partition, values in found.items():
        expected = [b"%d" % number for number in range(partition, 4000, 2)]
        assert list(dict.fromkeys(values)) == expected


def test_a_broker_that_is_down_refuses_connections() -> None:
    """Its port is closed until it is up again, on the same port."""
    with EmbeddedBroker() as broker:
        host, _, port = broker.bootstrap_servers.partition(":")
        broker.set_broker_down(1)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, int(port)))
        broker.set_broker_up(1)
        socket.create_connection((host, int(port))).close()


def test_a_partition_can_lose_its_leader(broker: EmbeddedBroker) -> None:
    """Without a leader it says so in the metadata; a new one can be set."""
    broker.create_topic("leaderless", replication=3)
    broker.set_leader("leaderless", 0, None)
    assert leaders(broker, "leaderless") == {0: -1}
    broker.set_leader("leaderless", 0, 3)
    assert leaders(broker, "leaderless") == {0: 3}


def test_requests_fail_as_ordered(broker: EmbeddedBroker) -> None:
    """One pushed error fails one produce request; errors taken back fail none."""
    broker.create_topic("refused")
    outcomes: list[KafkaError | None] = []
    sender = producer(broker.bootstrap_servers)
    broker.push_request_errors(PRODUCE, [KafkaError.POLICY_VIOLATION])
    sender.produce("refused", b"1", on_delivery=lambda error, _: outcomes.append(error))
    sender.flush(PATIENCE_S)
    broker.push_request_errors(PRODUCE, [KafkaError.POLICY_VIOLATION])
    broker.clear_request_errors(PRODUCE)
    sender.produce("refused", b"2", on_delivery=lambda error, _: outcomes.append(error))
    sender.flush(PATIENCE_S)
    first, second = outcomes
    assert first is not None
    assert first.code() == KafkaError.POLICY_VIOLATION
    assert second is None


def test_answers_can_be_delayed() -> None:
    """A round-trip time longer than the client's patience makes it give up; 0 ends that."""
    with EmbeddedBroker() as broker:
        admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})
        admin.list_topics(timeout=PATIENCE_S)
        broker.set_round_trip_time(1, 60_000)
        with pytest.raises(KafkaException):
            admin.list_topics(timeout=0.2)
        broker.set_round_trip_time(1, 0)
        assert admin.list_topics(timeout=PATIENCE_S).brokers.keys() == {1}


def test_faults_on_what_is_not_there_are_refused(broker: EmbeddedBroker) -> None:
    """Unknown brokers and partitions raise; the library would create them, or crash."""
    broker.create_topic("there", partitions=2)
    with pytest.raises(StackError, match="no broker 4: the ids are 1 to 3"):
        broker.set_broker_down(4)
    with pytest.raises(StackError, match="no broker 0"):
        broker.set_leader("there", 0, 0)
    for topic, partition in (("there", 2), ("there", -1), ("not-there", 0)):
        with pytest.raises(StackError, match=rf"no partition {topic}\[{partition}\]"):
            broker.set_leader(topic, partition, 1)
    assert "not-there" not in broker.topics()
    with pytest.raises(StackError, match="not negative"):
        broker.set_round_trip_time(1, -1)


def test_impossible_clusters_are_refused() -> None:
    """A cluster has a broker, and a delay is a time."""
    with pytest.raises(StackError, match="at least 1 broker, not 0"):
        EmbeddedBroker(brokers=0)
    with pytest.raises(StackError, match="group_join_delay_ms"):
        EmbeddedBroker(group_join_delay_ms=-1)


def test_a_closed_broker_is_gone_and_says_so() -> None:
    """Its ports are closed, closing again is harmless, and calls raise instead of crashing."""
    broker = EmbeddedBroker()
    host, _, port = broker.bootstrap_servers.partition(":")
    broker.close()
    broker.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))
    with pytest.raises(StackError, match="is closed"):
        broker.create_topic("late")
    with pytest.raises(StackError, match="is closed"):
        broker.set_broker_up(1)
    with pytest.raises(StackError, match="is closed"):
        broker.push_request_errors(PRODUCE, [1])


def test_no_answer_from_a_cluster_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for topics with all brokers down raises and names the address."""
    monkeypatch.setattr("streamcontract.devstack.broker._METADATA_TIMEOUT_S", 0.2)
    with EmbeddedBroker() as broker:
        broker.set_broker_down(1)
        with pytest.raises(StackError, match=broker.bootstrap_servers):
            broker.topics()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads Linux's /proc")
def test_the_clusters_threads_take_no_signals(broker: EmbeddedBroker) -> None:
    """A signal that interrupted its poll would end the cluster, so its thread blocks them all."""
    threads = [
        dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines())
        for task in Path("/proc/self/task").iterdir()
        if (task / "comm").read_text().strip() == "rdk:mock"
    ]
    assert threads
    catchable = (1 << 31) - 1 & ~(1 << 8) & ~(1 << 18)  # signals 1 to 31 but KILL and STOP
    for thread in threads:
        assert int(thread["SigBlk"], 16) & catchable == catchable
