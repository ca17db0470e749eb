"""Matches between a writer's and a reader's types: promotions, branches of unions, fields."""

from __future__ import annotations

from typing import Final

import attrs

from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    MapType,
    NamedType,
    PrimitiveType,
    RecordType,
    UnionType,
)

__all__ = ["PROMOTIONS", "Branches", "match_fields", "reads_as"]

PROMOTIONS: Final[dict[str, tuple[str, ...]]] = {
    "int": ("long", "float", "double"),
    "long": ("float", "double"),
    "float": ("double",),
    "string": ("bytes",),
    "bytes": ("string",),
}
"""The types that each primitive may be promoted to ("Schema Resolution", Avro 1.12)."""


def reads_as(writer: str, reader: str) -> bool:
    """Whether values of one primitive type can be read as those of another."""
    return writer == reader or reader in PROMOTIONS.get(writer, ())


@attrs.frozen
class Branches:
    """The branches of a reader's union, by the properties that a writer type matches.

    Attributes:
        bare: Index and type of each branch that has no name.
        named: Index and type of the branches that match a kind of named type and its full name,
            an alias for it, or its unqualified name; by how near that is, from 0.
    """

    bare: tuple[tuple[int, AvroType], ...]
    named: dict[tuple[type, int, str], list[int]]

    @classmethod
    def of(cls, union: UnionType) -> Branches:
        """The branches of a union."""
        bare = []
        named: dict[tuple[type, int, str], list[int]] = {}
        for i, branch in enumerate(union.branches):
            if not isinstance(branch, NamedType):
                bare.append((i, branch))
                continue
            kind = type(branch)
            named.setdefault((kind, 0, branch.full_name), []).append(i)
            for alias in branch.aliases:
                named.setdefault((kind, 1, alias), []).append(i)
            named.setdefault((kind, 2, branch.name), []).append(i)
        return cls(tuple(bare), named)

    def candidates(self, writer: AvroType) -> tuple[int, ...]:
        """The indexes of the branches that a bare writer type may go into, nearest first."""
        if isinstance(writer, NamedType):
            names = enumerate((writer.full_name, writer.full_name, writer.name))
            found = (self.named.get((type(writer), rank, name), ()) for rank, name in names)
            return tuple(dict.fromkeys(i for indexes in found for i in indexes))
        ranked = ((_match_rank(writer, branch), i) for i, branch in self.bare)
        return tuple(i for rank, i in sorted(each for each in ranked if each[0] is not None))


def _match_rank(writer: AvroType, branch: AvroType) -> int | None:
    """The distance of a branch without a name from a bare writer type; None for no match."""
    match writer, branch:
        case PrimitiveType(), PrimitiveType():
            if writer.name == branch.name:
                return 0
            return 3 if reads_as(writer.name, branch.name) else None
        case (ArrayType(), ArrayType()) | (MapType(), MapType()):
            return 0
        case _:
            return None


def match_fields(writer: RecordType, reader: RecordType) -> list[int | None]:
    """For each reader field the index of the writer field that fills it, or None."""
    by_name = {field.name: i for i, field in enumerate(writer.fields)}
    sources = [by_name.get(field.name) for field in reader.fields]
    taken = {source for source in sources if source is not None}
    for target, field in enumerate(reader.fields):
        if sources[target] is not None:
            continue
        for alias in field.aliases:
            source = by_name.get(alias)
            if source is not None and source not in taken:
                sources[target] = source
                taken.add(source)
                break
    return sources
