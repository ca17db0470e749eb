"""Times at the ends of the calendar, and of other classes than the standard library's."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from typing import Any
from unittest import mock

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from streamcontract import Codec
from streamcontract.codec.engine import ENGINE_VARIABLE
from streamcontract.errors import ConfigurationError, DecodeError, EncodeError
from streamcontract.schema.logical import LOGICAL_TYPES, LogicalRow

UTC = dt.timezone.utc
ROWS = [row for row in LOGICAL_TYPES.values() if row.python.cls.__module__ == "datetime"]
MOMENTS = [row for row in ROWS if row.kind == "timestamp"]
LOCAL = [row for row in ROWS if row.kind == "local-timestamp"]

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
every_moment = pytest.mark.parametrize("row", MOMENTS, ids=lambda row: row.name)


def codec_on(engine: str, row: LogicalRow) -> Codec[Any]:
    """A codec of a logical type on one engine; skips where that is not built."""
    with mock.patch.dict(os.environ, {ENGINE_VARIABLE: engine}):
        try:
            return Codec(row.example())
        except ConfigurationError:
            pytest.skip("the native engine is not built here")


@pytest.fixture(params=["portable", "native"])
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine in turn."""
    name: str = request.param
    return name


# ---- the ends of the calendar

FIRST = dt.datetime(1, 1, 1)  # noqa: DTZ001 - the zones are those of the tests
LAST = dt.datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001 - likewise


def in_zone(moment: dt.datetime, minutes: int) -> dt.datetime:
    """The moment as the clocks show it so many minutes east of UTC."""
    return moment.replace(tzinfo=dt.timezone(dt.timedelta(minutes=minutes)))


@every_moment
@given(
    minutes=st.integers(-24 * 60 + 1, 24 * 60 - 1),
    inside=st.integers(0, 3 * 24 * 3600),
    is_last=st.booleans(),
)
def test_what_is_written_at_the_ends_of_the_calendar_can_be_read(
    row: LogicalRow, minutes: int, inside: int, is_last: bool
) -> None:
    """A moment comes back, or is refused, on either engine: no bytes that nobody can read."""
    distance = dt.timedelta(seconds=inside)
    value = in_zone(LAST - distance if is_last else FIRST + distance, minutes)
    offset = dt.timedelta(minutes=minutes)
    # Counted in seconds of the local calendar, since no datetime holds what is outside of it.
    is_moment = (distance >= -offset) if is_last else (distance >= offset)
    for engine in ("portable", "native"):
        codec = codec_on(engine, row)
        if is_moment:
            assert codec.decode(codec.encode(value)) == value
        else:
            with pytest.raises(EncodeError, match="within the years 1 to 9999 in UTC"):
                codec.encode(value)


@pytest.mark.parametrize("row", LOCAL, ids=lambda row: row.name)
@pytest.mark.parametrize("value", [FIRST, LAST])
def test_local_times_reach_both_ends(row: LogicalRow, value: dt.datetime, engine: str) -> None:
    """Without a zone there is nothing beyond the calendar."""
    codec = codec_on(engine, row)
    assert codec.decode(codec.encode(value)) == value


@every_row
def test_limits_are_those_of_reading(row: LogicalRow, engine: str) -> None:
    """The first and the last number are read, the numbers beside them are not."""
    assert row.limits is not None
    codec, plain = codec_on(engine, row), Codec[int]("long")
    for number, beyond in zip(row.limits, (-1, 1), strict=True):
        data = plain.encode(number)
        assert codec.encode(codec.decode(data)) == data
        with pytest.raises(DecodeError):
            codec.decode(plain.encode(number + beyond))


# ---- other classes


def smallest(row: LogicalRow) -> Any:
    """A value of the standard library's class."""
    value = Codec[Any](row.example()).decode(b"\x02")
    assert type(value) is row.python.cls
    return value


class Day(dt.date):
    """A date of another class that holds no more."""


class Clock(dt.time):
    """A time of another class that holds no more."""


class Moment(dt.datetime):
    """A datetime of another class that holds no more."""


class Fine(dt.datetime):
    """A datetime with nanoseconds, as pandas.Timestamp is one."""

    nanosecond = 5

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fine) and dt.datetime.__eq__(self, other)

    __hash__ = dt.datetime.__hash__


def of_class(cls: type, value: Any) -> Any:
    """The value as an instance of a subclass."""
    names = ["year", "month", "day"] if isinstance(value, dt.date) else []
    if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
        names += ["hour", "minute", "second", "microsecond", "tzinfo"]
    return cls(*(getattr(value, name) for name in names))


@every_row
def test_subclass_that_holds_no_more(row: LogicalRow, engine: str) -> None:
    """It is written as the value that it equals, also where a union has to choose by class."""
    value = smallest(row)
    subclass = {dt.date: Day, dt.time: Clock, dt.datetime: Moment}[row.python.cls]
    codec = codec_on(engine, row)
    assert codec.encode(of_class(subclass, value)) == codec.encode(value)
    union: Codec[Any] = Codec(["null", "string", row.example()])
    assert union.encode(of_class(subclass, value)) == union.encode(value)


@pytest.mark.parametrize("row", [*MOMENTS, *LOCAL], ids=lambda row: row.name)
def test_subclass_that_holds_more(row: LogicalRow, engine: str) -> None:
    """What the wire has no room for is not cut off."""
    with pytest.raises(EncodeError, match=r"expected a datetime\.datetime"):
        codec_on(engine, row).encode(of_class(Fine, smallest(row)))


# ---- frozen clocks


@every_row
def test_while_the_clock_is_frozen(row: LogicalRow, engine: str) -> None:
    """Real values, decoded ones and frozen ones are written; what is read is real."""
    codec, value = codec_on(engine, row), smallest(row)
    data = codec.encode(value)
    with freeze_time("2024-05-06 07:08:09"):
        decoded = codec.decode(data)
        assert decoded.__class__ is row.python.cls
        assert codec.encode(value) == codec.encode(decoded) == data
        frozen = getattr(dt, row.python.cls.__name__)
        if frozen is not row.python.cls:  # the clock of a time of day is nobody's to stop
            assert codec.encode(of_class(frozen, value)) == data


@pytest.mark.parametrize("row", MOMENTS, ids=lambda row: row.name)
def test_after_the_clock_was_frozen(row: LogicalRow, engine: str) -> None:
    """A frozen now outlives the freeze."""
    codec = codec_on(engine, row)
    with freeze_time("2024-05-06 07:08:09"):
        now = dt.datetime.now(UTC)
        today = dt.date.today()  # noqa: DTZ011 - of the frozen clock, which has no zone
    assert type(now) is not dt.datetime
    assert codec.decode(codec.encode(now)) == dt.datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    days = codec_on(engine, LOGICAL_TYPES["date"])
    assert days.decode(days.encode(today)) == dt.date(2024, 5, 6)


_IMPORTED_FROZEN = """
import datetime as dt
from freezegun import freeze_time

with freeze_time("2024-05-06 07:08:09"):
    from streamcontract import Codec

    codec = Codec({"type": "long", "logicalType": "timestamp-millis"})
    days = Codec({"type": "int", "logicalType": "date"})
    frozen, today = dt.datetime.now(dt.timezone.utc), dt.date.today()
    decoded = codec.decode(codec.encode(frozen))
    assert type(decoded).__module__ == "datetime", type(decoded)
    assert decoded == frozen
assert type(codec.decode(b"\\x00")) is dt.datetime
assert type(days.decode(days.encode(today))) is dt.date
real = dt.datetime(2024, 5, 6, tzinfo=dt.timezone.utc)
assert codec.decode(codec.encode(real)) == real
assert days.decode(days.encode(dt.date(2024, 5, 6))) == dt.date(2024, 5, 6)
"""


def test_imported_while_the_clock_is_frozen(engine: str) -> None:
    """What is loaded inside of a freeze works on after it."""
    codec_on(engine, MOMENTS[0])  # skips
    environment = {**os.environ, ENGINE_VARIABLE: engine}
    command = [sys.executable, "-c", _IMPORTED_FROZEN]
    subprocess.run(command, check=True, env=environment)  # noqa: S603 - our own interpreter
