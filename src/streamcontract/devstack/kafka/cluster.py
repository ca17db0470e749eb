"""Cluster of Apache Kafka brokers on loopback, each a process of its own."""

from __future__ import annotations

import functools
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

import confluent_kafka

from streamcontract.devstack.kafka.archive import with_archive
from streamcontract.devstack.kafka.distribution import artifacts_file, fetch
from streamcontract.devstack.kafka.download import read_artifacts
from streamcontract.devstack.kafka.java import Program, find_java
from streamcontract.devstack.kafka.node import (
    SETTINGS,
    Node,
    answers,
    create_topic,
    make_admin,
    make_cluster_id,
    replication,
    write_properties,
)
from streamcontract.devstack.kafka.ports import LOOPBACK, free_ports
from streamcontract.devstack.kafka.workspace import START_SECONDS, Server, Workspace
from streamcontract.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from typing_extensions import Self

    from streamcontract.devstack.kafka.download import Progress
    from streamcontract.devstack.kafka.java import Java

__all__ = ["KAFKA_POM", "KafkaCluster", "kafka_program", "kafka_version"]

KAFKA_POM: Final = Path(__file__).with_name("kafka.pom.xml")


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
        StackError: Java is not there, or the broker could not be fetched or did not start.
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
            Node(number, *ports[3 * number - 3 : 3 * number]) for number in range(1, brokers + 1)
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
        return create_topic(self.internal_servers, name, partitions, replication, config)

    def topics(self) -> dict[str, int]:
        """The number of partitions of each topic, without Kafka's internal ones.

        Raises:
            StackError: No broker answers.
        """
        try:
            found = make_admin(self.internal_servers).list_topics(timeout=START_SECONDS).topics
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
        voters = ",".join(f"{node.id}@{LOOPBACK}:{node.controller}" for node in self._nodes)
        for node in self._nodes:
            settings = {
                **SETTINGS,
                **replication(self.brokers),
                **node.settings(),
                "controller.quorum.voters": voters,
                "log.dirs": str(self._workspace.path / f"broker-{node.id}"),
                **properties,
            }
            write_properties(self._properties_file(node), settings)
        arguments = ("format", f"--cluster-id={make_cluster_id()}", "--config")
        # They mostly wait for one JVM each.
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            list(pool.map(lambda node: self._format_node(node, arguments), self._nodes))

    def _format_node(self, node: Node, arguments: tuple[str, ...]) -> None:
        command = self._program.command(
            *arguments, str(self._properties_file(node)), main="kafka.tools.StorageTool"
        )
        self._workspace.run(f"format-{node.id}", command)

    def _launch(self, node: Node) -> None:
        command = self._program.command(str(self._properties_file(node)), record=self._record)
        self._servers[node.id] = self._workspace.start(f"broker-{node.id}", command)

    def _wait_for(self, node: Node, expected: set[int]) -> None:
        """Wait until a broker answers, and lists the expected brokers of the cluster."""
        admin = make_admin(f"{LOOPBACK}:{node.internal}")
        self._servers[node.id].wait_until(lambda: answers(admin, expected))

    def _properties_file(self, node: Node) -> Path:
        return self._workspace.path / f"broker-{node.id}.properties"


def kafka_version() -> str:
    """The version of Apache Kafka that is fetched."""
    (path,) = (
        artifact.path
        for artifact in read_artifacts(artifacts_file(KAFKA_POM))
        if artifact.path.startswith("org/apache/kafka/kafka_2.13/")
    )
    return path.split("/")[-2]


def kafka_program(java: Java | None = None, progress: Progress | None = None) -> Program:
    """The broker as a program, fetched and with its class archive made if need be.

    Args:
        java: What it runs on; found if left out.
        progress: What shows how far the fetch is.

    Raises:
        StackError: Java is not there, or the broker could not be fetched.
    """
    java = java or find_java()
    folder = fetch(KAFKA_POM, progress, what=f"Apache Kafka {kafka_version()}")
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
