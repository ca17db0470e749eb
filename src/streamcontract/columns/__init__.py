"""Arrow columns of encoded payloads, and back: the plan that the codec executes into records.

The executor is native only. pyarrow, polars, DuckDB and pandas read the result without a copy, by
the Arrow PyCapsule interface, and give columns by it; none of them is needed here.
``Codec.decode_columns`` and ``Codec.encode_columns`` are the entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamcontract._lazy import lazy_names

if TYPE_CHECKING:
    from streamcontract.columns.decoded import ColumnBatch, ColumnTable, DecodedColumns, RowFault
    from streamcontract.columns.encoded import EncodedColumns, EncodeFault

__all__ = [
    "ColumnBatch",
    "ColumnTable",
    "DecodedColumns",
    "EncodeFault",
    "EncodedColumns",
    "RowFault",
]

if not TYPE_CHECKING:  # which would take any name for one of the package
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "ColumnBatch": "columns.decoded",
            "ColumnTable": "columns.decoded",
            "DecodedColumns": "columns.decoded",
            "EncodeFault": "columns.encoded",
            "EncodedColumns": "columns.encoded",
            "RowFault": "columns.decoded",
        },
    )
