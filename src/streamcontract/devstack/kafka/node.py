"""One broker of Apache Kafka: its properties, its cluster's id, and questions to it."""

from __future__ import annotations

import base64
import uuid
from typing import TYPE_CHECKING, Final

import attrs
import confluent_kafka
from confluent_kafka.admin import AdminClient

from streamcontract.devstack.kafka.ports import LOOPBACK
from streamcontract.errors import ClientError, StackError
from streamcontract.kafka import ensure_topic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "SETTINGS",
    "Node",
    "answers",
    "create_topic",
    "make_admin",
    "make_cluster_id",
    "replication",
    "write_properties",
]

_ASK_SECONDS: Final = 1.0
_LOOPBACK_IPV6: Final = "[::1]"

# What is not as Kafka has it by default (https://kafka.apache.org/documentation/#brokerconfigs),
# because a stack is used by one machine, and mostly lives for minutes.
SETTINGS: Final[Mapping[str, str]] = {
    # Internal topics have 50 partitions by default, which takes seconds to create.
    "offsets.topic.num.partitions": "3",
    "transaction.state.log.num.partitions": "3",
    "share.coordinator.state.topic.num.partitions": "3",
    # As on the embedded stack: a group's first members need not wait 3 s, and tests may have
    # sessions of one second.
    "group.initial.rebalance.delay.ms": "100",
    "group.min.session.timeout.ms": "1000",
    # A new share group has no partitions in the first heartbeat's answer, and the second is sent
    # after 5 s by default.
    "group.share.min.heartbeat.interval.ms": "1000",
    "group.share.heartbeat.interval.ms": "1000",
    # Messages older than a week are deleted by default, and tests write some from long ago.
    "log.retention.ms": "-1",
    # 128 MiB of heap by default, to compact logs that are tiny here.
    "log.cleaner.dedupe.buffer.size": "4194304",
}


@attrs.frozen
class Node:
    """A broker that is a controller too, with its ports on loopback.

    Attributes:
        id: Its number in the cluster, from 1.
        client: The port of its listener CLIENT.
        internal: The port of its listener INTERNAL, which the brokers use.
        controller: The port of its listener CONTROLLER.
        ipv6: Whether CLIENT is on ``::1`` too, as a listener of its own (KIP-797).
    """

    id: int
    client: int
    internal: int
    controller: int
    ipv6: bool = attrs.field(default=False, kw_only=True)

    def settings(self) -> dict[str, str]:
        """The properties that make a broker this one."""
        listeners = {
            "CLIENT": f"{LOOPBACK}:{self.client}",
            "INTERNAL": f"{LOOPBACK}:{self.internal}",
        }
        advertised = dict(listeners)
        if self.ipv6:
            listeners["CLIENT_IPV6"] = f"{_LOOPBACK_IPV6}:{self.client}"
            # Who comes over IPv6 is sent to an address that every client can read.
            advertised["CLIENT_IPV6"] = advertised["CLIENT"]
        names = (*listeners, "CONTROLLER")
        listeners["CONTROLLER"] = f"{LOOPBACK}:{self.controller}"
        return {
            "node.id": str(self.id),
            "process.roles": "broker,controller",
            "listeners": _addresses(listeners),
            "advertised.listeners": _addresses(advertised),
            "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in names),
            "inter.broker.listener.name": "INTERNAL",
            "controller.listener.names": "CONTROLLER",
        }


def _addresses(listeners: Mapping[str, str]) -> str:
    return ",".join(f"{name}://{address}" for name, address in listeners.items())


def replication(brokers: int) -> dict[str, str]:
    """On how many brokers things are, and how many may be lost without losing a message."""
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


def write_properties(path: Path, settings: Mapping[str, str]) -> None:
    """Write what java.util.Properties reads: Latin-1, with a backslash that escapes."""
    lines = (f"{key}={_escape(value)}\n" for key, value in settings.items())
    path.write_text("".join(lines), encoding="latin-1", errors="backslashreplace")


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n")


def make_cluster_id() -> str:
    """A new cluster's id, as Kafka has them: 16 random bytes in URL-safe base64.

    None begins with a dash, which Kafka's tools would take for an option.
    """
    while True:
        made = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not made.startswith("-"):
            return made


def make_admin(servers: str) -> AdminClient:
    """A client that asks again soon, for servers that are about to start."""
    # log_level 0: that a broker cannot be reached while it starts is no news.
    return AdminClient(
        {"bootstrap.servers": servers, "log_level": 0, "reconnect.backoff.max.ms": 100}
    )


def answers(admin: AdminClient, expected: set[int]) -> bool:
    """Whether a client's broker answers, and has the expected ones in its cluster."""
    try:
        return expected <= set(admin.list_topics(timeout=_ASK_SECONDS).brokers)
    except confluent_kafka.KafkaException:  # it is not up yet
        return False


def create_topic(
    servers: str,
    name: str,
    partitions: int,
    replicas: int,
    config: Mapping[str, str] | None = None,
) -> bool:
    """Create a topic, or find that it is already there.

    Returns:
        True if it was created, False if there was one that is as asked for.

    Raises:
        StackError: Kafka refuses it, or it is there and not as asked for.
    """
    try:
        outcome = ensure_topic(
            name,
            {"bootstrap.servers": servers},
            partitions=partitions,
            replication=replicas,
            topic_config=config,
        )
    except ClientError as error:
        raise StackError(f"topic {name!r} could not be created: {error}") from error
    if outcome.mismatches:
        raise StackError(str(outcome))
    return outcome.created
