"""Starts of a consumer, and their offsets in each partition."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

import attrs
import confluent_kafka

from streamcontract.errors import ConfigurationError, shown
from streamcontract.kafka.message import to_milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamcontract.kafka.connection.cluster import Cluster

__all__ = [
    "Start",
    "Starts",
    "check_offset",
    "check_partition",
    "check_start",
    "offsets_at",
]

Start = Literal["earliest", "latest"] | int | datetime
"""A start: the beginning, the end, an offset, or a point in time."""

_PARTITIONS: Final = 2**31
"""The most partitions of a topic: Kafka's protocol numbers them with an int32."""

_OFFSETS: Final = 2**63
"""The end of the range of offsets: Kafka's protocol has them as an int64."""

_EARLIEST: Final = frozenset({"earliest", "smallest", "beginning"})
_LATEST: Final = frozenset({"latest", "largest", "end"})


def check_start(start: object) -> Start:
    """Check a start, and return it in one of the forms of :data:`Start`.

    Args:
        start: A start, or a value of librdkafka's ``auto.offset.reset`` that means one.

    Raises:
        ConfigurationError: It is not a start, such as a naive datetime or a negative offset.

    Example:
        >>> check_start("smallest")
        'earliest'
    """
    if isinstance(start, datetime):
        to_milliseconds(start)
        return start
    if start.__class__ is int and 0 <= start < _OFFSETS:
        return start
    if isinstance(start, str) and start in _EARLIEST | _LATEST:
        return "earliest" if start in _EARLIEST else "latest"
    raise ConfigurationError(
        f'a start is "earliest", "latest", an offset from 0, or an aware datetime; '
        f"not {shown(start)}"
    )


@attrs.frozen
class Starts:
    """The start of each partition.

    Attributes:
        default: The start of a partition without one of its own.
        resets_by_default: Whether to reset to it if an offset does not exist any more.
        by_partition: The starts of single partitions.
    """

    default: Start = "earliest"
    resets_by_default: bool = True
    by_partition: Mapping[tuple[str, int], Start] = attrs.field(factory=dict)

    def of(self, key: tuple[str, int]) -> Start:
        """The start of a partition."""
        return self.by_partition.get(key, self.default)

    def resets(self, key: tuple[str, int]) -> bool:
        """Whether to reset to the start if an offset does not exist any more."""
        return self.resets_by_default or key in self.by_partition

    def offsets(
        self, cluster: Cluster, partitions: Iterable[tuple[str, int]]
    ) -> dict[tuple[str, int], int]:
        """The start offset of each partition, of a topic and a number.

        Raises:
            Exception: An error of :func:`offsets_at`.
        """
        alike: dict[tuple[str, Start], list[int]] = {}
        for topic, number in partitions:
            alike.setdefault((topic, self.of((topic, number))), []).append(number)
        requests = any(start != "earliest" for _, start in alike)
        with cluster.connected() if requests else contextlib.nullcontext():
            return {
                (topic, number): offset
                for (topic, start), numbers in alike.items()
                for number, offset in offsets_at(cluster, topic, numbers, start).items()
            }


def check_partition(number: object) -> int:
    """Check a partition's number, and return it.

    Raises:
        ConfigurationError: It is invalid.
    """
    if number.__class__ is int and -_PARTITIONS <= number < _PARTITIONS:
        return number  # the brokers check that it exists
    raise ConfigurationError(f"a partition is a number from 0, not {shown(number)}")


def check_offset(offset: object) -> int:
    """Check an offset to commit, and return it.

    Raises:
        ConfigurationError: It is invalid.
    """
    if offset.__class__ is int and 0 <= offset < _OFFSETS:
        return offset
    raise ConfigurationError(f"an offset to commit is a number from 0, not {shown(offset)}")


def offsets_at(
    cluster: Cluster, topic: str, partitions: Iterable[int], start: Start
) -> dict[int, int]:
    """The start offset of each partition.

    An offset outside of a partition becomes the nearest one in it, including its end offset.

    Raises:
        ConsumeError: The brokers did not answer, or there is no such partition.
        NotSupportedError: ``start`` is a datetime, and this is the embedded broker.
    """
    wanted = tuple(partitions)
    if start == "earliest":
        return dict.fromkeys(wanted, confluent_kafka.OFFSET_BEGINNING)
    if isinstance(start, datetime):
        # No message is older than the epoch, and negative numbers are not times in the protocol.
        return cluster.offsets_at_time(topic, wanted, max(0, to_milliseconds(start)))
    if start == "latest":
        # As a number: OFFSET_END would be looked up later, after further messages.
        return cluster.end_offsets(topic, wanted)
    first, ends = cluster.bounds(topic, wanted)
    return {partition: min(max(start, first[partition]), ends[partition]) for partition in wanted}
