"""Arrow rows to payloads, for one schema.

The executor writes row after row without the GIL. A row that it refuses goes to the portable
encoder as plain values, which raises the error with its path, or encodes it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

import attrs

from streamcontract.columns import _native
from streamcontract.columns.arrow_rows import ArrowRows
from streamcontract.columns.arrow_types import ArrowType
from streamcontract.columns.arrow_values import Unfit
from streamcontract.columns.encoded import EncodedColumns, EncodeFault
from streamcontract.columns.writing import Writing, compile_writing
from streamcontract.errors import DataFault, EncodeError
from streamcontract.schema.schema import Schema

__all__ = ["ColumnEncoder", "PortableEncoder"]

_MOST_WRITINGS: Final = 100
_UNDECIDED: Final = _native.STATUS["undecided"]

_log = logging.getLogger("streamcontract.columns")


@attrs.frozen(eq=False, kw_only=True)
class PortableEncoder:
    """The codec's part: its limits, and its portable engine for what the executor refuses.

    Attributes:
        path: What errors call the value.
        depth: Records inside the root record, each inside the one before, that are written.
        empty_items: Array items of no bytes that are written into one payload.
        encoder: From a prefix to what encodes plain values, tagged unions among them, after it;
            that raises ``EncodeError``.
        fault: From a path and a refusal to the fault.
    """

    path: str
    depth: int
    empty_items: int
    encoder: Callable[[bytes], Callable[[Any], bytes]]
    fault: Callable[[str, BaseException], DataFault]


class ColumnEncoder:
    """Encodes rows of Arrow with a schema; threads may share it.

    Args:
        schema: The schema.
        portable: The codec's part.
    """

    def __init__(self, schema: Schema, portable: PortableEncoder) -> None:
        self._schema = schema
        self._portable = portable
        self._lock = threading.Lock()
        self._writings: dict[object, Writing] = {}

    def encode(self, data: object, prefix: bytes = b"") -> EncodedColumns:
        """Encode the rows of anything that has Arrow's PyCapsule interface.

        Args:
            data: The rows.
            prefix: Bytes before each payload, such as a frame.

        Raises:
            ColumnTypesError: Columns are missing, unknown, or of other types than the schema's.
            ColumnsError: The data are not as Arrow's C data interface describes them.
            ArgumentError: They do not have that interface.
        """
        run = self.run(ArrowRows(data), prefix)
        for batch in run.rows.batches():
            run.add(batch)
        return run.encoded()

    def run(
        self,
        rows: ArrowRows,
        prefix: bytes,
        *,
        apart: Collection[str] = (),
        column: str | None = None,
    ) -> EncodeRun:
        """A run over rows.

        Args:
            rows: The rows.
            prefix: Bytes before each payload.
            apart: Columns that are not part of the value.
            column: The column that is the value, if it is one of several.

        Raises:
            ColumnTypesError: As of :meth:`encode`.
        """
        writing = self._writing(rows.type, frozenset(apart), column)
        return EncodeRun(rows, writing, self._portable, prefix)

    def _writing(self, arrow: ArrowType, apart: frozenset[str], column: str | None) -> Writing:
        key = (_key(arrow), apart, column)
        known = self._writings.get(key)
        if known is None:
            portable = self._portable
            made = compile_writing(
                self._schema.root,
                arrow,
                portable.path,
                portable.depth,
                apart=apart,
                column=column,
            )
            with self._lock:
                known = self._writings.setdefault(key, made)
                while len(self._writings) > _MOST_WRITINGS:
                    del self._writings[next(iter(self._writings))]
        return known


def _key(arrow: ArrowType) -> object:
    """Equal for types that are written in the same way."""
    return arrow.name, arrow.format, arrow.layout, tuple(_key(each) for each in arrow.children)


class EncodeRun:
    """One run over the batches of some rows.

    Args:
        rows: The rows.
        writing: How they are written.
        portable: The codec's part.
        prefix: Bytes before each payload.

    Attributes:
        rows: The rows.
    """

    def __init__(
        self, rows: ArrowRows, writing: Writing, portable: PortableEncoder, prefix: bytes
    ) -> None:
        self.rows = rows
        self._writing = writing
        self._portable = portable
        self._prefix = prefix
        self._first = self._begun = 0
        self._encode: Callable[[Any], bytes] | None = None
        self._buffer = _native.PayloadBuffer(prefix)
        self._faults: list[EncodeFault] = []
        self._left_out: list[int] = []

    @property
    def rows_before(self) -> int:
        """How many rows were added."""
        return self._first

    def add(self, batch: _native.ArrowBatch, left_out: Sequence[int] = ()) -> None:
        """Encode the rows of a batch, or note their faults.

        Args:
            batch: The batch.
            left_out: Rows of the batch, in their order, that have neither.
        """
        begun = 0
        for end in left_out:
            self._add(batch, begun, end)
            begun = end + 1
        self._add(batch, begun, batch.rows)
        self._left_out += [self._first + row for row in left_out]
        self._first += batch.rows

    def _add(self, batch: _native.ArrowBatch, at: int, end: int) -> None:
        """Encode the rows from one up to another."""
        while True:
            at, status = self._buffer.add(
                self._writing.native, batch, at, end, self._portable.empty_items
            )
            if at == end:
                break
            try:
                self._buffer.append(self._otherwise(batch.value(0, at), status))
            except EncodeError as error:
                self._faults.append(EncodeFault(self._first + at, error))
            at += 1

    def encoded(self) -> EncodedColumns:
        """What was encoded since the last call."""
        rows = range(self._begun, self._first)
        found = EncodedColumns(self._buffer, tuple(self._faults), rows, self._left_out)
        self._buffer, self._faults = _native.PayloadBuffer(self._prefix), []
        self._begun, self._left_out = self._first, []
        return found

    def _otherwise(self, raw: Any, status: int) -> bytes:
        """Encode the values of a row that the executor refused, or raise why they do not fit."""
        if self._encode is None:
            # Compiled at the first refusal only, then kept: faults seldom come alone.
            self._encode = self._portable.encoder(self._prefix)
        try:
            payload = self._encode(self._writing.convert(raw))
        except EncodeError as error:
            raise EncodeError(tuple(map(self._reasoned, error.faults))) from None
        if status != _UNDECIDED:
            _log.warning(
                "the executor of columns refused a row that the portable encoder accepts: its "
                "payload is used; please report this with the schema (%s)",
                self._portable.path,
            )
        return payload

    def _reasoned(self, fault: DataFault) -> DataFault:
        """The fault of a value that Python cannot hold, by its own reason."""
        if isinstance(fault.value, Unfit):
            return self._portable.fault(fault.path, fault.value.error)
        return fault
