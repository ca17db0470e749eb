"""Real servers with the interface of the embedded stack."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal

from streamcontract._typing import Self
from streamcontract.devstack.kafka.apicurio import ApicurioRegistry
from streamcontract.devstack.kafka.cluster import KafkaCluster
from streamcontract.devstack.registry import RegistryServer
from streamcontract.errors import StackError

__all__ = ["KafkaStack", "RegistryKind"]

RegistryKind = Literal["embedded", "apicurio"]


class KafkaStack:
    """Apache Kafka and a schema registry on loopback, as processes that end with this one.

    It runs from construction to ``close``, or for a ``with`` block. Java 17 or newer has to be
    there, such as that of the extra ``[kafka]``; the servers are fetched into a cache folder the
    first time, Apicurio by Maven. All data are in a temporary folder and gone at the end.

    Args:
        brokers: The number of brokers; their ids are 1 to this number.
        registry: ``"embedded"``, this project's own, or ``"apicurio"``, Apicurio Registry.
        properties: Broker properties on top of this package's, such as
            ``{"listener.security.protocol.map": "CLIENT:SASL_SSL,INTERNAL:PLAINTEXT,..."}``.

    Attributes:
        brokers: The number of brokers.
        bootstrap_servers: ``host:port`` of the brokers to start from, separated by commas.
        internal_servers: The same without security, for any ``properties``.
        registry_url: The URL of the registry.
        registry: The registry's server.

    Raises:
        StackError: Java is not there, or a server could not be fetched or did not start. The
            message shows the end of that server's log, and where the whole of it is.

    Example:
        >>> with KafkaStack(brokers=3) as stack:
        ...     stack.create_topic("stocks", partitions=3, replication=3)
        ...     stack.kill(1)
        ...     stack.restart(1)
        True
    """

    def __init__(
        self,
        brokers: int = 1,
        *,
        registry: RegistryKind = "embedded",
        properties: Mapping[str, str] | None = None,
    ) -> None:
        if registry not in {"embedded", "apicurio"}:
            raise StackError(f"registry is 'embedded' or 'apicurio', not {registry!r}")
        with contextlib.ExitStack() as parts:
            self._cluster = parts.enter_context(KafkaCluster(brokers, properties=properties))
            self.registry: RegistryServer | ApicurioRegistry
            if registry == "apicurio":
                self.registry = parts.enter_context(ApicurioRegistry())
            else:
                self.registry = parts.enter_context(RegistryServer())
            self._parts = parts.pop_all()
        self.brokers = brokers
        self.bootstrap_servers = self._cluster.bootstrap_servers
        self.internal_servers = self._cluster.internal_servers
        self.registry_url = self.registry.url

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which every client uses this stack."""
        return {
            "STREAMCONTRACT_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "STREAMCONTRACT_REGISTRY_URL": self.registry_url,
        }

    @property
    def logs(self) -> Path:
        """The folder of the brokers' logs; it is kept if a broker or the ``with`` block failed."""
        return self._cluster.logs

    def create_topic(
        self,
        name: str,
        partitions: int = 1,
        replication: int = 1,
        config: Mapping[str, str] | None = None,
    ) -> bool:
        """Create a topic if it does not exist.

        Args:
            name: 1 to 249 letters, digits, ``.``, ``_`` and ``-``.
            partitions: The number of partitions.
            replication: The number of replicas of each partition.
            config: Topic properties, such as ``{"cleanup.policy": "compact"}``.

        Returns:
            True if it was created, False if it existed as requested.

        Raises:
            StackError: Kafka refuses it, or it exists and differs.
        """
        return self._cluster.create_topic(name, partitions, replication, config)

    def kill(self, broker: int) -> None:
        """End a broker with SIGKILL: the data in its process's memory are lost.

        Raises:
            StackError: There is no such broker.
        """
        self._cluster.kill(broker)

    def stop(self, broker: int) -> None:
        """Stop a broker cleanly, with SIGTERM: its partitions get another leader first.

        Raises:
            StackError: There is no such broker, or it did not end in time.
        """
        self._cluster.stop(broker)

    def pause(self, broker: int) -> None:
        """Stop a broker's process with SIGSTOP, which is like a lost network in both directions.

        Others keep their connections to it and get no answer. After ``broker.session.timeout.ms``
        (9 s) the controller makes other brokers the leaders of its partitions.

        Raises:
            StackError: There is no such broker.
        """
        self._cluster.pause(broker)

    def resume(self, broker: int) -> None:
        """Continue a paused broker.

        Raises:
            StackError: There is no such broker.
        """
        self._cluster.resume(broker)

    def restart(self, broker: int) -> None:
        """Start a broker again with its ports and data; a running one is killed first.

        Returns when the broker serves clients. Its replicas may need longer to catch up.

        Raises:
            StackError: There is no such broker, or it did not start.
        """
        self._cluster.restart(broker)

    def close(self) -> None:
        """End the servers and delete their data. Closing twice is harmless."""
        self._parts.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # With the error, so that the parts keep their logs.
        self._parts.__exit__(error_type, error, traceback)
