"""Arrow columns of encoded payloads: the plan that the codec executes into records.

Its executor is native alone. What comes out is handed over by Arrow's C data interface (the Arrow
PyCapsule interface), so that pyarrow, polars, DuckDB and pandas take it without a copy; none of
them is needed here.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from streamcontract.codec.engine import ENGINE_VARIABLE, Unusable, find_extension
from streamcontract.columns.decoded import ColumnBatch, DecodedColumns, RowFault
from streamcontract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamcontract.codec.limits import Limits
    from streamcontract.columns.decode import ColumnDecoder
    from streamcontract.schema import Schema

__all__ = ["ColumnBatch", "DecodedColumns", "RowFault", "column_decoder"]


def column_decoder(
    schema: Schema, columns: Sequence[str] | None, *, limits: Limits, root_path: str
) -> ColumnDecoder:
    """What decodes payloads into the columns of a reader's schema.

    Args:
        schema: The reader's schema.
        columns: The fields of its record that become columns, in their order; None for all.
        limits: What it takes at most of what a few bytes can ask for.
        root_path: What errors call the value.

    Raises:
        ConfigurationError: The executor was not built, or may not be used.
        ColumnsError: A type of the schema has no columns.
        ArgumentError: The record has no such field.
    """
    _require_executor()
    from streamcontract.columns.decode import ColumnDecoder  # noqa: PLC0415 - an installation may lack what it needs

    return ColumnDecoder(schema, columns, limits=limits, root_path=root_path)


def _require_executor() -> None:
    if os.environ.get(ENGINE_VARIABLE) == "portable":
        raise ConfigurationError(
            f"columns are decoded by native code alone, and {ENGINE_VARIABLE} asks for the "
            f"portable engine: leave it unset"
        )
    if sys.byteorder != "little":
        raise ConfigurationError("columns are decoded on little-endian machines alone")
    found = find_extension("columns")
    if isinstance(found, Unusable):
        raise ConfigurationError(f"columns need native code, which {found.reason}")
