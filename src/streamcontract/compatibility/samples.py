"""A few values of a type, smallest first, among which a drift shows if it can."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator
from typing import Any, Final

from streamcontract.codec.logical import conversion
from streamcontract.codec.refusal import REFUSALS
from streamcontract.compatibility.witness import Witness
from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    EnumType,
    FixedType,
    LogicalType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
    branch_name,
)

__all__ = ["leaf_samples", "samples"]

_INTEGERS: Final = (0, 1, -1)
_RAW: Final[dict[str, tuple[Any, ...]]] = {
    "null": (None,),
    "boolean": (False, True),
    "int": _INTEGERS,
    "long": _INTEGERS,
    "float": (0.0, 1.0),
    "double": (0.0, 1.0),
    "bytes": (b"", b"\x00", b"\x01", b"\xff"),
    "string": ("", "a", "00000000-0000-0000-0000-000000000000"),
}


def leaf_samples(node: PrimitiveType | FixedType) -> Iterator[Any]:
    """Values of a type without parts, as the codec takes them.

    Example:
        >>> list(leaf_samples(PrimitiveType(name="int", logical=LogicalType("time-millis"))))
        [datetime.time(0, 0), datetime.time(0, 0, 0, 1000)]
    """
    converted = conversion(node)
    for raw in _raw(node):
        if converted is None:
            yield raw
            continue
        with contextlib.suppress(*REFUSALS):  # what is no value of the logical type is no sample
            yield converted.from_raw(raw)


def samples(node: AvroType, witness: Witness) -> Iterator[Any]:
    """Values of any type: the smallest, and some that differ from it.

    Args:
        node: The type.
        witness: Of a schema that the type is within reach of.

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


def _raw(node: PrimitiveType | FixedType) -> tuple[Any, ...]:
    """What the base type holds; for decimals also the largest number of all digits."""
    match node:
        case (
            FixedType(logical=LogicalType(name="decimal", precision=int(digits)))
            | PrimitiveType(logical=LogicalType(name="decimal", precision=int(digits)))
        ):
            return (0, 1, 10**digits - 1)
        case PrimitiveType(logical=LogicalType(name="big-decimal")):
            return (b"\x02\x00\x00", b"\x02\x01\x02")  # 0 and 0.1
        case FixedType():
            return (bytes(node.size), b"\x01" * node.size)
        case PrimitiveType():
            return _RAW[node.name]
