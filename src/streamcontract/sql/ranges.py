"""Offsets to fetch, from the ranges of offsets, partitions and times that a query leaves.

A lower bound of time is safe: the brokers find the first message with that time or a later one, so
all before it are earlier. An upper bound is not: producers set timestamps (``CreateTime``), and a
message may be earlier than those before it. So it ends a fetch only where something is known of the
order of timestamps.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.errors import ArgumentError
from streamcontract.kafka.errors import NotSupportedError
from streamcontract.sql.intervals import EVERYTHING, HIGH, contains, intersection, union

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streamcontract.kafka.connection.cluster import Cluster
    from streamcontract.sql.intervals import Intervals

__all__ = ["Filters", "TopicRanges", "checked_lateness"]

_Span = tuple[Mapping[int, int], Mapping[int, int]]

_MILLISECOND: Final = timedelta(milliseconds=1)
_CLOCKS_OF_BROKERS: Final = timedelta(hours=1) // _MILLISECOND
"""The difference between the clocks of brokers, which set the timestamps of ``LogAppendTime``."""

_MOST_SPANS: Final = 16
"""Above it intervals of time are looked up as one."""


@attrs.frozen(kw_only=True)
class Filters:
    """The messages that one scan can use.

    Attributes:
        partitions: Their partitions.
        offsets: Their offsets.
        times: Their timestamps, in microseconds since the epoch.
    """

    partitions: Intervals = EVERYTHING
    offsets: Intervals = EVERYTHING
    times: Intervals = EVERYTHING


def checked_lateness(lateness: object) -> int | None:
    """A lateness in milliseconds, rounded up.

    Raises:
        ArgumentError: It is negative, or no timedelta.
    """
    if lateness is None:
        return None
    if not isinstance(lateness, timedelta) or lateness < timedelta(0):
        raise ArgumentError("lateness", lateness, "a timedelta from 0")
    return -(-lateness // _MILLISECOND)


class TopicRanges:
    """The offsets of a topic at one moment, and those of them that a query needs.

    Args:
        cluster: The brokers.
        topic: The topic.
        lateness: Milliseconds by which a message's timestamp may be earlier than one before it in
            its partition; None if that is unknown.

    Attributes:
        messages: How many offsets the topic has.
        end_ignored: Whether messages after an upper bound of time are fetched, because nothing is
            known of the order of timestamps.

    Raises:
        ConsumeError: There is no such topic, or the brokers did not answer.
    """

    def __init__(self, cluster: Cluster, topic: str, lateness: int | None = None) -> None:
        self._cluster = cluster
        self._topic = topic
        self._given_lateness = lateness
        self._partitions = cluster.partitions(topic)
        self._begins, self._ends = cluster.bounds(topic, self._partitions)
        self._found: dict[int, Mapping[int, int] | None] = {}
        self.messages = sum(max(0, end - self._begins[each]) for each, end in self._ends.items())
        self.end_ignored = False

    def needed(self, scans: Iterable[Filters]) -> dict[int, Intervals]:
        """The offsets that any of some scans can use, by partition.

        Raises:
            ConsumeError: The brokers did not answer.
        """
        wanted = [(each, self._spans(each.times)) for each in scans]
        found = {
            number: union(pair for each in wanted for pair in self._of(number, *each))
            for number in self._partitions
        }
        return {each: intervals for each, intervals in found.items() if intervals}

    def _of(self, partition: int, filters: Filters, spans: Sequence[_Span]) -> Intervals:
        if not contains(filters.partitions, partition):
            return ()
        there = ((self._begins[partition], self._ends[partition]),)
        in_time = union((start[partition], end[partition]) for start, end in spans)
        return intersection(there, intersection(filters.offsets, in_time))

    def _spans(self, times: Intervals) -> list[_Span]:
        """The offsets of intervals of time: the first, and one after the last."""
        if len(times) > _MOST_SPANS:
            times = ((times[0][0], times[-1][1]),)
        return [(self._start(start), self._end(end)) for start, end in times]

    def _start(self, microseconds: int) -> Mapping[int, int]:
        return self._first_at(_milliseconds(microseconds)) or self._begins

    def _end(self, microseconds: int) -> Mapping[int, int]:
        if microseconds == HIGH:
            return self._ends
        lateness = self._lateness
        found = self._first_at(_milliseconds(microseconds) + (lateness or 0)) or self._ends
        if lateness is not None:
            return found
        self.end_ignored |= any(found[each] < self._ends[each] for each in self._partitions)
        return self._ends

    @functools.cached_property
    def _lateness(self) -> int | None:
        if self._given_lateness is None:
            properties = self._cluster.topic_properties(self._topic)
            if properties.get("message.timestamp.type") == "LogAppendTime":
                return _CLOCKS_OF_BROKERS
        return self._given_lateness

    def _first_at(self, milliseconds: int) -> Mapping[int, int] | None:
        """The first offset of that time or later; None where the brokers do not look times up."""
        if milliseconds <= 0:  # the protocol gives negative times meanings of their own
            return self._begins
        if milliseconds not in self._found:
            try:
                found = self._cluster.offsets_at_time(self._topic, self._partitions, milliseconds)
            except NotSupportedError:  # the embedded broker
                found = None
            self._found[milliseconds] = found
        return self._found[milliseconds]


def _milliseconds(microseconds: int) -> int:
    """The same time or the next one that Kafka has."""
    return -(-microseconds // 1000)
