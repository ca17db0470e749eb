"""How few bytes a value of a type can take: what bounds a block's count before it is believed."""

from __future__ import annotations

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

__all__ = ["FIXED_SIZES", "FLOAT_LAYOUTS", "is_empty", "min_size"]

FIXED_SIZES: Final = {"null": 0, "boolean": 1, "float": 4, "double": 8}
"""Bytes of the primitives that always take as many ("Binary Encoding", Avro 1.12)."""

FLOAT_LAYOUTS: Final = {"float": "f", "double": "d"}
"""How ``struct`` calls the floating-point types."""


_ENOUGH: Final = 1 << 32
"""A size beyond which more makes no difference: no message of ours is as long."""


def min_size(node: AvroType) -> int:
    """The fewest bytes that any value of a type takes; 0 where one may take none.

    Not more than 4 GiB, though records of records may take more: a lower bound still.
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
                # Only a record that cannot end contains itself so; a lower bound still holds.
                return 0
            # Kept, since a record may stand in many places, each of which may again.
            if id(node) not in known:
                inside.add(id(node))
                size = sum(_min_size(field.type, inside, known) for field in node.fields)
                inside.discard(id(node))
                known[id(node)] = min(size, _ENOUGH)
            return known[id(node)]


def is_empty(node: AvroType) -> bool:
    """Whether all values of a type take no bytes, so that there is nothing to skip.

    Records of nothing but records of nulls would otherwise be gone through one by one, twice as
    many at each level, though no byte stands for any of them.
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
                known[id(node)] = False  # if it leads back to itself, it never ends
                known[id(node)] = all(_is_empty(field.type, known) for field in node.fields)
            return known[id(node)]
        case _:
            return False
