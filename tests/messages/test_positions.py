"""Positions: the words of the command line."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamcontract.errors import ConfigurationError
from streamcontract.messages.positions import (
    Last,
    check_range,
    offsets_of_position,
    parse_position,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


@given(st.integers(0, 2**63 - 1))
def test_whole_numbers(number: int) -> None:
    """An offset, or with a minus the last ones."""
    assert parse_position(str(number)) == number
    assert parse_position(f"-{number}") == Last(number)


@given(st.datetimes(timezones=st.just(dt.timezone(dt.timedelta(hours=2)))))
def test_times(moment: dt.datetime) -> None:
    """With their offset from UTC, as ISO 8601 writes them."""
    assert parse_position(moment.isoformat()) == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-05-17T09:30:00Z", dt.datetime(2024, 5, 17, 9, 30, tzinfo=dt.timezone.utc)),
        ("2024-05-17t09:30z", dt.datetime(2024, 5, 17, 9, 30, tzinfo=dt.timezone.utc)),
        ("2024-05-17", dt.datetime(2024, 5, 17, tzinfo=dt.timezone.utc)),
    ],
)
def test_times_of_utc(text: str, moment: dt.datetime) -> None:
    """By their letter; a date is its first moment."""
    assert parse_position(text) == moment


@pytest.mark.parametrize(
    "text", ["", "-", "yesterday", "2024-13-01", "2024-05-17T25:00Z", "1.5", "\u0661", "9" * 5_000]
)
def test_what_is_no_position_is_one_error(text: str) -> None:
    """It says what there is."""
    with pytest.raises(ConfigurationError, match="expected earliest, latest, an offset, a time"):
        parse_position(text)


def test_an_offset_that_kafka_cannot_have() -> None:
    """It is an int64."""
    with pytest.raises(ConfigurationError, match="an offset from 0"):
        parse_position(str(2**63))


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)


class _Times:
    """A cluster whose partitions have a message at each millisecond since the epoch."""

    def offsets_at_time(self, _: str, partitions: Iterable[int], at: int) -> dict[int, int]:
        """As Kafka's protocol has it: -1 is the end, and other negative numbers are no times."""
        assert at >= 0
        return dict.fromkeys(partitions, at)


@given(st.datetimes(timezones=st.just(dt.timezone.utc)))
def test_a_time_before_every_message_is_their_beginning(moment: dt.datetime) -> None:
    """No message is older than 1970."""
    cluster: Any = _Times()
    expected = max(0, (moment - _EPOCH) // dt.timedelta(milliseconds=1))
    found = offsets_of_position(cluster, "sales", (0, 1), moment)
    assert found.keys() == {0, 1}
    assert all(abs(each - expected) <= 1 for each in found.values())  # of a part of a millisecond


_MOMENTS = st.integers(0, 9).map(lambda each: _EPOCH + dt.timedelta(milliseconds=each))
_POSITIONS = st.one_of(
    st.sampled_from(["earliest", "latest"]),
    st.integers(0, 9),
    st.integers(0, 9).map(Last),
    _MOMENTS,
)
_ENDS = (0, 3, 9, 30)


def _offset(position: Any, end: int, begun: int) -> int:
    """The offset of a position in a partition with a message a millisecond from a time on."""
    if isinstance(position, dt.datetime):
        milliseconds = (position - _EPOCH) // dt.timedelta(milliseconds=1)
        return min(end, max(0, milliseconds - begun))
    if isinstance(position, Last):
        return max(0, end - position.count)
    if isinstance(position, int):
        return min(end, position)
    return {"earliest": 0, "latest": end}[position]


@given(_POSITIONS, _POSITIONS)
@example(5, 5)
@example(5, 10)
@example("earliest", "earliest")
@example("latest", "latest")
@example(_EPOCH, _EPOCH)
def test_a_range_is_refused_where_no_partition_ever_has_any_of_it(start: Any, until: Any) -> None:
    """A start before the end stays what it was in the first run."""
    is_relative = start == "latest" or isinstance(start, Last)
    runs = itertools.combinations_with_replacement(_ENDS, 2)
    is_empty = all(
        _offset(start, first if is_relative else end, begun) >= _offset(until, end, begun)
        for (first, end), begun in itertools.product(runs, (-15, 0, 15))
    )
    if not is_empty:
        check_range(start, until)
        return
    with pytest.raises(ConfigurationError, match="end of the range has to be after its start"):
        check_range(start, until)


@pytest.mark.parametrize("wrong", [dt.datetime(2024, 5, 17), -1, 1.5, None, [], "sometime"])  # noqa: DTZ001 - naive on purpose
@pytest.mark.parametrize("right", ["earliest", 5, Last(1), _EPOCH])
def test_a_range_of_what_is_no_position_is_refused_as_a_start_is(wrong: Any, right: Any) -> None:
    """A naive datetime too, which cannot be compared with an aware one."""
    for start, until in ((wrong, right), (right, wrong)):
        with pytest.raises(ConfigurationError, match=r"no time zone|a start is"):
            check_range(start, until)


@given(_POSITIONS)
def test_the_text_of_a_position(position: Any) -> None:
    """It is one that is read."""
    assert parse_position(text_of(position)) == position
