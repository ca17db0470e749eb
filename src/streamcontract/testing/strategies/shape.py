"""Shape of a schema: the nodes with finite values, and the recursive ones.

A value of a recursive schema must end somewhere. Two facts about a node decide how to end it:

- its *height*, the fewest records inside one another that a value of it needs: 0 for a string
or an empty array, infinite for a record that contains itself unconditionally, and for an enum
without symbols or a union without branches;
- whether it *recurs*: whether it contains a record that can contain itself, or is part of such
a loop.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from streamcontract.schema import (
    AvroType,
    EnumType,
    RecordType,
    UnionType,
)
from streamcontract.schema.model import children

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["heights", "recurring"]


def _reachable(root: AvroType) -> list[AvroType]:
    """Every node within reach of ``root``, itself included, each once."""
    seen: dict[AvroType, None] = {}
    pending = [root]
    while pending:
        node = pending.pop()
        if node not in seen:
            seen[node] = None
            pending.extend(children(node))
    return list(seen)


def heights(root: AvroType) -> Mapping[AvroType, float]:
    """The fewest records inside one another that a value of each node needs.

    Args:
        root: The node to start from.

    Returns:
        The height of every reachable node; ``math.inf`` if it has no finite value.
    """
    nodes = _reachable(root)
    found: dict[AvroType, float] = dict.fromkeys(nodes, math.inf)
    changed = True
    while changed:  # heights only shrink, and each pass makes at least one final
        changed = False
        for node in nodes:
            height = _height(node, found)
            if height < found[node]:
                found[node] = height
                changed = True
    return found


def _height(node: AvroType, known: Mapping[AvroType, float]) -> float:
    match node:
        case RecordType():
            return 1 + max((known[field.type] for field in node.fields), default=0)
        case EnumType():
            return 0 if node.symbols else math.inf
        case UnionType():
            return min((known[branch] for branch in node.branches), default=math.inf)
        case _:
            return 0  # arrays and maps too: they can be empty


def recurring(root: AvroType) -> tuple[frozenset[AvroType], frozenset[AvroType]]:
    """The nodes whose values could be infinite.

    Args:
        root: The node to start from.

    Returns:
        First the nodes that a loop of the schema is within reach of, then those of them that
        are part of a loop (or between two). Every loop runs through a record.
    """
    below = {node: children(node) for node in _reachable(root)}
    above: dict[AvroType, list[AvroType]] = {node: [] for node in below}
    for node, inner in below.items():
        for child in inner:
            above[child].append(node)
    leading = _without_ends(set(below), below)
    return leading, _without_ends(set(leading), above)


def _without_ends(
    nodes: set[AvroType], following: Mapping[AvroType, Collection[AvroType]]
) -> frozenset[AvroType]:
    """The rest of ``nodes`` after repeatedly removing those without successors."""
    ends = {node for node in nodes if nodes.isdisjoint(following[node])}
    while ends:
        nodes -= ends
        ends = {node for node in nodes if nodes.isdisjoint(following[node])}
    return frozenset(nodes)
