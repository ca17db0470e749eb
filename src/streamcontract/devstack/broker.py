"""The mock cluster: librdkafka's own, inside this process, for clients on librdkafka.

Logs are in memory. What it does not do is measured and listed in ``docs/devstack.md``.
"""

from __future__ import annotations

import abc
import os
import re
import threading
import weakref
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Final

import confluent_kafka
from confluent_kafka.admin import AdminClient

from streamcontract._typing import Self
from streamcontract.devstack import librdkafka
from streamcontract.errors import StackError

if TYPE_CHECKING:
    from confluent_kafka.admin._metadata import ClusterMetadata

__all__ = ["GROUP_JOIN_DELAY_MS", "Broker", "EmbeddedBroker", "UncontrolledBroker", "start_broker"]

# Kafka's own rule for topic names (org.apache.kafka.common.internals.Topic): a clash of "." and
# "_" is only warned about there, so it is not refused here.
_TOPIC_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_METADATA_TIMEOUT_S = 5.0

# The mock cluster's default for a topic that was not created explicitly (rdkafka_mock.c).
AUTO_CREATED_PARTITIONS: Final = 4

# Enough for consumers that one process starts together, and not noticeable.
GROUP_JOIN_DELAY_MS: Final = 100


class Broker(abc.ABC):
    """Base of the embedded clusters.

    Attributes:
        brokers: How many brokers there are; their ids are 1 to this number.
        limits: The limits of this kind of cluster, besides those of every embedded cluster.
    """

    limits: ClassVar[tuple[str, ...]] = ()

    def __init__(self, brokers: int) -> None:
        if brokers < 1:
            raise StackError(f"a cluster needs at least 1 broker, not {brokers}")
        self.brokers = brokers

    @property
    @abc.abstractmethod
    def bootstrap_servers(self) -> str:
        """``host:port`` of every broker, separated by commas."""

    @abc.abstractmethod
    def close(self) -> None:
        """Stop the brokers; all their messages are gone. Closing twice is harmless."""

    @abc.abstractmethod
    def _create_topic(self, name: str, partitions: int, replication: int) -> bool:
        """Create a topic with checked arguments; return False if it exists."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def create_topic(self, name: str, partitions: int = 1, replication: int = 1) -> bool:
        """Create a topic if it does not exist.

        Args:
            name: 1 to 249 letters, digits, ``.``, ``_`` and ``-``.
            partitions: The number of partitions, at least 1.
            replication: The number of replicas of each partition, at most the number of brokers.

        Returns:
            True if it was created, False if it existed with as many partitions.

        Raises:
            StackError: An argument is out of range, or the topic exists with another number of
                partitions.
        """
        self._check_topic(name, partitions, replication)
        if self._create_topic(name, partitions, replication):
            return True
        found = self.topics()[name]
        if found != partitions:
            raise StackError(
                f"topic {name!r} has {found} partition(s), not {partitions}; the embedded broker"
                " cannot change that: use another name, or start a new stack"
            )
        return False

    def topics(self) -> dict[str, int]:
        """List the topics of the cluster, including those that clients created by using them.

        Returns:
            The number of partitions of every topic, by name.

        Raises:
            StackError: No broker answers, for instance because all are down.
        """
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers, "log_level": 0})
        topics = _metadata(admin, self.bootstrap_servers).topics
        return {name: len(topic.partitions) for name, topic in sorted(topics.items())}

    def _check_topic(self, name: str, partitions: int, replication: int) -> None:
        if _TOPIC_NAME.fullmatch(name) is None or name in {".", ".."}:
            raise StackError(
                f"{name!r} is no topic name: Kafka takes 1 to 249 letters, digits, '.', '_' and '-'"
            )
        if partitions < 1:
            raise StackError(f"topic {name!r} needs at least 1 partition, not {partitions}")
        if not 1 <= replication <= self.brokers:
            raise StackError(
                f"topic {name!r} cannot be on {replication} broker(s): this cluster has"
                f" {self.brokers}; start it with more (`brokers=`, `--brokers`)"
            )


class EmbeddedBroker(Broker):
    """A mock cluster under full control: topics, group joins and faults.

    It runs from construction to ``close`` (or the end of the ``with`` block, or of the process).
    All methods may be called from any thread.

    Args:
        brokers: The number of brokers, each on a free loopback port.
        group_join_delay_ms: The time that a new consumer group waits for more members before it
            assigns partitions (Kafka's default is 3000). Members that join later stall the group
            for their ``session.timeout.ms`` less one second: see the docs.

    Raises:
        StackError: The mock cluster is not in this build of librdkafka, or could not start.

    Example:
        >>> with EmbeddedBroker(brokers=3) as broker:
        ...     broker.create_topic("stocks", partitions=3, replication=2)
        ...     broker.topics()
        True
        {'stocks': 3}
    """

    def __init__(self, brokers: int = 1, *, group_join_delay_ms: int = GROUP_JOIN_DELAY_MS) -> None:
        super().__init__(brokers)
        if group_join_delay_ms < 0:
            raise StackError(f"group_join_delay_ms is a time, not {group_join_delay_ms}")
        library = librdkafka.find_library()
        if library is None:
            raise StackError(_NO_LIBRARY)
        cluster = librdkafka.start_cluster(
            library, brokers, group_join_delay_ms=group_join_delay_ms
        )
        self._cluster = cluster
        self._bootstrap_servers = cluster.bootstrap_servers
        # One lock for calls and close: a call into a destroyed cluster would crash the process.
        self._lock = threading.Lock()
        # Runs at the latest before the interpreter ends, while ctypes still works.
        self._destroy = weakref.finalize(self, _destroy_in_process, cluster, os.getpid())

    @property
    def bootstrap_servers(self) -> str:
        """``host:port`` of every broker, separated by commas."""
        return self._bootstrap_servers

    def close(self) -> None:
        """Stop the brokers; all their messages are gone. Closing twice is harmless."""
        with self._lock:
            self._destroy()

    def set_broker_down(self, broker_id: int) -> None:
        """Close a broker's connections and refuse new ones; it stays the leader of partitions."""
        self._check_broker(broker_id)
        self._call("broker_set_down", broker_id)

    def set_broker_up(self, broker_id: int) -> None:
        """Let a broker accept connections again, on its old port and with its old messages."""
        self._check_broker(broker_id)
        self._call("broker_set_up", broker_id)

    def set_round_trip_time(self, broker_id: int, milliseconds: int) -> None:
        """Delay each response of a broker by ``milliseconds``; 0 ends that."""
        self._check_broker(broker_id)
        if milliseconds < 0:
            raise StackError(f"a round-trip time is not negative: {milliseconds}")
        self._call("broker_set_rtt", broker_id, milliseconds)

    def set_leader(self, topic: str, partition: int, broker_id: int | None) -> None:
        """Make a broker the leader of a partition; None leaves the partition without one.

        Raises:
            StackError: There is no such partition or broker.
        """
        if broker_id is not None:
            self._check_broker(broker_id)
        # Without checks, the mock cluster would create a missing topic, and write outside of its
        # memory for a negative partition.
        partitions = self.topics().get(topic, 0)
        if not 0 <= partition < partitions:
            raise StackError(f"there is no partition {topic}[{partition}]: it has {partitions}")
        leader = -1 if broker_id is None else broker_id  # -1: rdkafka_mock.h
        self._call("partition_set_leader", topic.encode(), partition, leader)

    def push_request_errors(self, api_key: int, errors: Sequence[int]) -> None:
        """Let the next requests of a kind fail, on any broker.

        Args:
            api_key: The kind of request by Kafka's number: 0 produce, 1 fetch, 3 metadata, ...
                (https://kafka.apache.org/protocol#protocol_api_keys)
            errors: One error code for each request, in order, such as constants of
                ``confluent_kafka.KafkaError``; 0 means no error, ``KafkaError._TRANSPORT`` closes
                the connection.

        Example:
            >>> from confluent_kafka import KafkaError
            >>> with EmbeddedBroker() as broker:
            ...     broker.push_request_errors(0, [KafkaError.NOT_LEADER_FOR_PARTITION])
        """
        with self._lock:
            self._open().push_request_errors(api_key, errors)

    def clear_request_errors(self, api_key: int) -> None:
        """Remove the errors that are still pending for requests of a kind."""
        self._call("clear_request_errors", api_key)

    def _create_topic(self, name: str, partitions: int, replication: int) -> bool:
        with self._lock:
            code = self._open().call("topic_create", name.encode(), partitions, replication)
        if code == confluent_kafka.KafkaError.TOPIC_ALREADY_EXISTS:
            return False
        _raise_for_code(code, f"topic {name!r} could not be created")
        return True

    def _open(self) -> librdkafka.MockCluster:
        if not self._destroy.alive:
            raise StackError("the embedded broker is closed")
        return self._cluster

    def _call(self, function: str, *arguments: object) -> None:
        with self._lock:
            code = self._open().call(function, *arguments)
        _raise_for_code(code, f"rd_kafka_mock_{function} failed")

    def _check_broker(self, broker_id: int) -> None:
        if not 1 <= broker_id <= self.brokers:
            raise StackError(f"there is no broker {broker_id}: the ids are 1 to {self.brokers}")


class UncontrolledBroker(Broker):
    """The same mock cluster through the client's hidden property ``test.mock.num.brokers``.

    For a build of confluent-kafka whose librdkafka hides the functions of the mock cluster.
    Topics are created when they are used, always with 4 partitions; a consumer group waits 3
    seconds for its first members; faults cannot be injected.

    Args:
        brokers: The number of brokers, each on a free loopback port.
    """

    limits = (
        "This confluent-kafka hides the mock cluster's functions: new groups wait 3 s.",
        f"For the same reason every topic has {AUTO_CREATED_PARTITIONS} partitions.",
    )

    def __init__(self, brokers: int = 1) -> None:
        super().__init__(brokers)
        self._client: confluent_kafka.Producer | None = confluent_kafka.Producer(
            {"test.mock.num.brokers": brokers, "log_level": 3}
        )
        found = _metadata(self._client, "a port of its own").brokers
        self._bootstrap_servers = ",".join(f"{b.host}:{b.port}" for b in found.values())

    @property
    def bootstrap_servers(self) -> str:
        """``host:port`` of every broker, separated by commas."""
        return self._bootstrap_servers

    def close(self) -> None:
        """Stop the brokers; all their messages are gone. Closing twice is harmless."""
        self._client = None  # the last reference: the client is destroyed and its cluster with it

    def _create_topic(self, name: str, partitions: int, replication: int) -> bool:
        del replication  # the mock cluster's default: on min(3, brokers) brokers
        if self._client is None:
            raise StackError("the embedded broker is closed")
        if name in self.topics():
            return False
        if partitions != AUTO_CREATED_PARTITIONS:
            raise StackError(
                f"topic {name!r} cannot have {partitions} partition(s): {_NO_LIBRARY}; without"
                f" them every topic has {AUTO_CREATED_PARTITIONS}. Install a confluent-kafka wheel"
            )
        _metadata(self._client, self.bootstrap_servers, name)  # the request creates it
        return True


def start_broker(brokers: int = 1, *, group_join_delay_ms: int = GROUP_JOIN_DELAY_MS) -> Broker:
    """Start a cluster under full control, or without it if librdkafka does not allow it.

    Returns:
        An ``EmbeddedBroker``, else an ``UncontrolledBroker``.
    """
    if librdkafka.find_library() is None:
        return UncontrolledBroker(brokers)
    return EmbeddedBroker(brokers, group_join_delay_ms=group_join_delay_ms)


_NO_LIBRARY = (
    "this build of confluent-kafka hides the mock cluster's functions (rdkafka_mock.h) of its"
    " librdkafka"
)


def _destroy_in_process(cluster: librdkafka.MockCluster, process: int) -> None:
    # A forked child has the memory but none of the threads: joining them would never end.
    if os.getpid() == process:
        cluster.destroy()


def _metadata(
    client: AdminClient | confluent_kafka.Producer, address: str, topic: str | None = None
) -> ClusterMetadata:
    try:
        return client.list_topics(topic, timeout=_METADATA_TIMEOUT_S)
    except confluent_kafka.KafkaException as error:
        raise StackError(f"the embedded broker at {address} does not answer: {error}") from error


def _raise_for_code(code: int, what: str) -> None:
    if code:
        error = confluent_kafka.KafkaError(code)
        raise StackError(f"{what}: {error.str()} ({error.name()}, {code})")
