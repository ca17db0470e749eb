"""What runs in Spark's executors, in this process: values, poison, and the way back."""

from __future__ import annotations

import datetime as dt
import decimal
import pickle
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.codec.equality import same
from tests.columns.conversion import from_arrow, has_columns
from tests.searching import examples

pytest.importorskip("pyspark", reason="make test-guides installs PySpark")

from tests.spark.conversion import in_spark, kafka_batch, locked, values_of
from tests.strategies.payloads import corrupt_payloads, payloads

from streamcontract import Codec, Duration, parse_schema
from streamcontract.errors import ArgumentError, EncodeError
from streamcontract.integrations.arrow import ArrowDecoder
from streamcontract.schema import Schema
from streamcontract.schema.logical import LOGICAL_TYPES
from streamcontract.spark.encoding import Encoding, Framed
from streamcontract.spark.types import LOGICAL_KINDS
from streamcontract.testing.strategies import from_schema, schemas
from streamcontract.wire import frame

deep = settings(deadline=None, max_examples=examples(100))
PING = parse_schema({"type": "record", "name": "Ping", "fields": [{"name": "n", "type": "int"}]})


def errors_of(batch: Any) -> list[Any]:
    """The column of errors."""
    return list(batch.column("error").to_pylist())


@deep
@given(schemas().filter(has_columns), st.data())
def test_values_of_many_writers(schema: Schema, data: st.DataObject) -> None:
    """Each message is read by the schema of its own id, and stays in its row; poison has none."""
    good = data.draw(st.lists(payloads(schema), max_size=4))
    bad = data.draw(st.lists(corrupt_payloads(schema).map(lambda each: each.data), max_size=2))
    codec = Codec[Any](schema, tag_unions=True)
    writers = {9: schema, **{10 + i: each.writer for i, each in enumerate(good)}}
    rows: list[tuple[bytes | None, Any, bool]] = [(None, None, False)]
    for i, each in enumerate(good):
        value = codec.decode(each.data, writer=each.writer)
        rows.append((frame(10 + i, each.data), in_spark(schema.root, value), False))
    rows += [(frame(9, each), None, True) for each in bad]
    rows += [(frame(8, b""), None, True), (b"\x05none", None, True)]
    rows = data.draw(st.permutations(rows))
    batch = values_of(schema, writers, [value for value, _, _ in rows])
    found = from_arrow(batch.column("value"))
    assert batch.schema.names == ["value", "offset", "error"]
    assert all(map(same, found, [value for _, value, _ in rows])), (found, rows)
    for error, (value, _, is_poison) in zip(errors_of(batch), rows, strict=True):
        assert (error is not None) == is_poison
        assert error is None or error["value"] == value


@deep
@given(schemas().filter(has_columns), st.data())
def test_the_way_back(schema: Schema, data: st.DataObject) -> None:
    """Decoded columns, or a slice, are encoded to the bytes that the codec makes of the records."""
    codec = Codec[Any](schema, tag_unions=True)
    drawn = data.draw(st.lists(from_schema(schema, tag_unions=True), max_size=4))
    values = [frame(7, codec.encode(each)) for each in drawn]
    batch = values_of(schema, {7: schema}, [*values, None])
    encoding = Encoding(Framed(schema.inlined_json, 7), "value")
    start = data.draw(st.integers(0, len(values)))
    (encoded,) = encoding.run([batch.slice(start)])
    assert encoded.column("value").to_pylist() == [*values, None][start:]


HOLDER = parse_schema(
    {
        "type": "record",
        "name": "Holder",
        "fields": [
            {"name": "side", "type": {"type": "enum", "name": "Side", "symbols": ["BUY", "SELL"]}},
            {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
            {"name": "at", "type": {"type": "int", "logicalType": "time-millis"}},
            {"name": "either", "type": ["int", "string"]},
            {
                "name": "long",
                "type": {"type": "bytes", "logicalType": "decimal", "precision": 50, "scale": 2},
            },
            {
                "name": "for",
                "type": {"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"},
            },
        ],
    }
)
GOOD: dict[str, Any] = {
    "side": "BUY",
    "id": "00000000-0000-0000-0000-000000000001",
    "at": dt.timedelta(seconds=1),
    "either": {"int": 1, "string": None},
    "long": "1.50",
    "for": {"months": 1, "days": 2, "milliseconds": 3},
}


def encoded(schema: Schema, rows: list[Any], like: Any = None, **columns: Any) -> list[bytes]:
    """What an executor makes of rows of Spark's."""
    array = pa.array(rows, like)
    batch = pa.RecordBatch.from_pydict({"value": array, **columns})
    (made,) = Encoding(Framed(schema.inlined_json, 7), "value").run([batch])
    return list(made.column("value").to_pylist())


def test_rows_of_spark_are_encoded() -> None:
    """The types that Spark does not have are taken from those that hold them."""
    (data,) = encoded(HOLDER, [GOOD])
    assert Codec[Any](HOLDER).decode(data[5:]) == {
        "side": "BUY",
        "id": UUID(int=1),
        "at": dt.time(0, 0, 1),
        "either": 1,
        "long": decimal.Decimal("1.50"),
        "for": Duration(months=1, days=2, milliseconds=3),
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("side", "HOLD"),
        ("side", None),
        ("id", "{00000000-0000-0000-0000-000000000001}"),
        ("id", "one"),
        ("at", dt.timedelta(days=1)),
        ("at", dt.timedelta(microseconds=1)),
        ("at", -dt.timedelta(seconds=1)),
        ("either", {"int": 1, "string": "a"}),
        ("either", {"int": None, "string": None}),
        ("long", "NaN"),
        ("long", "1.505"),
        ("long", "many"),
        ("for", {"months": -1, "days": 2, "milliseconds": 3}),
    ],
)
def test_values_that_do_not_fit_are_refused_with_their_path(field: str, value: object) -> None:
    """Nothing is rounded, wrapped or guessed on the way back."""
    both = {**GOOD, "either": {"int": 1, "string": "a"}}
    kind = pa.array([both]).type
    with pytest.raises(EncodeError) as caught:
        encoded(HOLDER, [{**GOOD, field: value}], kind)
    assert caught.value.path == f"Holder.{field}"


def test_a_header_takes_precedence() -> None:
    """As for consumers: with a schema id in a header all of the value is payload."""
    headers = pa.array(
        [[("__value_schema_id", b"\0\0\0\0\x07")], None, []],
        pa.list_(pa.struct([("key", pa.string()), ("value", pa.binary())])),
    )
    payload = Codec[Any](PING).encode({"n": 1})
    values = [payload, frame(7, payload), payload]
    batch = values_of(PING, {7: PING}, values, headers=headers)
    assert batch.column("value").to_pylist() == [{"n": 1}, {"n": 1}, None]
    assert errors_of(batch)[2]["schema_id"] is None


def test_poison_has_its_reason() -> None:
    """Where the value does not fit, or which id is not locked, and the bytes."""
    values = [frame(7, b""), frame(8, b"\2"), bytes([1]) + bytes(16) + b"\2"]
    torn, unknown, guid = errors_of(values_of(PING, {7: PING}, values))
    assert torn["path"] == "Ping.n"
    assert torn["schema_id"] == 7
    assert unknown == {
        "path": None,
        "reason": "schema id 8 is not locked",
        "schema_id": 8,
        "value": values[1],
    }
    assert "00000000-0000-0000-0000-000000000000 is in no lock file" in guid["reason"]


def test_every_kind_of_logical_type_has_a_spark_type() -> None:
    """The table of types lacks none of the rows'."""
    assert {*LOGICAL_KINDS} == {row.kind for row in LOGICAL_TYPES.values()}


def test_some_columns() -> None:
    """The other fields are skipped."""
    decoder = ArrowDecoder(HOLDER.inlined_json, locked({7: HOLDER}), "value", ("either",))
    batch = decoder(kafka_batch(encoded(HOLDER, [GOOD])))
    assert batch.column("value").to_pylist() == [{"either": {"int": 1, "string": None}}]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"key": pa.array([b""])}, "a column of bytes"),
        ({"value": pa.array(["text"])}, "a column of bytes"),
        ({"value": pa.array([b""]), "error": pa.array([1])}, "rename it"),
    ],
)
def test_batches_that_have_no_messages(columns: dict[str, Any], expected: str) -> None:
    """Engines without a schema of their own pass any batch."""
    decoder = ArrowDecoder(PING.inlined_json, locked({7: PING}), "value", None)
    with pytest.raises(ArgumentError, match=expected):
        decoder(pa.RecordBatch.from_pydict(columns))


def test_what_executors_get_is_small() -> None:
    """Texts of schemas: no class, codec or lock is pickled."""
    decoder = ArrowDecoder(PING.inlined_json, locked({7: PING}), "value", None)
    decoder(kafka_batch([frame(7, b"\2")]))
    assert len(pickle.dumps(decoder)) < 1_000


def messages(encoding: Encoding, rows: list[Any], keys: Any = None) -> list[tuple[Any, Any]]:
    """The keys and values of rows."""
    columns = {} if keys is None else {"key": pa.array(keys)}
    array = pa.array(rows, pa.struct([("n", pa.int32())]))
    (made,) = encoding.run([pa.RecordBatch.from_pydict({"value": array, **columns})])
    return list(zip(*(made.column(name).to_pylist() for name in ("key", "value")), strict=True))


def test_the_key_is_the_key_field() -> None:
    """As a producer sends it; a tombstone has the key of its row."""
    encoding = Encoding(Framed(PING.inlined_json, 7), "value", "n", None, has_every_key=True)
    rows = [{"n": 12}, None]
    expected = [(b"12", frame(7, b"\x18")), (b"7", None)]
    assert messages(encoding, rows, [b"other", b"7"]) == expected
    for keys in (None, [b"other", None]):
        with pytest.raises(EncodeError, match="give its key in the column 'key'"):
            messages(encoding, rows, keys)


def test_a_uuid_is_a_key_in_lower_case() -> None:
    """As a producer sends it, so that it is in the same partition."""
    schema = parse_schema(
        {
            "type": "record",
            "name": "Holder",
            "fields": [{"name": "id", "type": {"type": "string", "logicalType": "uuid"}}],
        }
    )
    encoding = Encoding(Framed(schema.inlined_json, 7), "value", "id", None, has_every_key=True)
    rows = pa.array([{"id": f"{UUID(int=10)}".upper()}])
    (made,) = encoding.run([pa.RecordBatch.from_pydict({"value": rows})])
    assert made.column("key").to_pylist() == [f"{UUID(int=10)}".encode()]


def test_keys_with_a_schema() -> None:
    """They are framed; where their schema does not allow it, none is missing."""
    key = Framed('"string"', 3)
    encoding = Encoding(Framed(PING.inlined_json, 7), "value", None, key, has_every_key=True)
    assert messages(encoding, [{"n": 1}], ["a"]) == [(frame(3, b"\2a"), frame(7, b"\2"))]
    with pytest.raises(EncodeError, match=r"^key: "):
        messages(encoding, [{"n": 1}], pa.nulls(1, pa.string()))


def test_keys_without_a_contract_are_as_they_are() -> None:
    """Bytes or text, as Spark's sink takes them."""
    encoding = Encoding(Framed(PING.inlined_json, 7), "value")
    assert messages(encoding, [{"n": 1}, None], ["a", None]) == [
        ("a", frame(7, b"\2")),
        (None, None),
    ]
