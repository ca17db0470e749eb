"""Look-ups of messages: the newest, from an offset or a time, by key, value and verdict.

A look-up seeks to its first message and reads only the ranges of offsets that it shows. With a
filter it goes on from range to range, up to a limit of time, and returns what is left.
"""

from __future__ import annotations

import heapq
import re
import time
from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.console.reading import TopicReader, Wanted
from streamcontract.errors import ConfigurationError
from streamcontract.kafka.connection.bounded_read import bounded_reader, read_between
from streamcontract.messages.positions import Last, offsets_of_position, parse_position

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import confluent_kafka

    from streamcontract.console.reading import Seen
    from streamcontract.console.sources import Sources
    from streamcontract.kafka.admin.describe import TopicState
    from streamcontract.kafka.connection.cluster import Cluster

__all__ = ["NEWEST", "Found", "LookUp", "Ranges", "check_partition", "look_up", "ranges_of"]

NEWEST: Final = "newest"

_MOST: Final = 5_000
"""Messages that one step reads, of all partitions together."""

_BYTES: Final = 2**25
"""Bytes of values that one step reads about at most, by what the step before it has read."""

_STALLED: Final = 4.0
"""Seconds without a message after which a read gives up."""

_RANGE: Final = re.compile(r"(\d{1,10})=(\d{1,19})-(\d{1,19})", re.ASCII)


@attrs.frozen(kw_only=True)
class Ranges:
    """What a look-up has not read yet: a range of offsets for each partition.

    Attributes:
        is_backward: Whether it goes from the newest message to older ones.
        offsets: The first offset, and the one after the last, by partition.
    """

    is_backward: bool
    offsets: Mapping[int, tuple[int, int]]

    @property
    def size(self) -> int:
        """The number of offsets in all of them."""
        return sum(high - low for low, high in self.offsets.values())

    def __str__(self) -> str:
        ranges = ",".join(f"{each}={low}-{high}" for each, (low, high) in self.offsets.items())
        return f"{'back' if self.is_backward else 'on'}:{ranges}"

    @classmethod
    def parse(cls, text: str) -> Ranges:
        """The ranges that a text stands for.

        Raises:
            ConfigurationError: It is none of this class.

        Example:
            >>> str(Ranges.parse("back:0=5-7,2=0-9"))
            'back:0=5-7,2=0-9'
        """
        way, colon, rest = text.partition(":")
        found = [_RANGE.fullmatch(each) for each in rest.split(",")] if rest else []
        numbers = [tuple(map(int, each.groups())) for each in found if each is not None]
        offsets = {each: (low, high) for each, low, high in numbers}
        is_reversed = any(low > high for low, high in offsets.values())
        if not colon or way not in {"back", "on"} or None in found or is_reversed:
            raise ConfigurationError(f"{text!r} is no position of a look-up")
        return cls(is_backward=way == "back", offsets=offsets)

    def window(self, most: int) -> Ranges:
        """The part that is next."""
        each_most = max(1, most // max(1, len(self.offsets)))
        offsets = {
            each: (max(low, high - each_most), high)
            if self.is_backward
            else (low, min(high, low + each_most))
            for each, (low, high) in self.offsets.items()
            if low < high
        }
        return attrs.evolve(self, offsets=offsets)

    def after(self, window: Ranges, read: Mapping[int, int | None]) -> Ranges:
        """What is left after a window.

        Args:
            window: The window.
            read: For partitions of which the window was read in part, the last offset that was
                read; None if none was.
        """
        rest = dict(self.offsets)
        for each, (low, high) in window.offsets.items():
            first, end = self.offsets[each]
            if each not in read:
                rest[each] = (first, low) if self.is_backward else (high, end)
            elif (last := read[each]) is not None:
                rest[each] = (first, last) if self.is_backward else (last + 1, end)
        left = {each: span for each, span in rest.items() if span[0] < span[1]}
        return attrs.evolve(self, offsets=left)


@attrs.frozen(kw_only=True)
class LookUp:
    """Which messages to look up.

    Attributes:
        topic: The topic.
        start: ``newest``, or a position as ``streamcontract consume --from`` takes it.
        partition: The partition, or None for all.
        wanted: Which messages.
        rest: Where an earlier look-up stopped, or None for the start.
        count: How many messages.
    """

    topic: str
    start: str = NEWEST
    partition: int | None = None
    wanted: Wanted = attrs.field(factory=Wanted)
    rest: Ranges | None = None
    count: int = 50


@attrs.frozen(kw_only=True)
class Found:
    """What a look-up has found.

    Attributes:
        messages: The messages, in the order of the look-up.
        rest: What was not read.
        scanned: The number of offsets that were read.
    """

    messages: tuple[Seen, ...]
    rest: Ranges
    scanned: int


def ranges_of(asked: LookUp, sources: Sources, state: TopicState | None = None) -> Ranges:
    """The ranges that a look-up reads.

    Args:
        asked: The look-up.
        sources: The brokers.
        state: The topic with its offsets, where they are known already; else they are requested.

    Raises:
        ConfigurationError: The start is no position, or there is no such partition.
        NotSupportedError: It is a time, and this is the embedded broker.
        ConsumeError: The brokers did not answer, or there is no such topic.
    """
    cluster, topic = sources.cluster, asked.topic
    known, firsts, ends = _offsets(topic, cluster, state)
    if asked.rest is not None:
        return _still_there(asked.rest, topic, known, firsts, ends)
    check_partition(asked, known)
    if asked.partition is not None and asked.partition not in ends:
        raise ConfigurationError(f"topic {topic!r}: partition {asked.partition} has no leader now")
    partitions = sorted(ends) if asked.partition is None else [asked.partition]
    position = "latest" if asked.start == NEWEST else parse_position(asked.start)
    if position == "latest" or isinstance(position, Last):
        most = position.count if isinstance(position, Last) else max(ends.values(), default=0)
        offsets = {each: (max(firsts[each], ends[each] - most), ends[each]) for each in partitions}
        return Ranges(is_backward=True, offsets=offsets)
    starts = offsets_of_position(cluster, topic, partitions, position)
    lows = {each: min(max(firsts[each], starts[each]), ends[each]) for each in partitions}
    offsets = {each: (lows[each], ends[each]) for each in partitions}
    return Ranges(is_backward=False, offsets=offsets)


def check_partition(asked: LookUp, known: Sequence[int]) -> None:
    """Check that a topic has the partition of a look-up.

    Raises:
        ConfigurationError: It has not.
    """
    if asked.partition is not None and asked.partition not in known:
        raise ConfigurationError(
            f"topic {asked.topic!r} has no partition {asked.partition}; "
            f"it has 0 to {len(known) - 1}"
        )


def _offsets(
    topic: str, cluster: Cluster, state: TopicState | None
) -> tuple[Sequence[int], Mapping[int, int], Mapping[int, int]]:
    """The partitions of a topic, and the beginning and end offsets of those with a leader."""
    if state is None:
        known = cluster.partitions(topic)
        return known, *cluster.bounds(topic, known)
    found = state.partitions
    firsts = {each.number: each.first for each in found if each.first is not None}
    ends = {each.number: each.end for each in found if each.end is not None}
    return [each.number for each in found], firsts, ends


def _still_there(
    rest: Ranges,
    topic: str,
    known: Sequence[int],
    firsts: Mapping[int, int],
    ends: Mapping[int, int],
) -> Ranges:
    """The part of ranges, which come from an address, that the topic has."""
    if strange := rest.offsets.keys() - set(known):
        raise ConfigurationError(f"topic {topic!r} has no partition {min(strange)}")
    offsets = {
        each: (max(low, firsts[each]), min(high, ends[each]))
        for each, (low, high) in rest.offsets.items()
        if each in ends
    }
    there = {each: span for each, span in offsets.items() if span[0] < span[1]}
    return attrs.evolve(rest, offsets=there)


def look_up(
    reader: TopicReader, asked: LookUp, ranges: Ranges, sources: Sources, *, seconds: float
) -> Found:
    """Read from ranges until enough messages are found, all is read, or the time is over.

    Args:
        reader: Reads the messages.
        asked: What is looked up.
        ranges: What is left to read.
        sources: The brokers.
        seconds: How long to go on; the first step is always made.

    Raises:
        ConsumeError: The brokers did not answer, or there is no such topic.
        StalledError: A partition has no leader.
        RegistryError: The registry did not answer.
    """
    deadline = time.monotonic() + seconds
    found: list[Seen] = []
    rest = ranges
    client = bounded_reader(sources.cluster)
    most = asked.count
    try:
        while rest.size and len(found) < asked.count:
            if asked.wanted.is_all:
                most = min(_MOST, (asked.count - len(found)) * len(rest.offsets))
            rest, size = _step(client, reader, asked, rest, rest.window(most), found)
            most = max(1, min(_MOST, 4 * most, most * _BYTES // max(1, size)))
            if time.monotonic() > deadline:
                break
    finally:
        client.close()
    return Found(messages=tuple(found), rest=rest, scanned=ranges.size - rest.size)


def _step(
    client: confluent_kafka.Consumer,
    reader: TopicReader,
    asked: LookUp,
    rest: Ranges,
    window: Ranges,
    found: list[Seen],
) -> tuple[Ranges, int]:
    """Read one window; what is left after it, and the bytes of its values."""
    begins = {each: low for each, (low, _) in window.offsets.items()}
    ends = {each: high for each, (_, high) in window.offsets.items()}
    raws: dict[int, list[confluent_kafka.Message]] = {each: [] for each in begins}
    for batch in read_between(client, asked.topic, begins, ends, timeout=_STALLED):
        for raw in batch:
            raws[_number(raw.partition())].append(raw)
    left = {each: len(of_partition) for each, of_partition in raws.items()}
    last: dict[int, int | None] = dict.fromkeys(raws)
    for raw in _merged(raws.values(), is_backward=window.is_backward):
        if len(found) == asked.count:
            break
        partition = _number(raw.partition())
        left[partition] -= 1
        last[partition] = _number(raw.offset())
        seen = reader.read(raw)
        if seen is not None:
            found.append(seen)
    size = sum(len(raw.value() or b"") for of_partition in raws.values() for raw in of_partition)
    return rest.after(window, {each: last[each] for each, count in left.items() if count}), size


def _merged(
    raws: Sequence[list[confluent_kafka.Message]] | Any, *, is_backward: bool
) -> Iterator[confluent_kafka.Message]:
    """Messages of several partitions by time, those of each partition in its order."""
    if not is_backward:
        return heapq.merge(*raws, key=lambda raw: raw.timestamp()[1])
    newest_first = (reversed(of_partition) for of_partition in raws)
    return heapq.merge(*newest_first, key=lambda raw: -raw.timestamp()[1])


def _number(value: Any) -> int:
    return int(value)
