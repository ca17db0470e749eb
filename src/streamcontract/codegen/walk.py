"""Named types of a schema, in the two orders that generated code needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamcontract.schema.model import (
    ArrayType,
    EnumType,
    FixedType,
    MapType,
    RecordType,
    UnionType,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.schema.model import AvroType, NamedType

__all__ = ["in_order_of_definition", "in_order_of_use", "part_names"]


def in_order_of_use(*roots: AvroType) -> list[RecordType | EnumType]:
    """The reachable records and enums, each at its first use, the roots first."""
    found: dict[str, RecordType | EnumType] = {}
    waiting: list[AvroType] = list(reversed(roots))
    while waiting:
        node = waiting.pop()
        if isinstance(node, (RecordType, EnumType)) and node.full_name not in found:
            found[node.full_name] = node
            waiting += reversed(list(_parts(node)))
        elif not isinstance(node, (RecordType, EnumType, FixedType)):
            waiting += reversed(list(_parts(node)))
    return list(found.values())


def in_order_of_definition(*roots: AvroType) -> list[RecordType | EnumType]:
    """The same, each after its parts; only cycles make that impossible."""
    ordered: dict[str, RecordType | EnumType] = {}
    started: set[str] = set()
    waiting = [(part, False) for root in reversed(roots) for part in _named_in(root)]
    while waiting:
        node, parts_are_done = waiting.pop()
        if isinstance(node, FixedType):
            continue
        if parts_are_done:
            ordered[node.full_name] = node
        elif node.full_name not in started:
            started.add(node.full_name)
            waiting.append((node, True))
            waiting += [(part, False) for part in reversed(list(_named_parts(node)))]
    return list(ordered.values())


def part_names(node: RecordType | EnumType) -> list[str]:
    """The full names of the records and enums that are direct parts of a type."""
    return [part.full_name for part in _named_parts(node) if not isinstance(part, FixedType)]


def _named_in(root: AvroType) -> list[NamedType]:
    """The named types at the top of a type, the last first."""
    if isinstance(root, (RecordType, EnumType, FixedType)):
        return [root]
    return list(reversed(list(_named_parts(root))))


def _parts(node: AvroType) -> Iterator[AvroType]:
    match node:
        case RecordType():
            for field in node.fields:
                yield field.type
        case ArrayType():
            yield node.items
        case MapType():
            yield node.values
        case UnionType():
            yield from node.branches
        case _:
            return


def _named_parts(node: AvroType) -> Iterator[NamedType]:
    for part in _parts(node):
        if isinstance(part, (RecordType, EnumType, FixedType)):
            yield part
        else:
            yield from _named_parts(part)
