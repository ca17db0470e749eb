"""Projection of a reader schema: the record with the fields that become columns alone."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

import attrs

from streamcontract.errors import ArgumentError
from streamcontract.schema.inline import inlined
from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    MapType,
    RecordType,
    UnionType,
    branch_name,
)
from streamcontract.schema.names import listed, nearest
from streamcontract.schema.schema import Schema

__all__ = ["projected"]

_NAME: Final = re.compile(r"\.([^.\[{]*)")
"""A step into a field; one into items or values may be written ``[]`` or ``{}``, as in errors."""

_MARK: Final = re.compile(r"[\[{][^\]}]*[\]}]")
"""A step into one item or one value, or where there are none."""


@attrs.frozen
class _Wanted:
    """A path to a field, and the end of it that is still to follow."""

    path: str
    rest: str

    @property
    def reached(self) -> str:
        """What was followed already."""
        return self.path[: max(0, len(self.path) - len(self.rest))]

    def after(self, step: str) -> _Wanted:
        """The same after one more step."""
        return _Wanted(self.path, self.rest[len(step) :])

    def error(self, expected: str) -> ArgumentError:
        """The error of a path that leads nowhere."""
        return ArgumentError("columns", self.path, expected)


def projected(schema: Schema, columns: Sequence[str]) -> Schema:
    """A record's schema with some fields alone: what it does not ask for is skipped.

    Args:
        schema: The schema.
        columns: Names of its fields, or paths such as ``"lines.price"`` to fields inside them,
            through arrays, maps and unions with null. A path into another union names the branch;
            the other branches stay whole.

    Raises:
        ArgumentError: The schema is of no record, a path leads to no field, or into a field that
            is asked for as a whole.

    Example:
        >>> from streamcontract.schema import parse_schema
        >>> point = {"type": "record", "name": "Point", "fields": [
        ...     {"name": "x", "type": "int"}, {"name": "y", "type": "int"}]}
        >>> line = parse_schema({"type": "record", "name": "Line", "fields": [
        ...     {"name": "points", "type": {"type": "array", "items": point}}]})
        >>> projected(line, ["points.y"]).root.fields[0].type.items.fields[0].name
        'y'
    """
    if not isinstance(schema.root, RecordType):
        raise ArgumentError("columns", columns, "left out, since the schema is of no record")
    root = _record(schema.root, [_Wanted(path, f".{path}") for path in columns])
    return Schema(root=root, json=json.dumps(inlined(root)))


def _type(node: AvroType, wanted: Sequence[_Wanted]) -> AvroType:
    """A type with what is wanted of it alone."""
    whole = next((each for each in wanted if not each.rest), None)
    if whole is not None:
        for each in wanted:
            if each is not whole:
                expected = f"without a path inside {whole.path}, all of which becomes columns"
                raise each.error(expected)
        return node
    match node:
        case RecordType():
            return _record(node, wanted)
        case ArrayType():
            return attrs.evolve(node, items=_type(node.items, _inside(wanted, "[]")))
        case MapType():
            return attrs.evolve(node, values=_type(node.values, _inside(wanted, "{}")))
        case UnionType():
            return _union(node, wanted)
        case _:
            raise wanted[0].error(f"a path that ends at {wanted[0].reached}, which has no fields")


def _inside(wanted: Sequence[_Wanted], mark: str) -> list[_Wanted]:
    return [each.after(mark) if each.rest.startswith(mark) else each for each in wanted]


def _record(node: RecordType, wanted: Sequence[_Wanted]) -> RecordType:
    fields = {field.name: field for field in node.fields}
    by_name: dict[str, list[_Wanted]] = {}
    for each in wanted:
        name = _name(each, node)
        by_name.setdefault(name, []).append(each.after(f".{name}"))
    kept = (
        attrs.evolve(fields[name], type=_type(fields[name].type, inside))
        for name, inside in by_name.items()
    )
    return attrs.evolve(node, fields=tuple(kept))


def _name(wanted: _Wanted, node: RecordType) -> str:
    """The field of a record that a path leads to next."""
    names = [field.name for field in node.fields]
    if wanted.rest[1:] in names:
        return wanted.rest[1:]
    found = _NAME.match(wanted.rest)
    if found is None or found[1] not in names:
        meant = _meant(wanted, found[1] if found else None, names)
        hint = f'; did you mean "{meant}"?' if meant else ""
        raise wanted.error(f"a field of {node.full_name}: {listed(names)}{hint}")
    return found[1]


def _meant(wanted: _Wanted, name: str | None, names: Sequence[str]) -> str:
    """The path that may be meant by one to no field; "" if there is none."""
    if name is None:  # a mark where none is: of one item, or of a record
        mark = _MARK.match(wanted.rest)
        return f"{wanted.reached}{wanted.rest[mark.end() :]}" if mark else ""
    near = nearest(name, names)
    start = f"{wanted.reached}." if wanted.reached else ""
    return f"{start}{near}{wanted.rest.removeprefix(f'.{name}')}" if near else ""


def _union(node: UnionType, wanted: Sequence[_Wanted]) -> UnionType:
    names = [branch_name(branch) for branch in node.branches]
    types = [name for name in names if name != "null"]
    by_name: dict[str, list[_Wanted]] = {}
    for each in wanted:
        name, step = (types[0], "") if len(types) == 1 else _branch(each, types)
        by_name.setdefault(name, []).append(each.after(step))
    branches = (
        _type(branch, by_name[name]) if name in by_name else branch
        for name, branch in zip(names, node.branches, strict=True)
    )
    return attrs.evolve(node, branches=tuple(branches))


def _branch(wanted: _Wanted, names: Sequence[str]) -> tuple[str, str]:
    """The branch of a union that a path leads to next, by its full or simple name; and the step."""
    for written in (str, lambda name: name.rpartition(".")[2]):
        for name in names:
            step = f".{written(name)}"
            if re.match(re.escape(step) + r"(?![^.\[{])", wanted.rest):
                return name, step
    raise wanted.error(f"a path that names a branch after {wanted.reached}: {listed(names)}")
