"""Bounded read of raw messages, between two offsets of each partition.

It has no group and no commits or seeks, the messages stay raw, and an interrupt ends the read with
its generator. So it does not need the partitions and the queue of ``kafka.consumer``.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka
from confluent_kafka import TopicPartition

from streamcontract.kafka.connection.assigning import assign
from streamcontract.kafka.connection.cluster import consume_error
from streamcontract.kafka.connection.config import build_reader
from streamcontract.kafka.connection.error_codes import LocalErrorCode
from streamcontract.kafka.connection.runs import splitter
from streamcontract.kafka.connection.waits import SLICE, interruptible
from streamcontract.kafka.errors import StalledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from streamcontract.kafka.connection.cluster import Cluster

__all__ = ["bounded_reader", "read_between"]

_MOST: Final = 500
"""Messages of one call. CPython's collector begins to walk over new objects at 700 of them, and the
splitter takes messages out of its sight."""

_SET: Final[Mapping[str, Any]] = {
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
    return build_reader(cluster.properties, _SET)


def read_between(
    client: confluent_kafka.Consumer,
    topic: str,
    begins: dict[int, int],
    ends: dict[int, int],
    *,
    timeout: float,
    check: Callable[[], None] | None = None,
) -> Iterator[list[confluent_kafka.Message]]:
    """Read each partition from its start offset up to its end offset, exclusive.

    Args:
        client: Configured with ``enable.partition.eof``; its assignment is replaced.
        topic: The topic.
        begins: The first offset to read, by partition.
        ends: The offset to stop at, by partition; one that is not after the start reads nothing.
        timeout: Seconds without a new message after which it raises.
        check: Called once a slice; what it raises ends the read, also while the brokers do not
            answer.

    Raises:
        StalledError: There was no message for ``timeout`` seconds.
        ConsumeError: The brokers refuse, or a partition does not exist any more.
    """
    left = {number for number, begin in begins.items() if begin < ends[number]}
    at = {number: begins[number] for number in left}
    assign(client, topic, at)
    split = splitter()
    deadline = time.monotonic() + timeout
    while left:
        if check is not None:
            check()
        found = _fetched(client, min(_MOST, sum(ends[each] - at[each] for each in left)))
        is_stalled = True
        finished: list[int] = []
        batch: list[confluent_kafka.Message] = []
        for run in split(found, by_topic=False):
            number, error = run[0].partition(), run[0].error()
            if error is not None and error.code() != LocalErrorCode.PARTITION_EOF:
                raise consume_error(topic, error, number)
            if number not in left:
                continue
            is_stalled = False
            after = _number(run[-1].offset())
            if error is None:
                after += 1
                messages = run
                if after > ends[number]:
                    messages = [raw for raw in run if _number(raw.offset()) < ends[number]]
                if messages:
                    at[number] = _number(messages[-1].offset()) + 1
                    batch += messages
            # Control records have offsets and are not messages, so the last offset before the end
            # may have no message: a later message, or the end of the partition, shows that.
            if after >= ends[number]:
                left.discard(number)
                finished.append(number)
        if finished and left:
            # Its later messages would be fetched in place of those of the others.
            client.incremental_unassign([TopicPartition(topic, each) for each in finished])
        if not is_stalled:
            deadline = time.monotonic() + timeout
        elif time.monotonic() > deadline:
            raise StalledError(topic, timeout, {each: (at[each], ends[each]) for each in left})
        if batch:
            yield batch
            deadline = time.monotonic() + timeout  # the time of the caller does not count
    client.unassign()


def _fetched(client: confluent_kafka.Consumer, most: int) -> list[confluent_kafka.Message]:
    """The messages that are fetched, or the first one that comes in a slice."""
    # With a timeout, consume() waits for a full batch.
    found: list[confluent_kafka.Message] = interruptible(client.consume, most, 0)
    if not found:
        first = interruptible(client.poll, SLICE)
        if first is not None:
            found.append(first)
    return found


def _number(value: Any) -> int:
    return int(value)
