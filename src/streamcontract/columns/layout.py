"""The columns of a reader schema: the Arrow type of each Avro type, and the layout of its values.

The formats and layouts are those of Arrow's columnar format and C data interface, 1.x.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Final

import attrs

from streamcontract.errors import ColumnsError
from streamcontract.schema.logical import LogicalRow, row_of
from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    EnumType,
    FixedType,
    LogicalType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
    branch_name,
)

__all__ = [
    "FIX",
    "LOGICAL_KINDS",
    "MOST_DIGITS",
    "Column",
    "branch_columns",
    "column_of",
    "columns_of",
    "list_of",
    "struct_of",
]

MOST_DIGITS: Final = 76
"""The most digits of Arrow's widest decimal."""

_MOST_WIDTH: Final = 2**31 - 1
"""The most bytes of a value of Arrow's fixed-size binary."""

_MOST_LEVELS: Final = 60
"""Types inside one another: pyarrow follows 64, the batch and an enum's symbols included."""

_MOST_COLUMNS: Final = 10_000
"""Records that hold one another twice at each level would have columns without end."""

FIX: Final = "choose columns without it, or decode records instead"
"""The advice to those whose type has no column."""

_MOST_BRANCHES: Final = 128
"""Types of a dense union, whose codes are from 0 to 127 (Arrow columnar format, "Dense Union")."""


@attrs.frozen(eq=False, kw_only=True)
class Column:
    """A column: the values of one place of the reader's schema.

    Attributes:
        number: Its number, by which a program addresses it; 0 is the batch.
        layout: How its buffers are laid out, one of the executor's layouts.
        format: Its type as Arrow's C data interface writes it.
        name: Its name.
        is_nullable: Whether there may be nulls.
        width: Bytes of a value, where all have as many.
        children: The columns inside it.
        symbols: The symbols of an enum, else None.
    """

    number: int
    layout: str
    format: str
    name: str
    is_nullable: bool = False
    width: int = 0
    children: tuple[Column, ...] = ()
    symbols: tuple[str, ...] | None = None

    def walk(self) -> Iterator[Column]:
        """It and all columns inside it."""
        yield self
        for child in self.children:
            yield from child.walk()


def columns_of(
    root: AvroType, path: str, *, is_nullable: bool = False, has_dense_unions: bool = False
) -> Column:
    """The batch of a reader's schema: a column for each field of a record, one for anything else.

    Args:
        root: The reader's type.
        path: What errors call it.
        is_nullable: Whether there may be rows without a value, whose columns are all null.
        has_dense_unions: Whether a union of several types is a dense union, not a struct.

    Raises:
        ColumnsError: A type has no columns: it is recursive, or a decimal too long for Arrow.

    Example:
        >>> batch = columns_of(PrimitiveType(name="long"), "value")
        >>> [(column.name, column.format) for column in batch.children]
        [('value', 'l')]
    """
    maker = _Maker(has_dense_unions=has_dense_unions)
    number = maker.next_number(path)
    if isinstance(root, RecordType):
        return struct_of(number, "", maker.fields(root, path, is_nullable=is_nullable))
    return struct_of(number, "", (maker.column(root, "value", path, is_nullable=is_nullable),))


def column_of(node: AvroType, name: str, path: str) -> Column:
    """A batch of one nullable column, which has whole values.

    Args:
        node: Their type.
        name: The column's name.
        path: What errors call it.

    Raises:
        ColumnsError: As for :func:`columns_of`.
    """
    maker = _Maker()
    number = maker.next_number(path)
    return struct_of(number, "", (maker.column(node, name, path, is_nullable=True),))


def branch_columns(union: UnionType, column: Column) -> tuple[Column | None, ...]:
    """For each branch of a union the column that its values go into; None for null.

    A dense union has a column for null too.
    """
    if column.layout == "union":
        return column.children
    wanted = [branch for branch in union.branches if not _is_null(branch)]
    if len(wanted) < len(union.branches) and not wanted:
        return (None,)
    into = iter((column,) if len(wanted) == 1 else column.children)
    return tuple(None if _is_null(branch) else next(into) for branch in union.branches)


def _is_null(node: AvroType) -> bool:
    return isinstance(node, PrimitiveType) and node.name == "null"


_PRIMITIVES: Final[dict[str, tuple[str, str, int]]] = {
    "null": ("nulls", "n", 0),
    "boolean": ("bits", "b", 0),
    "int": ("width", "i", 4),
    "long": ("width", "l", 8),
    "float": ("width", "f", 4),
    "double": ("width", "g", 8),
    "bytes": ("sized", "z", 0),
    "string": ("sized", "u", 0),
}
"""Layout, format and width of each primitive type."""

_UNITS: Final = {1: "s", 10**3: "m", 10**6: "u", 10**9: "n"}
"""Arrow's letter for a unit of time, by how many make a second."""


class _Maker:
    """Makes the columns of one schema."""

    def __init__(self, *, has_dense_unions: bool = False) -> None:
        self._has_dense_unions = has_dense_unions
        self._numbers = itertools.count()
        self._inside: list[RecordType] = []
        self._levels = 0

    def next_number(self, path: str) -> int:
        """The number of the next column."""
        number = next(self._numbers)
        if number >= _MOST_COLUMNS:
            reason = f"the schema has more than {_MOST_COLUMNS:,} columns: choose fewer of them"
            raise ColumnsError(path, reason)
        return number

    def fields(
        self, node: RecordType, path: str, *, is_nullable: bool = False
    ) -> tuple[Column, ...]:
        """The columns of a record's fields."""
        if node in self._inside:
            reason = f"{node.full_name} contains itself, and Arrow has no recursive types: {FIX}"
            raise ColumnsError(path, reason)
        self._inside.append(node)
        made = tuple(
            self.column(field.type, field.name, f"{path}.{field.name}", is_nullable=is_nullable)
            for field in node.fields
        )
        self._inside.pop()
        return made

    def column(self, node: AvroType, name: str, path: str, *, is_nullable: bool = False) -> Column:
        """The column of a type."""
        self._levels += 1
        if self._levels > _MOST_LEVELS:
            raise ColumnsError(path, f"more than {_MOST_LEVELS} types inside one another: {FIX}")
        made = self._column(node, name, path, is_nullable=is_nullable)
        self._levels -= 1
        return made

    def _column(self, node: AvroType, name: str, path: str, *, is_nullable: bool) -> Column:
        match node:
            case UnionType():
                return self._union(node, name, path, is_nullable=is_nullable)
            case PrimitiveType() | FixedType():
                return self._leaf(node, name, path, is_nullable=is_nullable)
            case EnumType():
                return Column(
                    number=self.next_number(path),
                    layout="width",
                    format="i",
                    name=name,
                    is_nullable=is_nullable,
                    width=4,
                    symbols=node.symbols,
                )
            case ArrayType():
                number = self.next_number(path)
                items = self.column(node.items, "item", f"{path}[]")
                return list_of(number, "+l", name, items, is_nullable=is_nullable)
            case MapType():
                return self._map(node, name, path, is_nullable=is_nullable)
            case RecordType():
                return self._record(node, name, path, is_nullable=is_nullable)

    def _union(self, node: UnionType, name: str, path: str, *, is_nullable: bool) -> Column:
        wanted = [branch for branch in node.branches if not _is_null(branch)]
        has_null = len(wanted) < len(node.branches)
        is_nullable = is_nullable or has_null
        if len(wanted) == 1:
            return self.column(wanted[0], name, path, is_nullable=is_nullable)
        if has_null and not wanted:
            return self.column(node.branches[0], name, path)
        if self._has_dense_unions:
            return self._dense_union(node, name, path, is_nullable=is_nullable, has_null=has_null)
        number = self.next_number(path)
        children = tuple(self._branch(branch, path, is_nullable=True) for branch in wanted)
        return struct_of(number, name, children, is_nullable=is_nullable)

    def _dense_union(
        self, node: UnionType, name: str, path: str, *, is_nullable: bool, has_null: bool
    ) -> Column:
        if len(node.branches) > _MOST_BRANCHES:
            reason = (
                f"a union of more than {_MOST_BRANCHES} types, which Arrow has no codes for: leave "
                "unions= out, and it is a struct"
            )
            raise ColumnsError(path, reason)
        number = self.next_number(path)
        # Arrow's unions have no nulls of their own: one is in the branch for it, or in the first.
        first = self._branch(node.branches[0], path, is_nullable=is_nullable and not has_null)
        rest = (self._branch(branch, path) for branch in node.branches[1:])
        children = (first, *rest)
        codes = ",".join(map(str, range(len(children))))
        return Column(
            number=number,
            layout="union",
            format=f"+ud:{codes}",
            name=name,
            is_nullable=is_nullable,
            children=children,
        )

    def _branch(self, node: AvroType, path: str, *, is_nullable: bool = False) -> Column:
        name = branch_name(node)
        return self.column(node, name, f"{path}.{name}", is_nullable=is_nullable)

    def _map(self, node: MapType, name: str, path: str, *, is_nullable: bool) -> Column:
        number, inner, key = (self.next_number(path) for _ in range(3))
        keys = Column(number=key, layout="sized", format="u", name="key")
        values = self.column(node.values, "value", f"{path}{{}}")
        entries = struct_of(inner, "entries", (keys, values))
        return list_of(number, "+m", name, entries, is_nullable=is_nullable)

    def _record(self, node: RecordType, name: str, path: str, *, is_nullable: bool) -> Column:
        number = self.next_number(path)
        return struct_of(number, name, self.fields(node, path), is_nullable=is_nullable)

    def _leaf(
        self, node: PrimitiveType | FixedType, name: str, path: str, *, is_nullable: bool
    ) -> Column:
        row = row_of(node)
        if row is not None and node.logical is not None:
            return self._logical(node.logical, row, name, path, is_nullable=is_nullable)
        if isinstance(node, FixedType):
            if node.size > _MOST_WIDTH:
                most = f"and Arrow has no more than {_MOST_WIDTH}"
                reason = f"a fixed of {node.size} bytes, {most}: {FIX}"
                raise ColumnsError(path, reason)
            layout, form, width = "width", f"w:{node.size}", node.size
        else:
            layout, form, width = _PRIMITIVES[node.name]
        return Column(
            number=self.next_number(path),
            layout=layout,
            format=form,
            name=name,
            is_nullable=is_nullable or layout == "nulls",
            width=width,
        )

    def _logical(
        self, logical: LogicalType, row: LogicalRow, name: str, path: str, *, is_nullable: bool
    ) -> Column:
        number = self.next_number(path)
        found = LOGICAL_KINDS[row.kind](logical, row, path)
        if isinstance(found, list):
            children = tuple(
                Column(
                    number=self.next_number(path), layout=layout, format=form, name=part, width=4
                )
                for part, layout, form in found
            )
            return struct_of(number, name, children, is_nullable=is_nullable)
        form, width = found
        return Column(
            number=number,
            layout="width",
            format=form,
            name=name,
            is_nullable=is_nullable,
            width=width,
        )


def struct_of(
    number: int, name: str, children: tuple[Column, ...], *, is_nullable: bool = False
) -> Column:
    """The column of structs with these children."""
    return Column(
        number=number,
        layout="struct",
        format="+s",
        name=name,
        is_nullable=is_nullable,
        children=children,
    )


def list_of(number: int, form: str, name: str, child: Column, *, is_nullable: bool) -> Column:
    """The column of lists, or maps, of a child's items."""
    return Column(
        number=number,
        layout="list",
        format=form,
        name=name,
        is_nullable=is_nullable,
        children=(child,),
    )


# ---- logical types

_Found = tuple[str, int] | list[tuple[str, str, str]]
"""Format and width of one column, or name, layout and format of each child of a struct."""


def _decimal(logical: LogicalType, _row: LogicalRow, path: str) -> _Found:
    precision, scale = logical.precision or 0, logical.scale or 0
    if precision > MOST_DIGITS:
        reason = f"a decimal of {precision} digits, and Arrow has no more than {MOST_DIGITS}: {FIX}"
        raise ColumnsError(path, reason)
    if precision > _SHORT_DIGITS:
        return f"d:{precision},{scale},256", 32
    return f"d:{precision},{scale}", 16


_SHORT_DIGITS: Final = 38  # what 128 bits hold


def _time(_logical: LogicalType, row: LogicalRow, _path: str) -> _Found:
    unit = _unit(row)
    return f"tt{unit}", 4 if unit in "sm" else 8


def _moment(_logical: LogicalType, row: LogicalRow, _path: str) -> _Found:
    zone = "UTC" if row.kind == "timestamp" else ""
    return f"ts{_unit(row)}:{zone}", 8


def _unit(row: LogicalRow) -> str:
    if row.unit is None:
        raise AssertionError(f"{row.name} is counted in no unit")
    return _UNITS[row.unit.per_second]


LOGICAL_KINDS: Final[dict[str, Callable[[LogicalType, LogicalRow, str], _Found]]] = {
    "decimal": _decimal,
    "big-decimal": lambda *_: [("unscaled", "sized", "z"), ("scale", "width", "i")],
    "uuid": lambda *_: ("w:16", 16),
    "date": lambda *_: ("tdD", 4),
    "time": _time,
    "timestamp": _moment,
    "local-timestamp": _moment,
    "duration": lambda *_: [(part, "width", "I") for part in ("months", "days", "milliseconds")],
}
"""The Arrow type of each kind of logical type."""
