"""A share of payloads: the native executor, and the portable decoder for what it refuses.

A payload that the executor refuses goes to the portable decoder, which raises the error with its
path. A value that the portable decoder accepts is encoded with the reader schema and added.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from streamcontract.columns import _native
from streamcontract.columns.decoded import RowFault
from streamcontract.columns.reader import Reader, Writer
from streamcontract.errors import DataFault, DecodeError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Run"]

_UNDECIDED: Final = _native.STATUS["undecided"]
_FULL: Final = _native.STATUS["full"]

_log = logging.getLogger("streamcontract.columns")


class Run:
    """Decodes a share of the payloads of one call.

    Args:
        reader: The columns.
        payloads: All payloads.
        writers: What reads them: one for each, or one for all.
        starts: How many bytes of each to pass over first; as many as writers.
        share: The indexes of those that are decoded here.

    Attributes:
        batches: The rows.
        faults: The payloads that do not fit.
    """

    def __init__(
        self,
        reader: Reader,
        payloads: tuple[bytes | None, ...],
        writers: Sequence[Writer],
        starts: Sequence[int],
        share: range,
    ) -> None:
        self._reader = reader
        self._payloads = payloads[share.start : share.stop]
        self._writers = writers if len(writers) == 1 else writers[share.start : share.stop]
        self._starts = starts if len(starts) == 1 else starts[share.start : share.stop]
        self._first = share.start
        self.batches = [reader.new_batch()]
        self.faults: list[RowFault] = []

    def finish(self) -> None:
        """Add every payload to a batch, or its fault to the faults."""
        payloads = _native.Payloads(
            self._payloads,
            tuple(writer.program for writer in self._writers),
            tuple(self._starts),
            self._reader.portable.as_bytes,
        )
        at = 0
        while True:
            at, status = self._add(payloads, at)
            if at == payloads.n:
                break
            error = self._too_large() if status == _FULL else self._add_otherwise(at, status)
            if error is not None:
                self.faults.append(RowFault(self._first + at, error))
            at += 1

    def _add(self, payloads: _native.Payloads, at: int) -> tuple[int, int]:
        """Add payloads up to the first that does not even fit into a batch of its own."""
        limits = self._reader.portable
        while True:
            batch = self.batches[-1]
            at, status = batch.add(payloads, at, limits.depth, limits.empty_items)
            if at == payloads.n or status != _FULL or batch.rows == 0:
                return at, status
            self.batches.append(self._reader.new_batch())

    def _add_otherwise(self, at: int, status: int) -> DecodeError | None:
        """Add what the executor refused and the portable decoder takes; else its error."""
        reader, portable = self._reader, self._reader.portable
        number = at if len(self._writers) > 1 else 0
        decode = self._writers[number].decoder(self._starts[number])
        try:
            value = decode(portable.as_bytes(self._payloads[at]))
        except DecodeError as error:
            return error
        if status != _UNDECIDED:
            _log.warning(
                "the executor of columns refused a payload that the portable decoder accepts: the "
                "value is used; please report this with the schema (%s)",
                portable.path,
            )
        data = reader.encode(value)
        again = _native.Payloads((data,), (reader.plain.program,), (0,), portable.as_bytes)
        added, status = self._add(again, 0)
        if added == again.n:
            return None
        if status == _FULL:
            return self._too_large()
        raise AssertionError("a value that was decoded is not read back")

    def _too_large(self) -> DecodeError:
        expected = f"a row of at most {self._reader.most_bytes:,} bytes, or items, in each column"
        return DecodeError((DataFault(path=self._reader.portable.path, expected=expected),))
