"""Apache Kafka as one node whose topics, groups and schemas outlive it, for development."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path
from types import TracebackType
from typing import Final

import confluent_kafka

from streamcontract._typing import Self
from streamcontract.devstack.forwarder import listen_on_loopback
from streamcontract.devstack.kafka.cluster import kafka_program, kafka_version
from streamcontract.devstack.kafka.java import Program
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
from streamcontract.devstack.kafka.state import StateFolder
from streamcontract.devstack.kafka.workspace import START_SECONDS, Workspace
from streamcontract.devstack.registry import RegistryServer
from streamcontract.errors import StackError

__all__ = ["DurableStack"]

_NODE: Final = 1
# For the listener on ::1, where there is one; this package's programs are of IPv4 alone.
_OPTIONS: Final = ("-Djava.net.preferIPv4Stack=false",)

_SETTINGS: Final = {
    # Positions of a group without members are forgotten after a week by default; a project that is
    # taken up again after a holiday is to find them. The largest value that Kafka takes.
    "offsets.retention.minutes": str(2**31 - 1),
    # For this time the controller counts in a broker that was killed, and its next start waits (9 s
    # by default). Both are one process here: none loses the other.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
}


class DurableStack:
    """One broker of Apache Kafka and the embedded registry on loopback; a folder has their data.

    It runs from construction to ``close``, or for a ``with`` block. Its processes end with this
    one, however that ends.

    Args:
        state: The folder of topics, messages, groups and schemas; created if it is not there.
        fresh: Delete what an earlier stack left there.
        broker_port: The broker's port; 0 for a free one.
        registry_port: The registry's port; 0 for a free one.
        registry_contexts: Whether ``:.context:subject`` names a context in the registry.
        registry_confluent: Whether the registry keeps and answers what Confluent's does beyond
            Redpanda's.
        program: The broker's program; fetched if left out.

    Attributes:
        version: The version of Apache Kafka.
        bootstrap_servers: ``host:port`` of the broker.
        registry_url: Where the registry is.

    Raises:
        StackError: Java is not there, the broker could not be fetched or did not start, a port or
            the folder is in use, or the folder is of something else.

    Example:
        >>> import pathlib, tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> with DurableStack(pathlib.Path(folder.name)) as stack:
        ...     stack.create_topic("stocks", partitions=3)
        True
        >>> with DurableStack(pathlib.Path(folder.name)) as stack:
        ...     stack.create_topic("stocks", partitions=3)
        False
        >>> folder.cleanup()
    """

    def __init__(
        self,
        state: Path,
        *,
        fresh: bool = False,
        broker_port: int = 0,
        registry_port: int = 0,
        registry_contexts: bool = True,
        registry_confluent: bool = False,
        program: Program | None = None,
    ) -> None:
        self.version = kafka_version()
        with contextlib.ExitStack() as parts:
            self._folder = parts.enter_context(
                contextlib.closing(StateFolder(state, self.version, fresh=fresh))
            )
            node, ipv6 = _ports(broker_port)
            self._node = Node(_NODE, *node, ipv6=ipv6)
            self.bootstrap_servers = f"{LOOPBACK}:{self._node.client}"
            registry = RegistryServer(
                registry_port,
                self._folder.registry,
                contexts=registry_contexts,
                confluent=registry_confluent,
            )
            self.registry = parts.enter_context(registry)
            self.registry_url = registry.url
            self._program = kafka_program() if program is None else program
            self._workspace = Workspace("kafka")
            parts.push(self._end)
            self._start()
            self._parts = parts.pop_all()

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that lead every client to this stack."""
        return {
            "STREAMCONTRACT_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "STREAMCONTRACT_REGISTRY_URL": self.registry_url,
        }

    @property
    def state(self) -> Path:
        """The folder that keeps everything."""
        return self._folder.path

    def create_topic(self, name: str, partitions: int = 1, replicas: int = 1) -> bool:
        """Create a topic, or find that it is already there.

        Returns:
            True if it was created, False if there was one that is as asked for.

        Raises:
            StackError: Kafka refuses it, or it is there and not as asked for.
        """
        return create_topic(self.bootstrap_servers, name, partitions, replicas)

    def check_running(self) -> None:
        """See that the broker has not ended by itself.

        Raises:
            StackError: It has; the message shows the end of its log.
        """
        self._broker.check_running()

    def close(self) -> None:
        """End the broker in order, and the registry; the data stay. Closing twice is harmless."""
        self._parts.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._parts.__exit__(error_type, error, traceback)

    def _start(self) -> None:
        properties = self._workspace.path / "broker.properties"
        settings = {
            **SETTINGS,
            **_SETTINGS,
            **replication(1),
            **self._node.settings(),
            "controller.quorum.voters": f"{_NODE}@{LOOPBACK}:{self._node.controller}",
            "log.dirs": str(self._folder.data.absolute()),
        }
        write_properties(properties, settings)
        if not self._folder.is_formatted:
            self._folder.remove_unfinished()
            arguments = ("format", f"--cluster-id={make_cluster_id()}", "--config", str(properties))
            command = self._program.command(*arguments, main="kafka.tools.StorageTool")
            self._workspace.run("format", command)
            self._folder.set_formatted()
        command = self._program.command(str(properties), options=_OPTIONS)
        self._broker = self._workspace.start("broker", command, inherited=(self._folder.lock,))
        admin = make_admin(self.bootstrap_servers)
        try:
            self._broker.wait_until(lambda: answers(admin, {_NODE}))
        except StackError as error:
            raise StackError(
                f"{error}\nIf the data in {self.state} are damaged, --fresh deletes them"
            ) from error
        self._ask_for_a_producer_id()

    def _ask_for_a_producer_id(self) -> None:
        """Let the broker fetch its first producer ids: while it does, it refuses producers."""
        producer = confluent_kafka.Producer(
            {
                "bootstrap.servers": self.bootstrap_servers,
                "transactional.id": "streamcontract-dev",
                "log_level": 0,
            }
        )
        try:
            producer.init_transactions(START_SECONDS)
        except confluent_kafka.KafkaException as error:
            raise StackError(f"the broker gives out no producer ids: {error}") from error

    def _end(
        self,
        _error_type: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        # In order: what it has in memory is written, and its next start need not recover its logs.
        died = False
        try:
            broker = getattr(self, "_broker", None)
            if broker is not None:
                died = not broker.running
                broker.terminate()
        finally:
            self._workspace.close(keep_logs=died or error is not None)


def _ports(client: int) -> tuple[tuple[int, int, int], bool]:
    """The ports CLIENT, INTERNAL and CONTROLLER, and whether CLIENT can be on ``::1`` too.

    Raises:
        PortError: The first is asked for and in use.
    """
    sockets = listen_on_loopback(client)
    families = {each.family for each in sockets}
    for each in sockets:
        each.close()
    free = free_ports(3)
    return (client or free[0], free[1], free[2]), socket.AF_INET6 in families
