"""Decoding of a column of framed values in an executor, batch by batch.

An executor gets texts of schemas and compiles them once in each of its Python processes; it needs
neither the contract's class nor a registry.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import attrs
import pyarrow as pa

from streamcontract.codec import Codec
from streamcontract.errors import FrameError
from streamcontract.schema import STORED, RecordType, Schema, parse_schema
from streamcontract.spark.locked import LockedWriters
from streamcontract.spark.types import record_column
from streamcontract.wire import CONFLUENT, IdKind

__all__ = ["ERROR", "ERROR_FIELDS", "HEADERS", "Decoding"]

ERROR: Final = "error"
"""The column with what is wrong with a row, null for all that were decoded."""

HEADERS: Final = "headers"
"""The column with the headers of messages, which Spark's Kafka source gives by ``includeHeaders``."""

ERROR_FIELDS: Final = ("path", "reason", "schema_id", "value")
"""Where a value does not fit and why, the schema id of its frame, and the value itself."""

_ERROR: Final = pa.struct(
    [
        pa.field("path", pa.string()),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("schema_id", pa.int32()),
        pa.field("value", pa.binary(), nullable=False),
    ]
)


@attrs.frozen
class Decoding:
    """What an executor has to know, in texts that pickle.

    Attributes:
        reader: The text of the reader schema.
        writers: The writer schemas of the lock.
        column: The column of framed values.
        columns: The fields of the record that are decoded; None for all.
    """

    reader: str
    writers: LockedWriters
    column: str
    columns: tuple[str, ...] | None

    def run(self, batches: Iterable[Any]) -> Iterator[Any]:
        """The batches of an executor, with values instead of bytes, and the column of errors."""
        decoder = _decoder(self)
        for batch in batches:
            yield decoder.decode(batch)


@attrs.frozen
class _Fault:
    """Why a value was not decoded."""

    reason: str
    schema_id: int | None = None
    path: str | None = None


@functools.lru_cache(maxsize=16)
def _decoder(decoding: Decoding) -> _Decoder:
    return _Decoder(decoding)


class _Decoder:
    """The compiled form of a decoding."""

    def __init__(self, decoding: Decoding) -> None:
        self._decoding = decoding
        self._codec: Codec[Any] = Codec(parse_schema(decoding.reader, leniency=STORED))
        self._frames = CONFLUENT.side(is_key=decoding.column == "key")
        self._refused = dict(decoding.writers.refused)
        self._texts = dict(decoding.writers.texts)
        # By frame: the writer schema of an id, and the bytes before its payload.
        self._known: dict[Any, tuple[int, Schema, int]] = {}
        empty = self._codec.decode_columns([], columns=decoding.columns)
        self._value = record_column(self._codec.schema.root, pa.schema(empty))

    def decode(self, batch: Any) -> Any:
        """A batch with its column of values decoded, and the column of errors."""
        column = self._decoding.column
        data = batch.column(column).to_pylist()
        faults: list[_Fault | None] = [None] * len(data)
        rows, payloads, ids, writers = [], [], [], []
        for row, (value, headers) in enumerate(zip(data, _headers(batch), strict=True)):
            if value is None:
                continue
            found = self._known.get(self._key(value, headers)) or self._writer(value, headers)
            if isinstance(found, _Fault):
                faults[row] = found
                continue
            schema_id, writer, size = found
            rows.append(row)
            ids.append(schema_id)
            writers.append(writer)
            payloads.append(value[size:])
        decoded = self._codec.decode_columns(
            payloads, writer=writers, columns=self._decoding.columns
        )
        for fault in decoded.faults:
            faults[rows[fault.index]] = _Fault(fault.reason, ids[fault.index], fault.path)
        values = self._in_rows(decoded, _numbered(rows, faults))
        index = batch.schema.get_field_index(column)
        arrays = [values if i == index else each for i, each in enumerate(batch.columns)]
        return pa.RecordBatch.from_arrays(
            [*arrays, _errors(faults, data)], [*batch.schema.names, ERROR]
        )

    def _key(self, value: bytes, headers: Any) -> Any:
        try:
            return self._frames.key(value, headers)
        except FrameError:
            return None  # never kept, so that the reason is found below

    def _writer(self, value: bytes, headers: Any) -> tuple[int, Schema, int] | _Fault:
        """The writer schema of a frame that was not met before, or why there is none."""
        try:
            frame = self._frames.frame(value, headers)
        except FrameError as error:
            return _Fault(str(error))
        if frame.kind is not IdKind.ID or not isinstance(frame.schema_id, int):
            return _Fault(
                f"the {frame.kind.value} {frame.schema_id} is in no lock file: only the registry "
                f"has the schema of it"
            )
        schema_id = frame.schema_id
        if schema_id not in self._texts:
            unknown = f"schema id {schema_id} {self._decoding.writers.unknown}"
            return _Fault(self._refused.get(schema_id, unknown), schema_id)
        writer = parse_schema(self._texts[schema_id], leniency=STORED)
        known = self._known[self._frames.key(value, headers)] = (schema_id, writer, frame.size)
        return known

    def _in_rows(self, decoded: Any, numbers: Sequence[int | None]) -> Any:
        """The decoded values in the rows that they are of, null in all others."""
        table = pa.table(decoded)
        is_record = isinstance(self._codec.schema.root, RecordType)
        values = table.to_struct_array() if is_record else table.column(0)
        array = values.combine_chunks()
        if isinstance(array, pa.ChunkedArray):
            array = pa.concat_arrays(array.chunks)
        array = self._value.convert(array)
        return array if len(array) == len(numbers) else array.take(pa.array(numbers, pa.int64()))


def _headers(batch: Any) -> Iterable[Any]:
    """The headers of each message, as pairs; None where the frame has no such column."""
    if HEADERS not in batch.schema.names:
        return [None] * batch.num_rows
    return [
        None if each is None else [(pair["key"], pair["value"]) for pair in each]
        for each in batch.column(HEADERS).to_pylist()
    ]


def _numbered(rows: list[int], faults: list[_Fault | None]) -> list[int | None]:
    """For each row the number of its value among those that were decoded, or None."""
    numbers: list[int | None] = [None] * len(faults)
    for number, row in enumerate(each for each in rows if faults[each] is None):
        numbers[row] = number
    return numbers


def _errors(faults: list[_Fault | None], data: list[bytes | None]) -> Any:
    return pa.array(
        [
            None if fault is None else {**attrs.asdict(fault), "value": value}
            for fault, value in zip(faults, data, strict=True)
        ],
        _ERROR,
    )
