"""Two sides to try one test of a client's behaviour on: scripted clients, and confluent_kafka's."""

# ruff: noqa: D102 - the methods are those of Side, documented there

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any, Final, Protocol

import confluent_kafka
from confluent_kafka import KafkaError
from tests.kafka.scripted_client import Clients

from streamcontract.devstack import DevStack

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kafka.scripted_broker import ScriptedBroker

    from streamcontract.testing.fixtures.stacks import Stack

__all__ = ["WAIT", "RealSide", "ScriptedSide", "Side", "is_end"]

WAIT: Final = 30.0

_PROPERTIES: Final[dict[str, Any]] = {
    "enable.auto.offset.store": False,
    "enable.partition.eof": True,
    "auto.offset.reset": "earliest",
    "fetch.wait.max.ms": 10,
    "log_level": 0,
}


class Side(Protocol):
    """Clients of one kind, and topics for them."""

    max_poll: float
    """Seconds: the shortest ``max.poll.interval.ms`` that the brokers take."""

    def topic(self, partitions: int = 1) -> str:
        """A new topic."""

    def consumer(self, group: str | None = None, **properties: Any) -> Any:
        """A consumer, of a group of its own if none is given; underscores stand for dots."""

    def producer(self, **properties: Any) -> Any:
        """A producer."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""

    def now(self) -> float:
        """Seconds."""


class _Base:
    def __init__(self) -> None:
        self.clients: list[Any] = []

    def _consumer(self, made: Callable[[dict[str, Any]], Any], properties: dict[str, Any]) -> Any:
        client = made(properties)
        self.clients.append(client)
        return client

    def close(self) -> None:
        """Close what a test has left open."""
        for client in self.clients:
            client.close()


class ScriptedSide(_Base):
    """Scripted clients."""

    max_poll = 6.0

    def __init__(self, broker: ScriptedBroker) -> None:
        super().__init__()
        self._broker = broker
        self._clients = Clients(broker)

    def topic(self, partitions: int = 1) -> str:
        name = uuid.uuid4().hex
        self._broker.create_topic(name, partitions)
        return name

    def consumer(self, group: str | None = None, **properties: Any) -> Any:
        made = {**_PROPERTIES, "group.id": group or uuid.uuid4().hex, **_dotted(properties)}
        return self._consumer(self._clients.consumer_class, made)

    def producer(self, **properties: Any) -> Any:
        return self._clients.producer_class(_dotted(properties))

    def sleep(self, seconds: float) -> None:
        self._broker.clock.sleep(seconds)

    def now(self) -> float:
        return self._broker.clock.now


class RealSide(_Base):
    """confluent_kafka's clients on a stack."""

    def __init__(self, stack: Stack, topic: Callable[..., str]) -> None:
        super().__init__()
        self._servers = {"bootstrap.servers": stack.bootstrap_servers}
        self._topic = topic
        # Somebody who joins a group that others just left waits on the mock cluster for
        # session.timeout.ms less a second. Kafka takes no session shorter than 6 seconds.
        self.is_embedded = isinstance(stack, DevStack)
        self._session = 1_010 if self.is_embedded else 6_000
        self.max_poll = self._session / 1_000

    def topic(self, partitions: int = 1) -> str:
        return self._topic(partitions=partitions)

    def consumer(self, group: str | None = None, **properties: Any) -> Any:
        made = {
            **_PROPERTIES,
            **self._servers,
            "group.id": group or uuid.uuid4().hex,
            "session.timeout.ms": self._session,
            "heartbeat.interval.ms": 100,
            **_dotted(properties),
        }
        if made.get("group.protocol") == "consumer":  # there the brokers set these two
            del made["session.timeout.ms"], made["heartbeat.interval.ms"]
        return self._consumer(confluent_kafka.Consumer, made)

    def producer(self, **properties: Any) -> Any:
        return confluent_kafka.Producer(
            {**self._servers, "linger.ms": 0, "log_level": 0, **_dotted(properties)}
        )

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def now(self) -> float:
        return time.monotonic()


def _dotted(properties: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("_", "."): value for name, value in properties.items()}


def is_end(raw: Any) -> bool:
    """Whether it is the event of a partition's end."""
    error = raw.error()
    return error is not None and error.code() == KafkaError._PARTITION_EOF
