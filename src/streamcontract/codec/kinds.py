"""Kinds of fields: fields are of one kind if the same code writes or reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import Final

import attrs

from streamcontract.codec.number_lists import FEWEST
from streamcontract.resolution import (
    Action,
    FieldStep,
    IntoUnion,
    ReadArray,
    ReadEnum,
    ReadFixed,
    ReadMap,
    ReadPrimitive,
    ReadUnion,
)
from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    MapType,
    PrimitiveType,
    UnionType,
    branch_name,
)

__all__ = ["Run", "kind_of_step", "kind_of_type", "runs"]

_MOST_KINDS: Final = 16
"""Branches of one loop."""


@attrs.frozen
class Run:
    """Fields in a row that one loop goes over.

    Attributes:
        start: Index of the first field.
        stop: Index after the last one.
        kinds: Number of each field's kind, the most frequent kind first.
        fields: Index of a field of each kind.
    """

    start: int
    stop: int
    kinds: tuple[int, ...]
    fields: tuple[int, ...]


def runs(kinds: Sequence[Hashable]) -> list[Run]:
    """The loops for fields of these kinds: long rows of one kind apart, few kinds in each loop.

    Example:
        >>> [(run.start, run.stop, len(run.fields)) for run in runs("abab" + "c" * 20 + "a")]
        [(0, 4, 2), (4, 24, 1), (24, 25, 1)]
    """
    return [_run(kinds, start, stop) for start, stop in _bounds(kinds)]


def _bounds(kinds: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    start, at, found = 0, 0, set[Hashable]()
    while at < len(kinds):
        stop = at + 1
        while stop < len(kinds) and kinds[stop] == kinds[at]:
            stop += 1
        is_apart = stop - at >= FEWEST
        if start < at and (is_apart or len(found | {kinds[at]}) > _MOST_KINDS):
            yield start, at
            start, found = at, set()
        if is_apart:
            yield at, stop
            start, found = stop, set()
        else:
            found.add(kinds[at])
        at = stop
    if start < at:
        yield start, at


def _run(kinds: Sequence[Hashable], start: int, stop: int) -> Run:
    numbers = {
        kind: number for number, (kind, _) in enumerate(Counter(kinds[start:stop]).most_common())
    }
    fields = {numbers[kinds[index]]: index for index in reversed(range(start, stop))}
    return Run(
        start,
        stop,
        tuple(numbers[kind] for kind in kinds[start:stop]),
        tuple(fields[number] for number in range(len(numbers))),
    )


def kind_of_type(node: AvroType) -> Hashable:
    """Equal for types whose values the same code writes, or passes over."""
    match node:
        case PrimitiveType():
            return ("primitive", node.name, node.logical)
        case ArrayType():
            return ("array", kind_of_type(node.items))
        case MapType():
            return ("map", kind_of_type(node.values))
        case UnionType():
            return ("union", *map(kind_of_type, node.branches))
        case _:
            return id(node)


def kind_of_step(step: FieldStep) -> Hashable:
    """Equal for fields that the same code reads."""
    if step.target is None or step.action is None:
        return ("skip", kind_of_type(step.field.type))
    return _kind_of_action(step.action)


def _kind_of_action(action: Action) -> Hashable:
    match action:
        case ReadPrimitive() | ReadFixed():
            return (kind_of_type(action.writer), kind_of_type(action.reader), action.rescale)
        case ReadEnum():
            return ("enum", id(action.writer), id(action.reader))
        case ReadArray():
            return ("array", kind_of_type(action.writer), _kind_of_action(action.items))
        case ReadMap():
            return ("map", kind_of_type(action.writer), _kind_of_action(action.values))
        case ReadUnion():
            return ("union", *map(_kind_of_action, action.branches))
        case IntoUnion():
            branch = branch_name(action.reader.branches[action.branch])
            return ("into union", branch, _kind_of_action(action.action))
        case _:
            return id(action)
