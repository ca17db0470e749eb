"""The logical types of Avro 1.12 ("Logical Types"), each as one row."""

from __future__ import annotations

import decimal
import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

import attrs

from streamcontract.schema.logical import json_forms, times, uuids
from streamcontract.schema.logical.decimals import (
    BIG_DECIMAL,
    decimal_conversion,
    decimal_samples,
    declared_decimal,
)
from streamcontract.schema.logical.duration import DURATION, Duration
from streamcontract.schema.logical.row import Base, LogicalRow, PythonType, Unit
from streamcontract.schema.model import INTEGER_LIMITS

__all__ = ["LOGICAL_TYPES", "MICROS", "MILLIS", "NANOS", "moment_row", "time_row"]

MILLIS: Final = Unit("millis", "milliseconds", 10**3)
MICROS: Final = Unit("micros", "microseconds", 10**6)
NANOS: Final = Unit("nanos", "nanoseconds", 10**9)


def _iso(value: Any) -> str:
    return str(value.isoformat())


_DATE: Final = PythonType(
    cls=times.Standard.date,
    annotation="dt.date",
    maker="dt.date.fromisoformat",
    arguments=_iso,
    json=json_forms.DATE,
)
_TIME: Final = PythonType(
    cls=times.Standard.time,
    annotation="dt.time",
    maker="dt.time.fromisoformat",
    arguments=_iso,
    json=json_forms.TIME,
)
_DECIMAL: Final = PythonType(
    cls=decimal.Decimal,
    annotation="decimal.Decimal",
    maker="decimal.Decimal",
    arguments=str,
    json=json_forms.DECIMAL,
)
_UUID: Final = PythonType(
    cls=uuid.UUID, annotation="uuid.UUID", maker="uuid.UUID", arguments=str, json=json_forms.UUID
)
_DURATION: Final = PythonType(
    cls=Duration,
    annotation="Duration",
    maker="Duration",
    arguments=attrs.asdict,
    json=json_forms.DURATION,
)


def _moments(unit: Unit, *, is_local: bool) -> PythonType:
    """The Python type of timestamps in a unit: ``int`` below a microsecond, else ``datetime``."""
    if unit.micros == 0:
        digits = len(str(unit.per_second)) - 1
        return PythonType(
            cls=int,
            annotation="int",
            maker="int",
            arguments=str,
            json=json_forms.moment_in_units(digits, is_local=is_local),
        )
    return PythonType(
        cls=times.Standard.datetime,
        annotation="dt.datetime",
        maker="dt.datetime.fromisoformat",
        arguments=_iso,
        json=json_forms.LOCAL_MOMENT if is_local else json_forms.MOMENT,
    )


def time_row(unit: Unit, base: Literal["int", "long"]) -> LogicalRow:
    """The row of times of day that are counted in a unit, of a microsecond or more."""
    conversion = times.time_of_day(unit)
    return LogicalRow(
        name=f"time-{unit.name}",
        bases=(Base(base),),
        kind="time",
        python=_TIME,
        convert=lambda _logical, _size: conversion,
        unit=unit,
        limits=times.time_limits(unit),
        remark="" if unit.micros == 1 else f"In whole {unit.plural}.",
    )


def moment_row(unit: Unit, *, is_local: bool) -> LogicalRow:
    """The row of timestamps in a unit.

    In a unit below a microsecond the values are the ``int`` of the wire format, because no
    ``datetime`` holds them.
    """
    kind = "local-timestamp" if is_local else "timestamp"
    is_int = unit.micros == 0
    conversion = None if is_int else times.moment(unit, is_local=is_local)
    return LogicalRow(
        name=f"{kind}-{unit.name}",
        bases=(Base("long"),),
        kind=kind,
        python=_moments(unit, is_local=is_local),
        convert=None if conversion is None else lambda _logical, _size: conversion,
        unit=unit,
        limits=INTEGER_LIMITS["long"] if is_int else times.moment_limits(unit),
        remark=_remark(unit, is_local=is_local),
    )


def _remark(unit: Unit, *, is_local: bool) -> str:
    parts = ["local time"] if is_local else []
    if unit.micros == 0:
        parts.append(f"in {unit.plural} since 1970-01-01{'' if is_local else ' UTC'}")
    else:
        parts += ["without a time zone"] if is_local else []
        parts += [f"in whole {unit.plural}"] if unit.micros > 1 else []
    text = ", ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


_ROWS: Final = (
    LogicalRow(
        name="decimal",
        bases=(Base("bytes"), Base("fixed")),
        kind="decimal",
        python=_DECIMAL,
        convert=decimal_conversion,
        samples=decimal_samples,
        remark="At most {precision} digits, {scale} after the point.",
        parameters=MappingProxyType({"precision": 9, "scale": 2}),
        declare=declared_decimal,
    ),
    LogicalRow(
        name="big-decimal",
        bases=(Base("bytes"),),
        kind="big-decimal",
        python=_DECIMAL,
        convert=lambda _logical, _size: BIG_DECIMAL,
        samples=lambda _logical, _size: (b"\x02\x00\x00", b"\x02\x01\x02"),  # 0 and 0.1
    ),
    LogicalRow(
        name="uuid",
        bases=(Base("string"), Base("fixed", 16)),
        kind="uuid",
        python=_UUID,
        convert=lambda _logical, size: uuids.TEXT if size is None else uuids.BYTES,
        samples=uuids.samples,
    ),
    LogicalRow(
        name="date",
        bases=(Base("int"),),
        kind="date",
        python=_DATE,
        convert=lambda _logical, _size: times.DATE,
        limits=times.DATE_LIMITS,
    ),
    time_row(MILLIS, "int"),
    time_row(MICROS, "long"),
    moment_row(MILLIS, is_local=False),
    moment_row(MICROS, is_local=False),
    moment_row(NANOS, is_local=False),
    moment_row(MILLIS, is_local=True),
    moment_row(MICROS, is_local=True),
    moment_row(NANOS, is_local=True),
    LogicalRow(
        name="duration",
        bases=(Base("fixed", 12),),
        kind="duration",
        python=_DURATION,
        convert=lambda _logical, _size: DURATION,
    ),
)

LOGICAL_TYPES: Final[Mapping[str, LogicalRow]] = {row.name: row for row in _ROWS}
"""Every logical type by its name."""
