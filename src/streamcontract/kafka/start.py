"""Where a consumer begins: the offset in each partition that a start means."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

import confluent_kafka

from streamcontract.errors import ConfigurationError
from streamcontract.kafka.message import to_milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamcontract.kafka.cluster import Cluster

__all__ = ["Start", "check_start", "offsets_at"]

Start = Literal["earliest", "latest"] | int | datetime
"""Where to begin: the first message there is, the next one to come, an offset, or a moment."""

_EARLIEST: Final = frozenset({"earliest", "smallest", "beginning"})
_LATEST: Final = frozenset({"latest", "largest", "end"})


def check_start(start: object) -> Start:
    """A start as it was given, in one of the forms of :data:`Start`.

    Args:
        start: One of them, or a value of librdkafka's ``auto.offset.reset`` that means one.

    Raises:
        ConfigurationError: It is no place to begin: a naive datetime, a negative offset, ...

    Example:
        >>> check_start("smallest")
        'earliest'
    """
    if isinstance(start, datetime):
        to_milliseconds(start)
        return start
    if start.__class__ is int and start >= 0:
        return start
    if isinstance(start, str) and start in _EARLIEST | _LATEST:
        return "earliest" if start in _EARLIEST else "latest"
    raise ConfigurationError(
        f'a start is "earliest", "latest", an offset from 0, or an aware datetime; not {start!r}'
    )


def offsets_at(
    cluster: Cluster, topic: str, partitions: Iterable[int], start: Start
) -> dict[int, int]:
    """The offset to begin at in each partition.

    An offset outside of what a partition holds becomes the nearest one it has, its end included.

    Raises:
        ConsumeError: The brokers did not answer, or there is no such partition.
        NotSupportedError: ``start`` is a moment, and this is the embedded broker.
    """
    wanted = tuple(partitions)
    if start == "earliest":
        return dict.fromkeys(wanted, confluent_kafka.OFFSET_BEGINNING)
    if isinstance(start, datetime):
        return cluster.offsets_at_time(topic, wanted, to_milliseconds(start))
    # The end as a number: OFFSET_END would be looked up later, after messages still to come.
    ends = cluster.end_offsets(topic, wanted)
    if start == "latest":
        return ends
    first = cluster.first_offsets(topic, wanted)
    return {partition: min(max(start, first[partition]), ends[partition]) for partition in wanted}
