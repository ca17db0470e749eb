"""Offsets of a group on the embedded broker, committed by a member that joins for it.

The embedded broker cannot describe groups, and takes the offsets of a group that has had members
from members alone. A member that gets all partitions is the only one.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import confluent_kafka

from streamcontract.kafka.connection.config import build_client
from streamcontract.kafka.connection.waits import interruptible
from streamcontract.kafka.errors import GroupError, NotSupportedError, kafka_error_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confluent_kafka import TopicPartition

    from streamcontract.kafka.connection.cluster import Cluster

__all__ = ["commit_as_only_member", "has_members"]

_POLL: Final = 0.05
_JOIN_SECONDS: Final = 5.0
"""Until a group without members has given a new one its partitions; it takes 0.1 s."""


def has_members(group: str, reason: str) -> GroupError:
    """The error that a group is not to be moved."""
    error = confluent_kafka.KafkaError(confluent_kafka.KafkaError.NON_EMPTY_GROUP, reason)
    return GroupError(group, error, "Stop them first: they would commit over what is set")


def commit_as_only_member(group: str, offsets: Sequence[TopicPartition], cluster: Cluster) -> None:
    """Commit offsets as a member of the group.

    Args:
        group: The group.
        offsets: What to commit.
        cluster: The brokers; its time for a request is what joining may take at most.

    Raises:
        GroupError: It has other members.
        NotSupportedError: It has had members of the classic protocol.
    """
    topics = sorted({each.topic for each in offsets})
    partitions = {(topic, number) for topic in topics for number in cluster.partitions(topic)}
    client: confluent_kafka.Consumer = build_client(
        confluent_kafka.Consumer,
        {
            **cluster.properties,
            "group.id": group,
            "group.protocol": "consumer",
            "enable.auto.commit": False,
        },
    )
    try:
        client.subscribe(topics)
        _await_all(client, group, partitions, min(cluster.timeout, _JOIN_SECONDS))
        client.commit(offsets=[*offsets], asynchronous=False)
    except confluent_kafka.KafkaException as error:
        if kafka_error_of(error).code() == confluent_kafka.KafkaError.UNKNOWN_MEMBER_ID:
            raise NotSupportedError(
                f"the embedded broker cannot move group {group!r}, which has had members of the "
                f"classic protocol; it can where they have group.protocol=consumer"
            ) from error
        raise GroupError(group, kafka_error_of(error)) from error
    finally:
        client.close()


def _await_all(
    client: confluent_kafka.Consumer, group: str, partitions: set[tuple[str, int]], seconds: float
) -> None:
    deadline = time.monotonic() + seconds
    while {(each.topic, each.partition) for each in client.assignment()} < partitions:
        if time.monotonic() > deadline:
            raise has_members(group, "it has other members")
        # Messages are not worked on: what is committed is said by the caller.
        interruptible(client.poll, _POLL)
