"""The immutable model of a parsed Avro schema.

The model follows "Schema Declaration" and "Logical Types" of the Avro 1.12 specification. A node
never changes after :func:`streamcontract.schema.parse.parse_schema` returned it. Named types are
shared: a reference by name is the node of its definition. So recursive schemas are cyclic graphs,
nodes compare by identity, and walks need a guard.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, get_args

import attrs

__all__ = [
    "COMPLEX_KINDS",
    "INTEGER_LIMITS",
    "MISSING",
    "NAMED_KINDS",
    "PRIMITIVE_NAMES",
    "ArrayType",
    "AvroType",
    "EnumType",
    "Field",
    "FixedType",
    "JsonValue",
    "LogicalType",
    "MapType",
    "Missing",
    "NamedType",
    "PrimitiveName",
    "PrimitiveType",
    "RecordType",
    "UnionType",
    "branch_name",
    "children",
]

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]
"""A value that ``json.loads`` returns."""

PrimitiveName = Literal["null", "boolean", "int", "long", "float", "double", "bytes", "string"]

PRIMITIVE_NAMES: Final[tuple[PrimitiveName, ...]] = get_args(PrimitiveName)

NAMED_KINDS: Final = ("record", "error", "enum", "fixed")
"""The values of ``type`` that define a named type; ``error`` is a record in protocols."""

COMPLEX_KINDS: Final = (*NAMED_KINDS, "array", "map")
"""The values of ``type`` that define a complex type; a union is a JSON array instead."""

INTEGER_LIMITS: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {"int": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}
)
"""The least and the greatest number of each integer type ("Primitive Types", Avro 1.12)."""

_NO_ATTRIBUTES: Final[Mapping[str, JsonValue]] = MappingProxyType({})


class Missing:
    """The type of :data:`MISSING`, a missing default; ``None`` is the default ``null``."""

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing()


@attrs.frozen
class LogicalType:
    """A logical type that fits the type it annotates; any other is only an attribute.

    Attributes:
        name: Avro's name for it, such as ``"timestamp-millis"``.
        precision: For ``decimal``: the most digits a value may have; else None.
        scale: For ``decimal``: digits after the point; else None.
    """

    name: str
    precision: int | None = None
    scale: int | None = None


@attrs.frozen(eq=False, kw_only=True)
class PrimitiveType:
    """One of the eight primitive types, with its logical type if it has one."""

    name: PrimitiveName
    logical: LogicalType | None = None
    attributes: Mapping[str, JsonValue] = _NO_ATTRIBUTES
    pointer: str = ""


@attrs.frozen(eq=False, kw_only=True)
class ArrayType:
    """An array of ``items``."""

    items: AvroType
    attributes: Mapping[str, JsonValue] = _NO_ATTRIBUTES
    pointer: str = ""


@attrs.frozen(eq=False, kw_only=True)
class MapType:
    """A map from strings to ``values``."""

    values: AvroType
    attributes: Mapping[str, JsonValue] = _NO_ATTRIBUTES
    pointer: str = ""


@attrs.frozen(eq=False, kw_only=True)
class UnionType:
    """A union; its branches are no unions and, unless named, of different types."""

    branches: tuple[AvroType, ...]
    pointer: str = ""


@attrs.frozen(eq=False, kw_only=True)
class Field:
    """A field of a record.

    Attributes:
        name: The name in the schema.
        type: Its schema.
        default: The default as JSON, or :data:`MISSING`; ``None`` is the default ``null``.
        aliases: Other names that a writer may have used, unqualified.
        doc: Documentation, or None.
        order: ``"ascending"``, ``"descending"`` or ``"ignore"``; sorting only.
        attributes: Attributes the specification does not know, kept.
        pointer: JSON pointer to the field in its file.
    """

    name: str
    type: AvroType
    default: JsonValue | Missing = MISSING
    aliases: tuple[str, ...] = ()
    doc: str | None = None
    order: str = "ascending"
    attributes: Mapping[str, JsonValue] = _NO_ATTRIBUTES
    pointer: str = ""

    @property
    def has_default(self) -> bool:
        """Whether the schema gives a default, ``null`` included."""
        return not isinstance(self.default, Missing)

    def _drop_default(self) -> None:
        """For the parser alone: remove a default that is to be ignored."""
        object.__setattr__(self, "default", MISSING)


@attrs.frozen(eq=False, kw_only=True)
class _Named:
    """Common attributes of records, enums and fixed.

    ``source`` is the file that defines the type, or None; ``pointer`` leads to its definition
    in there.
    """

    full_name: str
    aliases: tuple[str, ...] = ()
    doc: str | None = None
    attributes: Mapping[str, JsonValue] = _NO_ATTRIBUTES
    pointer: str = ""
    source: str | None = None

    @property
    def name(self) -> str:
        """The name without its namespace."""
        return self.full_name.rpartition(".")[2]

    @property
    def namespace(self) -> str | None:
        """The namespace, or None for the null namespace."""
        return self.full_name.rpartition(".")[0] or None

    def _set_aliases(self, aliases: tuple[str, ...]) -> None:
        """For the parser alone: remove aliases that are to be ignored."""
        object.__setattr__(self, "aliases", aliases)


@attrs.frozen(eq=False, kw_only=True)
class RecordType(_Named):
    """A record; ``is_error`` marks one declared as ``error`` (protocols only, else the same).

    ``fields`` is filled once, right after construction and before the parser returns: a recursive
    record must exist before its fields can.
    """

    fields: tuple[Field, ...] = ()
    is_error: bool = False

    def _fill(self, fields: tuple[Field, ...]) -> None:
        object.__setattr__(self, "fields", fields)


@attrs.frozen(eq=False, kw_only=True)
class EnumType(_Named):
    """An enum; ``default`` is the symbol a reader falls back to, or None."""

    symbols: tuple[str, ...]
    default: str | None = None


@attrs.frozen(eq=False, kw_only=True)
class FixedType(_Named):
    """A fixed number of bytes, ``size``, with its logical type if it has one."""

    size: int
    logical: LogicalType | None = None


NamedType = RecordType | EnumType | FixedType
AvroType = PrimitiveType | ArrayType | MapType | UnionType | RecordType | EnumType | FixedType


def branch_name(node: AvroType) -> str:
    """The name that identifies a branch of a union: a full name, or the name of its type."""
    match node:
        case RecordType() | EnumType() | FixedType():
            return node.full_name
        case PrimitiveType():
            return node.name
        case ArrayType():
            return "array"
        case MapType():
            return "map"
        case UnionType():
            raise ValueError("a union is no branch of a union")


def children(node: AvroType) -> tuple[AvroType, ...]:
    """The types directly inside a type: its fields', branches, items or values; none in a leaf."""
    match node:
        case RecordType():
            return tuple(field.type for field in node.fields)
        case UnionType():
            return node.branches
        case ArrayType():
            return (node.items,)
        case MapType():
            return (node.values,)
        case _:
            return ()
