"""Sample values of the types without parts, the one of the fewest bytes first."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final

from streamcontract.codec.refusal import REFUSALS
from streamcontract.schema.logical import conversion, row_of
from streamcontract.schema.model import FixedType, PrimitiveType

__all__ = ["leaf_samples", "leaf_size"]

_INTEGERS: Final = (0, 1, -1)
_RAW: Final[dict[str, tuple[Any, ...]]] = {
    "null": (None,),
    "boolean": (False, True),
    "int": _INTEGERS,
    "long": _INTEGERS,
    "float": (0.0, 1.0),
    "double": (0.0, 1.0),
    "bytes": (b"", b"\x00", b"\x01", b"\xff"),
    "string": ("", "a", "00000000-0000-0000-0000-000000000000"),  # a UUID too
}
_SIZES: Final = {"null": 0, "float": 4, "double": 8}


def leaf_samples(node: PrimitiveType | FixedType) -> Iterator[Any]:
    """Values of a type without parts, as the codec takes them.

    Example:
        >>> from streamcontract.schema.model import LogicalType
        >>> list(leaf_samples(PrimitiveType(name="int", logical=LogicalType("time-millis"))))
        [datetime.time(0, 0), datetime.time(0, 0, 0, 1000)]
    """
    converted = conversion(node)
    for raw in _raw(node):
        if converted is None:
            yield raw
            continue
        with contextlib.suppress(*REFUSALS):  # skip samples outside the logical type
            yield converted.from_raw(raw)


def leaf_size(node: PrimitiveType | FixedType) -> int:
    """The bytes of the first of them ("Binary Encoding", Avro 1.12).

    Example:
        >>> leaf_size(PrimitiveType(name="double")), leaf_size(PrimitiveType(name="string"))
        (8, 1)
    """
    if isinstance(node, FixedType):
        return node.size
    converted = conversion(node)
    if node.name not in {"bytes", "string"} or converted is None:
        return _SIZES.get(node.name, 1)
    return 1 + len(converted.to_raw(next(leaf_samples(node))))  # after a length of one byte


def _raw(node: PrimitiveType | FixedType) -> tuple[Any, ...]:
    """The value of the base type."""
    row, size = row_of(node), node.size if isinstance(node, FixedType) else None
    if row is not None and row.samples is not None and node.logical is not None:
        return row.samples(node.logical, size)
    if isinstance(node, FixedType):
        return bytes(node.size), b"\x01" * node.size
    return _RAW[node.name]
