"""Smallest values of a schema: of any type, and those that reach one action of a plan.

Values have the form that the codec takes for a plain schema, those of unions ``(branch's full name,
value)``, so that they choose the branch.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import attrs

from streamcontract.compatibility.leaf_samples import leaf_samples, leaf_size
from streamcontract.resolution import (
    Action,
    IntoUnion,
    ReadArray,
    ReadMap,
    ReadRecord,
    ReadUnion,
)
from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    EnumType,
    FixedType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
    branch_name,
)

__all__ = ["ActionPath", "Witness", "minimal_value", "witness_of"]


def minimal_value(node: AvroType) -> Any:
    """The smallest value of a type: the one of the fewest bytes.

    Raises:
        ValueError: No value of the type is finite: a record contains itself unconditionally.

    Example:
        >>> from streamcontract import parse_schema
        >>> minimal_value(parse_schema({"type": "record", "name": "Node", "fields": [
        ...     {"name": "id", "type": "long"}, {"name": "next", "type": ["Node", "null"]}]}).root)
        {'id': 0, 'next': ('null', None)}
    """
    return Witness(node).minimal(node)


@lru_cache(maxsize=16)  # all findings of one pair of schemas use one of these
def witness_of(root: AvroType) -> Witness:
    """The witness of a writer schema's root type."""
    return Witness(root)


@attrs.frozen
class ActionPath:
    """A path through a plan.

    Attributes:
        end: The action at its end.
        steps: Each action on the path, and the index of the next one inside that action.
    """

    end: Action
    steps: tuple[tuple[Action, int], ...] = ()


class Witness:
    """Builds values of one writer schema.

    Args:
        root: The writer's root type, which contains all requested types.
    """

    def __init__(self, root: AvroType) -> None:
        self._sizes = _sizes(root)
        self._records: dict[RecordType, dict[str, Any]] = {}

    def size(self, node: AvroType) -> float:
        """The bytes of the smallest value of a type; infinite if it has none."""
        return self._sizes[node]

    def minimal(self, node: AvroType) -> Any:
        """As :func:`minimal_value`."""
        if math.isinf(self._sizes[node]):
            raise ValueError("no value of this type is finite")
        match node:
            case UnionType():
                branch = min(node.branches, key=self._sizes.__getitem__)
                return branch_name(branch), self.minimal(branch)
            case RecordType():
                known = self._records.get(node)
                if known is None:
                    known = {field.name: self.minimal(field.type) for field in node.fields}
                    self._records[node] = known
                return dict(known)
            case ArrayType():
                return []
            case MapType():
                return {}
            case EnumType():
                return node.symbols[0]
            case PrimitiveType() | FixedType():
                return next(leaf_samples(node))

    def build(self, route: ActionPath, part: Any) -> Any:
        """The smallest value whose part at the end of a path is ``part``."""
        value = part
        for action, index in reversed(route.steps):
            match action:
                case ReadArray():
                    value = [value]
                case ReadMap():
                    value = {"": value}
                case ReadUnion():
                    value = (branch_name(action.writer.branches[index]), value)
                case ReadRecord():
                    value = {
                        field.name: value if i == index else self.minimal(field.type)
                        for i, field in enumerate(action.writer.fields)
                    }
                case _:
                    pass
        return value

    def route(self, root: Action, wanted: Callable[[Action], bool]) -> ActionPath:
        """The path of the fewest bytes to the first wanted action (Dijkstra's algorithm).

        Raises:
            ValueError: No finite value reaches such an action.
        """
        ties = itertools.count()
        waiting: list[tuple[float, int, ActionPath]] = [(0, next(ties), ActionPath(root))]
        done: set[int] = set()
        while waiting:
            cost, _, route = heapq.heappop(waiting)
            if wanted(route.end):
                return route
            if id(route.end) in done:
                continue
            done.add(id(route.end))
            for index, inner, extra in self._inside(route.end):
                if not math.isinf(extra):
                    longer = ActionPath(inner, (*route.steps, (route.end, index)))
                    heapq.heappush(waiting, (cost + extra, next(ties), longer))
        raise ValueError("no finite value gets there")

    def _inside(self, action: Action) -> Iterator[tuple[int, Action, float]]:
        """The actions inside an action, with their index and the bytes needed to reach them."""
        match action:
            case ReadArray():
                yield 0, action.items, 2  # a block's count and the end of the blocks
            case ReadMap():
                yield 0, action.values, 3  # and the key ""
            case ReadUnion():
                for i, branch in enumerate(action.branches):
                    yield i, branch, 1
            case IntoUnion():
                yield 0, action.action, 0
            case ReadRecord():
                sizes = [self._sizes[field.type] for field in action.writer.fields]
                finite = sum(size for size in sizes if not math.isinf(size))
                endless = sum(map(math.isinf, sizes))
                for i, step in enumerate(action.steps):
                    if step.action is not None:
                        own = sizes[i]
                        is_endless = endless > math.isinf(own)  # one of the other fields
                        rest = finite if math.isinf(own) else finite - own
                        yield i, step.action, math.inf if is_endless else rest
            case _:
                pass


def _sizes(root: AvroType) -> Mapping[AvroType, float]:
    """The bytes of the smallest value of every type, infinite if it has none."""
    nodes = _reachable(root)
    sizes: dict[AvroType, float] = dict.fromkeys(nodes, math.inf)
    changed = True
    while changed:  # sizes only shrink, and each pass makes at least one final
        changed = False
        for node in reversed(nodes):
            size = _size(node, sizes)
            if size < sizes[node]:
                sizes[node], changed = size, True
    return sizes


def _reachable(root: AvroType) -> list[AvroType]:
    found: dict[AvroType, None] = {}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node in found:
            continue
        found[node] = None
        match node:
            case RecordType():
                waiting.extend(field.type for field in node.fields)
            case UnionType():
                waiting.extend(node.branches)
            case ArrayType():
                waiting.append(node.items)
            case MapType():
                waiting.append(node.values)
            case _:
                pass
    return list(found)


def _size(node: AvroType, known: Mapping[AvroType, float]) -> float:
    match node:
        case RecordType():
            return sum(known[field.type] for field in node.fields)
        case UnionType():
            return 1 + min((known[branch] for branch in node.branches), default=math.inf)
        case EnumType():
            return 1 if node.symbols else math.inf
        case PrimitiveType() | FixedType():
            return leaf_size(node)
        case _:
            return 1  # an empty array or map
