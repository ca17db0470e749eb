"""The present in a unit, moments cut to one, and the error that names both."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract import Codec
from streamcontract.errors import ArgumentError, EncodeError
from streamcontract.times import now, truncate

STEPS = {"millis": 1000, "micros": 1, "nanos": 1}
zones = st.none() | st.timezones()


@given(st.datetimes(timezones=zones) | st.times(), st.sampled_from(sorted(STEPS)))
def test_cut(value: Any, unit: str) -> None:
    """The last whole number of units before, with the rest of the value as it was."""
    cut = truncate(value, unit)
    assert type(cut) is type(value)
    assert cut.microsecond % STEPS[unit] == 0
    assert 0 <= value.microsecond - cut.microsecond < STEPS[unit]
    assert cut.replace(microsecond=value.microsecond) == value
    assert (cut.tzinfo, cut.fold) == (value.tzinfo, value.fold)


def test_the_present() -> None:
    """Between two looks at the clock, but for what the unit cuts."""
    before = dt.datetime.now(dt.timezone.utc)
    millis, micros, nanos = now("millis"), now("micros"), now("nanos")
    after = dt.datetime.now(dt.timezone.utc)
    assert truncate(before, "millis") <= millis <= after
    assert before <= micros <= after
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
    assert before <= epoch + dt.timedelta(microseconds=nanos / 1000) <= after


def test_what_there_is_not() -> None:
    """Units that are none, and values that have no microseconds."""
    with pytest.raises(ArgumentError, match="unit has to be millis, micros or nanos, not 'ms'"):
        now("ms")  # type: ignore[call-overload]
    with pytest.raises(ArgumentError, match="unit has to be"):
        truncate(dt.time(), "seconds")
    with pytest.raises(ArgumentError, match=r"value has to be a datetime\.datetime or"):
        truncate(dt.date(2024, 5, 17), "millis")  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("logical", "value"),
    [
        ("timestamp-millis", dt.datetime(2024, 5, 17, 9, 30, 0, 250_999, dt.timezone.utc)),
        ("local-timestamp-millis", dt.datetime(2024, 5, 17, 9, 30, 0, 250_999)),  # noqa: DTZ001 - local
        ("time-millis", dt.time(9, 30, 0, 250_999)),
    ],
)
@pytest.mark.parametrize("engine", ["native", "portable"])
def test_the_error_names_the_fix(
    logical: str, value: Any, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the fix, run as it is written, is right."""
    monkeypatch.setenv("STREAMCONTRACT_ENGINE", engine)
    base = "int" if logical == "time-millis" else "long"
    codec: Codec[Any] = Codec({"type": base, "logicalType": logical})
    with pytest.raises(EncodeError) as caught:
        codec.encode(value)
    [fault] = caught.value.faults
    assert fault.expected.endswith("of whole milliseconds")
    assert str(caught.value).endswith(f"; {fault.hint}")
    fix = fault.hint.partition(" drops")[0]
    mended = eval(fix, {"value": value})  # noqa: S307 - the hint is what is tested
    assert mended == truncate(value, "millis")
    assert codec.decode(codec.encode(mended)) == mended
    assert 'streamcontract.times.now("millis")' in fault.hint
