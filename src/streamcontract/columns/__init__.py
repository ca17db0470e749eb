"""Arrow columns of encoded payloads: the plan that the codec executes into records.

The executor is native only. pyarrow, polars, DuckDB and pandas read the result without a copy, by
the Arrow PyCapsule interface; none of them is needed here. ``Codec.decode_columns`` is the entry.
"""

from __future__ import annotations

from streamcontract.columns.decoded import ColumnBatch, DecodedColumns, RowFault

__all__ = ["ColumnBatch", "DecodedColumns", "RowFault"]
