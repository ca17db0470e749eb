"""Matching of the fields and branches of two schemas."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from streamcontract.schema.model import (
    AvroType,
    EnumType,
    FixedType,
    RecordType,
    UnionType,
    branch_name,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamcontract.schema.model import Field

__all__ = ["match_branches", "match_fields", "out_of_order"]


def match_fields(old: RecordType, new: RecordType) -> list[tuple[int, int]]:
    """Pairs of positions of the fields that are the same or were renamed, in the new order.

    A field was renamed if its new version has the old name among its aliases (or, if schemas are
    compared backwards, the other way round) and no other field has the old name.
    """
    old_at = {field.name: index for index, field in enumerate(old.fields)}
    pairs = {n: old_at[field.name] for n, field in enumerate(new.fields) if field.name in old_at}
    for n, field in enumerate(new.fields):
        if n not in pairs:
            taken = set(pairs.values())
            for o, candidate in enumerate(old.fields):
                if o not in taken and _was_renamed(candidate, field):
                    pairs[n] = o
                    break
    return [(pairs[n], n) for n in sorted(pairs)]


def _was_renamed(old: Field, new: Field) -> bool:
    return old.name in new.aliases or new.name in old.aliases


def match_branches(old: UnionType, new: UnionType) -> list[tuple[int, int]]:
    """Pairs of positions of the branches that are the same type, or a renamed one, in new order."""
    pairs: dict[int, int] = {}
    for is_same in (_same_name, _aliased, _same_simple_name):
        for n, branch in enumerate(new.branches):
            for o, candidate in enumerate(old.branches):
                if n not in pairs and o not in pairs.values() and is_same(candidate, branch):
                    pairs[n] = o
    return [(pairs[n], n) for n in sorted(pairs)]


def _same_name(old: AvroType, new: AvroType) -> bool:
    return type(old) is type(new) and branch_name(old) == branch_name(new)


def _aliased(old: AvroType, new: AvroType) -> bool:
    if type(old) is not type(new) or not isinstance(old, RecordType | EnumType | FixedType):
        return False
    if not isinstance(new, RecordType | EnumType | FixedType):
        return False
    return old.full_name in new.aliases or new.full_name in old.aliases


def _same_simple_name(old: AvroType, new: AvroType) -> bool:
    if type(old) is not type(new) or not isinstance(old, RecordType | EnumType | FixedType):
        return False
    return isinstance(new, RecordType | EnumType | FixedType) and old.name == new.name


def out_of_order(numbers: Sequence[int]) -> set[int]:
    """The fewest of these different numbers without which the others are in ascending order.

    Example:
        >>> out_of_order([1, 2, 0, 3])
        {0}
    """
    # The longest ascending subsequence: for each length, the end of the best one so far.
    ends: list[int] = []
    before: dict[int, int | None] = {}
    for number in numbers:
        at = bisect_left(ends, number)
        before[number] = ends[at - 1] if at else None
        ends[at : at + 1] = [number]
    kept: set[int] = set()
    last = ends[-1] if ends else None
    while last is not None:
        kept.add(last)
        last = before[last]
    return set(numbers) - kept
