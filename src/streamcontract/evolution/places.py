"""Positions of findings in the texts of two schemas.

A finding's paths are paths through the models, as in Avro's own compatibility check: a path
continues after the name of a type that is defined elsewhere, and the reader's path adds the index
of the branch if the *writer* has a union. To find lines in files, both models are walked along both
paths at once; a named type continues in the text that defines it.
"""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

import attrs

from streamcontract.schema import (
    ArrayType,
    AvroType,
    EnumType,
    Field,
    FixedType,
    MapType,
    RecordType,
    Schema,
    UnionType,
)
from streamcontract.schema.positions import child, line_and_column, offsets

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Spot", "locate", "spots"]

_offsets = lru_cache(maxsize=64)(offsets)

_T = TypeVar("_T")


@attrs.frozen(kw_only=True)
class Spot:
    """A position in the text of a schema, or of one of its references.

    Attributes:
        schema: The schema of the text.
        pointer: JSON pointer into that text.
    """

    schema: Schema
    pointer: str


def spots(
    *, reader: Schema, writer: Schema, reader_path: str, writer_path: str
) -> tuple[Spot, Spot]:
    """The positions of a finding's paths.

    For a part that the text does not have, such as a missing attribute, it is the position of the
    nearest part around it.

    Args:
        reader: The reader schema.
        writer: The writer schema.
        reader_path: The finding's path into the reader schema.
        writer_path: The finding's path into the writer schema.

    Returns:
        The position in the reader's text, and that in the writer's.

    Example:
        >>> from streamcontract import parse_schema
        >>> text = '{"type": "record", "name": "R", "fields": [{"name": "f", "type": "%s"}]}'
        >>> old, new = parse_schema(text % "long"), parse_schema(text % "int")
        >>> spot, _ = spots(reader=new, writer=old,
        ...                 reader_path="/fields/0/type", writer_path="/fields/0/type")
        >>> spot.pointer, locate(spot)
        ('/fields/0/type', (1, 66))
    """
    read, written = _tokens(reader_path), _tokens(writer_path)
    at, other = _Cursor.at_root(reader), _Cursor.at_root(writer)
    while read:
        if isinstance(other.node, UnionType) and written:
            read.popleft()
            other = other.step(written)
        elif isinstance(at.node, UnionType):
            at = at.step(read)
        else:
            at = at.step(read)
            other = other.step(written)
    while written:
        other = other.step(written)
    return at.spot(), other.spot()


def locate(spot: Spot) -> tuple[int, int]:
    """Line and column of a position, counted from 1; the nearest container's if it has none."""
    text = spot.schema.json
    where, pointer = _offsets(text), spot.pointer
    while pointer not in where:
        pointer = pointer.rpartition("/")[0]
    return line_and_column(text, where[pointer])


def _tokens(path: str) -> deque[str]:
    return deque(token for token in path.split("/") if token)


@attrs.frozen(kw_only=True)
class _Cursor:
    """A node of a model and its use; ``node`` is None after the end of the model."""

    schema: Schema
    pointer: str
    node: AvroType | Field | None
    homes: Mapping[int, Schema]

    @classmethod
    def at_root(cls, schema: Schema) -> _Cursor:
        homes = {id(node): home for home in schema.closure() for node in home.definitions.values()}
        return cls(schema=schema, pointer="", node=schema.root, homes=homes)

    def spot(self) -> Spot:
        return Spot(schema=self.schema, pointer=self.pointer)

    def step(self, tokens: deque[str]) -> _Cursor:
        """One step down, which consumes at least one of ``tokens``, if there are any."""
        if not tokens:
            return self
        here = self.entered()
        token = tokens.popleft()
        match here.node, token:
            case RecordType() as record, "fields" if tokens:
                index = tokens.popleft()
                return here.down(_item(record.fields, index), "fields", index)
            case Field() as field, "type":
                return here.down(field.type, "type")
            case ArrayType() as array, "items":
                return here.down(array.items, "items")
            case MapType() as mapping, "values":
                return here.down(mapping.values, "values")
            case UnionType() as union, _:
                return here.down(_item(union.branches, token), token)
            case _:
                return here.down(None, token)

    def entered(self) -> _Cursor:
        """The cursor at the definition of a named type, if this is one."""
        if isinstance(self.node, RecordType | EnumType | FixedType):
            home = self.homes.get(id(self.node), self.schema)
            return attrs.evolve(self, schema=home, pointer=self.node.pointer)
        return self

    def down(self, node: AvroType | Field | None, *keys: str) -> _Cursor:
        """The cursor at ``node``, which is below ``keys`` in the text."""
        pointer = self.pointer
        for key in keys:
            pointer = child(pointer, key)
        return attrs.evolve(self, pointer=pointer, node=node)


def _item(items: tuple[_T, ...], index: str) -> _T | None:
    if index.isdecimal() and int(index) < len(items):
        return items[int(index)]
    return None
