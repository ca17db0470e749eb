"""Payloads to columns: the native executor, and the portable decoder for what it refuses.

The executor only ever says yes. A payload that it refuses is given to the portable decoder, which
finds the fault and names its path. What that one takes after all is encoded anew, in the reader's
schema and the plainest form, and added from there.
"""

from __future__ import annotations

import functools
import json
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import attrs

from streamcontract.codec.contract import Bindings
from streamcontract.codec.decode import compile_locator
from streamcontract.codec.encode import compile_encoder
from streamcontract.codec.leaves import as_payload
from streamcontract.codec.limits import Limits
from streamcontract.codec.refusal import Located, decode_error
from streamcontract.columns import _native
from streamcontract.columns.decoded import DecodedColumns, RowFault
from streamcontract.columns.layout import Column, columns_of
from streamcontract.columns.program import compile_program
from streamcontract.errors import ArgumentError, DataFault, DecodeError
from streamcontract.resolution import Action, resolve
from streamcontract.schema.inline import inlined
from streamcontract.schema.model import RecordType
from streamcontract.schema.schema import Schema

__all__ = ["MOST_BYTES", "ColumnDecoder"]

MOST_BYTES: Final = 2**31 - 1
"""Bytes of a buffer and items of a list: what Arrow's offsets of 32 bits count."""

_MOST_WRITERS: Final = 1000  # as many as a codec keeps decoders

_UNDECIDED: Final = _native.STATUS["undecided"]
_FULL: Final = _native.STATUS["full"]

_log = logging.getLogger("streamcontract.columns")


@attrs.frozen(eq=False)
class _Writer:
    """What reads the payloads of one writer.

    Attributes:
        schema: The writer's schema; kept, so that its id stays its own.
        program: What the executor runs.
        locate: From a start to the portable decoder, which raises where a payload does not fit.
    """

    schema: Schema
    program: _native.Program
    locate: Callable[[int], Callable[[bytes, str], Any]]


class ColumnDecoder:
    """Decodes payloads into the columns of a reader's schema; threads may share it.

    Args:
        schema: The reader's schema.
        columns: The fields of its record that become columns, in their order; None for all.
        limits: What it takes at most of what a few bytes can ask for.
        root_path: What errors call the value.
        most_bytes: Where a batch ends: the bytes of a buffer, and the items of lists.

    Raises:
        ColumnsError: A type of the schema has no columns.
        ArgumentError: The record has no such field.
    """

    def __init__(
        self,
        schema: Schema,
        columns: Sequence[str] | None = None,
        *,
        limits: Limits,
        root_path: str,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._schema = schema
        self._reader = schema if columns is None else _projected(schema, columns)
        self._limits = limits
        self._root_path = root_path
        self._most_bytes = most_bytes
        self._batch = columns_of(self._reader.root, root_path)
        self._columns = _native.Columns(_rows(self._batch))
        self._lock = threading.RLock()
        self._writers: dict[int, _Writer] = {}

    def decode(
        self,
        payloads: Iterable[bytes | None],
        writer: Schema | Sequence[Schema] | None = None,
        *,
        start: int = 0,
    ) -> DecodedColumns:
        """Decode payloads into one batch, or more where a column would pass 2 GiB.

        Args:
            payloads: The encoded values; None stands for a tombstone and is left out.
            writer: The schema that they were written with, or one for each; None means the
                reader's own, with all its fields.
            start: How many bytes of each to pass over first, such as the five of a frame.

        Raises:
            ArgumentError: There are more or fewer writers than payloads.
        """
        items = tuple(payloads)
        if writer is None or isinstance(writer, Schema):
            writers = [self._writer(writer or self._schema)]
        else:
            if len(writer) != len(items):
                raise ArgumentError("writer", len(writer), f"one for each of {len(items)} payloads")
            writers = [self._writer(schema) for schema in writer]
        return _Run(self, items, writers, start).finish()

    def _writer(self, schema: Schema) -> _Writer:
        known = self._writers.get(id(schema))
        if known is None:
            with self._lock:
                known = self._writers.get(id(schema))
                if known is None:
                    known = self._writers[id(schema)] = self._compile(schema)
                    while len(self._writers) > _MOST_WRITERS:
                        del self._writers[next(iter(self._writers))]
        return known

    def _compile(self, schema: Schema) -> _Writer:
        root: Action = resolve(schema, self._reader).root
        program = compile_program(root, self._reader.root, self._batch, self._columns)
        # Compiled at the first error only, then kept: poison seldom comes alone.
        locate = functools.lru_cache(maxsize=4)(
            lambda start: compile_locator(
                root, Bindings(), start=start, tag_unions=True, limits=self._limits
            )
        )
        return _Writer(schema, program, locate)

    @functools.cached_property
    def _encode(self) -> Callable[[Any], bytes]:
        """What encodes a decoded value again, in the plainest form."""
        return compile_encoder(self._reader, Bindings(), _must_fit, self._limits)(b"")


class _Run:
    """One call of :meth:`ColumnDecoder.decode`."""

    def __init__(
        self,
        decoder: ColumnDecoder,
        items: tuple[bytes | None, ...],
        writers: list[_Writer],
        start: int,
    ) -> None:
        self._decoder = decoder
        self._items = items
        self._writers = writers
        self._start = start
        self._batches = [self._new_batch()]
        self._faults: list[RowFault] = []

    def finish(self) -> DecodedColumns:
        """Add every payload to a batch, or its fault to the faults."""
        payloads = _native.Payloads(
            self._items, tuple(writer.program for writer in self._writers), as_payload
        )
        at = 0
        while True:
            at, status = self._add(payloads, at, self._start)
            if at == payloads.n:
                break
            error = _too_large() if status == _FULL else self._take_otherwise(at, status)
            if error is not None:
                self._faults.append(RowFault(at, error))
            at += 1
        batches = self._batches
        return DecodedColumns(self._decoder._columns, tuple(batches), tuple(self._faults))

    def _new_batch(self) -> _native.Batch:
        return _native.Batch(self._decoder._columns, self._decoder._most_bytes)

    def _add(self, payloads: _native.Payloads, at: int, start: int) -> tuple[int, int]:
        """Add payloads up to the first that fails, if only in a batch of its own."""
        limits = self._decoder._limits
        while True:
            batch = self._batches[-1]
            at, status = batch.add(payloads, at, start, limits.depth, limits.empty_items)
            if at == payloads.n or status != _FULL or batch.rows == 0:
                return at, status
            self._batches.append(self._new_batch())

    def _take_otherwise(self, at: int, status: int) -> DecodeError | None:
        """Add what the executor refused and the portable decoder takes; else its error."""
        decoder = self._decoder
        writer = self._writers[at if len(self._writers) > 1 else 0]
        try:
            value = writer.locate(self._start)(as_payload(self._items[at]), decoder._root_path)
        except Located as located:
            return decode_error(located)
        if status != _UNDECIDED:
            _log.warning(
                "the executor of columns refused what the portable decoder takes, whose answer "
                "stands; please report this with the schema (%s)",
                decoder._root_path,
            )
        own = decoder._writer(decoder._reader).program
        again = _native.Payloads((decoder._encode(value),), (own,), as_payload)
        added, status = self._add(again, 0, 0)
        if added == again.n:
            return None
        if status == _FULL:
            return _too_large()
        raise AssertionError("a value that was decoded is not read back")


def _too_large() -> DecodeError:
    return DecodeError((DataFault(path="", expected="a row of less than 2 GiB in each column"),))


def _must_fit(value: Any, error: BaseException) -> None:
    raise AssertionError(f"a value that was decoded is not encoded: {value!r}") from error


def _rows(batch: Column) -> tuple[Any, ...]:
    """The columns as the executor takes them, in the order of their numbers."""
    rows = sorted(batch.walk(), key=lambda column: column.number)
    return tuple(
        (
            column.layout,
            column.format,
            column.name,
            column.is_nullable,
            column.width,
            tuple(child.number for child in column.children),
            column.symbols,
        )
        for column in rows
    )


def _projected(schema: Schema, columns: Sequence[str]) -> Schema:
    """A record's schema with the fields named alone: what it does not ask for is skipped."""
    root = schema.root
    if not isinstance(root, RecordType):
        raise ArgumentError("columns", columns, "left out, since the schema is of no record")
    if isinstance(columns, str) or len(set(columns)) != len(columns):
        raise ArgumentError("columns", columns, "names of fields, each once")
    fields = {field.name: field for field in root.fields}
    for name in columns:
        if name not in fields:
            raise ArgumentError("columns", name, f"a field of {root.full_name}: {', '.join(fields)}")
    projected = attrs.evolve(root, fields=tuple(fields[name] for name in columns))
    return Schema(root=projected, json=json.dumps(inlined(projected)))

