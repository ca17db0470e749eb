"""Messages as columns equal the same messages as records, and both refuse the same ones."""

from __future__ import annotations

import contextlib
import sys
import threading
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any
from unittest import mock

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.codec.equality import same
from tests.columns.conversion import from_arrow, has_columns, in_columns, rows_of
from tests.kafka.installed import skip_without_columns
from tests.kafka.test_assembly import ENGINES, Raw
from tests.refusals import none_logged
from tests.searching import examples
from tests.strategies.payloads import corrupt_payloads, payloads

from streamcontract import Codec, parse_schema
from streamcontract.codec.engine import ENGINE_VARIABLE
from streamcontract.errors import ColumnsError
from streamcontract.kafka.contract.binding import Binding
from streamcontract.kafka.contract.keys import KeyCodec, key_codec, raw_key_codec
from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
from streamcontract.kafka.errors import MessageDecodeError
from streamcontract.registry.errors import RegistryUnreachableError, SchemaNotFoundError
from streamcontract.registry.results import StoredSchema
from streamcontract.testing.strategies import schemas
from streamcontract.wire import frame

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streamcontract.kafka import Message
    from streamcontract.kafka.batches.batch import ConsumedBatch
    from streamcontract.schema import Schema

skip_without_columns()

from streamcontract.kafka.batches.batch import consumed  # noqa: E402 - native code
from streamcontract.kafka.batches.decoder import BatchDecoder  # noqa: E402 - likewise

DOWN = 999
"""An id for which the registry does not answer."""

ALL = ("key", "topic", "partition", "offset", "timestamp", "headers", "schema_id")
NAMES = {name: f"message {name}" for name in ALL}

_FIELDS = parse_schema(
    {
        "type": "record",
        "name": "Keyed",
        "fields": [
            {"name": "text", "type": "string"},
            {"name": "int", "type": "int"},
            {"name": "long", "type": "long"},
            {"name": "bytes", "type": "bytes"},
            {"name": "fixed", "type": {"type": "fixed", "name": "Two", "size": 2}},
            {"name": "uuid", "type": {"type": "string", "logicalType": "uuid"}},
            {
                "name": "enum",
                "type": {"type": "enum", "name": "Side", "symbols": ["BUY", "SELL"]},
            },
        ],
    }
)
_POINT = parse_schema(
    {"type": "record", "name": "Point", "fields": [{"name": "x", "type": "long"}]}
)
_OLD_POINT = parse_schema(
    {"type": "record", "name": "Point", "fields": [{"name": "x", "type": "int"}]}
)
_OPTIONAL = parse_schema(["null", "string"])

PLAIN_KEYS: dict[str, KeyCodec] = {
    "raw": raw_key_codec(),
    **{name: key_codec(name, _FIELDS, {}) for name in ("text", "int", "long", "bytes", "fixed")},
    **{name: key_codec(name, _FIELDS, {}) for name in ("uuid", "enum")},
}
_SOME_UUID = uuid.UUID("12345678-1234-5678-1234-567812345678")
KEYS = st.none() | st.sampled_from(
    [
        *(b"", b"a", b"ab", b"12", b"-7", b"007", b"BUY", b"SELL", b"\xff", b"99999999999"),
        *(str(_SOME_UUID).encode(), _SOME_UUID.hex.encode(), "\N{SNOWMAN}".encode()),
    ]
)
FRAMED_KEYS = st.none() | st.sampled_from(
    [
        *(frame(101, b"\x02"), frame(102, b"\x04"), frame(103, b"\x00"), frame(103, b"\x02\x02a")),
        *(frame(101, b""), frame(102, b"\x80"), frame(9, b"\x02"), b"", b"a"),
    ]
)
HEADERS = st.none() | st.lists(
    st.tuples(st.text(st.characters(codec="utf-8"), max_size=3), st.none() | st.binary(max_size=3)),
    max_size=3,
)


KEYS_OF_POINTS = (None, frame(101, b"\x02"), frame(102, b"\x80"), frame(9, b"\x02"), b"a")


class Schemas:
    """A registry that has these schemas."""

    cache_capacity = 1000

    def __init__(self, schemas: dict[int, Schema]) -> None:
        self.schemas = schemas

    def stored(self, schema_id: int, **_: object) -> StoredSchema:
        """The schema of an id."""
        if schema_id == DOWN:
            raise RegistryUnreachableError("down", "GET", "http://registry")
        if schema_id not in self.schemas:
            raise SchemaNotFoundError(
                f"no schema {schema_id}", "GET", "http://registry", 404, 40403
            )
        return StoredSchema(schema=self.schemas[schema_id])

    def identify(self, *_: object, **__: object) -> Any:
        """No schema is registered here."""
        raise NotImplementedError


def deserializer(
    reader: Schema, registry: dict[int, Schema], key: KeyCodec | Codec[Any]
) -> TopicDeserializer[Any]:
    """What reads the records, with unions that name their branch."""
    binding = Binding("t", Codec[Any](reader, tag_unions=True), key, None)
    keys = {101: _POINT, 102: _OLD_POINT, 103: _OPTIONAL}
    return TopicDeserializer(binding, Schemas({**registry, **keys}))  # type: ignore[arg-type] # all it needs


def records(
    reader: TopicDeserializer[Any], raws: Sequence[Any]
) -> tuple[list[Message[Any]], list[MessageDecodeError]]:
    """The messages one by one, and the errors of those that are not of the contract."""
    messages, errors = [], []
    for raw in raws:
        try:
            messages.append(reader.read(raw))
        except MessageDecodeError as error:  # noqa: PERF203 - each may be poison
            errors.append(error)
    return messages, errors


def batch_of(
    reader: TopicDeserializer[Any], raws: Sequence[Any], *, threads: int = 1, **options: Any
) -> ConsumedBatch:
    """The only batch of messages of one type."""
    decoder = BatchDecoder(reader, None, options.get("metadata", NAMES))
    with none_logged("streamcontract.columns"):
        [(batch, *_)] = consumed("t", decoder, decoder.decode(list(raws), threads))
    return batch


def check(reader: TopicDeserializer[Any], raws: Sequence[Any], *, threads: int = 1) -> None:
    """Compare a batch with the records, metadata and faults."""
    batch = batch_of(reader, raws, threads=threads)
    messages, errors = records(reader, raws)
    valued = [message for message in messages if message.value is not None or message.schema_id]
    schema = reader.codecs[0].schema
    expected = [in_columns(schema.root, message.value) for message in valued]
    alone = batch_of(reader, raws, metadata={}, threads=threads)
    assert same(rows_of(schema, alone), expected)
    assert list(map(str, alone.faults)) == list(map(str, errors))
    assert batch.tombstones == len(messages) - len(valued)
    table = pa.table(batch)
    found = {
        name: [each for chunk in table.column(column).chunks for each in from_arrow(chunk)]
        for name, column in NAMES.items()
        if name != "timestamp"
    }
    key = reader.key.node if isinstance(reader.key, KeyCodec) else reader.key.schema.root
    assert found == {
        "key": [_key_in_column(key, message.key) for message in valued],
        "topic": ["t"] * len(valued),
        "partition": [message.partition for message in valued],
        "offset": [message.offset for message in valued],
        "headers": [
            [{"key": name, "value": value} for name, value in message.headers] for message in valued
        ],
        "schema_id": [message.schema_id for message in valued],
    }
    times = table.column(NAMES["timestamp"]).cast(pa.int64()).to_pylist()
    assert times == [message.timestamp_ms for message in valued]
    assert list(map(str, batch.faults)) == list(map(str, errors))
    assert [type(fault.error.reason) for fault in batch.faults] == [
        type(error.reason) for error in errors
    ]


def _key_in_column(node: Any, key: Any) -> Any:
    if isinstance(key, uuid.UUID):
        return key.bytes
    return None if key is None else in_columns(node, key)


def _raw(data: st.DataObject, value: bytes | None, headers: Any, key: bytes | None) -> Raw:
    place = data.draw(st.tuples(st.integers(0, 3), st.integers(0, 2**63 - 1)))
    timestamp = data.draw(st.tuples(st.integers(0, 2), st.integers(-1, 2**53)))
    return Raw(value, key, place, timestamp, headers)


@settings(deadline=None, max_examples=examples(100))
@given(
    schemas().filter(has_columns),
    st.sampled_from([*PLAIN_KEYS, "point", "optional"]),
    st.integers(1, 3),
    st.data(),
)
def test_messages_of_many_writers(
    schema: Schema, key: str, threads: int, data: st.DataObject
) -> None:
    """In any framing, with tombstones and poison between them, and keys of every type."""
    codec: Any = PLAIN_KEYS.get(key)
    if codec is None:
        codec = Codec[Any](_POINT if key == "point" else _OPTIONAL, tag_unions=True)
    keys = KEYS if key in PLAIN_KEYS else FRAMED_KEYS
    registry, raws = {1: schema}, []
    damaged = st.lists(corrupt_payloads(schema).map(lambda each: (schema, each.data)), max_size=2)
    written = st.lists(payloads(schema).map(lambda each: (each.writer, each.data)), max_size=4)
    drawn = data.draw(st.tuples(written, damaged).map(lambda each: [*each[0], *each[1]]))
    for number, (writer, payload) in enumerate(data.draw(st.permutations(drawn)), 10):
        registry[number] = writer
        headers = data.draw(HEADERS)
        if data.draw(st.booleans()):
            value = frame(number, payload)
        else:
            value = payload
            headers = [*(headers or []), ("__value_schema_id", b"\0" + number.to_bytes(4, "big"))]
        raws.append(_raw(data, value, headers, data.draw(keys)))
    others = st.none() | st.binary(max_size=8) | st.just(frame(8, b""))
    raws += [
        _raw(data, value, data.draw(HEADERS), data.draw(keys))
        for value in data.draw(st.lists(others, max_size=3))
    ]
    check(deserializer(schema, registry, codec), data.draw(st.permutations(raws)), threads=threads)


@pytest.mark.parametrize("key", ["text", "int", "uuid", "enum", "point"])
@pytest.mark.parametrize("metadata", [{}, {"key": "k"}, {"offset": "o"}], ids=str)
def test_keys_are_checked(key: str, metadata: dict[str, str]) -> None:
    """Also where they are no column: the message is among the faults, as it is of records."""
    codec: Any = PLAIN_KEYS.get(key) or Codec[Any](_POINT, tag_unions=True)
    reader = deserializer(parse_schema("long"), {1: parse_schema("long")}, codec)
    # The schema id of the first is looked up, that of the second is known.
    raws = [Raw(frame(1, b"\x02"), b"\xff", (0, at), (1, 5), None) for at in range(2)]
    batch = batch_of(reader, raws, metadata=metadata)
    assert (len(batch), len(batch.faults)) == (0, 2)
    assert list(map(str, batch.faults)) == list(map(str, records(reader, raws)[1]))


_CHAIN = parse_schema(
    {
        "type": "record",
        "name": "Chain",
        "fields": [{"name": "next", "type": ["null", "Chain"]}],
    }
)
_KEY_CHAIN = Codec[Any](_CHAIN)
_CHAINS = st.none() | st.sampled_from(
    [
        *(frame(104, b"\x00"), frame(104, b"\x02\x02\x00")),
        *(frame(104, b"\x02"), frame(104, b"\x00\x00"), frame(101, b"\x02"), frame(9, b""), b"a"),
    ]
)


@settings(deadline=None, max_examples=examples(30))
@given(
    st.lists(st.tuples(st.sampled_from([b"\x02", b"\x80", None]), _CHAINS), max_size=6),
    st.sampled_from([{}, {"offset": "o"}]),
    st.integers(1, 3),
)
def test_keys_of_a_recursive_type_are_checked(
    drawn: list[tuple[bytes | None, bytes | None]], metadata: dict[str, str], threads: int
) -> None:
    """They have no column, and need none where the key is not asked for."""
    reader = deserializer(parse_schema("long"), {1: parse_schema("long"), 104: _CHAIN}, _KEY_CHAIN)
    raws = [
        Raw(None if value is None else frame(1, value), key, (0, at))
        for at, (value, key) in enumerate(drawn)
    ]
    batch = batch_of(reader, raws, metadata=metadata, threads=threads)
    messages, errors = records(reader, raws)
    values = [each.value for each in messages if each.value is not None]
    rows = pa.table(batch).to_pylist()
    assert [row["value"] for row in rows] == values
    assert list(map(str, batch.faults)) == list(map(str, errors))


def test_a_key_of_a_recursive_type_is_no_column() -> None:
    """The error says so, and how to have the values."""
    reader = deserializer(parse_schema("long"), {}, _KEY_CHAIN)
    with pytest.raises(ColumnsError) as error:
        BatchDecoder(reader, None, NAMES)
    assert str(error.value) == (
        "the key of topic 't', Chain.next: Chain contains itself, and Arrow has no recursive "
        'types: leave "key" out of metadata='
    )


def _steps(work: Callable[[], object]) -> int:
    """The lines of the module's Python code that are run, each pass of a loop anew."""
    count = 0

    def on_event(frame: Any, event: str, _: object) -> Any:
        nonlocal count
        count += event == "line"
        return on_event if "streamcontract/kafka/batches" in frame.f_code.co_filename else None

    before, before_in_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(on_event)
    threading.settrace(on_event)
    try:
        work()
    finally:
        sys.settrace(before)
        threading.settrace(before_in_threads)
    return count


@pytest.mark.parametrize("bad", [b"", frame(1, b""), frame(9, b"")], ids=["frame", "value", "id"])
@pytest.mark.parametrize("threads", [1, 2])
def test_errors_take_no_steps_for_other_rows(bad: bytes, threads: int) -> None:
    """However many rows there are, and whatever is wrong with a few messages among them."""
    schema = parse_schema("long")
    reader = deserializer(schema, {1: schema}, PLAIN_KEYS["text"])
    steps = []
    for count in (100, 300):
        raws: list[Any] = [Raw(frame(1, b"\x02"), b"k", (0, at)) for at in range(count)]
        for at in (0, 50, 99):
            raws[at] = Raw(bad, b"k", (0, at))
        decoder = BatchDecoder(reader, None, NAMES)
        assert list(decoder.decode(raws, threads).faults) == [0, 50, 99]
        steps.append(_steps(lambda: decoder.decode(raws, threads)))  # noqa: B023 - called here
    # Where a share begins among them there are a few more.
    assert steps[1] < steps[0] + 100


@settings(deadline=None, max_examples=examples(50))
@given(schemas().filter(has_columns), st.integers(40, 200), st.data())
def test_cut_batches(schema: Schema, most: int, data: st.DataObject) -> None:
    """Where a column of values or of metadata is full, another record batch begins for all."""
    drawn = data.draw(st.lists(payloads(schema), min_size=1, max_size=8))
    registry = {number: each.writer for number, each in enumerate(drawn, 10)}
    raws = [
        Raw(frame(number, each.data), data.draw(st.binary(max_size=20)), (0, number))
        for number, each in enumerate(drawn, 10)
    ]
    reader = deserializer(schema, registry, PLAIN_KEYS["raw"])
    whole = batch_of(reader, raws)
    with (
        mock.patch("streamcontract.columns.decode.MOST_BYTES", most),
        mock.patch("streamcontract.kafka.batches.metadata_columns.MOST_BYTES", most),
    ):
        cut = batch_of(deserializer(schema, registry, PLAIN_KEYS["raw"]), raws)
    too_large = {fault.offset for fault in cut.faults}
    offsets = NAMES["offset"]
    kept = [at not in too_large for at in pa.table(whole)[offsets].to_pylist()]
    assert len(cut) == sum(kept)
    for name in (offsets, NAMES["key"]):
        rows = zip(pa.table(whole)[name].to_pylist(), kept, strict=True)
        assert pa.table(cut)[name].to_pylist() == [value for value, is_kept in rows if is_kept]


@pytest.mark.parametrize("is_recursive", [False, True])
@pytest.mark.parametrize("is_key", [False, True])
def test_a_registry_that_does_not_answer(is_key: bool, is_recursive: bool) -> None:
    """Messages before the one whose schema is asked for are decoded, and those after it are not."""
    schema, good, bad = parse_schema("long"), frame(1, b"\x02"), frame(DOWN, b"\x02")
    well = frame(104, b"\x00") if is_recursive else frame(101, b"\x02")
    keys = [well, b"poison", bad if is_key else None, well]
    raws: list[Any] = [
        Raw(bad if at == 2 and not is_key else good, key, (0, at)) for at, key in enumerate(keys)
    ]
    codec: Any = Codec[Any](_CHAIN if is_recursive else _POINT)
    reader = deserializer(schema, {1: schema, 104: _CHAIN}, codec)
    names = {} if is_recursive else NAMES
    found = BatchDecoder(reader, None, names).decode(raws)
    assert (found.size, type(found.error)) == (2, RegistryUnreachableError)
    assert [rows.indexes() for rows in found.rows] == [[0]]
    assert list(found.faults) == [1]
    nothing = BatchDecoder(reader, None, names).decode(raws[2:])
    assert (nothing.size, type(nothing.error)) == (0, RegistryUnreachableError)


class Decodings:
    """Telemetry that counts decoded values by their schema."""

    def __init__(self) -> None:
        self.counts: Counter[object] = Counter()

    def decoding(self, schema_id: object, decode: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
        """Counts each value that it decodes."""

        def counted(data: bytes) -> Any:
            value = decode(data)
            self.counts[schema_id] += 1
            return value

        return counted

    def decoded(self, schema_id: object, count: int, _seconds: float) -> None:
        """Counts values that were decoded together."""
        self.counts[schema_id] += count


@settings(
    deadline=None,
    max_examples=examples(30),
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # it only sets a variable
)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([frame(1, b"\x02"), frame(2, b"\x02"), frame(1, b"\x80"), b"a", None]),
            st.sampled_from([*KEYS_OF_POINTS, frame(DOWN, b"\x02")]),
        ),
        max_size=8,
    )
)
@pytest.mark.parametrize("engine", ENGINES)
def test_telemetry_counts_each_message_that_is_read_once(
    monkeypatch: pytest.MonkeyPatch, engine: str, drawn: list[tuple[bytes | None, bytes | None]]
) -> None:
    """Not one with a wrong key, nor one that is tried again; as records and as batches."""
    raws: list[Any] = [Raw(value, key, (0, at)) for at, (value, key) in enumerate(drawn)]
    schema, counted, in_batches = parse_schema("long"), Decodings(), Decodings()
    monkeypatch.setenv(ENGINE_VARIABLE, engine)
    reader = deserializer(schema, {1: schema, 2: schema}, Codec[Any](_POINT))
    monkeypatch.delenv(ENGINE_VARIABLE)
    reader.deserializer.receiving = counted  # type: ignore[assignment] # all it needs
    expected: Counter[object] = Counter()
    for raw in raws:
        with contextlib.suppress(MessageDecodeError, RegistryUnreachableError):
            message = reader.plain.read(raw) or reader.read(raw)
            expected[message.schema_id] += message.value is not None
    assert +counted.counts == +expected
    reader.deserializer.receiving = in_batches  # type: ignore[assignment] # likewise
    decoder = BatchDecoder(reader, None, {})
    at = 0
    while at < len(raws):
        found = decoder.decode(raws[at:])
        for rows in found.rows:
            decoder.report(rows)
        at += found.size + (found.error is not None)
    assert +in_batches.counts == +expected
