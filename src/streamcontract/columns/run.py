"""A share of payloads: the native executor, and the portable decoder for what it refuses.

A payload that the executor refuses goes to the portable decoder, which raises the error with its
path. A value that the portable decoder accepts is encoded with the reader schema and added.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, TypeVar

from streamcontract.columns import _native
from streamcontract.columns.decoded import RowFault
from streamcontract.columns.reader import Reader, Writer
from streamcontract.errors import ArgumentError, DataFault, DecodeError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Run", "without_frames"]

E = TypeVar("E", bound=Exception)

_UNDECIDED: Final = _native.STATUS["undecided"]
_FULL: Final = _native.STATUS["full"]
_NO_BYTES: Final = _native.STATUS["no bytes"]

_BLOCK: Final = 8_192  # payloads

_log = logging.getLogger("streamcontract.columns")


def without_frames(error: E) -> E:
    """An error that is kept, without its traceback, and those of its causes.

    Their frames would keep all messages and batches, until the garbage collector runs or longer.
    """
    each: BaseException | None = error
    while each is not None:
        each.__traceback__ = each.__context__ = None
        each = each.__cause__
    return error


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
        payloads: Sequence[bytes | None],
        writers: Sequence[Writer],
        starts: Sequence[int],
        share: range,
    ) -> None:
        self._reader = reader
        self._payloads = payloads
        self._writers = writers
        self._starts = starts
        self._share = share
        self.batches = [reader.new_batch(len(share))]
        self.faults: list[RowFault] = []

    def finish(self) -> None:
        """Add every payload to a batch, or its fault to the faults.

        Raises:
            ArgumentError: A list of payloads became shorter meanwhile.
        """
        if isinstance(self._payloads, tuple) and len(self._writers) == 1:
            self._finish(self._payloads, 0, self._share)
            return
        # A list may change, so it is copied: in blocks, while other threads decode.
        for first in self._share[::_BLOCK]:
            size = min(_BLOCK, self._share.stop - first)
            items = self._payloads[first : first + size]
            if len(items) != size:
                raise ArgumentError("payloads", len(self._payloads), "a list that does not change")
            self._finish(items, first, range(size))

    def _finish(self, items: Sequence[bytes | None], first: int, among: range) -> None:
        """Add some of the items, which are the payloads from ``first`` on."""
        ways = slice(first, first + len(items)) if len(self._writers) > 1 else slice(1)
        writers, starts = self._writers[ways], self._starts[ways]
        programs = tuple([writer.program for writer in writers])
        payloads = _native.Payloads(items, programs, tuple(starts))
        at = among.start
        while True:
            at, status = self._add(payloads, at, among.stop)
            if at == among.stop:
                break
            way = at if len(writers) > 1 else 0
            error = self._add_otherwise(items[at], writers[way], starts[way], status)
            if error is not None:
                self.faults.append(RowFault(first + at, error))
            at += 1

    def _add(self, payloads: _native.Payloads, at: int, stop: int) -> tuple[int, int]:
        """Add payloads up to the first that does not even fit into a batch of its own."""
        limits = self._reader.portable
        while True:
            batch = self.batches[-1]
            at, status = batch.add(payloads, at, stop, limits.depth, limits.empty_items)
            if at == stop or status != _FULL or batch.rows == 0:
                return at, status
            self.batches.append(self._reader.new_batch(stop - at))

    def _add_otherwise(
        self, item: object, writer: Writer, start: int, status: int
    ) -> DecodeError | None:
        """Add what the executor did not take and the portable decoder does; else its error."""
        if status == _FULL:
            return self._too_large()
        data = item if type(item) is bytes else self._reader.portable.as_bytes(item)
        if status == _NO_BYTES:
            status = self._add_one(data, writer, start)
            if status >= 0:
                return None
            return self._add_otherwise(data, writer, start, status)
        try:
            value = writer.decoder(start)(data)
        except DecodeError as error:
            return without_frames(error)
        if status != _UNDECIDED:
            _log.warning(
                "the executor of columns refused a payload that the portable decoder accepts: the "
                "value is used; please report this with the schema (%s)",
                self._reader.portable.path,
            )
        status = self._add_one(self._reader.encode(value), self._reader.plain, 0)
        if status >= 0:
            return None
        if status == _FULL:
            return self._too_large()
        raise AssertionError("a value that was decoded is not read back")

    def _add_one(self, data: bytes, writer: Writer, start: int) -> int:
        """Add a payload; gives the status."""
        payloads = _native.Payloads((data,), (writer.program,), (start,))
        return self._add(payloads, 0, 1)[1]

    def _too_large(self) -> DecodeError:
        expected = f"a row of at most {self._reader.most_bytes:,} bytes, or items, in each column"
        return DecodeError((DataFault(path=self._reader.portable.path, expected=expected),))
