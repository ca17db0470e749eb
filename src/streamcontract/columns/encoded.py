"""Encoded columns: payloads of rows, and the rows that did not fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, overload

import attrs

from streamcontract._lazy import Later
from streamcontract.errors import EncodeError

if TYPE_CHECKING:
    from streamcontract.columns import _native
else:
    _native = Later("streamcontract.columns._native")

__all__ = ["EncodeFault", "EncodedColumns", "EncodedRows"]


@attrs.frozen
class EncodeFault:
    """A row that has no payload, and why.

    Attributes:
        row: Its number, from 0.
        error: What ``Codec.encode`` raises for these values.
    """

    row: int
    error: EncodeError

    @property
    def path(self) -> str:
        """The first place in the row that does not fit, such as ``"Order.lines[3].price"``."""
        return self.error.faults[0].path

    @property
    def reason(self) -> str:
        """What is wrong there."""
        return str(self.error)

    def __str__(self) -> str:
        return f"row {self.row}: {self.reason}"


class EncodedRows(Sequence[bytes]):
    """Payloads as a sequence: each is made ``bytes`` when it is asked for."""

    def __init__(self, buffer: _native.PayloadBuffer) -> None:
        self._buffer = buffer

    def __len__(self) -> int:
        return len(self._buffer)

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...

    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        if isinstance(index, slice):
            return [self._buffer.payload(i) for i in range(*index.indices(len(self)))]
        return self._buffer.payload(index + len(self) if index < 0 else index)

    def __iter__(self) -> Iterator[bytes]:
        return map(self._buffer.payload, range(len(self)))

    def __repr__(self) -> str:
        return f"<{len(self)} payloads>"


class EncodedColumns:
    """What rows were encoded to.

    Attributes:
        payloads: The payloads of the rows that fit, in their order.
        rows: For each payload the number of its row.
        faults: The rows that have no payload, since they do not fit.
    """

    def __init__(
        self,
        buffer: _native.PayloadBuffer,
        faults: tuple[EncodeFault, ...],
        every: range,
        left_out: Sequence[int] = (),
    ) -> None:
        self.payloads = EncodedRows(buffer)
        self.faults = faults
        self.rows = _without(every, [*left_out, *(fault.row for fault in faults)])

    def __len__(self) -> int:
        """How many payloads there are."""
        return len(self.payloads)

    def __repr__(self) -> str:
        return f"<EncodedColumns of {len(self)} payloads, {len(self.faults)} faults>"

    def raise_for_faults(self) -> None:
        """Raise the error of the first row that does not fit, if there is one.

        Raises:
            EncodeError: That row's.
        """
        if self.faults:
            raise self.faults[0].error


def _without(every: range, left_out: list[int]) -> Sequence[int]:
    if not left_out:
        return every
    faulty = frozenset(left_out)
    return [row for row in every if row not in faulty]
