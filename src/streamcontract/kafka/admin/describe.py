"""Descriptions of topics and groups: partitions, leaders, offsets, lag."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final

import attrs
import confluent_kafka
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import ConfigSource  # type: ignore[attr-defined] # documented there

from streamcontract.errors import ArgumentError
from streamcontract.guards import text
from streamcontract.kafka.connection.cluster import (
    END,
    FIRST,
    Cluster,
    advice_on,
    is_embedded,
    offsets_of_topics,
)
from streamcontract.kafka.connection.config import split_config
from streamcontract.kafka.connection.error_codes import NO_SUCH_TOPIC
from streamcontract.kafka.connection.waits import Waiting, result_of
from streamcontract.kafka.errors import BrokerError, TopicError, kafka_error_of
from streamcontract.kafka.timeouts import BROKER_TIMEOUT

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

__all__ = [
    "ClusterListing",
    "ClusterState",
    "GroupState",
    "PartitionState",
    "TopicListing",
    "TopicProperty",
    "TopicState",
    "asked_for_offsets",
    "describe_groups",
    "describe_topics",
    "groups_of",
    "list_cluster",
    "offset_ranges",
    "properties_of",
    "topics_of",
    "topics_there",
]

_OF_THE_TOPIC: Final = ConfigSource.DYNAMIC_TOPIC_CONFIG.value
"""Brokers may have sources that this enum lacks."""


@attrs.frozen
class PartitionState:
    """One partition.

    Attributes:
        number: Its number, from 0.
        leader: The id of its leader; None if it has none.
        replicas: The ids of the brokers with a replica.
        in_sync: The ids of the in-sync replicas.
        first: The beginning offset; None without a leader.
        end: The end offset, which its next message will get; None without a leader.
    """

    number: int
    leader: int | None
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]
    first: int | None
    end: int | None

    @property
    def messages(self) -> int | None:
        """The number of offsets between beginning and end, which are messages unless compacted."""
        return None if self.first is None or self.end is None else self.end - self.first


@attrs.frozen
class TopicState:
    """One topic.

    Attributes:
        name: Its name.
        partitions: Its partitions, in order.
    """

    name: str
    partitions: tuple[PartitionState, ...]

    @property
    def messages(self) -> int:
        """The messages of all partitions that have a leader."""
        return sum(partition.messages or 0 for partition in self.partitions)


@attrs.frozen
class GroupState:
    """The committed offsets of one consumer group in one topic.

    Attributes:
        group: The group's id.
        topic: The topic.
        committed: The committed offset of each partition; None if it has none.
    """

    group: str
    topic: TopicState
    committed: Mapping[int, int | None]

    def lag(self, partition: PartitionState) -> int | None:
        """The lag in a partition in messages; None if it is unknown.

        Without a committed offset it depends on the start offset of its members. It is never
        negative: a group may commit after the end offset was returned.
        """
        committed = self.committed.get(partition.number)
        if partition.end is None or partition.first is None:
            return None
        if committed is None:
            return 0 if partition.first == partition.end else None
        return max(0, partition.end - max(committed, partition.first))

    @property
    def known_lags(self) -> tuple[int, ...]:
        """The lags in the partitions where it is known."""
        lags = (self.lag(partition) for partition in self.topic.partitions)
        return tuple(lag for lag in lags if lag is not None)

    @property
    def total_lag(self) -> int | None:
        """The lag in all partitions; None if that of one is unknown."""
        known = self.known_lags
        return sum(known) if len(known) == len(self.topic.partitions) else None


@attrs.frozen
class ClusterState:
    """The topics of a cluster.

    Attributes:
        topics: The requested topics, by name.
        is_embedded: Whether the cluster is the embedded broker.
    """

    topics: tuple[TopicState, ...]
    is_embedded: bool


@attrs.frozen
class TopicListing:
    """One topic of a list, without offsets.

    Attributes:
        name: Its name.
        partitions: The number of its partitions.
        led: The numbers of the partitions that have a leader.
        under_replicated: The number of partitions with a replica that is not in sync.
    """

    name: str
    partitions: int
    led: tuple[int, ...]
    under_replicated: int

    @property
    def leaderless(self) -> int:
        """The number of partitions without a leader."""
        return self.partitions - len(self.led)


@attrs.frozen
class TopicProperty:
    """One property of a topic's configuration.

    Attributes:
        name: Its name, such as ``"retention.ms"``.
        value: Its value; None if it is sensitive or not set.
        is_own: Whether it is set for this topic; else it is the brokers' setting or default.
    """

    name: str
    value: str | None
    is_own: bool


@attrs.frozen
class ClusterListing:
    """The brokers and topics of a cluster, as one request returns them.

    Attributes:
        id: The id of the cluster.
        brokers: The address of each broker by its id.
        topics: The topics by name.
        is_embedded: Whether the cluster is the embedded broker.
    """

    id: str
    brokers: Mapping[int, str]
    topics: tuple[TopicListing, ...]
    is_embedded: bool


def list_cluster(cluster: Cluster) -> ClusterListing:
    """The brokers and all topics of a cluster, by one request.

    Raises:
        TopicError: The brokers did not answer.
    """
    metadata = _metadata(cluster.admin(), (), cluster.timeout)
    return ClusterListing(
        str(metadata.cluster_id),
        {each.id: f"{each.host}:{each.port}" for each in metadata.brokers.values()},
        tuple(_listing(metadata.topics[name]) for name in sorted(metadata.topics)),
        is_embedded(metadata),
    )


def offset_ranges(
    cluster: Cluster, topics: Iterable[TopicListing]
) -> dict[str, dict[int, tuple[int, int]]]:
    """The beginning and end offsets of listed topics, by two requests for all of them together.

    They are by topic and partition, of the partitions that have a leader.

    Raises:
        TopicError: The brokers did not answer, or a topic has been deleted meanwhile.
    """
    listed = list(topics)
    led = [(topic.name, number) for topic in listed for number in topic.led]
    first, end = _offsets(cluster.admin(), led, cluster.timeout)
    return {
        topic.name: {
            number: (first[topic.name, number], end[topic.name, number]) for number in topic.led
        }
        for topic in listed
    }


def describe_topics(
    names: Sequence[str] | None = None,
    config: Mapping[str, Any] | None = None,
    *,
    timeout: float = BROKER_TIMEOUT,
) -> ClusterState:
    """Partitions, leaders and offsets of topics.

    Args:
        names: The topics; all of the cluster if left out.
        config: Client properties; see :func:`streamcontract.kafka.connection.config.split_config`.
        timeout: Seconds for each request to the brokers.

    Raises:
        TopicError: There is no such topic, or the brokers did not answer.

    Example:
        >>> state = describe_topics(["stocks"])
        >>> [partition.end for partition in state.topics[0].partitions]
        [2]
    """
    if names is not None:
        names = _texts(names, "names")
    return topics_of(Cluster(split_config(config).client, timeout=timeout), names)


def topics_of(cluster: Cluster, names: Sequence[str] | None = None) -> ClusterState:
    """As :func:`describe_topics`, for a cluster.

    Raises:
        TopicError: There is no such topic, or the brokers did not answer.
    """
    admin = cluster.admin()
    metadata = _metadata(admin, names or (), cluster.timeout)
    found = []
    for name in sorted(metadata.topics) if names is None else names:
        each = metadata.topics.get(name)
        if each is None or each.error is not None:
            unknown = confluent_kafka.KafkaError.UNKNOWN_TOPIC_OR_PART
            reason = each and each.error
            raise _topic_error(name, reason or confluent_kafka.KafkaError(unknown))
        found.append(each)
    return ClusterState(_described(admin, found, cluster.timeout), is_embedded(metadata))


def topics_there(cluster: Cluster, names: Sequence[str]) -> tuple[TopicState, ...]:
    """As :func:`topics_of`, of those topics alone that exist.

    Raises:
        TopicError: The brokers did not answer.
    """
    try:
        return _there(cluster, names)
    except TopicError as error:
        if error.error.code() not in NO_SUCH_TOPIC:
            raise
        return _there(cluster, names)  # one was deleted after the first request


def _there(cluster: Cluster, names: Sequence[str]) -> tuple[TopicState, ...]:
    admin = cluster.admin()
    there = _metadata(admin, names, cluster.timeout).topics
    found = [there[name] for name in names if name in there and there[name].error is None]
    return _described(admin, found, cluster.timeout)


def _metadata(admin: AdminClient, names: Sequence[str], timeout: float) -> Any:
    try:
        return admin.list_topics(timeout=timeout)
    except confluent_kafka.KafkaException as error:
        raise _topic_error(", ".join(names), kafka_error_of(error)) from error


def properties_of(cluster: Cluster, topic: str) -> tuple[TopicProperty, ...]:
    """A topic's properties by name; none if the brokers do not return them, like the embedded one.

    Raises:
        ConsumeError: The brokers did not answer.
    """
    entries = cluster.topic_entries(topic)
    return tuple(
        TopicProperty(name, entry.value, entry.source == _OF_THE_TOPIC)
        for name, entry in sorted(entries.items())
    )


def describe_groups(
    topic: TopicState,
    groups: Iterable[str] | None = None,
    config: Mapping[str, Any] | None = None,
    *,
    timeout: float = BROKER_TIMEOUT,
) -> tuple[GroupState, ...]:
    """The committed offsets of consumer groups in a topic.

    Args:
        topic: The topic, from :func:`describe_topics`.
        groups: The groups' ids; if left out, all groups with committed offsets in it, which the
            embedded broker cannot list.
        config: Client properties.
        timeout: Seconds for each request to the brokers.

    Raises:
        TopicError: The brokers did not answer, or cannot list groups.
    """
    if not isinstance(topic, TopicState):
        raise ArgumentError("topic", topic, "a TopicState, as returned by describe_topics()")
    if groups is not None:
        groups = _texts(groups, "groups")
    return groups_of(Cluster(split_config(config).client, timeout=timeout), topic, groups)


def groups_of(
    cluster: Cluster, topic: TopicState, groups: Iterable[str] | None = None
) -> tuple[GroupState, ...]:
    """As :func:`describe_groups`, for a cluster.

    Raises:
        TopicError: The brokers did not answer, or cannot list groups.
    """
    admin, timeout = cluster.admin(), cluster.timeout
    try:
        # A request of a client that is not connected yet is delayed for 1 to 3 seconds.
        admin.list_topics(topic.name, timeout=timeout)
        wanted = _all_groups(admin, topic.name, timeout) if groups is None else list(groups)
        found = [_group(admin, topic, group, timeout) for group in wanted]
    except confluent_kafka.KafkaException as error:
        raise _topic_error(topic.name, kafka_error_of(error)) from error
    if groups is None:
        found = [state for state in found if any(at is not None for at in state.committed.values())]
    return tuple(found)


def _texts(given: Iterable[str], argument: str) -> list[str]:
    # A text is an iterable of texts too.
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ArgumentError(argument, given, "a list of texts")
    return [text(each, f"one of {argument}") for each in given]


def _listing(found: Any) -> TopicListing:
    partitions = found.partitions.values()
    return TopicListing(
        found.topic,
        len(partitions),
        tuple(each.id for each in partitions if each.leader >= 0),
        sum(len(each.isrs) < len(each.replicas) for each in partitions),
    )


def _described(admin: AdminClient, found: Sequence[Any], timeout: float) -> tuple[TopicState, ...]:
    """The topics of metadata, with the offsets of all of them by two requests."""
    led = [
        (topic.topic, partition.id)
        for topic in found
        for partition in topic.partitions.values()
        if partition.leader >= 0
    ]
    first, end = _offsets(admin, led, timeout)
    return tuple(
        TopicState(
            topic.topic,
            tuple(
                PartitionState(
                    number,
                    partition.leader if partition.leader >= 0 else None,
                    tuple(partition.replicas),
                    tuple(partition.isrs),
                    first.get((topic.topic, number)),
                    end.get((topic.topic, number)),
                )
                for number, partition in sorted(topic.partitions.items())
            ),
        )
        for topic in found
    )


def _offsets(
    admin: AdminClient, partitions: Sequence[tuple[str, int]], timeout: float
) -> tuple[dict[tuple[str, int], int], dict[tuple[str, int], int]]:
    """The beginning and the end offsets of partitions that have a leader."""
    try:
        first = offsets_of_topics(admin, partitions, FIRST, timeout=timeout)
        end = offsets_of_topics(admin, partitions, END, timeout=timeout)
    except BrokerError as error:
        raise TopicError(error.topic, error.error, error.partition, error.advice) from error
    return first, end


def _all_groups(admin: AdminClient, topic: str, timeout: float) -> list[str]:
    asked = admin.list_consumer_groups(request_timeout=timeout)
    found = result_of(asked, Waiting("the list of consumer groups", topic))
    for error in found.errors or ():
        raise _topic_error(topic, error.args[0] if isinstance(error, Exception) else error)
    # That without an id is left out: it cannot be asked for.
    return sorted(listing.group_id for listing in found.valid if listing.group_id)


def asked_for_offsets(
    admin: AdminClient, group: str, places: list[TopicPartition] | None, timeout: float
) -> Future[Any]:
    """Request the offsets that a group has committed.

    Args:
        admin: A connected AdminClient.
        group: The group.
        places: The partitions; None for all in which it has committed.
        timeout: Seconds for the request.
    """
    if not group:  # old clients have committed without an id, and confluent_kafka refuses it
        refused: Future[Any] = Future()
        reason = "there are no requests for the group without an id"
        error = confluent_kafka.KafkaError(confluent_kafka.KafkaError.INVALID_GROUP_ID, reason)
        refused.set_exception(confluent_kafka.KafkaException(error))
        return refused
    request = ConsumerGroupTopicPartitions(group, places)
    return admin.list_consumer_group_offsets([request], request_timeout=timeout)[group]


def _group(admin: AdminClient, topic: TopicState, group: str, timeout: float) -> GroupState:
    places = [TopicPartition(topic.name, each.number) for each in topic.partitions]
    asked = asked_for_offsets(admin, group, places, timeout)
    answer = result_of(asked, Waiting(f"the offsets of group {group!r}", topic.name))
    return GroupState(
        group,
        topic,
        {
            place.partition: place.offset if place.offset >= 0 else None
            for place in answer.topic_partitions
        },
    )


def _topic_error(topic: str, error: confluent_kafka.KafkaError) -> TopicError:
    return TopicError(topic, error, advice=advice_on(error, topic))
