"""Decoder of a column of framed values, batch by batch, in the workers of another engine.

A worker gets texts of schemas and compiles them once in its process; it needs neither the
contract's class nor a registry.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import attrs
import pyarrow as pa

from streamcontract.codec import Codec, Contract
from streamcontract.errors import ArgumentError, FrameError
from streamcontract.integrations.arrow.locked import LockedWriters, named_lock, writers_of
from streamcontract.schema import STORED, AvroType, RecordType, Schema, parse_schema
from streamcontract.wire import CONFLUENT, IdKind

__all__ = ["ERROR", "ERROR_FIELDS", "HEADERS", "ArrowDecoder", "arrow_decoder"]

ERROR: Final = "error"
"""The column with what is wrong with a row, null for all that were decoded."""

HEADERS: Final = "headers"
"""The column with the headers of messages, if there is one."""

ERROR_FIELDS: Final = ("path", "reason", "schema_id", "value")
"""The path and the reason of a value that does not fit, the schema id of its frame, the value."""

_ERROR: Final = pa.struct(
    [
        pa.field("path", pa.string()),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("schema_id", pa.int32()),
        pa.field("value", pa.binary(), nullable=False),
    ]
)

_BYTES: Final = (pa.binary(), pa.large_binary(), pa.binary_view())

Conversion = Callable[[AvroType, Any], Callable[[Any], Any]]
"""From a reader's type and the Arrow schema of its columns to what converts an array of values."""


def _as_columns(_node: AvroType, _schema: Any) -> Callable[[Any], Any]:
    """No conversion: the values are the codec's columns."""
    return lambda array: array


@attrs.frozen
class ArrowDecoder:
    """Decodes batches of messages; it pickles, as texts.

    Attributes:
        reader: The text of the reader schema.
        writers: The writer schemas of the lock.
        column: The column of framed values.
        columns: The fields of the record that are decoded; None for all.
        conversion: Converts the values for the engine; a function that pickles.
    """

    reader: str
    writers: LockedWriters
    column: str
    columns: tuple[str, ...] | None
    conversion: Conversion = _as_columns

    def __call__(self, batch: Any) -> Any:
        """A batch, or table, with values instead of bytes, and the column ``error``.

        Raises:
            ArgumentError: It has no such column of bytes, or has a column ``error``.
        """
        return _compiled(self).decode(batch)

    def each(self, batches: Iterable[Any]) -> Iterator[Any]:
        """The same for each of some batches."""
        return map(self, batches)


def arrow_decoder(
    contract: type[Any] | Contract | Schema,
    *,
    lock: str | os.PathLike[str] = "streamcontract.lock",
    environment: str | None = None,
    column: str = "value",
    columns: Sequence[str] | None = None,
    conversion: Conversion = _as_columns,
) -> ArrowDecoder:
    """The decoder of a contract for engines that pass Arrow batches to Python, such as Ray.

    Each message is read by the writer schema of its own frame. Schema ids come from the lock file.

    Args:
        contract: A record class that ``streamcontract generate`` made, a :class:`Contract` (for
            keys ``CONTRACT.keys``), or a schema.
        lock: The lock file.
        environment: The lock's environment; None takes STREAMCONTRACT_ENVIRONMENT, and else the
            only one in the file.
        column: The column of framed values.
        columns: The fields of the record that are decoded; the others are skipped.
        conversion: Converts the values for the engine; a function that pickles.

    Returns:
        A function from a batch, or table, to another one of as many rows: ``column`` has the
        values instead of bytes, and the new column ``error`` the path, the reason, the schema id
        and the bytes of each that could not be decoded.

    Raises:
        ConfigurationError: The lock file cannot be read, or does not have the environment.
        LockMismatchError: The lock was edited, or merged by hand.
        ColumnsError: A type of the schema has no columns.
    """
    codec: Codec[Any] = Codec(contract)
    codec.decode_columns([], columns=columns)  # refuses here, not in each worker
    writers = writers_of(named_lock(lock, environment), codec.schema, lock)
    chosen = None if columns is None else tuple(columns)
    return ArrowDecoder(codec.schema.inlined_json, writers, column, chosen, conversion)


@attrs.frozen
class _Fault:
    """Why a value was not decoded."""

    reason: str
    schema_id: int | None = None
    path: str | None = None


@functools.lru_cache(maxsize=16)
def _compiled(decoder: ArrowDecoder) -> _Compiled:
    return _Compiled(decoder)


class _Compiled:
    """The compiled form of a decoder, once in a process."""

    def __init__(self, decoder: ArrowDecoder) -> None:
        self._decoder = decoder
        self._codec: Codec[Any] = Codec(parse_schema(decoder.reader, leniency=STORED))
        self._frames = CONFLUENT.side(is_key=decoder.column == "key")
        self._refused = dict(decoder.writers.refused)
        self._texts = dict(decoder.writers.texts)
        # By frame: the writer schema of an id, and the bytes before its payload.
        self._known: dict[Any, tuple[int, Schema, int]] = {}
        empty = self._codec.decode_columns([], columns=decoder.columns)
        self._convert = decoder.conversion(self._codec.schema.root, pa.schema(empty))

    def decode(self, batch: Any) -> Any:
        """A batch with its column of values decoded, and the column of errors."""
        index = _index(batch.schema, self._decoder.column)
        data = batch.column(index).to_pylist()
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
            payloads, writer=writers, columns=self._decoder.columns
        )
        for fault in decoded.faults:
            faults[rows[fault.index]] = _Fault(fault.reason, ids[fault.index], fault.path)
        values = self._in_rows(decoded, _numbered(rows, faults))
        arrays = [values if i == index else each for i, each in enumerate(batch.columns)]
        names = [*batch.schema.names, ERROR]
        return type(batch).from_arrays([*arrays, _errors(faults, data)], names)

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
            unknown = f"schema id {schema_id} {self._decoder.writers.unknown}"
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
        array = self._convert(array)
        return array if len(array) == len(numbers) else array.take(pa.array(numbers, pa.int64()))


def _index(schema: Any, column: str) -> int:
    """Where the column of framed values is in a batch that has no column of errors."""
    index: int = schema.get_field_index(column)
    if index < 0 or schema.field(index).type not in _BYTES:
        raise ArgumentError("column", column, f"a column of bytes in {schema.names}")
    if ERROR in schema.names:
        raise ArgumentError("batch", schema.names, f"without a column {ERROR!r}: rename it")
    return index


def _headers(batch: Any) -> Iterable[Any]:
    """The headers of each message, as pairs; None where the frame has no such column."""
    if HEADERS not in batch.schema.names:
        return [None] * batch.num_rows
    # Pairs of a map, or structs as Spark has them.
    return [
        each and [tuple(pair.values()) if isinstance(pair, dict) else pair for pair in each]
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
