"""Values that pyarrow holds in any type are encoded, or refused, as the codec encodes them."""

from __future__ import annotations

import datetime as dt
import decimal
import functools
import json
import uuid
from collections.abc import Callable
from typing import Any

import attrs
import pyarrow as pa
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.in_one_test import in_one_test
from tests.searching import examples

from streamcontract import Codec
from streamcontract.errors import EncodeError
from streamcontract.schema.logical import Duration

UTC = dt.timezone.utc
EPOCH = dt.datetime(1970, 1, 1, tzinfo=UTC)


@attrs.frozen
class Case:
    """An Avro type and an Arrow type for it.

    Attributes:
        avro: The one.
        arrow: The other.
        values: Draws values that the Arrow type holds.
        plain: From such a value to what the codec encodes.
    """

    avro: Any
    arrow: Any
    values: st.SearchStrategy[Any]
    plain: Callable[[Any], Any] = lambda value: value


def logical(base: str, name: str, **attributes: int) -> dict[str, Any]:
    """A schema of a logical type."""
    return {"type": base, "logicalType": name, **attributes}


def integers(arrow: Any) -> st.SearchStrategy[int]:
    """The numbers of an integer type, its limits among them."""
    bits, is_signed = arrow.bit_width, pa.types.is_signed_integer(arrow)
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if is_signed else (0, 2**bits - 1)
    near = [n for n in (2**24 + 1, 2**31, 2**53 + 1, -(2**31)) if low <= n <= high]
    return st.sampled_from([low, high, *near]) | st.integers(low, high)


def decimals(precision: int, scale: int) -> st.SearchStrategy[decimal.Decimal]:
    """Decimals of a type, short and long."""
    most = 10**precision - 1
    numbers = st.integers(-most, most) | st.integers(-200, 200)
    exact = decimal.Context(prec=100)
    return numbers.map(lambda n: decimal.Decimal(n).scaleb(-scale, exact))


def moments(unit: int, low: int, high: int) -> st.SearchStrategy[int]:
    """Numbers of a unit of a second, many of whole seconds."""
    return st.integers(low, high).map(lambda n: n * unit) | st.integers(low * unit, high * unit)


INTEGERS = [getattr(pa, f"{sign}int{bits}")() for sign in ("", "u") for bits in (8, 16, 32, 64)]
FLOATS = [(pa.float16(), 16), (pa.float32(), 32), (pa.float64(), 64)]
TEXTS = [pa.string(), pa.large_string(), pa.string_view()]
BYTES = [pa.binary(), pa.large_binary(), pa.binary_view()]
SIDE = {"type": "enum", "name": "Side", "symbols": ["SELL", "BUY", "BUYBACK"]}
KEY = {"type": "fixed", "name": "Key", "size": 3}
AMOUNT = {"type": "fixed", "name": "Amount", "size": 5, "logicalType": "decimal", "precision": 9}
SPAN = {"type": "fixed", "name": "Span", "size": 12, "logicalType": "duration"}
ID = {"type": "fixed", "name": "Id", "size": 16, "logicalType": "uuid"}
DECIMALS = [
    (pa.decimal32(9, 2), 9, 2),
    (pa.decimal64(18, 0), 18, 0),
    (pa.decimal128(30, 4), 30, 4),
    (pa.decimal256(76, 2), 76, 2),
]
words = st.text(max_size=20)
bits = st.binary(max_size=20)


def time_of(unit: int) -> Callable[[int], dt.time]:
    """From a number of a unit of a second to a time of day."""
    return lambda n: (EPOCH + dt.timedelta(microseconds=n * (1_000_000 // unit))).time()


def moment_of(unit: int, zone: dt.tzinfo | None) -> Callable[[int], dt.datetime]:
    """From a number of a unit of a second to a datetime."""
    step = 1_000_000 // unit
    return lambda n: (EPOCH + dt.timedelta(microseconds=n * step)).replace(tzinfo=zone)


def nanos_of(unit: int) -> Callable[[int], int]:
    """From a number of a unit of a second to nanoseconds."""
    return lambda n: n * (10**9 // unit)


CASES = [
    *(Case(avro, arrow, integers(arrow)) for avro in ("int", "long") for arrow in INTEGERS),
    *(Case(avro, arrow, integers(arrow)) for avro in ("float", "double") for arrow in INTEGERS),
    *(
        Case(avro, arrow, st.floats(width=width))  # type: ignore[arg-type]
        for avro in ("float", "double")
        for arrow, width in FLOATS
    ),
    Case("boolean", pa.bool_(), st.booleans()),
    Case("null", pa.null(), st.none()),
    Case("string", pa.null(), st.none()),
    *(Case("string", arrow, words) for arrow in TEXTS),
    *(Case(SIDE, arrow, st.sampled_from(["SELL", "BUY", "BUYBACK", "BU"])) for arrow in TEXTS),
    *(Case("bytes", arrow, bits) for arrow in BYTES),
    Case("bytes", pa.binary(2), st.binary(min_size=2, max_size=2)),
    *(Case(KEY, arrow, st.binary(min_size=2, max_size=4)) for arrow in BYTES),
    Case(KEY, pa.binary(3), st.binary(min_size=3, max_size=3)),
    *(
        Case(avro, arrow, decimals(precision, scale))
        for avro in (logical("bytes", "decimal", precision=9, scale=2), AMOUNT)
        for arrow, precision, scale in DECIMALS
    ),
    *(
        Case(
            logical("bytes", "decimal", precision=200, scale=90), arrow, decimals(precision, scale)
        )
        for arrow, precision, scale in DECIMALS
    ),
    *(Case(logical("bytes", "big-decimal"), arrow, decimals(*of)) for arrow, *of in DECIMALS),
    *(
        Case(avro, arrow, st.uuids().map(str), uuid.UUID)
        for avro in (logical("string", "uuid"), ID)
        for arrow in TEXTS
    ),
    *(
        Case(avro, arrow, st.binary(min_size=16, max_size=16), lambda data: uuid.UUID(bytes=data))
        for avro in (logical("string", "uuid"), ID)
        for arrow in (pa.binary(16), pa.binary_view())
    ),
    *(Case(logical("int", "date"), arrow, st.dates()) for arrow in (pa.date32(), pa.date64())),
    Case(
        logical("int", "time-millis"),
        pa.time32("s"),
        st.integers(0, 86399),
        time_of(1),
    ),
    *(
        Case(
            logical(base, name),
            arrow,
            moments(unit, 0, 86399),
            time_of(unit),
        )
        for base, name in (("int", "time-millis"), ("long", "time-micros"))
        for arrow, unit in ((pa.time32("ms"), 1000), (pa.time64("us"), 1_000_000))
    ),
    *(
        Case(
            logical("long", f"{kind}-{avro}"),
            pa.timestamp(arrow, "UTC" if kind == "timestamp" else None),
            moments(unit, -62_135_596_800, 253_402_300_799),
            moment_of(unit, UTC if kind == "timestamp" else None),
        )
        for kind in ("timestamp", "local-timestamp")
        for avro in ("millis", "micros")
        for arrow, unit in (("s", 1), ("ms", 1000), ("us", 1_000_000))
    ),
    *(
        Case(
            logical("long", f"{kind}-nanos"),
            pa.timestamp(arrow, "Europe/Paris" if kind == "timestamp" else None),
            moments(unit, -9_300_000_000, 9_300_000_000)
            if unit < 10**9
            else st.integers(-(2**63), 2**63 - 1),
            nanos_of(unit),
        )
        for kind in ("timestamp", "local-timestamp")
        for arrow, unit in (("s", 1), ("ms", 1000), ("us", 1_000_000), ("ns", 10**9))
    ),
    Case(
        SPAN,
        pa.month_day_nano_interval(),
        st.tuples(*[st.integers(0, 2**31 - 1)] * 3).map(lambda p: (p[0], p[1], p[2] * 10**6)),
        lambda parts: Duration(parts[0], parts[1], parts[2] // 10**6),
    ),
    *(
        Case({"type": "array", "items": "int"}, arrow, st.lists(st.integers(-9, 2**32), max_size=4))
        for arrow in (
            pa.list_(pa.int64()),
            pa.large_list(pa.int64()),
            pa.list_view(pa.int64()),
            pa.large_list_view(pa.int64()),
        )
    ),
    Case(
        {"type": "array", "items": "long"},
        pa.list_(pa.int64(), 2),
        st.lists(st.integers(0, 9), min_size=2, max_size=2),
    ),
    *(
        Case(
            {"type": "map", "values": "string"},
            arrow,
            st.dictionaries(words, words | st.none(), max_size=20).map(
                lambda each: [*each.items()]
            ),
            dict,
        )
        for arrow in (
            pa.map_(pa.string(), pa.string()),
            pa.map_(pa.dictionary(pa.int8(), pa.large_string()), pa.string_view()),
        )
    ),
]


def plainly(values: list[Any], arrow: Any) -> Any:
    """The array itself."""
    return pa.array(values, arrow)


def sliced(values: list[Any], arrow: Any) -> Any:
    """The array within another."""
    return pa.array([None, *values, None], arrow).slice(1, len(values))


def chunked(values: list[Any], arrow: Any) -> Any:
    """The array in two chunks."""
    half = len(values) // 2
    chunks = [pa.array(values[:half], arrow), pa.array(values[half:], arrow)]
    return pa.chunked_array(chunks, arrow)


def coded(values: list[Any], arrow: Any) -> Any:
    """A dictionary of the values, twice as long, without an index for None."""
    indexes = pa.array(
        [None if each is None else i + 1 for i, each in enumerate(values)], pa.int16()
    )
    return pa.DictionaryArray.from_arrays(indexes, pa.array([None, *values], arrow))


def in_runs(values: list[Any], arrow: Any) -> Any:
    """Runs of two values each, of which the first half run is sliced off."""
    ends = pa.array(range(2, 2 * len(values) + 2, 2), pa.int32())
    runs = pa.RunEndEncodedArray.from_arrays(ends, pa.array(values, arrow))
    return runs.slice(1) if values else runs


WRAPPERS = (plainly, sliced, chunked, coded, in_runs)
FIRST = (Phase.generate,)


@in_one_test(CASES, lambda case: f"{case.avro} of {case.arrow}")
def test_every_case(case: Case) -> None:
    """A few values of each, so that none is left to chance."""

    @settings(deadline=None, max_examples=2, derandomize=True, database=None, phases=FIRST)
    @given(st.data())
    def check_some(data: st.DataObject) -> None:
        check_values(case, plainly, [data.draw(case.values), None, data.draw(case.values)])

    check_some()


@settings(deadline=None, max_examples=examples(300))
@given(st.data())
def test_values(data: st.DataObject) -> None:
    """Equal payloads, and equal words for what does not fit, however the array is laid out."""
    case = data.draw(st.sampled_from(CASES))
    wrap = data.draw(st.sampled_from(WRAPPERS))
    check_values(case, wrap, data.draw(st.lists(case.values | st.none(), max_size=6)))


def check_values(case: Case, wrap: Callable[[list[Any], Any], Any], values: list[Any]) -> None:
    """Compare a column of values, lists of them and structs of those with the codec."""
    if wrap in (coded, in_runs) and pa.types.is_null(case.arrow):
        wrap = plainly
    array = wrap(values, case.arrow)
    every = [each for each in values for _ in range(2)][1:] if wrap is in_runs else values
    schema = {"type": "record", "name": "R", "fields": [{"name": "v", "type": case.avro}]}
    check(schema, pa.table({"v": array}), [{"v": plain_of(case, each)} for each in every])
    optional = {"type": "array", "items": "null" if case.avro == "null" else ["null", case.avro]}
    plain = [plain_of(case, each) for each in every]
    lists = pa.ListArray.from_arrays([0, len(every), len(every)], whole(array))
    structs = pa.StructArray.from_arrays([lists], ["items"])
    nested = {"type": "record", "name": "N", "fields": [{"name": "items", "type": optional}]}
    check(optional, lists, [plain, []])
    check(nested, structs.slice(1), [{"items": []}])
    check(nested, structs.slice(0, 1), [{"items": plain}])


def whole(array: Any) -> Any:
    """One array of a column's chunks."""
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def plain_of(case: Case, value: Any) -> Any:
    """What the codec encodes for a value."""
    return None if value is None else case.plain(value)


@functools.cache
def codec_of(schema: str) -> Codec[Any]:
    """The codec of a schema in JSON."""
    return Codec(schema)


def check(schema: Any, data: Any, values: list[Any]) -> None:
    """Compare payloads and faults with those of the codec."""
    codec = codec_of(json.dumps(schema))
    wanted = [outcome(codec, value) for value in values]
    faults = [(i, each) for i, each in enumerate(wanted) if isinstance(each, str)]
    found = codec.encode_columns(data)
    assert [(each.row, each.reason) for each in found.faults] == faults
    assert list(found.payloads) == [each for each in wanted if isinstance(each, bytes)]
    assert list(found.rows) == [i for i in range(len(values)) if i not in dict(faults)]


def outcome(codec: Codec[Any], value: Any) -> bytes | str:
    """The payload of a value, or the words for what does not fit."""
    try:
        return codec.encode(value)
    except EncodeError as error:
        return str(error)
