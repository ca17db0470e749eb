"""Types in the signatures of codecs that are loaded when an annotation is evaluated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from streamcontract.codec.contract import Contract
from streamcontract.columns import DecodedColumns, EncodedColumns
from streamcontract.columns.decode import ColumnDecoder
from streamcontract.columns.encode import ColumnEncoder
from streamcontract.schema import Schema

__all__ = [
    "ColumnDecoder",
    "ColumnEncoder",
    "DecodedColumns",
    "EncodedColumns",
    "Schema",
    "SchemaLike",
]

SchemaLike = Schema | Contract | str | dict[str, Any] | list[Any] | Path
"""A schema, or what one is parsed from."""
