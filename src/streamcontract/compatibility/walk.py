"""Walk over the actions of a plan, with their paths."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from streamcontract.resolution import (
    Action,
    IntoUnion,
    Plan,
    ReadArray,
    ReadMap,
    ReadRecord,
    ReadUnion,
)

__all__ = ["ReachedAction", "order", "walk"]

# The names in Avro's paths besides numbers: a type's own attributes come before its inner types.
_ATTRIBUTES = ("name", "size", "symbols")


@attrs.frozen
class ReachedAction:
    """An action, and its paths in both schemas.

    Attributes:
        action: The action.
        reader_path: Pointer into the reader schema as Avro's compatibility check writes it: a
            branch of a writer union adds its index. Empty for the root.
        writer_path: Pointer into the writer schema.
        outer: The writer union whose branch it reads, or None.
    """

    action: Action
    reader_path: str = ""
    writer_path: str = ""
    outer: ReadUnion | None = None


def walk(plan: Plan) -> Iterator[ReachedAction]:
    """Every action that data can reach, each record's once, up to the first fault on each path.

    Example:
        >>> from streamcontract import parse_schema
        >>> from streamcontract.resolution import resolve
        >>> schema = parse_schema({"type": "array", "items": "int"})
        >>> [place.reader_path for place in walk(resolve(schema, schema))]
        ['', '/items']
    """
    return _walk(ReachedAction(plan.root), set())


def order(path: str) -> tuple[tuple[bool, int, str], ...]:
    """A key that sorts paths as in the reader schema: ``/fields/2`` before ``/fields/10``.

    Example:
        >>> sorted(["/fields/10", "/fields/2/type", "/name", "/fields/2"], key=order)
        ['/name', '/fields/2', '/fields/2/type', '/fields/10']
    """
    return tuple(
        (token not in _ATTRIBUTES, int(token) if token.isdecimal() else 0, token)
        for token in path.split("/")
        if token
    )


def _walk(place: ReachedAction, seen: set[int]) -> Iterator[ReachedAction]:
    if id(place.action) in seen:
        return
    if isinstance(place.action, ReadRecord):
        seen.add(id(place.action))
    yield place
    for inner in _inside(place):
        yield from _walk(inner, seen)


def _inside(place: ReachedAction) -> Iterator[ReachedAction]:
    action, rp, wp = place.action, place.reader_path, place.writer_path
    match action:
        case ReadArray():
            yield ReachedAction(action.items, f"{rp}/items", f"{wp}/items")
        case ReadMap():
            yield ReachedAction(action.values, f"{rp}/values", f"{wp}/values")
        case ReadUnion():
            for i, branch in enumerate(action.branches):
                yield ReachedAction(branch, f"{rp}/{i}", f"{wp}/{i}", outer=action)
        case IntoUnion() if action.fault is None:
            yield ReachedAction(action.action, f"{rp}/{action.branch}", wp)
        case ReadRecord():
            for i, step in enumerate(action.steps):
                if step.action is not None:
                    yield ReachedAction(
                        step.action, f"{rp}/fields/{step.target}/type", f"{wp}/fields/{i}/type"
                    )
        case _:
            pass
