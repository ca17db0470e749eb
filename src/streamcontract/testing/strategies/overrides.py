"""Overrides of the strategies of single fields, by their paths."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from streamcontract.schema import ArrayType, AvroType, MapType, RecordType, UnionType, branch_name

__all__ = ["Overrides", "checked_overrides", "overrides_of"]

_Strategy = st.SearchStrategy[Any]
FieldNames = Callable[[RecordType], Iterable[str]]


@attrs.frozen
class Overrides:
    """The override of a field, or of fields inside it.

    Attributes:
        strategy: The strategy of the field itself; None for that of its type.
        inner: The same for the fields of the records inside it, by name.
    """

    strategy: _Strategy | None = None
    inner: Mapping[str, Overrides] = attrs.field(factory=dict)

    def __bool__(self) -> bool:
        return self.strategy is not None or bool(self.inner)


def overrides_of(paths: Mapping[str, _Strategy]) -> Overrides:
    """The overrides of dotted paths such as ``"lines.price"``.

    Raises:
        InvalidArgument: The value for a path is not a strategy, or a path leads into a field that
        is overridden itself.
    """
    tree: dict[str, Any] = {}
    for path, strategy in paths.items():
        if not isinstance(strategy, st.SearchStrategy):
            raise InvalidArgument(
                f"{path} is overridden by {strategy!r}, which is not a strategy; "
                "for a value that is always the same give st.just(...)"
            )
        place = tree
        *outer, last = path.split(".")
        for name in outer:
            place = place.setdefault(name, {})
            if isinstance(place, st.SearchStrategy):
                raise _doubled(path)
        if last in place:
            raise _doubled(path)
        place[last] = strategy
    return _overrides(tree)


def _doubled(path: str) -> InvalidArgument:
    return InvalidArgument(f"{path} is overridden, and so is what is around or inside it: keep one")


def _overrides(tree: Mapping[str, Any] | _Strategy) -> Overrides:
    if isinstance(tree, st.SearchStrategy):
        return Overrides(tree)
    return Overrides(inner={name: _overrides(part) for name, part in tree.items()})


def checked_overrides(
    root: AvroType, paths: Mapping[str, _Strategy], names: FieldNames
) -> Overrides:
    """Check that all overridden fields of a type exist, and return the overrides.

    Args:
        root: The type.
        paths: Strategies by dotted path.
        names: Returns the names of a record's fields in paths.

    Raises:
        InvalidArgument: As :func:`overrides_of`; or a path names no field.
    """
    overrides = overrides_of(paths)
    _check(root, overrides, "", names)
    return overrides


def _check(node: AvroType, overrides: Overrides, path: str, names: FieldNames) -> None:
    if not overrides.inner:
        return
    records = _records(node)
    where = path or (branch_name(records[0]) if len(records) == 1 else "the value")
    known = dict.fromkeys(name for record in records for name in names(record))
    for name, inner in overrides.inner.items():
        if name not in known:
            raise InvalidArgument(f"{where} has no field {name!r}{_hint(name, list(known))}")
        for record in records:
            fields = dict(zip(names(record), record.fields, strict=True))
            if name in fields:
                inside = f"{path}.{name}" if path else name
                _check(fields[name].type, inner, inside, names)


def _hint(name: str, known: list[str]) -> str:
    if not known:
        return ": it contains no record"
    close = difflib.get_close_matches(name, known, n=1)
    guess = f"; did you mean {close[0]!r}?" if close else ""
    return f"{guess}; it has {', '.join(known)}"


def _records(node: AvroType) -> list[RecordType]:
    """The records that the next name of a path may mean: paths pass arrays, maps and unions."""
    match node:
        case RecordType():
            return [node]
        case ArrayType():
            return _records(node.items)
        case MapType():
            return _records(node.values)
        case UnionType():
            return [record for branch in node.branches for record in _records(branch)]
        case _:
            return []
