"""DuckDB's types of topics' columns.

DuckDB reads UUIDs of Arrow as ``BLOB``, which equals no UUID that is written as text. So views on
topics and tables of exports have them as ``UUID``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import duckdb

from streamcontract.schema import (
    ArrayType,
    AvroType,
    FixedType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
    branch_name,
)
from streamcontract.schema.logical import row_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["shown_type"]

_UUID: Final = duckdb.sqltype("UUID")


def shown_type(node: AvroType, read: Any) -> Any:
    """The type of a column, or of a part of it, in which UUIDs are ``UUID``.

    Args:
        node: Its type in the schema.
        read: The type that DuckDB reads.
    """
    match node:
        case RecordType():
            return _struct([field.type for field in node.fields], read)
        case UnionType():
            branches = [each for each in node.branches if branch_name(each) != "null"]
            return shown_type(branches[0], read) if len(branches) == 1 else _struct(branches, read)
        case ArrayType():
            ((_, items),) = read.children
            return duckdb.list_type(shown_type(node.items, items))
        case MapType():
            (_, keys), (_, values) = read.children
            return duckdb.map_type(keys, shown_type(node.values, values))
        case PrimitiveType() | FixedType():
            row = row_of(node)
            return _UUID if row is not None and row.kind == "uuid" else read
        case _:
            return read


def _struct(nodes: Sequence[AvroType], read: Any) -> Any:
    if not nodes:
        return read
    children = zip(nodes, read.children, strict=True)
    return duckdb.struct_type({name: shown_type(node, kind) for node, (name, kind) in children})
