"""The native engine gives the values, bytes and errors of the portable one."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import json
import os
import pickle
import uuid
from collections.abc import Callable
from typing import Any
from unittest import mock

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.codec.equality import same
from tests.searching import examples

from fuzz.oracle import plain
from streamcontract import Codec, Stock, StreamContractError, parse_schema
from streamcontract.codec import Contract, Duration
from streamcontract.codec.engine import ENGINE_VARIABLE, choose_engine
from streamcontract.errors import ConfigurationError, SchemaParseError
from streamcontract.schema import EnumType, FixedType, RecordType, Schema
from streamcontract.testing.strategies import from_schema, records, schemas

deep = settings(deadline=None, max_examples=examples(80))


def is_built() -> bool:
    """Whether there is a native engine to compare with."""
    with mock.patch.dict(os.environ, {ENGINE_VARIABLE: "native"}):
        try:
            choose_engine()
        except ConfigurationError:
            return False
    return True


needs_native = pytest.mark.skipif(not is_built(), reason="the native engine is not built here")


class Pair:
    """One codec on each engine."""

    def __init__(self, schema: Any, *, tag_unions: bool = False) -> None:
        self.portable, self.native = (
            _codec_on(engine, schema, tag_unions=tag_unions) for engine in ("portable", "native")
        )

    def encode(self, value: Any) -> bytes | None:
        """What both encode the value to; None if they refuse it."""
        portable, native = (outcome(each.encode, value) for each in (self.portable, self.native))
        assert same(portable, native)
        return portable if isinstance(portable, bytes) else None

    def decode(self, data: bytes, writer: Schema | None = None) -> None:
        """Both decode the data to the same."""
        portable = outcome(self.portable.decoder(writer), data)
        native = outcome(self.native.decoder(writer), data)
        assert same(plain(portable), plain(native))
        if not isinstance(portable, Refusal):
            assert repr(portable) == repr(native)  # the order of dicts too


def _codec_on(engine: str, schema: Any, *, tag_unions: bool) -> Codec[Any]:
    with mock.patch.dict(os.environ, {ENGINE_VARIABLE: engine}):
        return Codec(schema, tag_unions=tag_unions)


@attrs.frozen
class Refusal:
    """An error of ours, as far as it can be compared."""

    kind: type
    message: str


def outcome(run: Callable[[Any], Any], given: Any) -> Any:
    """What a call gives or refuses."""
    try:
        return run(given)
    except StreamContractError as error:
        return Refusal(type(error), str(error))


def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """The data with a few bytes changed, or cut off, or with more behind."""
    broken = bytearray(data)
    for _ in range(draw(st.integers(0, 3))):
        if broken:
            broken[draw(st.integers(0, len(broken) - 1))] = draw(st.integers(0, 255))
    keep = draw(st.integers(0, len(broken)) | st.just(len(broken)))
    return bytes(broken[:keep]) + draw(st.just(b"") | st.binary(max_size=3))


JUNK: list[Any] = [
    *(None, True, 0, -1, 2**31, 2**63, 2**70, 1.5, 1e300, float("nan"), "", "a", "\ud800", "é"),
    *(b"", b"\0", b"ab", [], {}, {"a": 1}, {1: 2}, [None], ("a", 1), object, Stock),
]


def spoilt(draw: Any, value: Any) -> Any:
    """The value with one thing inside it replaced by something that may not fit."""
    match value:
        case list() if value and draw(st.booleans()):
            at = draw(st.integers(0, len(value) - 1))
            return [*value[:at], spoilt(draw, value[at]), *value[at + 1 :]]
        case dict() if value and draw(st.booleans()):
            key = draw(st.sampled_from(sorted(value)))
            if draw(st.integers(0, 5)) == 0:
                return {k: v for k, v in value.items() if k != key}
            return {**value, key: spoilt(draw, value[key])}
        case tuple() if len(value) == 2 and draw(st.booleans()):
            return (value[0], spoilt(draw, value[1]))
    return draw(st.sampled_from(JUNK))


def evolved(draw: st.DrawFn, document: Any) -> Any:
    """The schema as a later one may be: fields gone, new, moved; types promoted."""
    match document:
        case str():
            wider = {"int": ["long", "double"], "long": ["float"], "string": ["bytes"]}
            if document in wider and draw(st.integers(0, 3)) == 0:
                return draw(st.sampled_from(wider[document]))
            return document
        case list():
            return [evolved(draw, branch) for branch in document]
        case {"fields": list(fields)}:
            kept = [
                {**field, "type": evolved(draw, field["type"])}
                for field in fields
                if draw(st.integers(0, 4)) > 0
            ]
            new = {"name": "quite_new", "type": {"type": "array", "items": "int"}, "default": [7]}
            newer = {"name": "newer", "type": ["null", "string"], "default": None}
            return {**document, "fields": draw(st.permutations([*kept, new, newer]))}
        case {"type": "array", "items": items}:
            return {**document, "items": evolved(draw, items)}
        case {"type": "map", "values": values}:
            return {**document, "values": evolved(draw, values)}
        case {"logicalType": "timestamp-millis"}:
            return {**document, "logicalType": "timestamp-micros"}
    return document


def bound(schema: Schema, **options: Any) -> type | None:
    """A class bound to the schema's root, with classes for every other named type; or None.

    The options are attrs': without any, the classes are as generated ones.
    """
    options = {"frozen": True, "slots": True, **options}
    if not isinstance(schema.root, RecordType):
        return None
    contract = Contract(schema.json)
    for name, node in contract.schema.named_types.items():
        match node:
            case RecordType():
                attributes = [f"a{i}" for i in range(len(node.fields))]
                contract.record(name)(attrs.make_class("Record", attributes, **options))
            case EnumType():
                members = {f"S{i}": symbol for i, symbol in enumerate(node.symbols)}
                make: Any = enum.Enum  # not as a class definition, which is all that mypy knows
                contract.enum(name)(make("Member", members))
            case FixedType():
                pass
    return contract.types[schema.root.full_name]


@needs_native
@deep
@given(schemas(), st.booleans(), st.data())
def test_plain_values(schema: Schema, tag_unions: bool, data: st.DataObject) -> None:
    """Values, spoilt values, their bytes and damaged bytes."""
    pair = Pair(schema, tag_unions=tag_unions)
    value = data.draw(from_schema(schema, tag_unions=tag_unions))
    encoded = pair.encode(value)
    assert encoded is not None
    pair.decode(encoded)
    pair.decode(data.draw(st.composite(damaged)(encoded)))
    pair.encode(data.draw(st.composite(spoilt)(value)))


@needs_native
@deep
@given(schemas(only_records=True), st.binary(max_size=60))
def test_noise(schema: Schema, noise: bytes) -> None:
    """Arbitrary bytes."""
    Pair(schema).decode(noise)


@needs_native
@deep
@given(schemas(only_records=True), st.booleans(), st.data())
def test_evolved(schema: Schema, tag_unions: bool, data: st.DataObject) -> None:
    """Bytes of one schema read with another: defaults, skipped fields, promotions, faults."""
    document = data.draw(st.composite(evolved)(json.loads(schema.json)))
    try:
        reader = parse_schema(document)
    except SchemaParseError:
        return  # a field that is gone defined a type that another one uses
    encoded = Codec(schema).encode(data.draw(from_schema(schema, tag_unions=True)))
    pair = Pair(reader, tag_unions=tag_unions)
    pair.decode(encoded, schema)
    pair.decode(data.draw(st.composite(damaged)(encoded)), schema)
    back = Pair(schema, tag_unions=tag_unions)
    back.decode(data.draw(st.binary(max_size=40)), reader)


@needs_native
@deep
@given(schemas(only_records=True), st.booleans(), st.data())
def test_record_classes(schema: Schema, slots: bool, data: st.DataObject) -> None:
    """Instances of bound classes, and their damaged bytes."""
    cls = bound(schema, slots=slots)
    assert cls is not None
    pair = Pair(cls)
    value = data.draw(records(cls))
    encoded = pair.encode(value)
    assert encoded is not None
    pair.decode(encoded)
    pair.decode(data.draw(st.composite(damaged)(encoded)))
    if attrs.fields(cls):
        name = data.draw(st.sampled_from([field.name for field in attrs.fields(cls)]))
        pair.encode(attrs.evolve(value, **{name: data.draw(st.sampled_from(JUNK))}))


class _MyDecimal(decimal.Decimal):
    """A decimal that writes itself in its own way."""

    def __str__(self) -> str:
        return "7"


@needs_native
@deep
@given(st.integers(1, 22), st.integers(0, 22), st.integers(0, 12), st.data())
def test_decimals(precision: int, scale: int, size: int, data: st.DataObject) -> None:
    """Decimals on both sides of what 64 bits hold, in every way to write one."""
    logical = {"logicalType": "decimal", "precision": precision, "scale": min(scale, precision)}
    base = {"type": "fixed", "name": "F", "size": size} if size else {"type": "bytes"}
    pair = Pair({**base, **logical})
    digits = data.draw(st.tuples(*[st.sampled_from((0, 0, 1, 9))] * data.draw(st.integers(1, 21))))
    sign, exponent = data.draw(st.integers(0, 1)), data.draw(st.integers(-23, 23))
    value = decimal.Decimal((sign, digits, exponent))
    pair.encode(value)
    pair.encode(_MyDecimal(value))
    raw = data.draw(st.sampled_from((b"\0", b"\xff"))) * data.draw(st.integers(0, 9)) + data.draw(
        st.binary(max_size=10)
    )
    pair.decode(raw[:size].ljust(size, b"\0") if size else Codec("bytes").encode(raw))


@needs_native
@pytest.mark.parametrize("value", ["NaN", "-sNaN7", "-Infinity", "-0", "0E+30", "-0.000", "1E-2"])
def test_special_decimals(value: str) -> None:
    """What is no number is refused; zeros and exponents are written as they are worth."""
    decimal_type = {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}
    Pair(decimal_type).encode(decimal.Decimal(value))


@needs_native
@deep
@given(
    st.integers(0, 2**32 - 1),
    st.times() | st.builds(lambda time: time.replace(microsecond=7000), st.times()),
    st.integers(-(2**20), 2**40),
)
def test_times_and_durations(part: int, time: dt.time, number: int) -> None:
    """Every time of day and duration, and what lies just beyond."""
    duration = Pair({"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"})
    encoded = duration.encode(Duration(part, part // 2, 2**32 - 1 - part))
    assert encoded is not None
    duration.decode(encoded)
    duration.decode(encoded[:11])
    for base, name in (("int", "time-millis"), ("long", "time-micros")):
        pair = Pair({"type": base, "logicalType": name})
        for written in (pair.encode(time), Codec("long").encode(number)):
            if written is not None:
                pair.decode(written)
        pair.encode(time.replace(tzinfo=dt.timezone.utc))


MOMENTS = st.datetimes(timezones=st.none() | st.timezones() | st.just(dt.timezone.utc))


@needs_native
@pytest.mark.parametrize("local", ["", "local-"])
@pytest.mark.parametrize("unit", ["millis", "micros", "nanos"])
@deep
@given(
    moment=MOMENTS | MOMENTS.map(lambda moment: moment.replace(microsecond=7000)),
    number=st.integers(-(2**63), 2**63 - 1) | st.integers(-(2**47), 2**48),
)
def test_timestamps(local: str, unit: str, moment: dt.datetime, number: int) -> None:
    """Every moment in every zone or none, and every number, be it a moment or not."""
    pair = Pair({"type": "long", "logicalType": f"{local}timestamp-{unit}"})
    for written in (pair.encode(moment), Codec("long").encode(number)):
        if written is not None:
            pair.decode(written)


@needs_native
@deep
@given(st.dates(), st.integers(-(2**31), 2**31 - 1) | st.integers(-(2**20), 2**22))
def test_dates(day: dt.date, number: int) -> None:
    """Every day, and every number, be it a day or not."""
    pair = Pair({"type": "int", "logicalType": "date"})
    encoded = pair.encode(day)
    assert encoded is not None
    pair.decode(encoded)
    pair.decode(Codec("int").encode(number))
    pair.encode(dt.datetime(day.year, day.month, day.day))  # noqa: DTZ001 - what is refused


@needs_native
@pytest.mark.parametrize(
    "text",
    [
        *("6f1c5f0e-8f5a-4a59-9b1d-0d6a0f3e2c11", "6F1C5F0E-8F5A-4A59-9B1D-0D6A0F3E2C11"),
        *("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-FFFF-ffffffffffff"),
        *("{6f1c5f0e-8f5a-4a59-9b1d-0d6a0f3e2c11}", "6f1c5f0e8f5a4a599b1d0d6a0f3e2c11"),
        *("urn:uuid:6f1c5f0e-8f5a-4a59-9b1d-0d6a0f3e2c11", "6f1c5f0e8-f5a-4a59-9b1d-0d6a0f3e2c11"),
        *("6f1c5f0e-8f5a-4a59-9b1d-0d6a0f3e2c1_1", "6f1c5f0e-8f5a-4a59-9b1d-0d6a0f3e2_11"),
        *("6f1c5f0e-8f5a-4a59-9b1d-0d6a0f3e2c1\uff11", " f1c5f0e-8f5a-4a59-9b1d-0d6a0f3e2c11"),
        *("6f1c5f0e-8f5a-4a59-9b1d-0d6a0f3e2c1", "6f1c5f0e-8f5a-4a59-9b1d-0d6a0f3e2c1g", ""),
    ],
)
def test_uuid_texts(text: str) -> None:
    """Every text that ``uuid.UUID`` might take: both engines take the same ones."""
    pair = Pair({"type": "string", "logicalType": "uuid"})
    pair.decode(Codec("string").encode(text))


@needs_native
@pytest.mark.parametrize("base", [{"type": "string"}, {"type": "fixed", "name": "F", "size": 16}])
@deep
@given(number=st.integers(0, 2**128 - 1))
def test_uuids(base: dict[str, Any], number: int) -> None:
    """A UUID comes back as one that its own class would have made."""
    pair = Pair({**base, "logicalType": "uuid"})
    made = uuid.UUID(int=number)
    encoded = pair.encode(made)
    assert encoded is not None
    pair.decode(encoded)
    back = pair.native.decode(encoded)
    assert (back, hash(back), back.is_safe) == (made, hash(made), made.is_safe)
    assert pickle.loads(pickle.dumps(back)) == made  # noqa: S301 - our own bytes


class _Meddler(dt.tzinfo):
    """A time zone that does something when it is asked for its offset."""

    def __init__(self, meddle: Callable[[], None]) -> None:
        self._meddle = meddle

    def utcoffset(self, _: dt.datetime | None) -> dt.timedelta:
        self._meddle()
        return dt.timedelta()

    def dst(self, _: dt.datetime | None) -> None:
        return None

    def tzname(self, _: dt.datetime | None) -> str:
        return "meddler"


@needs_native
@pytest.mark.parametrize("kind", ["array", "map", "record"])
def test_changed_while_encoded(kind: str) -> None:
    """Containers are written as they were found, whatever Python code does to them under way."""
    timestamp = {"type": "long", "logicalType": "timestamp-micros"}
    names = [f"f{i}" for i in range(50)]
    fields = [{"name": name, "type": timestamp, "default": 0} for name in names]
    schemas_by_kind: dict[str, dict[str, Any]] = {
        "array": {"type": "array", "items": timestamp},
        "map": {"type": "map", "values": timestamp},
        "record": {"type": "record", "name": "R", "fields": fields},
    }
    schema = schemas_by_kind[kind]
    things: Any = [] if kind == "array" else {}
    moments = [dt.datetime(2024, 1, 1, tzinfo=_Meddler(things.clear)) for _ in names]
    if kind == "array":
        things += moments
    else:
        things.update(zip(names, moments, strict=True))
    del moments
    native = _codec_on("native", schema, tag_unions=False)
    decoded = native.decode(native.encode(things))
    moment = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)
    assert list(decoded if kind == "array" else decoded.values()) == [moment] * len(names)
