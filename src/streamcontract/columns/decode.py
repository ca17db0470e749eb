"""Payloads to columns, for one reader's schema and any writers."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from streamcontract.columns import _native
from streamcontract.columns.decoded import DecodedColumns
from streamcontract.columns.layout import columns_of
from streamcontract.columns.options import ColumnOptions
from streamcontract.columns.projection import projected
from streamcontract.columns.reader import MOST_BYTES, Portable, Reader, Writer
from streamcontract.columns.run import Run
from streamcontract.errors import ArgumentError
from streamcontract.guards import whole_number
from streamcontract.schema.schema import Schema

__all__ = ["ColumnDecoder"]

_MOST_THREADS: Final = 1024
_ONE_PAYLOAD: Final = (str, bytes, bytearray, memoryview)  # which are sequences themselves
_MOST_WRITERS: Final = 1000  # as many as a codec keeps decoders


class ColumnDecoder:
    """Decodes payloads into the columns of a reader's schema; threads may share it.

    Args:
        schema: The reader's schema.
        options: Which columns there are, and their forms.
        portable: The codec's part.

    Raises:
        ColumnsError: A type of the schema has no columns.
        ArgumentError: The record has no such field.

    Attributes:
        reader: The reader's side.
    """

    def __init__(self, schema: Schema, options: ColumnOptions, portable: Portable) -> None:
        self._schema = schema
        read = schema if options.columns is None else projected(schema, options.columns)
        keeps_tombstones = options.tombstones == "null"
        batch = columns_of(
            read.root,
            portable.path,
            is_nullable=keeps_tombstones,
            has_dense_unions=options.unions == "dense",
        )
        self.reader = Reader(read, batch, portable, MOST_BYTES, keeps_tombstones=keeps_tombstones)
        self._view = _native.View((self.reader.columns,))
        self._lock = threading.RLock()
        # Keyed by the schema object, which the entry keeps alive.
        self._writers: dict[int, Writer] = {}

    def decode(
        self,
        payloads: Iterable[bytes | None],
        writer: Schema | Sequence[Schema] | None = None,
        *,
        start: int = 0,
        threads: int = 1,
    ) -> DecodedColumns:
        """Decode payloads into a batch for each thread, or more where a column would pass 2 GiB.

        Args:
            payloads: The encoded values; None is a tombstone.
            writer: The schema that they were written with, or one for each; None means the
                reader's own, with all its fields.
            start: How many bytes of each to pass over first, such as the five of a frame.
            threads: How many threads decode, each its share; all have ended on return.

        Raises:
            ArgumentError: The payloads are no list, there are more or fewer writers than payloads,
                a writer is no ``Schema``, no threads, or ``start`` is negative.
        """
        if isinstance(payloads, _ONE_PAYLOAD) or not isinstance(payloads, Iterable):
            raise ArgumentError("payloads", payloads, "a list of payloads, also of one: [payload]")
        start = whole_number(start, "start", 0, MOST_BYTES, "a number of bytes, from 0")
        threads = whole_number(threads, "threads", 1, _MOST_THREADS, f"1 to {_MOST_THREADS}")
        # Of a subclass, length and items may be other than those that the executor sees.
        if not isinstance(payloads, list | tuple) or type(payloads) not in {list, tuple}:
            payloads = tuple(payloads)
        count = len(payloads)
        writers = self._writers_of(writer, count)
        starts = (start,) * len(writers)
        share = max(1, -(-count // threads))
        runs = [
            Run(self.reader, payloads, writers, starts, range(first, min(first + share, count)))
            for first in range(0, max(1, count), share)
        ]
        mine, *others = runs
        if not others:
            mine.finish()
        else:
            with ThreadPoolExecutor(len(others)) as pool:
                finished = [pool.submit(other.finish) for other in others]
                mine.finish()
                for each in finished:
                    each.result()
        return DecodedColumns(
            self._view,
            tuple(batch for run in runs for batch in run.batches),
            tuple(fault for run in runs for fault in run.faults),
        )

    def _writers_of(self, writer: Schema | Sequence[Schema] | None, count: int) -> list[Writer]:
        """What reads each payload, or all of them."""
        if writer is None:
            return [self.writer(self._schema)]
        if isinstance(writer, Schema):
            return [self.writer(writer)]
        given: object = writer  # mypy knows no other than sequences
        if isinstance(given, str) or not isinstance(given, Sequence):
            expected = "a Schema, as parse_schema returns it, or a list of one for each payload"
            raise ArgumentError("writer", writer, expected)
        if len(writer) != count:
            raise ArgumentError("writer", len(writer), f"a schema for each of {count} payloads")
        # A message costs no Python call: its writer is one of a few.
        numbers = [*map(id, writer)]
        distinct = dict(zip(numbers, writer, strict=True))
        known = {each: self.writer(schema) for each, schema in distinct.items()}
        return [*map(known.__getitem__, numbers)]

    def writer(self, schema: Schema) -> Writer:
        """What reads the payloads of a writer; the same one each time."""
        known = self._writers.get(id(schema))
        if known is None:
            with self._lock:
                known = self._writers.get(id(schema))
                if known is None:
                    known = self._writers[id(schema)] = self.reader.writer(schema)
                    while len(self._writers) > _MOST_WRITERS:
                        del self._writers[next(iter(self._writers))]
        return known
