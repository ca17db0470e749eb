"""Raw messages of a topic from its ends on, for a reader that may be slower than they come."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka
from confluent_kafka import TopicPartition

from streamcontract.kafka.connection.assigning import assign
from streamcontract.kafka.connection.cluster import consume_error
from streamcontract.kafka.connection.config import build_reader
from streamcontract.kafka.connection.header_names import replace_unreadable_headers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from typing_extensions import Self

    from streamcontract.kafka.connection.cluster import Cluster

__all__ = ["Following"]

_SET: Final[Mapping[str, Any]] = {
    "auto.offset.reset": "latest",
    "isolation.level": "read_committed",
    # Fetching ahead is bounded: messages that are not taken stay at the broker.
    "queued.max.messages.kbytes": 4096,
}


_BYTES: Final = 2**23
_SLICE: Final = 100


class Following:
    """Messages of a topic from its present ends on.

    Args:
        cluster: The brokers.
        topic: The topic.
        partitions: The partitions to read.

    Raises:
        ConsumeError: The brokers did not answer, or there is no such partition.
    """

    def __init__(self, cluster: Cluster, topic: str, partitions: Iterable[int]) -> None:
        self._topic = topic
        self._at = cluster.end_offsets(topic, partitions)
        self._client = build_reader(cluster.properties, _SET)
        assign(self._client, topic, self._at)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def take(self, most: int, wait: float) -> list[confluent_kafka.Message]:
        """The messages that have come, at most a number of them or somewhat more than 8 MB.

        Args:
            most: The number.
            wait: Seconds to wait for that many.

        Raises:
            ConsumeError: The brokers refuse, or the topic does not exist any more.
        """
        found: list[confluent_kafka.Message] = []
        size, deadline = 0, time.monotonic() + wait
        while len(found) < most and size < _BYTES:
            left = deadline - time.monotonic()
            raws = self._client.consume(min(_SLICE, most - len(found)), max(0.0, left))
            for raw in raws:
                error = raw.error()
                if error is not None:
                    raise consume_error(self._topic, error, raw.partition())
                self._at[_number(raw.partition())] = _number(raw.offset()) + 1
                size += len(raw)
            replace_unreadable_headers(raws)
            found += raws
            if left <= 0:
                break
        return found

    def skip(self, most: int) -> int:
        """Go on at the ends where more than a number of messages wait.

        Returns:
            The number of messages, as far as it is known, that are passed over.
        """
        ends = {number: self._end(number) for number in self._at}
        behind = sum(max(0, ends[number] - at) for number, at in self._at.items())
        if behind <= most:
            return 0
        self._at = {number: max(at, ends[number]) for number, at in self._at.items()}
        assign(self._client, self._topic, self._at)
        return behind

    def _end(self, partition: int) -> int:
        """The end offset as of the last fetch; 0 before the first."""
        place = TopicPartition(self._topic, partition)
        known: Any = self._client.get_watermark_offsets(place, cached=True)
        return max(0, known[1]) if known else 0

    def close(self) -> None:
        """Leave the brokers."""
        self._client.close()


def _number(value: Any) -> int:
    return int(value)
