"""Arrow columns of encoded payloads, and back: the plan that the codec executes into records.

The executor is native only. pyarrow, polars, DuckDB and pandas read the result without a copy, by
the Arrow PyCapsule interface, and give columns by it; none of them is needed here.
``Codec.decode_columns`` and ``Codec.encode_columns`` are the entries.
"""

from __future__ import annotations

from streamcontract.columns.decoded import ColumnBatch, DecodedColumns, RowFault
from streamcontract.columns.encoded import EncodedColumns, EncodeFault

__all__ = ["ColumnBatch", "DecodedColumns", "EncodeFault", "EncodedColumns", "RowFault"]
