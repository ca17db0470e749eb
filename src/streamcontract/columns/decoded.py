"""Decoded columns: batches that readers of Arrow take, and the payloads that did not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from streamcontract._lazy import Later
from streamcontract.errors import ColumnsError, DecodeError

if TYPE_CHECKING:
    from typing import TypeAlias

    from streamcontract.columns import _native

    Parts: TypeAlias = tuple[_native.Batch, ...]
else:
    _native = Later("streamcontract.columns._native")

__all__ = ["ColumnBatch", "ColumnTable", "DecodedColumns", "RowFault"]


@attrs.frozen
class RowFault:
    """A payload that is in no batch, and why.

    Attributes:
        index: Its index among the payloads.
        error: What ``Codec.decode`` would have raised.
    """

    index: int
    error: DecodeError

    @property
    def path(self) -> str:
        """Where in the payload, such as ``"Order.lines[3].price"``."""
        return self.error.faults[0].path

    @property
    def reason(self) -> str:
        """What is wrong there."""
        return str(self.error)

    def __str__(self) -> str:
        return f"payload {self.index}: {self.reason}"


class ColumnBatch:
    """Some rows of columns: one record batch of Arrow.

    ``pyarrow.record_batch(batch)``, ``polars.DataFrame(batch)`` and every other reader of the Arrow
    PyCapsule interface take it without a copy, as often as they like.
    """

    def __init__(self, view: _native.View, parts: tuple[_native.Batch, ...]) -> None:
        self._view = view
        self._parts = parts

    def __len__(self) -> int:
        return self._parts[0].rows

    def __repr__(self) -> str:
        return f"<ColumnBatch of {len(self)} rows>"

    def __arrow_c_schema__(self) -> object:
        """The schema, as a struct, in a capsule."""
        return self._view.schema()

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        """The schema and the rows, as a struct, in capsules.

        Args:
            requested_schema: Another schema that the reader would like; it gets this one, as the
                interface allows.
        """
        del requested_schema
        return self._view.schema(), self._view.array(self._parts)


class ColumnTable:
    """Batches of the same columns.

    As a whole they are a table: ``pyarrow.table(columns)``, ``polars.DataFrame(columns)`` and
    DuckDB take it without a copy.

    Attributes:
        batches: The rows, in their order.
    """

    def __init__(self, view: _native.View, batches: tuple[tuple[_native.Batch, ...], ...]) -> None:
        self._view = view
        self._parts = batches
        self.batches = tuple(ColumnBatch(view, parts) for parts in batches)

    def __len__(self) -> int:
        """How many rows there are."""
        return sum(map(len, self.batches))

    def __arrow_c_schema__(self) -> object:
        """The schema, as a struct, in a capsule."""
        return self._view.schema()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The batches, in a capsule.

        Args:
            requested_schema: Another schema that the reader would like; it gets this one, as the
                interface allows.
        """
        del requested_schema
        return self._view.stream(self._parts)

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        """The only batch, as :class:`ColumnBatch` gives it.

        Raises:
            ColumnsError: There is more than one.
        """
        if len(self.batches) != 1:
            reason = f"{len(self.batches)} batches are no single array: take them one by one"
            raise ColumnsError("batches", reason)
        return self.batches[0].__arrow_c_array__(requested_schema)


class DecodedColumns(ColumnTable):
    """What payloads were decoded to.

    Attributes:
        batches: The rows, in the order of the payloads: one batch, or one for each thread of
            ``threads``; and another one before a column exceeds 2 GiB.
        faults: The payloads that are in no batch, since they do not fit.
        tombstones: How many payloads were None, and left out.
    """

    def __init__(
        self,
        view: _native.View,
        batches: tuple[_native.Batch, ...],
        faults: tuple[RowFault, ...],
    ) -> None:
        super().__init__(view, tuple((batch,) for batch in batches))
        self.faults = faults
        self.tombstones = sum(batch.tombstones for batch in batches)

    def __repr__(self) -> str:
        return f"<DecodedColumns of {len(self)} rows, {len(self.faults)} faults>"
