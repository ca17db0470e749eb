"""Sample values of a type, smallest first, with which a drift is visible if it can be."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from streamcontract.compatibility.leaf_samples import leaf_samples
from streamcontract.compatibility.witness import Witness
from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    EnumType,
    FixedType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
    branch_name,
)

__all__ = ["leaf_samples", "samples"]


def samples(node: AvroType, witness: Witness) -> Iterator[Any]:
    """Values of any type: the smallest, and some that differ from it.

    Args:
        node: The type.
        witness: The witness of a schema that contains the type.

    Raises:
        ValueError: No value of the type is finite.
    """
    match node:
        case PrimitiveType() | FixedType() | EnumType():
            yield from _without_parts(node)
        case ArrayType():
            yield []
            yield [witness.minimal(node.items)]
        case MapType():
            yield {}
            yield {"": witness.minimal(node.values)}
        case UnionType():
            for branch in node.branches:
                if isinstance(branch, PrimitiveType | FixedType | EnumType):
                    yield from ((branch_name(branch), each) for each in _without_parts(branch))
                elif not math.isinf(witness.size(branch)):
                    yield branch_name(branch), witness.minimal(branch)
        case RecordType():
            smallest = witness.minimal(node)
            yield smallest
            for field in node.fields:
                if isinstance(field.type, PrimitiveType | FixedType | EnumType):
                    for each in _without_parts(field.type):
                        yield {**smallest, field.name: each}


def _without_parts(node: PrimitiveType | FixedType | EnumType) -> Iterable[Any]:
    return node.symbols if isinstance(node, EnumType) else leaf_samples(node)
