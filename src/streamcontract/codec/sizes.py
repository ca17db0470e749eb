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

__all__ = ["FIXED_SIZES", "FLOAT_LAYOUTS", "min_size"]

FIXED_SIZES: Final = {"null": 0, "boolean": 1, "float": 4, "double": 8}
"""Bytes of the primitives that always take as many ("Binary Encoding", Avro 1.12)."""

FLOAT_LAYOUTS: Final = {"float": "f", "double": "d"}
"""How ``struct`` calls the floating-point types."""


def min_size(node: AvroType) -> int:
    """The fewest bytes that any value of a type takes; 0 where one may take none."""
    return _min_size(node, frozenset())


def _min_size(node: AvroType, inside: frozenset[int]) -> int:
    match node:
        case PrimitiveType():
            return FIXED_SIZES.get(node.name, 1)
        case FixedType():
            return node.size
        case EnumType() | ArrayType() | MapType() | UnionType():
            return 1
        case RecordType():
            if id(node) in inside:
                # Only a record that cannot end contains itself so; a lower bound still holds.
                return 0
            deeper = inside | {id(node)}
            return sum(_min_size(field.type, deeper) for field in node.fields)
