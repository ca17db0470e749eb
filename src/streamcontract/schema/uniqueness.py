"""Names that have to be unique across a whole schema ("Names" and "Aliases", Avro 1.12)."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import attrs

from streamcontract.schema.leniency import DEFINED_TWICE, TWO_VERSIONS, Clause
from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    EnumType,
    FixedType,
    MapType,
    NamedType,
    PrimitiveType,
    RecordType,
    UnionType,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from streamcontract.schema.schema import Schema

__all__ = ["alias_faults", "drop_taken_aliases", "foreign_definition_faults", "write_alike"]


def foreign_definition_faults(
    definitions: Mapping[str, NamedType], references: Iterable[Schema]
) -> Iterator[tuple[str, str, Clause | None]]:
    """Find full names that are defined twice: "may not contain multiple definitions".

    Args:
        definitions: The types that the schema defines itself.
        references: The schemas it uses.

    Yields:
        JSON pointer and message of each fault, and the clause by which it may be forgiven if both
        definitions write the same bytes.
    """
    owners: dict[str, Schema] = {}
    for reference in references:
        for schema in reference.closure():
            for name, node in schema.definitions.items():
                owner = owners.setdefault(name, schema)
                if owner is not schema and owner != schema:
                    files = " and ".join(filter(None, (owner.source, schema.source)))
                    where = f" ({files})" if files else ""
                    message = f"the schemas used here define {name} in two ways{where}; keep one"
                    is_alike = write_alike(owner.definitions[name], node)
                    yield "", message, TWO_VERSIONS if is_alike else None
    for name, node in definitions.items():
        if name in owners:
            owner = owners[name]
            message = (
                f"{name} is defined in {_where(owner)} too, which this schema uses; keep one "
                "definition"
            )
            is_alike = write_alike(owner.definitions[name], node)
            yield f"{node.pointer}/name", message, DEFINED_TWICE if is_alike else None


def _where(schema: Schema) -> str:
    return schema.source or schema.name or "a reference"


def alias_faults(definitions: Mapping[str, NamedType]) -> Iterator[tuple[str, str]]:
    """Find aliases that are taken: they are "subject to the same uniqueness constraints as names".

    Yields:
        JSON pointer and message of each fault.
    """
    yield from _taken({name: (node.pointer, node.aliases) for name, node in definitions.items()})
    for node in definitions.values():
        if isinstance(node, RecordType):
            yield from _taken({field.name: (field.pointer, field.aliases) for field in node.fields})


def _taken(scope: Mapping[str, tuple[str, tuple[str, ...]]]) -> Iterator[tuple[str, str]]:
    owners = {name: name for name in scope}
    for name, (pointer, aliases) in scope.items():
        for alias in aliases:
            owner = owners.setdefault(alias, name)
            if owner != name:
                yield f"{pointer}/aliases", f"the alias {json.dumps(alias)} belongs to {owner} too"


def drop_taken_aliases(definitions: Mapping[str, NamedType]) -> None:
    """For the parser alone: remove aliases that several owners have, or that are also names."""
    free = _Free({name: node.aliases for name, node in definitions.items()})
    for name, node in definitions.items():
        node._set_aliases(free.of(name))  # noqa: SLF001 - no other code has the type yet
        if isinstance(node, RecordType):
            inner = _Free({field.name: field.aliases for field in node.fields})
            # New fields, because schemas share fields that are made of primitive types.
            node._fill(  # noqa: SLF001 - likewise
                tuple(attrs.evolve(field, aliases=inner.of(field.name)) for field in node.fields)
            )


class _Free:
    """The aliases in one scope that have one owner."""

    def __init__(self, scope: Mapping[str, tuple[str, ...]]) -> None:
        self._scope = scope
        self._owners = Counter(each for name, aliases in scope.items() for each in {name, *aliases})

    def of(self, name: str) -> tuple[str, ...]:
        return tuple(alias for alias in self._scope[name] if self._owners[alias] == 1)


def write_alike(one: AvroType, other: AvroType) -> bool:
    """Whether two types write the same values as the same bytes.

    They may differ in docs, aliases, defaults, sort orders and attributes without a meaning.

    Example:
        >>> from streamcontract.schema import parse_schema
        >>> text = '{"type": "enum", "name": "E", "doc": "%s", "symbols": ["A"]}'
        >>> write_alike(parse_schema(text % "old").root, parse_schema(text % "new").root)
        True
    """
    return _write_alike(one, other, set())


def _write_alike(one: AvroType, other: AvroType, seen: set[tuple[int, int]]) -> bool:
    pair = id(one), id(other)
    if one is other or pair in seen:
        return True
    match one, other:
        case PrimitiveType(), PrimitiveType():
            return (one.name, one.logical) == (other.name, other.logical)
        case ArrayType(), ArrayType():
            return _write_alike(one.items, other.items, seen)
        case MapType(), MapType():
            return _write_alike(one.values, other.values, seen)
        case UnionType(), UnionType():
            return _all_alike(one.branches, other.branches, seen)
        case FixedType(), FixedType():
            mine = one.full_name, one.size, one.logical
            return mine == (other.full_name, other.size, other.logical)
        case EnumType(), EnumType():
            return (one.full_name, one.symbols) == (other.full_name, other.symbols)
        case RecordType(), RecordType():
            seen.add(pair)
            names = [field.name for field in one.fields]
            return (
                one.full_name == other.full_name
                and names == [field.name for field in other.fields]
                and _all_alike(
                    [field.type for field in one.fields],
                    [field.type for field in other.fields],
                    seen,
                )
            )
        case _:
            return False


def _all_alike(
    some: Sequence[AvroType], others: Sequence[AvroType], seen: set[tuple[int, int]]
) -> bool:
    return len(some) == len(others) and all(
        _write_alike(one, other, seen) for one, other in zip(some, others, strict=True)
    )
