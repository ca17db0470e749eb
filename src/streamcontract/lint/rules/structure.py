"""Rules about the structure of types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamcontract.lint.model import Remark, Rule, Settings
from streamcontract.schema.model import (
    ArrayType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.lint.document import Document
    from streamcontract.schema.model import AvroType

__all__ = ["RULES"]


def _unbounded_nesting(document: Document, _: Settings) -> Iterator[Remark]:
    for place in document.types:
        # A name means a type defined before it, so every cycle closes inside the record that it
        # names.
        if isinstance(place.node, RecordType) and place.node in place.around:
            message = (
                f"{place.node.name} contains itself, so data decide how deep it nests; while no"
                " data have it, flatten it to an array whose items name their parent, or write out"
                " the levels that exist"
            )
            yield Remark(place.pointer, message)


def _nullable_items(document: Document, _: Settings) -> Iterator[Remark]:
    for place in document.types:
        match place.node:
            case ArrayType(items=inner):
                what, where = "array's items", f"{place.pointer}/items"
            case MapType(values=inner):
                what, where = "map's values", f"{place.pointer}/values"
            case _:
                continue
        if _is_nullable(inner):
            message = (
                f"the {what} may be null; leave out missing ones, and drop"
                ' "null" while no data have one'
            )
            yield Remark(where, message)


def _nullable_collection(document: Document, _: Settings) -> Iterator[Remark]:
    for place in document.types:
        node = place.node
        if not (isinstance(node, UnionType) and _is_nullable(node) and len(node.branches) == 2):
            continue
        for branch in node.branches:
            if isinstance(branch, ArrayType | MapType):
                what, empty = ("array", "[]") if isinstance(branch, ArrayType) else ("map", "{}")
                message = (
                    f"the {what} may be null or empty, two forms of nothing; while no data"
                    f' have a null, drop "null" and, for a field, make the default {empty}'
                )
                yield Remark(place.pointer, message)


def _union_too_small(document: Document, _: Settings) -> Iterator[Remark]:
    for place in document.types:
        if not isinstance(place.node, UnionType):
            continue
        if not place.node.branches:
            yield Remark(place.pointer, "no value fits an empty union; list its types")
        elif len(place.node.branches) == 1:
            message = "a union of one type chooses nothing; write the type without the union"
            yield Remark(place.pointer, message)


def _is_nullable(node: AvroType) -> bool:
    return isinstance(node, UnionType) and any(
        isinstance(branch, PrimitiveType) and branch.name == "null" for branch in node.branches
    )


RULES: Final = (
    Rule(
        id="unbounded-nesting",
        tier="basic",
        severity="warning",
        summary="No record contains itself.",
        rationale=(
            "The producer decides how deep such data nest: one message can crash a reader that"
            " recurses. Tables have no such type, so sinks refuse the topic."
        ),
        check=_unbounded_nesting,
    ),
    Rule(
        id="nullable-items",
        tier="standard",
        severity="warning",
        summary="Items of arrays and values of maps are not null.",
        rationale=(
            "A null among items leaves each reader to decide whether it counts. Some stores cannot"
            " hold one at all."
        ),
        source='BigQuery, data types, "Array type": no ARRAY in a result may contain NULL',
        check=_nullable_items,
    ),
    Rule(
        id="nullable-collection",
        tier="standard",
        severity="warning",
        summary="Arrays and maps are empty, not null.",
        rationale=(
            "null and empty both mean nothing, and every reader has to handle both."
            " An empty default allows adding the field just as null does. Switch it off where"
            ' "not known" and "known to be none" really differ, and describe that in the doc.'
        ),
        check=_nullable_collection,
    ),
    Rule(
        id="union-too-small",
        tier="basic",
        severity="warning",
        summary="A union has at least two branches.",
        rationale=(
            "A union of one costs a byte for each value and a special case in each language; an"
            " empty one has no values. If it is meant to grow, a union of the type and null, or a"
            " new field, can do that too."
        ),
        check=_union_too_small,
    ),
)
