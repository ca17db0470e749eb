"""Bounded read of raw messages, between two offsets of each partition.

It has no group and no commits or seeks, the messages stay raw, and an interrupt ends the read with
its generator. So it does not need the partitions and the queue of ``kafka.consumer``.
"""

from __future__ import annotations

import itertools
import operator
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka
from confluent_kafka import TopicPartition

from streamcontract.kafka.connection.cluster import consume_error
from streamcontract.kafka.connection.config import WITHOUT_GROUP, build_client
from streamcontract.kafka.connection.error_codes import LocalErrorCode
from streamcontract.kafka.connection.waits import SLICE, interruptible
from streamcontract.kafka.errors import StalledError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from streamcontract.kafka.connection.cluster import Cluster

__all__ = ["bounded_reader", "read_between"]

_BATCH: Final = 500

# One call of Python for each message would be a large part of the time that a scan takes.
_PARTITION: Final[Callable[[Any], int]] = operator.methodcaller("partition")
_OFFSET: Final[Callable[[Any], int]] = operator.methodcaller("offset")
_ERROR: Final[Callable[[Any], Any]] = operator.methodcaller("error")

_SET: Final[Mapping[str, Any]] = {
    **WITHOUT_GROUP,
    "enable.partition.eof": True,
    # For an offset that retention has deleted: the remaining messages are read, none is skipped.
    "auto.offset.reset": "earliest",
    "isolation.level": "read_committed",
    # All messages exist already. A fetch at the end that waits for more (500 ms by default) would
    # delay the next one, which may be for another offset.
    "fetch.wait.max.ms": 10,
}


def bounded_reader(cluster: Cluster) -> confluent_kafka.Consumer:
    """A consumer for :func:`read_between`; the caller closes it.

    Raises:
        PropertyError: librdkafka refuses a property.
    """
    return build_client(confluent_kafka.Consumer, {**cluster.properties, **_SET})


def read_between(
    client: confluent_kafka.Consumer,
    topic: str,
    begins: dict[int, int],
    ends: dict[int, int],
    *,
    timeout: float,
) -> Iterator[list[confluent_kafka.Message]]:
    """Read each partition from its start offset up to its end offset, exclusive.

    Args:
        client: Configured with ``enable.partition.eof``; its assignment is replaced.
        topic: The topic.
        begins: The first offset to read, by partition.
        ends: The offset to stop at, by partition; one that is not after the start reads nothing.
        timeout: Seconds without a new message after which it raises.

    Raises:
        StalledError: There was no message for ``timeout`` seconds.
        ConsumeError: The brokers refuse, or a partition does not exist any more.
    """
    left = {number for number, begin in begins.items() if begin < ends[number]}
    client.assign([TopicPartition(topic, number, begins[number]) for number in sorted(left)])
    at: dict[int, int | None] = {number: begins[number] for number in left}
    deadline = time.monotonic() + timeout
    while left:
        first = interruptible(client.poll, SLICE)
        # Only fetched messages: with a timeout, consume() waits for a full batch.
        found = [] if first is None else [first, *interruptible(client.consume, _BATCH - 1, 0)]
        if found:
            deadline = time.monotonic() + timeout
        elif time.monotonic() > deadline:
            raise StalledError(topic, timeout, {each: (at[each], ends[each]) for each in left})
        batch: list[confluent_kafka.Message] = []
        for number, run in itertools.groupby(found, _PARTITION):
            raws = list(run)
            messages = _messages(topic, number, raws)
            if number not in left:
                continue
            if messages and _OFFSET(messages[-1]) >= ends[number]:
                messages = [raw for raw in messages if _OFFSET(raw) < ends[number]]
            if messages:
                at[number] = _OFFSET(messages[-1]) + 1
                batch += messages
            # Control records have offsets and are not messages, so the last offset before the end
            # may have no message: a later message, or the end of the partition, shows that.
            is_message = raws[-1].error() is None
            if _OFFSET(raws[-1]) + is_message >= ends[number]:
                left.discard(number)
        if batch:
            yield batch
            deadline = time.monotonic() + timeout  # the time of the caller does not count
    client.unassign()


def _messages(
    topic: str, partition: int, raws: list[confluent_kafka.Message]
) -> list[confluent_kafka.Message]:
    """What is a message of a partition, and not the report of its end.

    Raises:
        ConsumeError: One is another error.
    """
    errors = [error for error in map(_ERROR, raws) if error is not None]
    for error in errors:
        if error.code() != LocalErrorCode.PARTITION_EOF:
            raise consume_error(topic, error, partition)
    return [raw for raw in raws if raw.error() is None] if errors else raws
