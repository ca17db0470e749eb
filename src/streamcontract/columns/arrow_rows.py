"""Rows of Arrow from any library, batch by batch, by the Arrow PyCapsule interface."""

from __future__ import annotations

from collections.abc import Iterator

from streamcontract.columns import _native
from streamcontract.columns.arrow_types import ArrowType, arrow_type, sources_of
from streamcontract.errors import ArgumentError

__all__ = ["ArrowRows"]


class ArrowRows:
    """The rows of a table, a batch, an array or a stream, which are taken once.

    Args:
        data: Anything with ``__arrow_c_stream__`` or ``__arrow_c_array__``.

    Attributes:
        type: The type of the rows.
        sources: Its layout.

    Raises:
        ArgumentError: It has neither.
        ColumnsError: Its schema is not as Arrow's C data interface describes it.
    """

    def __init__(self, data: object) -> None:
        self._stream: _native.ArrowStream | None = None
        self._array: object = None
        if hasattr(data, "__arrow_c_stream__"):
            self._stream = _native.ArrowStream(data.__arrow_c_stream__())
            described = self._stream.describe()
        elif hasattr(data, "__arrow_c_array__"):
            schema, self._array = data.__arrow_c_array__()
            described = _native.describe(schema)
        else:
            expected = "Arrow data: a table, a batch or a DataFrame with __arrow_c_stream__"
            raise ArgumentError("data", data, f"{expected} or __arrow_c_array__")
        self.type: ArrowType = arrow_type(described)
        self.sources = sources_of(self.type)

    def batches(self) -> Iterator[_native.ArrowBatch]:
        """The batches, one after the other; each is released with its object.

        Raises:
            ColumnsError: The stream fails, or a batch is not as the interface describes it.
        """
        if self._stream is None:
            array, self._array = self._array, None
            if array is not None:
                yield _native.batch_of(array, self.sources)
            return
        while (batch := self._stream.next(self.sources)) is not None:
            yield batch
