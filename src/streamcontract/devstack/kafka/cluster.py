"""Cluster of Apache Kafka brokers on loopback, each a process of its own."""

from __future__ import annotations

import base64
import functools
import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
import confluent_kafka
from confluent_kafka.admin import AdminClient

from streamcontract.devstack.kafka.archive import with_archive
from streamcontract.devstack.kafka.distribution import fetch
from streamcontract.devstack.kafka.java import Program, find_java
from streamcontract.devstack.kafka.ports import LOOPBACK, free_ports
from streamcontract.devstack.kafka.workspace import START_SECONDS, Server, Workspace
from streamcontract.errors import ClientError, StackError
from streamcontract.kafka import ensure_topic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["KafkaCluster", "kafka_program"]

_POM: Final = Path(__file__).with_name("kafka.pom.xml")
_ASK_SECONDS: Final = 1.0

# Settings other than Kafka's defaults (https://kafka.apache.org/documentation/#brokerconfigs),
# because a stack lives for minutes and is used by one machine.
_SETTINGS: Final[Mapping[str, str]] = {
    # Internal topics have 50 partitions by default, which takes seconds to create.
    "offsets.topic.num.partitions": "3",
    "transaction.state.log.num.partitions": "3",
    "share.coordinator.state.topic.num.partitions": "3",
    # As on the embedded stack: a group's first members do not wait 3 s, and tests may have
    # sessions of one second.
    "group.initial.rebalance.delay.ms": "100",
    "group.min.session.timeout.ms": "1000",
    # Messages older than a week are deleted by default, and tests write some from long ago.
    "log.retention.ms": "-1",
    # 128 MiB of heap by default, to compact logs that are tiny here.
    "log.cleaner.dedupe.buffer.size": "4194304",
}


class KafkaCluster:
    """Brokers in KRaft mode, each of them also a controller; ids are 1 to their number.

    Each has three listeners: CLIENT, whose addresses are ``bootstrap_servers``; INTERNAL, which
    the brokers and this class use; and CONTROLLER. So ``listener.security.protocol.map`` can give
    CLIENT any security and leave the cluster itself alone.

    Args:
        brokers: Their number. Topics of three and more are on three of them, and a message is
            acknowledged when two have it (``min.insync.replicas``).
        properties: Broker properties on top of this package's.
        program: The broker's program; downloaded if left out.
        record: The path of the class archive to write when the broker ends; see ``Program``.

    Attributes:
        brokers: The number of brokers.
        bootstrap_servers: ``host:port`` of each CLIENT listener, separated by commas.
        internal_servers: ``host:port`` of each INTERNAL listener, without security.

    Raises:
        StackError: Java or Maven is missing, or a broker did not start.
    """

    def __init__(
        self,
        brokers: int = 1,
        *,
        properties: Mapping[str, str] | None = None,
        program: Program | None = None,
        record: Path | None = None,
    ) -> None:
        if brokers < 1:
            raise StackError(f"a cluster needs at least 1 broker, not {brokers}")
        self.brokers = brokers
        self._program = kafka_program() if program is None else program
        self._record = record
        ports = free_ports(3 * brokers)
        self._nodes = [
            _Node(number, *ports[3 * number - 3 : 3 * number]) for number in range(1, brokers + 1)
        ]
        self.bootstrap_servers = ",".join(f"{LOOPBACK}:{node.client}" for node in self._nodes)
        self.internal_servers = ",".join(f"{LOOPBACK}:{node.internal}" for node in self._nodes)
        self._servers: dict[int, Server] = {}
        self._down: set[int] = set()
        self._workspace = Workspace("kafka")
        try:
            self._format(properties or {})
            for node in self._nodes:
                self._launch(node)
            for node in self._nodes:
                self._wait_for(node, {other.id for other in self._nodes})
        except BaseException:
            self._workspace.close(keep_logs=True)
            raise

    @property
    def logs(self) -> Path:
        """The folder of the brokers' logs."""
        return self._workspace.logs

    def create_topic(
        self,
        name: str,
        partitions: int = 1,
        replication: int = 1,
        config: Mapping[str, str] | None = None,
    ) -> bool:
        """Create a topic if it does not exist.

        Returns:
            True if it was created, False if it existed as requested.

        Raises:
            StackError: Kafka refuses it, or it exists and differs.
        """
        try:
            outcome = ensure_topic(
                name,
                {"bootstrap.servers": self.internal_servers},
                partitions=partitions,
                replication=replication,
                topic_config=config,
            )
        except ClientError as error:
            raise StackError(f"topic {name!r} could not be created: {error}") from error
        if outcome.mismatches:
            raise StackError(str(outcome))
        return outcome.created

    def topics(self) -> dict[str, int]:
        """The number of partitions of each topic, without Kafka's internal ones.

        Raises:
            StackError: No broker answers.
        """
        try:
            found = self._admin(self.internal_servers).list_topics(timeout=START_SECONDS).topics
        except confluent_kafka.KafkaException as error:
            raise StackError(f"no broker answers at {self.internal_servers}: {error}") from error
        return {
            name: len(topic.partitions)
            for name, topic in found.items()
            if not name.startswith("__")
        }

    def kill(self, broker: int) -> None:
        """End a broker with SIGKILL: the data in its process's memory are lost."""
        self._server(broker).kill()
        self._down.add(broker)

    def stop(self, broker: int) -> None:
        """Stop a broker cleanly, with SIGTERM: its partitions get another leader first.

        Raises:
            StackError: It did not end in time.
        """
        self._server(broker).terminate()
        self._down.add(broker)

    def pause(self, broker: int) -> None:
        """Stop a broker's process with SIGSTOP, which is like a lost network in both directions.

        Others keep their connections to it and get no answer. After ``broker.session.timeout.ms``
        (9 s) the controller makes other brokers the leaders of its partitions.
        """
        self._server(broker).pause()

    def resume(self, broker: int) -> None:
        """Continue a paused broker."""
        self._server(broker).resume()

    def restart(self, broker: int) -> None:
        """Start a broker again with its ports and data; a running one is killed first.

        Returns when it serves clients. A controller accepts a killed broker again only after
        ``broker.session.timeout.ms`` (9 s), because it still counts the old process.

        Raises:
            StackError: It did not start.
        """
        self.kill(broker)
        node = self._nodes[broker - 1]
        self._launch(node)
        self._down.discard(broker)
        self._wait_for(node, {broker})

    def close(self, *, keep_logs: bool = False) -> None:
        """Kill the brokers and delete their data. Closing twice is harmless.

        Args:
            keep_logs: Keep the brokers' logs, and log the path. They are also kept if a broker
            ended unexpectedly.
        """
        died = any(
            not server.running
            for broker, server in self._servers.items()
            if broker not in self._down
        )
        self._servers.clear()
        self._workspace.close(keep_logs=keep_logs or died)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(keep_logs=error is not None)

    def _server(self, broker: int) -> Server:
        if broker not in self._servers:
            raise StackError(f"there is no broker {broker}: the ids are 1 to {self.brokers}")
        return self._servers[broker]

    def _format(self, properties: Mapping[str, str]) -> None:
        """Give each broker its properties and an empty data folder of this cluster."""
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        voters = ",".join(f"{node.id}@{LOOPBACK}:{node.controller}" for node in self._nodes)
        for node in self._nodes:
            settings = {
                **_SETTINGS,
                **_replication(self.brokers),
                **node.settings(),
                "controller.quorum.voters": voters,
                "log.dirs": str(self._workspace.path / f"broker-{node.id}"),
                **properties,
            }
            _write_properties(self._properties_file(node), settings)
        arguments = ("format", f"--cluster-id={cluster_id}", "--config")
        # They mostly wait for one JVM each.
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            list(pool.map(lambda node: self._format_node(node, arguments), self._nodes))

    def _format_node(self, node: _Node, arguments: tuple[str, ...]) -> None:
        command = self._program.command(
            *arguments, str(self._properties_file(node)), main="kafka.tools.StorageTool"
        )
        self._workspace.run(f"format-{node.id}", command)

    def _launch(self, node: _Node) -> None:
        command = self._program.command(str(self._properties_file(node)), record=self._record)
        self._servers[node.id] = self._workspace.start(f"broker-{node.id}", command)

    def _wait_for(self, node: _Node, expected: set[int]) -> None:
        """Wait until a broker answers with the expected brokers in its metadata."""
        admin = self._admin(f"{LOOPBACK}:{node.internal}")

        def ready() -> bool:
            try:
                return expected <= set(admin.list_topics(timeout=_ASK_SECONDS).brokers)
            except confluent_kafka.KafkaException:  # it is not up yet
                return False

        self._servers[node.id].wait_until(ready)

    def _properties_file(self, node: _Node) -> Path:
        return self._workspace.path / f"broker-{node.id}.properties"

    def _admin(self, servers: str) -> AdminClient:
        # log_level 0: a broker that cannot be reached while it starts is expected.
        return AdminClient(
            {"bootstrap.servers": servers, "log_level": 0, "reconnect.backoff.max.ms": 100}
        )


@attrs.frozen
class _Node:
    id: int
    client: int
    internal: int
    controller: int

    def settings(self) -> dict[str, str]:
        """The properties of one broker."""
        clients = f"CLIENT://{LOOPBACK}:{self.client},INTERNAL://{LOOPBACK}:{self.internal}"
        return {
            "node.id": str(self.id),
            "process.roles": "broker,controller",
            "listeners": f"{clients},CONTROLLER://{LOOPBACK}:{self.controller}",
            "advertised.listeners": clients,
            "listener.security.protocol.map": (
                "CLIENT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT"
            ),
            "inter.broker.listener.name": "INTERNAL",
            "controller.listener.names": "CONTROLLER",
        }


def _replication(brokers: int) -> dict[str, str]:
    """The properties of replication: the number of replicas, and of those in sync."""
    replicas = min(3, brokers)
    in_sync = max(1, replicas - 1)
    return {
        "default.replication.factor": str(replicas),
        "min.insync.replicas": str(in_sync),
        "offsets.topic.replication.factor": str(replicas),
        "transaction.state.log.replication.factor": str(replicas),
        "transaction.state.log.min.isr": str(in_sync),
        "share.coordinator.state.topic.replication.factor": str(replicas),
        "share.coordinator.state.topic.min.isr": str(in_sync),
    }


def _write_properties(path: Path, settings: Mapping[str, str]) -> None:
    """Write a file for java.util.Properties: Latin-1, with backslash escapes."""
    lines = (f"{key}={_escape(value)}\n" for key, value in settings.items())
    path.write_text("".join(lines), encoding="latin-1", errors="backslashreplace")


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n")


def kafka_program() -> Program:
    """The broker's program, downloaded, and with its class archive written, if needed.

    Raises:
        StackError: Java or Maven is missing.
    """
    java = find_java()
    folder = fetch(_POM)
    jars = tuple(sorted(folder.glob("*.jar")))
    program = Program(java, jars, main="kafka.Kafka", options=_OPTIONS)
    return with_archive(program, folder, functools.partial(_record_classes, program))


_OPTIONS: Final = (
    "-Xmx256m",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
    # Hundreds of lines of settings at each start.
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=warn",
)


def _record_classes(program: Program, archive: Path) -> None:
    """Run a broker once and stop it cleanly, so that its classes are written."""
    with KafkaCluster(program=program, record=archive) as cluster:
        cluster.create_topic("recorded")
        cluster.stop(1)
