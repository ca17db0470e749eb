"""Logical types ("Logical Types" of the Avro 1.12 specification): each is one row.

An unknown or misplaced logical type is not a fault: the specification requires that it is ignored
and the underlying type is used. It stays among the type's attributes, so that tools can show it.
"""

from __future__ import annotations

from collections.abc import Mapping

from streamcontract.schema.logical.decimals import most_digits
from streamcontract.schema.logical.duration import Duration
from streamcontract.schema.logical.row import (
    Base,
    Conversion,
    JsonForm,
    LogicalRow,
    Misfit,
    PythonType,
    Unit,
)
from streamcontract.schema.logical.rows import LOGICAL_TYPES
from streamcontract.schema.model import FixedType, JsonValue, LogicalType, PrimitiveType

__all__ = [
    "LOGICAL_TYPES",
    "Base",
    "Conversion",
    "Duration",
    "JsonForm",
    "LogicalRow",
    "Misfit",
    "PythonType",
    "Unit",
    "conversion",
    "declared_logical_type",
    "most_digits",
    "row_of",
    "used_attributes",
]


def declared_logical_type(
    json: Mapping[str, JsonValue], base: str, size: int | None = None
) -> LogicalType | Misfit | None:
    """The logical type that ``json`` declares, or the reason why it does not apply.

    Args:
        json: The type's JSON object, or its attributes.
        base: ``"fixed"`` or the name of another type.
        size: The size in bytes of a fixed, None if it has no sound one.

    Returns:
        None if it names no logical type of Avro.

    Example:
        >>> declared_logical_type({"logicalType": "date"}, "int").name
        'date'
        >>> declared_logical_type({"logicalType": "date"}, "string").reason
        'it annotates int, not string'
    """
    name = json.get("logicalType")
    row = LOGICAL_TYPES.get(name) if isinstance(name, str) else None
    if row is None:
        return None
    if not any(each.takes(base, size) for each in row.bases):
        wanted = " or ".join(map(str, row.bases))
        return Misfit("logicalType", f"it annotates {wanted}, not {Base(base, size)}")
    return row.declare(json, size)


def used_attributes(logical: LogicalType | None) -> frozenset[str]:
    """The attributes of a type that its logical type uses."""
    if logical is None:
        return frozenset()
    return frozenset({"logicalType", *LOGICAL_TYPES[logical.name].parameters})


def row_of(node: PrimitiveType | FixedType) -> LogicalRow | None:
    """The row of a type's logical type, None if it has none."""
    return None if node.logical is None else LOGICAL_TYPES[node.logical.name]


def conversion(node: PrimitiveType | FixedType) -> Conversion | None:
    """The conversion of a type's values; None if they are values of the base type.

    Example:
        >>> conversion(PrimitiveType(name="int", logical=LogicalType("date"))).from_raw(1)
        datetime.date(1970, 1, 2)
    """
    row = row_of(node)
    if row is None or row.convert is None or node.logical is None:
        return None
    return row.convert(node.logical, node.size if isinstance(node, FixedType) else None)
