"""Moves of a consumer group: the offset of each partition before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from streamcontract.errors import ConfigurationError
from streamcontract.messages.positions import offsets_of_position

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamcontract.kafka.admin.describe import GroupState, TopicState
    from streamcontract.kafka.connection.cluster import Cluster
    from streamcontract.messages.positions import Position

__all__ = ["Move", "moves_of"]


@attrs.frozen
class Move:
    """One partition.

    Attributes:
        topic: The topic.
        partition: The partition.
        before: The offset that is committed; None where none is.
        after: The offset that is to be.
    """

    topic: str
    partition: int
    before: int | None
    after: int


def moves_of(
    position: Position,
    states: Sequence[GroupState],
    topics: Sequence[TopicState] | None,
    cluster: Cluster,
) -> tuple[Move, ...]:
    """Where a group goes on if it is moved to a position.

    Args:
        position: The position.
        states: How far it has come in the topics that it has committed in.
        topics: The topics to move it in, each in all its partitions; None for those of ``states``,
            in the partitions that it has committed in.
        cluster: The brokers.

    Raises:
        ConfigurationError: It has committed nothing, and no topic is named.
        ConsumeError: The brokers did not answer.
        NotSupportedError: The position is a moment, and this is the embedded broker.
    """
    before = {each.topic.name: each.committed for each in states}
    if topics is None:
        wanted = {name: sorted(committed) for name, committed in before.items()}
    else:
        wanted = {each.name: [part.number for part in each.partitions] for each in topics}
    if not wanted:
        raise ConfigurationError("the group has committed nothing: name topics with --topic")
    with cluster.connected():
        return tuple(
            Move(topic, number, before.get(topic, {}).get(number), offset)
            for topic, numbers in sorted(wanted.items())
            for number, offset in sorted(
                offsets_of_position(cluster, topic, numbers, position).items()
            )
        )
