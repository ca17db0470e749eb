"""A share of payloads: the native executor, and the portable decoder for what it refuses.

A payload that the executor refuses goes to the portable decoder, which raises the error with its
path. A value that the portable decoder accepts is encoded with the reader schema and added.
"""

from __future__ import annotations

import logging
from typing import Final

from streamcontract.columns import _native
from streamcontract.columns.decoded import RowFault
from streamcontract.columns.reader import Reader, Writer
from streamcontract.errors import DataFault, DecodeError

__all__ = ["Run"]

_UNDECIDED: Final = _native.STATUS["undecided"]
_FULL: Final = _native.STATUS["full"]
_NO_BYTES: Final = _native.STATUS["no bytes"]

_log = logging.getLogger("streamcontract.columns")


class Run:
    """Decodes a share of the payloads of one call.

    Args:
        reader: The columns.
        payloads: All payloads.
        writers: What reads them: one for each, or one for all.
        start: How many bytes of each to pass over first.
        share: The indexes of those that are decoded here.

    Attributes:
        batches: The rows.
        faults: The payloads that do not fit.
    """

    def __init__(
        self,
        reader: Reader,
        payloads: tuple[bytes | None, ...],
        writers: list[Writer],
        start: int,
        share: range,
    ) -> None:
        self._reader = reader
        self._payloads = payloads
        self._writers = writers
        self._start = start
        self._share = share
        self.batches: list[_native.Batch] = []
        self.faults: list[RowFault] = []

    def finish(self, payloads: _native.Payloads) -> None:
        """Add every payload to a batch, or its fault to the faults.

        Args:
            payloads: All payloads, as the executor takes them.
        """
        self.batches.append(self._reader.new_batch(len(self._share)))
        at, stop = self._share.start, self._share.stop
        while True:
            at, status = self._add(payloads, at, stop, self._start)
            if at == stop:
                break
            error = self._too_large() if status == _FULL else self._add_otherwise(at, status)
            if error is not None:
                self.faults.append(RowFault(at, error))
            at += 1

    def _add(
        self, payloads: _native.Payloads, at: int, stop: int, start: int
    ) -> tuple[int, int]:
        """Add payloads up to the first that does not even fit into a batch of its own."""
        limits = self._reader.portable
        while True:
            batch = self.batches[-1]
            at, status = batch.add(payloads, at, stop, start, limits.depth, limits.empty_items)
            if at == stop or status != _FULL or batch.rows == 0:
                return at, status
            self.batches.append(self._reader.new_batch(stop - at))

    def _add_otherwise(self, at: int, status: int) -> DecodeError | None:
        """Add what the executor did not take and the portable decoder does; else its error."""
        reader, portable = self._reader, self._reader.portable
        data = portable.as_bytes(self._payloads[at])
        writer = self._writers[at if len(self._writers) > 1 else 0]
        if status == _NO_BYTES:
            payloads = _native.Payloads((data,), (writer.program,))
            added, status = self._add(payloads, 0, 1, self._start)
            if added == 1:
                return None
            if status == _FULL:
                return self._too_large()
        try:
            value = writer.decoder(self._start)(data)
        except DecodeError as error:
            # Frames of a traceback would keep all batches until the garbage collector runs.
            error.__traceback__ = error.__context__ = None
            return error
        if status != _UNDECIDED:
            _log.warning(
                "the executor of columns refused a payload that the portable decoder accepts: the "
                "value is used; please report this with the schema (%s)",
                portable.path,
            )
        payloads = _native.Payloads((reader.encode(value),), (reader.plain_program,))
        added, status = self._add(payloads, 0, 1, 0)
        if added == 1:
            return None
        if status == _FULL:
            return self._too_large()
        raise AssertionError("a value that was decoded is not read back")

    def _too_large(self) -> DecodeError:
        expected = f"a row of at most {self._reader.most_bytes:,} bytes, or items, in each column"
        return DecodeError((DataFault(path=self._reader.portable.path, expected=expected),))
