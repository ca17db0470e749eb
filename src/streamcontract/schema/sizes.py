"""Minimum sizes of values in bytes, which bound the count of a block before it is used."""

from __future__ import annotations

import sys
from typing import Final

from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    EnumType,
    FixedType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
)

__all__ = ["FIXED_SIZES", "FLOAT_LAYOUTS", "is_empty", "min_size", "native_size"]

FIXED_SIZES: Final = {"null": 0, "boolean": 1, "float": 4, "double": 8}
"""Bytes of the primitives of a fixed size ("Binary Encoding", Avro 1.12)."""

FLOAT_LAYOUTS: Final = {"float": "f", "double": "d"}
"""The floating-point types in formats of ``struct``."""


_ENOUGH: Final = 1 << 32
"""The largest size that is distinguished: no message is as long."""


def native_size(node: FixedType) -> int:
    """The size of a fixed, or the largest that native code takes: no data have either."""
    return min(node.size, sys.maxsize)


def min_size(node: AvroType) -> int:
    """The fewest bytes that any value of a type takes; 0 if one may take none.

    At most 4 GiB. Records of records may take more, for which it is still a lower bound.
    """
    return _min_size(node, set(), {})


def _min_size(node: AvroType, inside: set[int], known: dict[int, int]) -> int:
    match node:
        case PrimitiveType():
            return FIXED_SIZES.get(node.name, 1)
        case FixedType():
            return min(node.size, _ENOUGH)
        case EnumType() | ArrayType() | MapType() | UnionType():
            return 1
        case RecordType():
            if id(node) in inside:
                # Only a record without finite values contains itself so; it is still a lower bound.
                return 0
            # Cached, since a record may be used many times, at each level again.
            if id(node) not in known:
                inside.add(id(node))
                size = sum(_min_size(field.type, inside, known) for field in node.fields)
                inside.discard(id(node))
                known[id(node)] = min(size, _ENOUGH)
            return known[id(node)]


def is_empty(node: AvroType) -> bool:
    """Whether all values of a type take no bytes, so that there is nothing to skip.

    Records of records of nulls would otherwise be walked one by one, twice as many at each level,
    although they have no bytes.
    """
    return _is_empty(node, {})


def _is_empty(node: AvroType, known: dict[int, bool]) -> bool:
    match node:
        case PrimitiveType():
            return FIXED_SIZES.get(node.name) == 0
        case FixedType():
            return node.size == 0
        case RecordType():
            if id(node) not in known:
                known[id(node)] = False  # if it contains itself, it never ends
                known[id(node)] = all(_is_empty(field.type, known) for field in node.fields)
            return known[id(node)]
        case _:
            return False
