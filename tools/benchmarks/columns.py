"""Payloads into an Arrow table and back: columns, and records that are made into one."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

import attrs
import fastavro
import pyarrow as pa
import pyruhvro
from confluent_kafka.schema_registry import SchemaRegistryClient, topic_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from benchmarks import broker, column_threads, crate
from benchmarks.measure import Timing, in_turn
from benchmarks.shapes import SHAPES, Shape
from benchmarks.tables import Table, against
from streamcontract import Codec
from streamcontract.wire import header

__all__ = ["tables"]

OURS: Final = "streamcontract, columns"
CRATE: Final = "arrow-avro (Rust)"

_MANY: Final = 100_000
_FEW: Final = 500
"""Payloads of a table: few for those that make Python objects of them, which takes so long."""

_ONE_COLUMN: Final = {"stock": ("symbol", "close"), "order": ("status", "lines")}
"""Columns that are measured alone: one of text and one of numbers, a leaf and a nested one."""

Call = Callable[[], Any]


@attrs.frozen
class _Rival:
    """A way to make a table, and of how many payloads."""

    call: Call
    payloads: int


def tables(rounds: int) -> list[Table]:
    """A table for each shape and direction, and one of messages from the broker."""
    return [
        *(_decoding(shape, rounds) for shape in SHAPES),
        *(_encoding(shape, rounds) for shape in SHAPES),
        *(column_threads.table(shape, rounds) for shape in SHAPES),
        broker.batches_table(rounds),
    ]


def _decoding(shape: Shape, rounds: int) -> Table:
    rivals = {**_ours(shape), **_peers(shape)}
    for name, rival in rivals.items():
        if rival.call().num_rows != rival.payloads:
            raise AssertionError(f"{name} gave other rows")
    title = f"{shape.name}: payloads into an Arrow table"
    with ExitStack() as stack:
        program = crate.build()
        if program is None:
            return _table(title, rivals, rounds, (CRATE, "skipped", "no cargo"))
        framed = _payloads(shape, _MANY, header(1))
        running = stack.enter_context(crate.ArrowAvro(program, shape.schema.inlined_json, framed))
        rivals[CRATE] = _Rival(running.decode, _MANY)
        return _table(title, rivals, rounds)


def _encoding(shape: Shape, rounds: int) -> Table:
    rivals = _way_back(shape)
    wanted = Codec[Any](type(shape.record)).encode(shape.record)
    for name, rival in rivals.items():
        if rival.call() != [wanted] * rival.payloads:
            raise AssertionError(f"{name} gave other payloads")
    return _table(f"{shape.name}: an Arrow table into payloads", rivals, rounds)


def _table(
    title: str, rivals: dict[str, _Rival], rounds: int, *more: tuple[str, str, str]
) -> Table:
    found = in_turn({name: rival.call for name, rival in rivals.items()}, rounds)
    each = {name: _of_each(timing, rivals[name].payloads) for name, timing in found.items()}
    rows = [(name, *against(timing, each[OURS])) for name, timing in each.items()]
    return Table(title, ("", "µs a message", "takes"), (*rows, *more))


def _of_each(timing: Timing, payloads: int) -> Timing:
    return Timing(tuple(seconds / payloads for seconds in timing.rounds))


def _payloads(shape: Shape, number: int, prefix: bytes = b"") -> list[bytes]:
    """As many as a table has rows, each in memory of its own."""
    data = Codec[Any](type(shape.record)).encoder(prefix)(shape.record)
    return [bytes(bytearray(data)) for _ in range(number)]


def _ours(shape: Shape) -> dict[str, _Rival]:
    codec: Codec[Any] = Codec(type(shape.record))
    data, few = _payloads(shape, _MANY), _payloads(shape, _FEW)
    schema = pa.table(codec.decode_columns([])).schema
    return {
        OURS: _Rival(lambda: pa.table(codec.decode_columns(data)), _MANY),
        "the same, two threads": _Rival(
            lambda: pa.table(codec.decode_columns(data, threads=2)), _MANY
        ),
        **{
            f"the same, {name} alone": _Rival(partial(_one_column, codec, data, name), _MANY)
            for name in _ONE_COLUMN[shape.name]
        },
        "streamcontract, records by hand": _Rival(
            _by_hand(shape, codec.decoder(), few, schema), _FEW
        ),
    }


def _one_column(codec: Codec[Any], data: list[bytes], name: str) -> pa.Table:
    return pa.table(codec.decode_columns(data, columns=[name]))


def _by_hand(
    shape: Shape, decode: Callable[[bytes], Any], data: list[bytes], schema: pa.Schema
) -> Call:
    """Columns of attributes where all are flat, else of the dicts of records."""
    if shape.name == "stock":
        names = schema.names

        def of_attributes() -> Any:
            records = [decode(each) for each in data]
            columns = [[getattr(record, name) for record in records] for name in names]
            return pa.table(columns, schema=schema)

        return of_attributes
    to_dict = shape.to_dict
    return lambda: pa.Table.from_pylist([to_dict(decode(each)) for each in data])


def _peers(shape: Shape) -> dict[str, _Rival]:
    text = shape.schema.inlined_json
    schema, data = fastavro.parse_schema(json.loads(text)), _payloads(shape, _FEW)
    framed, deserialize = _payloads(shape, _FEW, header(1)), _confluent(shape)
    read = fastavro.schemaless_reader
    found = {
        "fastavro, from_pylist": _Rival(
            lambda: pa.Table.from_pylist([read(io.BytesIO(each), schema) for each in data]), _FEW
        ),
        "confluent, from_pylist": _Rival(
            lambda: pa.Table.from_pylist([deserialize(each) for each in framed]), _FEW
        ),
    }
    if shape.name == "stock":  # it has no decimals, UUIDs and times
        many = _payloads(shape, _MANY)
        found["pyruhvro"] = _Rival(lambda: pyruhvro.deserialize_array(many, text), _MANY)
    return found


def _confluent(shape: Shape) -> Callable[[bytes], Any]:
    registry = SchemaRegistryClient.new_client({"url": "mock://columns"})
    text = shape.schema.inlined_json
    conf = {"subject.name.strategy": topic_subject_name_strategy}
    serialize = AvroSerializer(registry, text, lambda value, _: shape.to_dict(value), conf=conf)
    context = SerializationContext(shape.name, MessageField.VALUE)
    serialize(shape.record, context)  # which registers the schema
    deserialize = AvroDeserializer(registry, text, conf=conf)
    return lambda data: deserialize(data, context)


# ---- the way back


def _way_back(shape: Shape) -> dict[str, _Rival]:
    codec: Codec[Any] = Codec(shape.schema)
    text = shape.schema.inlined_json
    parsed = fastavro.parse_schema(json.loads(text))
    many, few = _natural(shape, _MANY), _natural(shape, _FEW)
    encode = codec.encoder()

    def fastavro_of(row: Any) -> bytes:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, parsed, row)
        return out.getvalue()

    found = {
        OURS: _Rival(lambda: list(codec.encode_columns(many).payloads), _MANY),
        "streamcontract, records by hand": _Rival(
            lambda: [encode(row) for row in _rows(few)], _FEW
        ),
        "fastavro, to_pylist": _Rival(lambda: [fastavro_of(row) for row in _rows(few)], _FEW),
    }
    if shape.name == "stock":  # it has no decimals, UUIDs and times
        (batch,) = many.to_batches()
        found["pyruhvro"] = _Rival(
            lambda: [
                each.as_py()
                for chunk in pyruhvro.serialize_record_batch(batch, text, 1)
                for each in chunk
            ],
            _MANY,
        )
    return found


def _natural(shape: Shape, number: int) -> pa.Table:
    """Records in the types that pyarrow finds for them, but for maps."""
    row = shape.to_dict(shape.record)
    table = pa.Table.from_pylist([row] * number)
    for name, value in row.items():
        if isinstance(value, dict) and name == "tags":
            column = pa.array([list(value.items())] * number, pa.map_(pa.string(), pa.string()))
            table = table.set_column(table.column_names.index(name), name, column)
    return table


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_pylist(maps_as_pydicts="strict")
    return rows
