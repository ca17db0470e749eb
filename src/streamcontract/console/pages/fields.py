"""Fields of a schema as the rows of a table, and types in words."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    EnumType,
    Field,
    FixedType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.schema import Schema

__all__ = ["FieldRow", "field_rows", "is_null", "named_within", "type_in_words"]

_DEEPEST: Final = 8
_MOST: Final = 2_000
"""Fields of a table, unless the first level has more.

A record of ten fields of a type of ten fields, and so on, is a short schema.
"""

_EXAMPLES: Final = ("example", "examples")


@attrs.frozen(kw_only=True)
class FieldRow:
    """One field.

    Attributes:
        path: Its path from the record, such as ``lines[].count``; each field has another one.
        name: Its name, after that of its record where a union has several.
        depth: How many records it is in.
        type: Its type in words.
        names: The named types in its type, by full name.
        default: Its default as JSON, or None.
        doc: Its documentation.
        examples: Its examples as JSON.
        symbols: The symbols of an enum.
    """

    path: str
    name: str
    depth: int
    type: str
    names: tuple[str, ...]
    default: str | None
    doc: str
    examples: tuple[str, ...]
    symbols: tuple[str, ...]


def field_rows(schema: Schema, *, before: str = "") -> tuple[FieldRow, ...]:
    """The fields of a schema, those of inner records after the field that has them.

    Of large schemas inner records are opened less deep.

    Args:
        schema: The schema.
        before: What each path begins with.

    Example:
        >>> from streamcontract import parse_schema
        >>> fields = [{"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}}]
        >>> [row] = field_rows(parse_schema({"type": "record", "name": "R", "fields": fields}))
        >>> row.path, row.type
        ('at', 'timestamp-millis (long)')
    """
    rows: list[FieldRow] = []
    for deepest in range(_DEEPEST, 0, -1):
        found = _rows(schema.root, "", 0, frozenset(), deepest)
        rows = [*islice(found, _MOST + 1)]
        if len(rows) <= _MOST:
            break
    else:
        rows += found
    return tuple(attrs.evolve(each, path=before + each.path) for each in rows)


def _rows(
    node: AvroType, path: str, depth: int, inside: frozenset[str], deepest: int
) -> Iterator[FieldRow]:
    """The fields of the records in a type; a record within itself is not opened again."""
    match node:
        case RecordType() if node.full_name not in inside and depth < deepest:
            for field in node.fields:
                yield from _field(field, path, depth, inside | {node.full_name}, deepest)
        case ArrayType():
            yield from _rows(node.items, f"{path}[]", depth, inside, deepest)
        case MapType():
            yield from _rows(node.values, f"{path}{{}}", depth, inside, deepest)
        case UnionType():
            records = [each.name for each in node.branches if isinstance(each, RecordType)]
            for branch in node.branches:
                rows = _rows(branch, path, depth, inside, deepest)
                if isinstance(branch, RecordType) and len(records) > 1:
                    is_clear = records.count(branch.name) == 1
                    rows = _of(branch.name if is_clear else branch.full_name, rows, path, depth)
                yield from rows


def _of(record: str, rows: Iterator[FieldRow], path: str, depth: int) -> Iterator[FieldRow]:
    """The fields of one record of several in a union, with the record before their names."""
    for row in rows:
        rest = row.path.removeprefix(path).removeprefix(".")
        name = f"{record}.{row.name}" if row.depth == depth else row.name
        yield attrs.evolve(row, path=f"{path}({record}).{rest}", name=name)


def _field(
    field: Field, path: str, depth: int, inside: frozenset[str], deepest: int
) -> Iterator[FieldRow]:
    own = f"{path}.{field.name}" if path else field.name
    yield FieldRow(
        path=own,
        name=field.name,
        depth=depth,
        type=type_in_words(field.type),
        names=tuple(dict.fromkeys(named_within(field.type))),
        default=json.dumps(field.default, ensure_ascii=False) if field.has_default else None,
        doc=field.doc or "",
        examples=tuple(_examples(field)),
        symbols=tuple(_symbols(field.type)),
    )
    yield from _rows(field.type, own, depth + 1, inside, deepest)


def _examples(field: Field) -> Iterator[str]:
    one, several = (field.attributes.get(each) for each in _EXAMPLES)
    found: list[object] = [] if one is None else [one]
    found += several if isinstance(several, list) else []
    yield from (json.dumps(each, ensure_ascii=False) for each in found)


def _symbols(node: AvroType) -> tuple[str, ...]:
    match node:
        case EnumType():
            return node.symbols
        case UnionType():
            return tuple(symbol for each in node.branches for symbol in _symbols(each))
        case ArrayType():
            return _symbols(node.items)
        case MapType():
            return _symbols(node.values)
        case _:
            return ()


def type_in_words(node: AvroType) -> str:
    """A type in words, such as ``array of Line, or null``.

    Example:
        >>> from streamcontract import parse_schema
        >>> type_in_words(parse_schema(["null", {"type": "array", "items": "int"}]).root)
        'array of int, or null'
    """
    match node:
        case UnionType():
            named = [type_in_words(each) for each in node.branches if not is_null(each)]
            is_optional = len(named) < len(node.branches)
            return " or ".join(named) + ", or null" * is_optional if named else "null"
        case ArrayType():
            return f"array of {type_in_words(node.items)}"
        case MapType():
            return f"map of {type_in_words(node.values)}"
        case RecordType() | EnumType():
            return node.name
        case FixedType():
            return _logical(node, f"{node.size} bytes")
        case PrimitiveType():
            return _logical(node, node.name)


def is_null(node: AvroType) -> bool:
    """Whether a type is that of null."""
    return isinstance(node, PrimitiveType) and node.name == "null"


def _logical(node: PrimitiveType | FixedType, underlying: str) -> str:
    logical = node.logical
    if logical is None:
        return f"{node.name} ({underlying})" if isinstance(node, FixedType) else underlying
    if logical.precision is None:
        return f"{logical.name} ({underlying})"
    return f"{logical.name}({logical.precision}, {logical.scale or 0})"


def named_within(node: AvroType) -> Iterator[str]:
    """The full names of the named types that a type refers to, without looking into them."""
    match node:
        case RecordType() | EnumType() | FixedType():
            yield node.full_name
        case ArrayType():
            yield from named_within(node.items)
        case MapType():
            yield from named_within(node.values)
        case UnionType():
            for branch in node.branches:
                yield from named_within(branch)
        case PrimitiveType():
            pass
