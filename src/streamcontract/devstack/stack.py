"""Development stack: broker and registry inside one process."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import TracebackType

from streamcontract._typing import Self
from streamcontract.devstack.broker import GROUP_JOIN_DELAY_MS, start_broker
from streamcontract.devstack.forwarder import Forwarder
from streamcontract.devstack.registry import RegistryServer

__all__ = ["DevStack"]


class DevStack:
    """An embedded Kafka cluster and schema registry, on loopback only.

    It runs from construction to ``close``, or for a ``with`` block.

    Args:
        brokers: The number of brokers.
        broker_port: The port to bootstrap from; 0 for the brokers' own, free ones.
        registry_port: The registry's port; 0 for a free one.
        registry_state: A file in which the registry stores its subjects; None for memory only.
        registry_contexts: Whether ``:.context:subject`` means a context there.
        registry_confluent: Whether the registry supports the features that only Confluent's has.
        group_join_delay_ms: The time that a new consumer group waits for more members before it
            assigns partitions (Kafka's default is 3000). Start consumers of one group within it.

    Attributes:
        broker: The cluster, with its faults; see ``EmbeddedBroker``.
        registry: The registry's server.
        bootstrap_servers: ``host:port`` of the brokers to start from, separated by commas.
        registry_url: The URL of the registry.

    Raises:
        StackError: A port is in use, or librdkafka could not start the brokers.

    Example:
        >>> with DevStack(brokers=3) as stack:
        ...     stack.create_topic("stocks", partitions=3)
        ...     sorted(stack.environment)
        True
        ['STREAMCONTRACT_BOOTSTRAP_SERVERS', 'STREAMCONTRACT_REGISTRY_URL']
    """

    def __init__(
        self,
        brokers: int = 1,
        *,
        broker_port: int = 0,
        registry_port: int = 0,
        registry_state: Path | None = None,
        registry_contexts: bool = True,
        registry_confluent: bool = False,
        group_join_delay_ms: int = GROUP_JOIN_DELAY_MS,
    ) -> None:
        with contextlib.ExitStack() as parts:
            self.broker = parts.enter_context(
                start_broker(brokers, group_join_delay_ms=group_join_delay_ms)
            )
            self.bootstrap_servers = self.broker.bootstrap_servers
            if broker_port:
                forwarder = Forwarder(broker_port, _targets(self.broker.bootstrap_servers))
                parts.enter_context(forwarder)
                self.bootstrap_servers = f"localhost:{forwarder.port}"
            registry = RegistryServer(
                registry_port,
                registry_state,
                control=self.broker,
                contexts=registry_contexts,
                confluent=registry_confluent,
            )
            self.registry = parts.enter_context(registry)
            self.registry_url = registry.url
            self._parts = parts.pop_all()

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which every client uses this stack."""
        return {
            "STREAMCONTRACT_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "STREAMCONTRACT_REGISTRY_URL": self.registry_url,
        }

    def create_topic(self, name: str, partitions: int = 1, replication: int = 1) -> bool:
        """Create a topic if it does not exist.

        Returns:
            True if it was created, False if it existed with as many partitions.

        Raises:
            StackError: An argument is out of range, or the topic exists with another number of
                partitions.
        """
        return self.broker.create_topic(name, partitions, replication)

    def close(self) -> None:
        """Stop all parts, the last started first. Closing twice is harmless."""
        self._parts.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _targets(bootstrap_servers: str) -> list[tuple[str, int]]:
    addresses = (server.rpartition(":") for server in bootstrap_servers.split(","))
    return [(host, int(port)) for host, _, port in addresses]
