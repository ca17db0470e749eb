"""A value that a schema cannot hold as it is, is refused by path, value and what was expected."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import math
import re
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.in_one_test import in_one_test

from streamcontract import Codec, Duration
from streamcontract.errors import EncodeError

UTC = dt.timezone.utc
D = decimal.Decimal


def logical(base: str, name: str, **attributes: int) -> dict[str, Any]:
    """A type with a logical type."""
    return {"type": base, "logicalType": name, **attributes}


def fixed(size: int, **attributes: Any) -> dict[str, Any]:
    """A fixed type."""
    return {"type": "fixed", "name": "F", "size": size, **attributes}


ENUM: dict[str, Any] = {"type": "enum", "name": "E", "symbols": ["A", "B"]}
DECIMAL = logical("bytes", "decimal", precision=4, scale=2)
FIXED_DECIMAL = fixed(2, logicalType="decimal", precision=4, scale=2)
BYTES = (b"\0", bytearray(b"\0"), memoryview(b"\0"))
NO_TEXT = (None, 1, b"a", bytearray(b"a"), ["a"])
NO_INT = (None, True, False, 1.0, 1.5, "1", b"1", D(1), math.nan)
NO_FLOAT = (None, True, "1.0", b"1", D("1.5"), 1j)
NO_BYTES = (None, "a", 1, [1], bytearray(b"a"), memoryview(b"a"))
NAIVE = dt.datetime(2024, 1, 1)  # noqa: DTZ001 - what local timestamps are, and timestamps not
AWARE = dt.datetime(2024, 1, 1, tzinfo=UTC)
NO_TIME = (None, 0, "00:00", dt.timedelta(), NAIVE, dt.time(tzinfo=UTC))
NO_DATE = (None, 0, "2024-01-01", NAIVE, AWARE)
NO_DECIMAL = (
    *(None, 1, 1.5, "1.5", True),
    *(D("NaN"), D("sNaN"), D("Infinity"), D("-Infinity")),
)
NO_UUID = (None, str(uuid.UUID(int=0)), uuid.UUID(int=0).bytes, 0)


class Masked(uuid.UUID):
    """A UUID that does not show itself."""

    def __str__(self) -> str:
        return "hidden"


class Symbol(enum.Enum):
    """An enum that belongs to no contract."""

    A = "A"


REFUSED: list[tuple[Any, tuple[Any, ...]]] = [
    ("null", (0, False, "", [], "null")),
    ("boolean", (None, 0, 1, "true", 1.0)),
    ("int", (*NO_INT, 2**31, -(2**31) - 1, 2**100)),
    ("long", (*NO_INT, 2**63, -(2**63) - 1, 2**100)),
    ("float", (*NO_FLOAT, 2**24 + 1, 2**200, 3.5e38, -1e300, 3.4028235677973366e38)),
    ("double", (*NO_FLOAT, 2**53 + 1, 2**1024, -(2**5000))),
    ("string", (*NO_TEXT, "\ud800", "a\udfffb")),
    ("bytes", NO_BYTES),
    (fixed(2), (*NO_BYTES, b"", b"a", b"abc")),
    (ENUM, (None, 0, "C", "a", "", b"A", Symbol.A)),
    (logical("string", "uuid"), NO_UUID),
    (fixed(16, logicalType="uuid"), NO_UUID),
    (DECIMAL, (*NO_DECIMAL, D("1.234"), D("100.00"), D("-100"), D("1E+9"), D("1E+999999"))),
    (FIXED_DECIMAL, (*NO_DECIMAL, D("0.001"), D("100"), D("1E-999999"))),
    (logical("bytes", "big-decimal"), NO_DECIMAL),
    (logical("int", "date"), NO_DATE),
    (logical("int", "time-millis"), (*NO_TIME, dt.time(microsecond=1), dt.time(0, 0, 0, 999_999))),
    (logical("long", "time-micros"), NO_TIME),
    *(
        (logical("long", f"timestamp-{unit}"), (None, 0, "2024-01-01", NAIVE, dt.date(2024, 1, 1)))
        for unit in ("millis", "micros")
    ),
    (logical("long", "timestamp-millis"), (AWARE.replace(microsecond=1),)),
    *(
        (logical("long", f"local-timestamp-{unit}"), (None, 0, AWARE, dt.date(2024, 1, 1)))
        for unit in ("millis", "micros")
    ),
    (logical("long", "local-timestamp-millis"), (NAIVE.replace(microsecond=999),)),
    (logical("long", "timestamp-nanos"), (*NO_INT, AWARE, 2**63)),
    (logical("long", "local-timestamp-nanos"), (*NO_INT, NAIVE, -(2**63) - 1)),
    (fixed(12, logicalType="duration"), (None, b"\0" * 12, dt.timedelta(1), (1, 2, 3))),
    ({"type": "array", "items": "int"}, (None, (1,), {1}, "", b"", {}, iter([]), range(2))),
    ({"type": "map", "values": "int"}, (None, [], [("a", 1)], "a")),
    ({"type": "record", "name": "R", "fields": []}, (None, [], (), "R", 0, complex(1, 2))),
    (["null", "int"], (1.5, "a", 2**31, ("long", 1), ("int", "a"), ("int",), ("int", 1, 2))),
]


def case_id(value: Any) -> str:
    """A short name of a case, the same in every process: no addresses."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))[:60]


@in_one_test([(schema, value) for schema, values in REFUSED for value in values], repr)
def test_refused(case: tuple[Any, Any]) -> None:
    """Inside a record's array, the fault names where, what was found and what would fit."""
    schema, value = case
    record: dict[str, Any] = {
        "type": "record",
        "name": "ns.Outer",
        "fields": [{"name": "items", "type": {"type": "array", "items": schema}}],
    }
    codec = Codec(record)
    codec.encode({"items": []})
    with pytest.raises(EncodeError) as caught:
        codec.encode({"items": [value]})
    (fault,) = caught.value.faults
    assert fault.path == "Outer.items[0]"
    assert fault.has_value
    assert fault.value is value or fault.value == value or schema == ["null", "int"]
    assert fault.expected
    assert str(caught.value).startswith("Outer.items[0]: expected ")


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ("float", 2**24),
        ("float", 0.1),
        ("float", 3.4028234663852886e38),
        ("double", 2**53),
        ("double", 2**60),
        (DECIMAL, D("1.5")),
        (DECIMAL, D("9E+1")),
        (DECIMAL, D("1.50000")),
        (FIXED_DECIMAL, D(0)),
        (logical("bytes", "big-decimal"), D("1E+400")),
        (logical("long", "timestamp-micros"), AWARE.astimezone(dt.timezone(dt.timedelta(hours=5)))),
        (logical("string", "uuid"), Masked(int=7)),
        (fixed(16, logicalType="uuid"), Masked(int=7)),
        (fixed(12, logicalType="duration"), Duration(1, 2, 3)),
    ],
    ids=case_id,
)
def test_taken(schema: Any, value: Any) -> None:
    """Values next to the refused ones: another notation of what the schema holds exactly."""
    decoded = Codec(schema).decode(Codec(schema).encode(value))
    assert decoded == value or (schema == "float" and decoded == pytest.approx(value))


PERSON: dict[str, Any] = {
    "type": "record",
    "name": "Person",
    "fields": [
        {"name": "name", "type": "string"},
        {"name": "age", "type": ["null", "int"], "default": None},
        {"name": "tags", "type": {"type": "map", "values": {"type": "array", "items": "int"}}},
        {"name": "friend", "type": ["null", "Person"], "default": None},
    ],
}


def faults_of(schema: Any, value: Any) -> dict[str, Any]:
    """The faults of a value: path to value."""
    with pytest.raises(EncodeError) as caught:
        Codec(schema).encode(value)
    return {fault.path: fault.value for fault in caught.value.faults}


def test_all_faults_together() -> None:
    """One error reports every fault of a value, wherever it stands."""
    value = {
        "name": 7,
        "age": 2**40,
        "tags": {"a": [1, "x", 2, None], "b": 3},
        "friend": {"name": "Ann", "tags": {"c": [1.5]}},
    }
    assert faults_of(PERSON, value) == {
        "Person.name": 7,
        "Person.age": 2**40,
        "Person.tags['a'][1]": "x",
        "Person.tags['a'][3]": None,
        "Person.tags['b']": 3,
        "Person.friend.tags['c'][0]": 1.5,
    }


def test_missing_field() -> None:
    """A missing field without a default is named by its path."""
    with pytest.raises(EncodeError) as caught:
        Codec(PERSON).encode({"tags": {}})
    (fault,) = caught.value.faults
    assert fault.path == "Person.name"
    assert not fault.has_value


def test_missing_field_takes_its_default() -> None:
    """A missing field with a default is written as that default."""
    codec = Codec(PERSON)
    full: dict[str, Any] = {"name": "Bo", "age": None, "tags": {}, "friend": None}
    assert codec.encode({"name": "Bo", "tags": {}}) == codec.encode(full)


@pytest.mark.parametrize("stranger", ["nam", "Name", "frend", "", 0, None, ("a", 1)])
def test_unknown_field(stranger: Any) -> None:
    """A field that the record does not have is refused: a misspelt one is never dropped."""
    value = {"name": "Bo", "tags": {}, stranger: "x"}
    assert faults_of(PERSON, value) == {f"Person.{stranger}": stranger}


def test_misspelt_field() -> None:
    """A misspelt field is named, and so is the one that is missing for it."""
    found = faults_of(PERSON, {"nmae": "Bo", "tags": {}})
    assert set(found) == {"Person.nmae", "Person.name"}


@pytest.mark.parametrize("key", [1, None, b"a", ("a",), True])
def test_map_keys(key: Any) -> None:
    """A key that is no string is refused."""
    (path,) = faults_of({"type": "map", "values": "int"}, {"fine": 1, key: 1})
    assert path == f"value[{key!r}]"


def test_surrogate_in_map_key() -> None:
    """A key that UTF-8 cannot encode is refused."""
    assert faults_of({"type": "map", "values": "int"}, {"\ud800": 1})


def test_root_path() -> None:
    """Without a record around it, the fault is at the value itself."""
    assert faults_of("int", "a") == {"value": "a"}


@given(st.integers())
def test_int_range(number: int) -> None:
    """An int is taken exactly if it has 32 bits, a long if 64."""
    for name, bits in (("int", 32), ("long", 64)):
        if -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
            assert Codec(name).decode(Codec(name).encode(number)) == number
        else:
            with pytest.raises(EncodeError):
                Codec(name).encode(number)


@given(
    st.one_of(
        st.integers(), st.integers(-(2**130), 2**130), st.integers(1000, 1030).map(lambda n: 2**n)
    )
)
def test_int_for_double(number: int) -> None:
    """An int goes into a double exactly, or not at all."""
    try:
        exact = int(float(number)) == number
    except OverflowError:
        exact = False
    if exact:
        assert Codec("double").decode(Codec("double").encode(number)) == number
    else:
        with pytest.raises(EncodeError):
            Codec("double").encode(number)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_decimals_are_exact_or_refused(number: decimal.Decimal) -> None:
    """A decimal comes back equal, or is refused."""
    codec = Codec(logical("bytes", "decimal", precision=9, scale=3))
    try:
        data = codec.encode(number)
    except EncodeError:
        _, digits, exponent = number.normalize(decimal.Context(prec=5000)).as_tuple()
        assert isinstance(exponent, int)
        assert exponent < -3 or len(digits) + exponent > 6
    else:
        assert codec.decode(data) == number


class Text(str):
    """A subclass of str, with a mind of its own."""

    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        """Not what is in it."""
        return b"liar"

    def __str__(self) -> str:
        return "liar"


class Number(int):
    """A subclass of int."""

    def __lshift__(self, _: int) -> int:
        return 0


def test_subclasses_are_taken_for_what_they_hold() -> None:
    """A subclass is written as its base type's value, whatever its methods say."""
    assert Codec("string").encode(Text("a")) == Codec("string").encode("a")
    assert Codec("long").encode(Number(5)) == Codec("long").encode(5)
    assert Codec(ENUM).encode(Text("A")) == Codec(ENUM).encode("A")
