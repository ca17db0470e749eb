"""Schemas with one change, to be compared with the original."""

from __future__ import annotations

import json
from functools import lru_cache

import attrs

from streamcontract.schema.inline import inlined
from streamcontract.schema.leniency import BAD_DEFAULT, STORED, Leniency
from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    Field,
    MapType,
    RecordType,
    UnionType,
)
from streamcontract.schema.parse import parse_schema
from streamcontract.schema.schema import Schema

__all__ = ["schema_of", "with_type", "without_field"]


@lru_cache(maxsize=64)  # the findings of one pair of schemas need the same few types
def schema_of(
    root: AvroType, *, as_union: bool = False, ignore_bad_defaults: bool = True
) -> Schema:
    """The self-contained schema of one type of a model.

    Args:
        root: The type.
        as_union: Put it into a union of one branch, whose decoded values carry its name.
        ignore_bad_defaults: Whether a default that does not fit its field's type is ignored. The
        other clauses of a stored schema apply, since the type may be from one.

    Raises:
        SchemaParseError: A default does not fit its field's type, and that is not ignored.
    """
    document = inlined(root)
    leniency = STORED if ignore_bad_defaults else STORED - [BAD_DEFAULT]
    return _parsed(json.dumps([document] if as_union else document), leniency)


@lru_cache(maxsize=64)  # types of many fields are equal: one schema, and so one codec, for all
def _parsed(text: str, leniency: Leniency) -> Schema:
    return parse_schema(text, leniency=leniency)


def with_type(schema: Schema, old: AvroType, new: AvroType) -> Schema:
    """The schema with one type in place of another; defaults that do not fit are ignored."""
    return schema_of(_Copy(types={id(old): new}).type(schema.root))


def without_field(schema: Schema, field: Field) -> Schema:
    """The schema as it was before it had a field."""
    return schema_of(_Copy(dropped=field).type(schema.root), ignore_bad_defaults=False)


@attrs.define
class _Copy:
    """Copies a model, each record once, so that recursive schemas stay recursive."""

    types: dict[int, AvroType] = attrs.field(factory=dict)
    dropped: Field | None = None

    def type(self, node: AvroType) -> AvroType:
        known = self.types.get(id(node))
        if known is not None:
            return known
        match node:
            case UnionType():
                return attrs.evolve(node, branches=tuple(map(self.type, node.branches)))
            case ArrayType():
                return attrs.evolve(node, items=self.type(node.items))
            case MapType():
                return attrs.evolve(node, values=self.type(node.values))
            case RecordType():
                copy = attrs.evolve(node, fields=())
                self.types[id(node)] = copy
                fields = (field for field in node.fields if field is not self.dropped)
                copy._fill(  # noqa: SLF001 - as the parser does for a record that holds itself
                    tuple(attrs.evolve(field, type=self.type(field.type)) for field in fields)
                )
                return copy
            case _:
                return node
