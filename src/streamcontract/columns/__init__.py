"""Arrow columns of encoded payloads: the plan that the codec executes into records.

Its executor is native alone. What comes out is handed over by Arrow's C data interface (the Arrow
PyCapsule interface), so that pyarrow, polars, DuckDB and pandas take it without a copy; none of
them is needed here. ``Codec.decode_columns`` is the way in.
"""

from __future__ import annotations

from streamcontract.columns.decoded import ColumnBatch, DecodedColumns, RowFault

__all__ = ["ColumnBatch", "DecodedColumns", "RowFault"]
