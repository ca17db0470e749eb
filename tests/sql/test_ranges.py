"""Ranges to fetch: no message that a query can use is left out, and how much is."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.errors import ArgumentError
from streamcontract.kafka.errors import NotSupportedError
from streamcontract.sql.intervals import EVERYTHING, HIGH, LOW, Intervals, contains, union
from streamcontract.sql.ranges import Filters, TopicRanges, checked_lateness

if TYPE_CHECKING:
    from collections.abc import Iterable

_FIRST = 100
"""The first offset of each partition: those before it are deleted."""

Times = list[int | None]


@attrs.frozen
class OneTopic:
    """Brokers with one topic: the timestamps of each partition, in milliseconds or without."""

    times: list[Times]
    properties: dict[str, str] = attrs.field(factory=dict)
    is_embedded: bool = False

    def partitions(self, _topic: str) -> list[int]:
        """All of them."""
        return list(range(len(self.times)))

    def bounds(
        self, _topic: str, partitions: Iterable[int]
    ) -> tuple[dict[int, int], dict[int, int]]:
        """Where each begins and ends."""
        ends = {each: _FIRST + len(self.times[each]) for each in partitions}
        return dict.fromkeys(ends, _FIRST), ends

    def offsets_at_time(
        self, topic: str, partitions: Iterable[int], milliseconds: int
    ) -> dict[int, int]:
        """As ListOffsets of Kafka's protocol: the first message of that time or later."""
        assert milliseconds > 0, "which means something else in the protocol"
        if self.is_embedded:
            raise NotSupportedError("no times here")
        _, ends = self.bounds(topic, partitions)
        found = {}
        for number, end in ends.items():
            later = (at for at, time in self.messages(number) if (time or 0) >= milliseconds)
            found[number] = next(later, end)
        return found

    def topic_properties(self, _topic: str) -> dict[str, str]:
        """Of the topic."""
        return self.properties

    def messages(self, number: int) -> list[tuple[int, int | None]]:
        """Offset and time of each message of a partition."""
        return [(_FIRST + index, time) for index, time in enumerate(self.times[number])]


def needed(brokers: Any, lateness: int | None, *filters: Filters) -> dict[int, Intervals]:
    """The offsets that some scans need."""
    return TopicRanges(brokers, "stocks", lateness).needed(filters)


def topics() -> st.SearchStrategy[list[Times]]:
    """Timestamps, some out of order and some missing."""
    times = st.none() | st.integers(1, 30)
    return st.lists(st.lists(times, max_size=12), min_size=1, max_size=3)


def intervals(low: int, high: int) -> st.SearchStrategy[Intervals]:
    """Some of the numbers, or all."""
    ends = st.sampled_from([LOW, HIGH]) | st.integers(low, high)
    return st.just(EVERYTHING) | st.lists(st.tuples(ends, ends), max_size=3).map(union)


@given(
    topics(),
    st.lists(
        st.builds(
            Filters,
            partitions=intervals(-1, 4),
            offsets=intervals(_FIRST - 3, _FIRST + 15),
            times=intervals(-2_000, 33_000),
        ),
        max_size=3,
    ),
    st.booleans(),
    st.booleans(),
)
def test_no_message_is_left_out(
    times: list[Times], filters: list[Filters], has_lateness: bool, is_embedded: bool
) -> None:
    """Whatever the order of timestamps is, unless it is said to be better than it is."""
    brokers = OneTopic(times, is_embedded=is_embedded)
    lateness = max(map(lateness_of, times)) if has_lateness else None
    found = needed(brokers, lateness, *filters)
    for number in range(len(times)):
        for offset, time in brokers.messages(number):
            wanted = any(
                contains(each.partitions, number)
                and contains(each.offsets, offset)
                and (
                    each.times == EVERYTHING
                    or (time is not None and contains(each.times, 1_000 * time))
                )
                for each in filters
            )
            assert not wanted or contains(found.get(number, ()), offset)
        for start, end in found.get(number, ()):
            assert _FIRST <= start < end <= _FIRST + len(times[number])


def lateness_of(times: Times) -> int:
    """How much earlier a time is than one before it, at most."""
    known = [each for each in times if each is not None]
    return max((max(known[: index + 1]) - each for index, each in enumerate(known)), default=0)


def between(start: int, end: int) -> Filters:
    """Messages from a time up to another, in milliseconds."""
    return Filters(times=((1_000 * start, 1_000 * end),))


IN_ORDER = OneTopic([list(range(1, 11)), [5, 5, 6, 20]])


def test_a_lower_bound_of_time_begins_the_fetch() -> None:
    """Of every partition, also where timestamps are out of order after it."""
    assert needed(IN_ORDER, None, between(4, 7)) == {0: ((103, 110),), 1: ((100, 104),)}
    mixed = OneTopic([[1, 9, 3, 9, 2]])
    assert needed(mixed, None, between(3, 4)) == {0: ((101, 105),)}
    assert needed(mixed, None, between(10, 40)) == {}


def test_an_upper_bound_of_time_ends_the_fetch_where_the_order_is_known() -> None:
    """A lateness reads on for as long."""
    assert needed(IN_ORDER, 0, between(4, 7)) == {0: ((103, 106),), 1: ((100, 103),)}
    assert needed(IN_ORDER, 2, between(4, 7)) == {0: ((103, 108),), 1: ((100, 103),)}


def test_brokers_that_set_the_timestamps_know_their_order() -> None:
    """But for their clocks: an hour is read on."""
    hour = 3_600_000
    times: Times = [hour, 2 * hour, 3 * hour, 4 * hour]
    appended = OneTopic([times], {"message.timestamp.type": "LogAppendTime"})
    assert needed(appended, None, between(hour, 2 * hour)) == {0: ((100, 102),)}
    created = OneTopic([times], {"message.timestamp.type": "CreateTime"})
    assert needed(created, None, between(hour, 2 * hour)) == {0: ((100, 104),)}


@pytest.mark.parametrize(
    ("lateness", "end", "expected"), [(None, 7, True), (None, 30, False), (0, 7, False)]
)
def test_an_ignored_end_is_noted(lateness: int | None, end: int, expected: bool) -> None:
    """Where it would have left out messages."""
    brokers: Any = IN_ORDER
    ranges = TopicRanges(brokers, "stocks", lateness)
    ranges.needed([between(4, end)])
    assert ranges.end_ignored is expected


def test_times_between_milliseconds() -> None:
    """Timestamps have whole ones."""
    just_after = Filters(times=((3_001, 5_001),))
    assert needed(IN_ORDER, 0, just_after)[0] == ((103, 105),)


def test_many_times_are_looked_up_as_one() -> None:
    """Each is a request to the brokers."""
    many = Filters(times=union((2_000 * each, 2_000 * each + 1) for each in range(1, 30)))
    assert needed(OneTopic([list(range(1, 80))]), 0, many) == {0: ((101, 158),)}


def test_a_lateness_is_no_less_than_nothing() -> None:
    """It is rounded up to what Kafka has."""
    assert checked_lateness(dt.timedelta(microseconds=1)) == 1
    for wrong in (dt.timedelta(seconds=-1), 5):
        with pytest.raises(ArgumentError, match="lateness has to be a timedelta from 0"):
            checked_lateness(wrong)
