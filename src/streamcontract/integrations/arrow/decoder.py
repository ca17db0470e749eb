"""Decoder of a column of framed values, batch by batch, in the workers of another engine.

A worker gets texts of schemas and compiles them once in its process; it needs neither the
contract's class nor a registry.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
import pyarrow as pa

from streamcontract.codec import Codec, Contract
from streamcontract.errors import ArgumentError
from streamcontract.integrations.arrow.locked import LockedWriters, named_lock, writers_of
from streamcontract.integrations.arrow.sources import Fault, Source, SourceFinder
from streamcontract.schema import STORED, AvroType, RecordType, Schema, parse_schema

if TYPE_CHECKING:
    from streamcontract.columns import DecodedColumns

__all__ = ["ERROR", "ERROR_TYPE", "HEADERS", "ArrowDecoder", "arrow_decoder"]

ERROR: Final = "error"
"""The column with what is wrong with a row, null for all that were decoded."""

HEADERS: Final = "headers"
"""The column with the headers of messages, if there is one."""

ERROR_TYPE: Final = pa.struct(
    [
        pa.field("path", pa.string()),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("schema_id", pa.int32()),
        pa.field("value", pa.binary(), nullable=False),
    ]
)
"""The path and the reason of a value that does not fit, the schema id of its frame, the value."""

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


@functools.lru_cache(maxsize=16)
def _compiled(decoder: ArrowDecoder) -> _Compiled:
    return _Compiled(decoder)


class _Compiled:
    """The compiled form of a decoder, once in a process."""

    def __init__(self, decoder: ArrowDecoder) -> None:
        self._decoder = decoder
        self._codec: Codec[Any] = Codec(parse_schema(decoder.reader, leniency=STORED))
        self._sources = SourceFinder(decoder.writers, is_key=decoder.column == "key")
        empty = self._codec.decode_columns([], columns=decoder.columns)
        self._convert = decoder.conversion(self._codec.schema.root, pa.schema(empty))

    def decode(self, batch: Any) -> Any:
        """A batch with its column of values decoded, and the column of errors."""
        index = _index(batch.schema, self._decoder.column)
        column = batch.column(index)
        data = column.to_pylist()
        found = self._sources.find(column, data, _headers(batch))
        faults: dict[int, Fault] = {}
        rows: Sequence[int] = range(len(data))
        framed = data
        if not all(isinstance(each, Source) for each in set(found)):
            faults = {row: each for row, each in enumerate(found) if isinstance(each, Fault)}
            rows = [row for row, each in enumerate(found) if isinstance(each, Source)]
            found, framed = [found[row] for row in rows], [data[row] for row in rows]
        decoded = self._decoded(framed, found)
        for each in decoded.faults:
            source = found[each.index]
            faults[rows[each.index]] = Fault(each.reason, source.schema_id, each.path)
        if decoded.faults:
            rows = [row for row in rows if row not in faults]
        values = _in_rows(self._convert(self._array(decoded)), rows, len(data))
        arrays = [values if i == index else each for i, each in enumerate(batch.columns)]
        names = [*batch.schema.names, ERROR]
        return type(batch).from_arrays([*arrays, _errors(faults, data)], names)

    def _decoded(self, framed: list[bytes], sources: list[Source]) -> DecodedColumns:
        """The decoded payloads of framed values."""
        distinct = set(sources)
        is_one = len(distinct) == 1
        writers = sources[0].writer if is_one else [each.writer for each in sources]
        start, *others = {each.size for each in distinct} or {0}
        if others:  # some have their id in a header
            framed = [value[each.size :] for value, each in zip(framed, sources, strict=True)]
            start = 0
        columns = self._decoder.columns
        return self._codec.decode_columns(framed, writer=writers, columns=columns, start=start)

    def _array(self, decoded: DecodedColumns) -> Any:
        """The decoded values as one array."""
        # pa.table() would import pandas, to see whether it is given a DataFrame.
        table = pa.RecordBatchReader.from_stream(decoded).read_all()
        is_record = isinstance(self._codec.schema.root, RecordType)
        values = table.to_struct_array() if is_record else table.column(0)
        array = values.combine_chunks()
        return pa.concat_arrays(array.chunks) if isinstance(array, pa.ChunkedArray) else array


def _index(schema: Any, column: str) -> int:
    """Where the column of framed values is in a batch that has no column of errors."""
    index: int = schema.get_field_index(column)
    if index < 0 or schema.field(index).type not in _BYTES:
        raise ArgumentError("column", column, f"a column of bytes in {schema.names}")
    if ERROR in schema.names:
        raise ArgumentError("batch", schema.names, f"without a column {ERROR!r}: rename it")
    return index


def _headers(batch: Any) -> list[Any] | None:
    """The headers of each message, as pairs; None where no message has any."""
    if HEADERS not in batch.schema.names:
        return None
    headers = batch.column(HEADERS)
    if headers.null_count == len(headers):
        return None
    # Pairs of a map, or structs as Spark has them.
    return [
        each and [tuple(pair.values()) if isinstance(pair, dict) else pair for pair in each]
        for each in headers.to_pylist()
    ]


def _in_rows(array: Any, rows: Sequence[int], count: int) -> Any:
    """The values of an array in the rows that they are of, null in all others."""
    if len(rows) == count:
        return array
    if not rows:
        return pa.nulls(count, array.type)
    numbers: list[int | None] = [None] * count
    for number, row in enumerate(rows):
        numbers[row] = number
    return array.take(pa.array(numbers, pa.int64()))


def _errors(faults: Mapping[int, Fault], data: Sequence[bytes | None]) -> Any:
    rows = sorted(faults)
    errors = [{**attrs.asdict(faults[row]), "value": data[row]} for row in rows]
    return _in_rows(pa.array(errors, ERROR_TYPE), rows, len(data))
