"""Writings: how the rows of Arrow arrays become values of a schema, in one walk over both.

For each place the walk makes the step that the executor takes, and the conversion of what it
refuses. Fields and branches are matched by name. What does not match is noted, so that one error
has all of it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection
from typing import Any, Final

import attrs

from streamcontract.columns import _native, arrow_values
from streamcontract.columns.arrow_types import ArrowType, sources_of
from streamcontract.columns.arrow_values import Convert
from streamcontract.columns.leaf_forms import Leaf, leaf_form
from streamcontract.errors import ColumnMismatch, ColumnTypesError
from streamcontract.schema.default_bytes import default_bytes
from streamcontract.schema.logical import row_of
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
from streamcontract.schema.sizes import min_size

__all__ = ["Writing", "compile_writing"]

_Numbers = tuple[int, int, int, int, int]
_Step = tuple[str, int, _Numbers, tuple[int, ...], bytes | None]

_ENTRY: Final = 2  # a key and a value
_PANDAS_INDEX: Final = re.compile(r"__index_level_\d+__")  # of an index without a name
_NO_NULL: Final = -1


def _numbers(
    *,
    size: int = 0,
    limits: tuple[int, int] = (0, 0),
    multiply: int = 1,
    divide: int = 1,
) -> _Numbers:
    return size, *limits, multiply, divide


_NONE = _numbers()


@attrs.frozen(eq=False)
class Writing:
    """How the arrays of one Arrow type become values of a schema.

    Attributes:
        arrow: The type.
        sources: Its layout.
        native: What the executor runs.
        convert: The conversion of a row that it refuses.
    """

    arrow: ArrowType
    sources: _native.Sources
    native: _native.Writing
    convert: Convert


def compile_writing(
    root: AvroType,
    arrow: ArrowType,
    path: str,
    depth: int,
    *,
    apart: Collection[str] = (),
    column: str | None = None,
) -> Writing:
    """Match the rows of a producer with a schema.

    Args:
        root: The schema's type.
        arrow: The rows: a struct of a record's fields, a struct of the one column ``value``, or
            values themselves.
        path: What errors call the value.
        depth: How many records inside one another are written.
        apart: Columns of the root that are not part of the value.
        column: The column of the root that is the value, if it is one of several.

    Raises:
        ColumnTypesError: Columns are missing, unknown, or of other types.
    """
    walk = _Walk(depth)
    only = arrow.child(column) if column is not None else _only_column(root, arrow, apart)
    of = arrow if only is None else only
    if isinstance(root, RecordType):
        place = walk.record(root, of, path, apart)
    else:
        place = walk.place(root, of, path)
    if only is not None:
        place = walk.column(place, arrow, arrow.children.index(only))
    if walk.mismatches:
        raise ColumnTypesError(tuple(walk.mismatches))
    sources = sources_of(arrow)
    native = _native.Writing(sources, tuple(walk.steps), place.step)
    return Writing(arrow, sources, native, place.convert)


def _only_column(root: AvroType, arrow: ArrowType, apart: Collection[str]) -> ArrowType | None:
    """The column ``value``, which a value that is no record has in a table."""
    columns = [each for each in arrow.children if each.name not in apart]
    is_table = arrow.layout == "struct" and [each.name for each in columns] == ["value"]
    return columns[0] if is_table and not isinstance(root, RecordType) else None


@attrs.frozen(eq=False)
class _Place:
    """One place of schema and arrays: the number of its step, and its conversion."""

    step: int
    convert: Convert


class _Walk:
    """One walk; each place adds its steps, and what does not match."""

    def __init__(self, depth: int) -> None:
        self.steps: list[_Step] = []
        self.mismatches: list[ColumnMismatch] = []
        self._depth = depth
        self._records = 0

    def step(
        self,
        form: str,
        arrow: ArrowType,
        numbers: _Numbers = _NONE,
        parts: tuple[int, ...] = (),
        data: bytes | None = None,
    ) -> int:
        """Add a step."""
        self.steps.append((form, arrow.number, numbers, parts, data))
        return len(self.steps) - 1

    def place(self, node: AvroType, arrow: ArrowType, path: str) -> _Place:
        """Match a type with an array."""
        if arrow.plain.family == "null" and not isinstance(node, UnionType):
            is_null = isinstance(node, PrimitiveType) and node.name == "null"
            step = self.step("null" if is_null else "refused", arrow)
            return _Place(step, arrow_values.as_it_is)
        match node:
            case UnionType():
                return self._union(node, arrow, path)
            case RecordType():
                self._records += 1
                place = self.record(node, arrow, path)
                self._records -= 1
                return place
            case ArrayType():
                return self._array(node, arrow, path)
            case MapType():
                return self._map(node, arrow, path)
            case EnumType() | PrimitiveType() | FixedType():
                return self._leaf(node, arrow, path)

    def column(self, place: _Place, arrow: ArrowType, at: int) -> _Place:
        """A value that is one column of the rows."""
        step = self.step("record", arrow, parts=(place.step,))
        return _Place(step, lambda raw: place.convert(raw[at]))

    def _mismatch(self, arrow: ArrowType, path: str, expected: str, fix: str) -> _Place:
        self.mismatches.append(ColumnMismatch(path, expected, arrow.words, fix))
        return _Place(0, arrow_values.as_it_is)

    # ---- records

    def record(
        self, node: RecordType, arrow: ArrowType, path: str, apart: Collection[str] = ()
    ) -> _Place:
        """Match a record with a struct."""
        if arrow.plain.family != "struct":
            expected = f"a struct of the fields of {node.full_name}"
            return self._mismatch(arrow, path, expected, "give a table or a struct with them")
        columns = self._columns(node, arrow.plain, path, apart)
        parts, converts = [], {}
        for field in node.fields:
            inside = f"{path}.{field.name}"
            at = columns.get(field.name)
            if at is not None:
                place = self.place(field.type, arrow.plain.children[at], inside)
                converts[field.name] = (at, place.convert)
                parts.append(place.step)
            elif field.has_default:
                parts.append(self.step("default", arrow, data=default_bytes(field)))
            else:
                fix = "add it, or give the field a default in the schema"
                self.mismatches.append(ColumnMismatch(inside, _words(field.type), "", fix))

        def convert(raw: tuple[Any, ...]) -> dict[str, Any]:
            return {name: inner(raw[at]) for name, (at, inner) in converts.items()}

        form = "record" if self._records <= self._depth else "refused"
        step = self.step(form, arrow, parts=tuple(parts))
        return _Place(step, arrow_values.guarded(convert))

    def _columns(
        self, node: RecordType, arrow: ArrowType, path: str, apart: Collection[str]
    ) -> dict[str, int]:
        """The column of each field; what is none is noted."""
        names = {field.name for field in node.fields}
        found: dict[str, int] = {}
        for at, column in enumerate(arrow.children):
            if column.name in apart:
                continue
            if column.name in names and column.name not in found:
                found[column.name] = at
            else:
                what = "one column" if column.name in found else "only the fields"
                expected = f"{what} of {node.full_name}: {', '.join(sorted(names))}"
                fix = "drop the column, or rename it to the field that it is for"
                if _PANDAS_INDEX.fullmatch(column.name):
                    fix = "drop the index of pandas, with reset_index(drop=True)"
                self._mismatch(column, f"{path}.{column.name}", expected, fix)
        return found

    # ---- lists and maps

    def _array(self, node: ArrayType, arrow: ArrowType, path: str) -> _Place:
        if arrow.plain.family != "list":
            return self._mismatch(arrow, path, _words(node), "make it a list")
        items = self.place(node.items, arrow.plain.children[0], f"{path}[]")
        numbers = _numbers(size=min_size(node.items))

        def convert(raw: list[Any]) -> list[Any]:
            return [items.convert(item) for item in raw]

        step = self.step("array", arrow, numbers, (items.step,))
        return _Place(step, arrow_values.guarded(convert))

    def _map(self, node: MapType, arrow: ArrowType, path: str) -> _Place:
        pair = _entry(arrow.plain)
        if pair is None:
            fix = "make it a map, or a list of structs of key and value"
            return self._mismatch(arrow, path, _words(node), fix)
        key = self.place(_KEY, pair[0], f"{path}{{}} (key)")
        value = self.place(node.values, pair[1], f"{path}{{}}")
        step = self.step("map", arrow, parts=(key.step, value.step))
        return _Place(step, arrow_values.entries(key.convert, value.convert))

    # ---- unions

    def _union(self, node: UnionType, arrow: ArrowType, path: str) -> _Place:
        wanted = {branch_name(each): i for i, each in enumerate(node.branches)}
        null = wanted.pop("null", _NO_NULL)
        if arrow.plain.family == "union":
            return self._members(node, arrow, path, null)
        if arrow.plain.family == "null" or not wanted:
            return self._nulls(arrow, path, node, null)
        names = [each.name for each in arrow.plain.children]
        if len(wanted) > 1 and arrow.plain.family == "struct" and names and {*names} <= {*wanted}:
            return self._choice(node, arrow, path, null)
        fitting = [i for i in wanted.values() if self._fits(node.branches[i], arrow)]
        if len(fitting) != 1 and len(wanted) > 1:
            fix = f"make it a struct of {', '.join(wanted)}, of which all but one are null"
            return self._mismatch(arrow, path, _words(node), fix)
        index = fitting[0] if fitting else next(iter(wanted.values()))
        inside = self.place(node.branches[index], arrow, path)
        name = branch_name(node.branches[index])
        step = self.step("optional", arrow, _numbers(limits=(null, index)), (inside.step,))
        return _Place(step, _tagged(name, inside.convert))

    def _nulls(self, arrow: ArrowType, path: str, node: UnionType, null: int) -> _Place:
        """A column of nulls, or a union of nothing else."""
        if arrow.plain.family != "null":
            return self._mismatch(arrow, path, _words(node), "make it a column of nulls")
        if null == _NO_NULL:
            return _Place(self.step("refused", arrow), arrow_values.as_it_is)
        nothing = self.step("null", arrow)
        step = self.step("optional", arrow, _numbers(limits=(null, null)), (nothing,))
        return _Place(step, arrow_values.as_it_is)

    def _fits(self, node: AvroType, arrow: ArrowType) -> bool:
        """Whether a branch takes an array."""
        trial = _Walk(self._depth)
        trial.place(node, arrow, "")
        return not trial.mismatches

    def _choice(self, node: UnionType, arrow: ArrowType, path: str, null: int) -> _Place:
        """A struct with a field for each branch, as ``decode_columns`` makes it."""
        plain = arrow.plain
        places, indexes = self._branches(node, plain, path)
        names = [each.name for each in plain.children]
        data = struct.pack(f"={len(indexes)}i", *indexes)
        steps = tuple(each.step for each in places)
        step = self.step("choice", arrow, _numbers(limits=(null, 0)), steps, data)
        converts = [each.convert for each in places]
        return _Place(step, arrow_values.choice(list(zip(names, converts, strict=True))))

    def _members(self, node: UnionType, arrow: ArrowType, path: str, null: int) -> _Place:
        """A dense or a sparse union of Arrow, whose fields are named after the branches."""
        plain = arrow.plain
        known = [branch_name(each) for each in node.branches]
        unknown = [each for each in plain.children if each.name not in known]
        for each in unknown:
            expected, fix = f"a branch of the union: {', '.join(known)}", "rename the field"
            self._mismatch(each, f"{path}.{each.name}", expected, fix)
        if unknown:
            return _Place(0, arrow_values.as_it_is)
        places, indexes = self._branches(node, plain, path)
        names = [each.name for each in plain.children]
        data = struct.pack(f"={len(indexes)}i", *indexes)
        steps = tuple(each.step for each in places)
        step = self.step("member", arrow, _numbers(limits=(null, 0)), steps, data)
        converts = [each.convert for each in places]
        return _Place(step, arrow_values.member(list(zip(names, converts, strict=True))))

    def _branches(
        self, node: UnionType, arrow: ArrowType, path: str
    ) -> tuple[list[_Place], list[int]]:
        """The branch of each child, and its index."""
        indexes = {branch_name(each): i for i, each in enumerate(node.branches)}
        found = [indexes[child.name] for child in arrow.children]
        places = [
            self.place(node.branches[index], child, f"{path}.{child.name}")
            for index, child in zip(found, arrow.children, strict=True)
        ]
        return places, found

    # ---- leaves

    def _leaf(
        self, node: EnumType | PrimitiveType | FixedType, arrow: ArrowType, path: str
    ) -> _Place:
        row = None if isinstance(node, EnumType) else row_of(node)
        found = leaf_form(node, row, arrow.plain)
        if not isinstance(found, Leaf):
            return self._mismatch(arrow, path, _words(node), found)
        step = self.step(found.form, arrow, found.numbers, data=found.data)
        return _Place(step, arrow_values.leaf(row, arrow.plain))


_KEY: Final = PrimitiveType(name="string")


def _entry(arrow: ArrowType) -> tuple[ArrowType, ArrowType] | None:
    """Key and value of a map, or of a list of structs of both, as polars has it."""
    if arrow.family not in ("map", "list"):
        return None
    entry = arrow.children[0]
    if entry.layout != "struct" or len(entry.children) != _ENTRY:
        return None
    names = [each.name for each in entry.children]
    if arrow.family == "list" and names != ["key", "value"]:
        return None
    return entry.children[0], entry.children[1]


def _tagged(name: str, convert: Convert) -> Convert:
    return lambda raw: None if raw is None else (name, convert(raw))


def _words(node: AvroType) -> str:
    """A type of a schema, in words."""
    match node:
        case PrimitiveType(logical=logical) if logical is not None:
            return f"{logical.name} on {node.name}"
        case PrimitiveType():
            return node.name
        case FixedType(logical=logical) if logical is not None:
            return f"{logical.name} on {node.full_name}, a fixed of {node.size} bytes"
        case FixedType():
            return f"{node.full_name}, a fixed of {node.size} bytes"
        case EnumType():
            return f"the enum {node.full_name}"
        case RecordType():
            return f"the record {node.full_name}"
        case ArrayType():
            return f"an array of {_words(node.items)}"
        case MapType():
            return f"a map of {_words(node.values)}"
        case UnionType():
            return f"a union of {', '.join(_words(each) for each in node.branches)}"
