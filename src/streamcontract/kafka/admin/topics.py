"""Topics: creation if missing, and comparison with the wanted settings."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

import attrs
import confluent_kafka
from confluent_kafka.admin import (  # type: ignore[attr-defined] # all are documented there
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from streamcontract.errors import ArgumentError, shown
from streamcontract.guards import MAX_PARTITION, text, whole_number
from streamcontract.kafka.connection.cluster import Cluster, advice_on, is_embedded
from streamcontract.kafka.connection.config import split_config
from streamcontract.kafka.connection.waits import Waiting, result_of
from streamcontract.kafka.errors import NotSupportedError, TopicError, kafka_error_of
from streamcontract.kafka.timeouts import BROKER_TIMEOUT
from streamcontract.registry import SchemaRegistry

__all__ = ["TopicMismatch", "TopicOutcome", "ensure_topic", "ensure_topic_of"]

_BROKER_DEFAULT: Final = -1  # KIP-464: the broker's own number of partitions or replicas
_MOST_REPLICAS: Final = 2**15 - 1  # CreateTopics has an INT16
_CONTROL_PATH: Final = "/streamcontract/topics"
_POLL_SECONDS: Final = 0.05


@attrs.frozen
class TopicMismatch:
    """A setting of a topic that differs from the wanted one.

    Attributes:
        setting: ``"partitions"``, ``"replication"``, or the name of a topic property.
        wanted: The wanted value.
        found: The topic's value; None if it cannot have such a setting.
    """

    setting: str
    wanted: str
    found: str | None

    def __str__(self) -> str:
        found = "not set" if self.found is None else self.found
        return f"{self.setting}: {found}, and not {self.wanted} as requested"


@attrs.frozen
class TopicOutcome:
    """The result of :func:`ensure_topic`.

    Attributes:
        name: The topic.
        created: Whether it was created.
        partitions: The number of its partitions.
        mismatches: The settings that differ. An existing topic is never changed.
    """

    name: str
    created: bool
    partitions: int
    mismatches: tuple[TopicMismatch, ...] = ()

    def __str__(self) -> str:
        parts = "1 partition" if self.partitions == 1 else f"{self.partitions} partitions"
        state = "created" if self.created else "there already"
        but = f", but {'; '.join(map(str, self.mismatches))}" if self.mismatches else ""
        return f"Topic {self.name}: {state}, {parts}{but}"


def ensure_topic(
    name: str,
    config: Mapping[str, Any] | None = None,
    *,
    partitions: int | None = None,
    replication: int | None = None,
    topic_config: Mapping[str, str] | None = None,
    timeout: float = BROKER_TIMEOUT,
) -> TopicOutcome:
    """Create a topic unless it exists, and compare an existing one with the arguments.

    An existing topic is not changed: partitions cannot be removed, and adding some changes the
    partitions of keys. When this returns, every partition has a leader.

    The embedded broker cannot create topics over Kafka's protocol. In that case a request is sent
    to the stack at the registry's URL. Without a stack, the broker creates the topic at its first
    use, with its own number of partitions.

    Args:
        name: The topic.
        config: Client properties; see :func:`streamcontract.kafka.connection.config.split_config`.
        partitions: The number of partitions; the broker's default if left out.
        replication: The number of replicas of each; the broker's default if left out.
        topic_config: Topic properties, such as ``{"cleanup.policy": "compact"}``.
        timeout: Seconds for each request to the brokers.

    Raises:
        TopicError: The topic could not be created, or the brokers did not answer.
        ConfigurationError: A client property, or a number, is wrong.

    Example:
        >>> print(ensure_topic("orders", partitions=3))
        Topic orders: created, 3 partitions
    """
    settings = split_config(config)
    return ensure_topic_of(
        Cluster(settings.client, timeout=timeout),
        name,
        settings.registry,
        partitions=partitions,
        replication=replication,
        topic_config=topic_config,
    )


def ensure_topic_of(
    cluster: Cluster,
    name: str,
    registry: dict[str, object],
    *,
    partitions: int | None = None,
    replication: int | None = None,
    topic_config: Mapping[str, str] | None = None,
) -> TopicOutcome:
    """As :func:`ensure_topic`, for a cluster, and the properties of a registry.

    Raises:
        TopicError: The topic could not be created, or the brokers did not answer.
        ConfigurationError: A number is wrong.
    """
    name = text(name, "the name of a topic")
    for what, number, most in (
        ("partitions", partitions, MAX_PARTITION),
        ("replication", replication, _MOST_REPLICAS),
    ):
        if number is not None:
            whole_number(number, f"{what} of topic {name!r}", 1, most, f"from 1 to {most}")
    wanted = _Wanted(name, partitions, replication, _properties_of(topic_config))
    admin, timeout = cluster.admin(), cluster.timeout
    metadata = _metadata(admin, name, timeout)
    created = False
    if not _is_there(metadata, name):
        if is_embedded(metadata):
            created = _create_embedded(admin, wanted, registry, timeout)
        else:
            created = _create(admin, wanted, timeout)
        metadata = _await_leaders(admin, name, timeout)
    found = metadata.topics[name]
    return TopicOutcome(
        name,
        created,
        len(found.partitions),
        tuple(_mismatches(admin, wanted, metadata, timeout)),
    )


def _properties_of(given: Mapping[str, str] | None) -> dict[str, str]:
    if not isinstance(given, Mapping | None):
        raise ArgumentError("topic_config", given, "a dict of topic properties")
    return {
        text(name, "the name of a topic property"): text(value, f"topic property {shown(name)}")
        for name, value in (given or {}).items()
    }


@attrs.frozen
class _Wanted:
    name: str
    partitions: int | None
    replication: int | None
    config: dict[str, str]


def _metadata(admin: AdminClient, name: str, timeout: float) -> Any:
    """Metadata of all topics: a request for one by name could create it."""
    try:
        return admin.list_topics(timeout=timeout)
    except confluent_kafka.KafkaException as error:
        raise _topic_error(name, error) from error


def _is_there(metadata: Any, name: str) -> bool:
    return name in metadata.topics and metadata.topics[name].error is None


def _create(admin: AdminClient, wanted: _Wanted, timeout: float) -> bool:
    topic = NewTopic(
        wanted.name,
        wanted.partitions or _BROKER_DEFAULT,
        wanted.replication or _BROKER_DEFAULT,
        config=wanted.config,
    )
    futures = admin.create_topics([topic], operation_timeout=timeout, request_timeout=timeout)
    try:
        waiting = Waiting(f"topic {wanted.name!r} to be created", wanted.name)
        result_of(futures[wanted.name], waiting)
    except confluent_kafka.KafkaException as error:
        # Another client created it first: that topic is compared with the wanted settings.
        if kafka_error_of(error).code() == confluent_kafka.KafkaError.TOPIC_ALREADY_EXISTS:
            return False
        raise _topic_error(wanted.name, error) from error
    return True


def _create_embedded(
    admin: AdminClient, wanted: _Wanted, registry: dict[str, object], timeout: float
) -> bool:
    # The HTTP library takes long to import, and only the embedded stack needs it.
    import requests  # noqa: PLC0415

    with SchemaRegistry.from_config(registry) as client, requests.Session() as session:
        session.trust_env = False  # the stack is on this machine, without a proxy
        try:
            answer = session.post(
                f"{client.urls[0]}{_CONTROL_PATH}",
                json={
                    "name": wanted.name,
                    "partitions": wanted.partitions or 1,
                    "replication": wanted.replication or 1,
                },
                timeout=timeout,
            )
        except requests.ConnectionError:
            answer = None
    if answer is None or answer.status_code == requests.codes.not_found:
        # No stack, only a mock cluster, which creates a topic that is requested by name.
        admin.list_topics(wanted.name, timeout=timeout)
        return True
    if not answer.ok:
        raise NotSupportedError(f"the embedded stack did not create a topic: {answer.text}")
    return bool(answer.json()["created"])


def _await_leaders(admin: AdminClient, name: str, timeout: float) -> Any:
    """Wait until every partition can be written and read."""
    deadline = time.monotonic() + timeout
    waiting = Waiting(f"leaders of the partitions of topic {name!r}", name)
    while True:
        metadata = _metadata(admin, name, timeout)
        if _is_there(metadata, name):
            partitions = metadata.topics[name].partitions.values()
            if partitions and all(partition.leader >= 0 for partition in partitions):
                return metadata
        if time.monotonic() > deadline:
            late = confluent_kafka.KafkaError(
                confluent_kafka.KafkaError.LEADER_NOT_AVAILABLE,
                f"created, but not every partition had a leader after {timeout:g} s",
            )
            raise TopicError(name, late)
        waiting.note()
        time.sleep(_POLL_SECONDS)


def _mismatches(
    admin: AdminClient, wanted: _Wanted, metadata: Any, timeout: float
) -> list[TopicMismatch]:
    partitions = metadata.topics[wanted.name].partitions
    replicas = {len(partition.replicas) for partition in partitions.values()}
    found = []
    if wanted.partitions not in {None, len(partitions)}:
        found.append(TopicMismatch("partitions", str(wanted.partitions), str(len(partitions))))
    if wanted.replication is not None and replicas != {wanted.replication}:
        shown = ", ".join(map(str, sorted(replicas)))
        found.append(TopicMismatch("replication", str(wanted.replication), shown))
    if wanted.config:
        has: dict[str, str | None] = {}
        if not is_embedded(metadata):  # the embedded broker has no topic properties
            has = _properties(admin, wanted.name, timeout)
        found += [
            TopicMismatch(key, value, has.get(key))
            for key, value in wanted.config.items()
            if has.get(key) != value
        ]
    return found


def _properties(admin: AdminClient, name: str, timeout: float) -> dict[str, str | None]:
    resource = ConfigResource(ResourceType.TOPIC, name)
    futures = admin.describe_configs([resource], request_timeout=timeout)
    try:
        waiting = Waiting(f"the properties of topic {name!r}", name)
        entries = result_of(futures[resource], waiting)
    except confluent_kafka.KafkaException as error:
        raise _topic_error(name, error) from error
    return {key: entry.value for key, entry in entries.items()}


def _topic_error(name: str, error: confluent_kafka.KafkaException) -> TopicError:
    reason = kafka_error_of(error)
    return TopicError(name, reason, advice=advice_on(reason, name))
