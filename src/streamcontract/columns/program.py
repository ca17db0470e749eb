"""Programs: a plan's actions as the steps that the executor takes.

The rules are those of the plan, of the rows of logical types, and of ``schema/sizes.py``; here they
become numbers.
"""

from __future__ import annotations

import struct

from streamcontract.columns import _native
from streamcontract.columns.layout import Column, branch_columns
from streamcontract.resolution import (
    Action,
    Fail,
    IntoUnion,
    ReadArray,
    ReadEnum,
    ReadFixed,
    ReadMap,
    ReadPrimitive,
    ReadRecord,
    ReadUnion,
    Rescale,
    resolve_types,
)
from streamcontract.schema.default_bytes import default_bytes
from streamcontract.schema.logical import row_of
from streamcontract.schema.model import (
    INTEGER_LIMITS,
    AvroType,
    RecordType,
)
from streamcontract.schema.sizes import min_size, native_size
from streamcontract.schema.skips import Skips

__all__ = ["compile_program", "missing_program"]

_Numbers = tuple[bool, int, int, int, int, int]
_Step = tuple[str, int, _Numbers, tuple[int, ...], bytes | _native.Skipper | None]

_LONG = INTEGER_LIMITS["long"]


def _numbers(
    *,
    is_int: bool = False,
    size: int = 0,
    limits: tuple[int, int] = (0, 0),
    multiply: int = 1,
    divide: int = 1,
) -> _Numbers:
    return is_int, size, *limits, multiply, divide


_NONE = _numbers()


def compile_program(
    root: Action,
    reader: AvroType,
    batch: Column,
    columns: _native.Columns,
    *,
    is_whole: bool = False,
) -> _native.Program:
    """The program that reads the payloads of one writer into the columns of a reader.

    Args:
        root: The plan's action.
        reader: The reader's type.
        batch: Its columns.
        columns: The same, as the executor has them.
        is_whole: Whether the batch has one column with the whole value, even of a record.
    """
    compiler = _Compiler()
    has_fields = isinstance(reader, RecordType) and not is_whole
    if has_fields and isinstance(root, ReadRecord):
        first = compiler.record(root, batch, "root")
    elif has_fields:
        first = compiler.action(root, batch)
    else:
        first = compiler.step("root", batch, parts=(compiler.action(root, batch.children[0]),))
    return _native.Program(columns, tuple(compiler.steps), first)


def missing_program(batch: Column, columns: _native.Columns) -> _native.Program:
    """The program that adds a null to the only column of a batch; its payload has no bytes."""
    compiler = _Compiler()
    missing = compiler.step("missing", batch.children[0])
    first = compiler.step("root", batch, parts=(missing,))
    return _native.Program(columns, tuple(compiler.steps), first)


class _Compiler:
    """Makes the steps of one program; each gives the number of the step that it made."""

    def __init__(self) -> None:
        self.steps: list[_Step] = []
        self._skips = Skips(_native.Skipper)
        self._made: dict[tuple[int, int], int] = {}
        self._kept: list[Action] = []  # so that their ids stay their own

    def step(
        self,
        kind: str,
        column: Column | None,
        numbers: _Numbers = _NONE,
        parts: tuple[int, ...] = (),
        data: bytes | _native.Skipper | None = None,
    ) -> int:
        """Add a step."""
        self.steps.append((kind, column.number if column else 0, numbers, parts, data))
        return len(self.steps) - 1

    def action(self, action: Action, column: Column) -> int:
        """The step of an action, made once for each column: actions may share what is inside."""
        key = (id(action), column.number)
        if key not in self._made:
            self._made[key] = self._make(action, column)
        return self._made[key]

    def _make(self, action: Action, column: Column) -> int:
        match action:
            case ReadPrimitive() | ReadFixed():
                return self._leaf(action, column)
            case ReadEnum():
                return self._enum(action, column)
            case ReadArray():
                items = self.action(action.items, column.children[0])
                size = min_size(action.writer.items)
                return self.step("array", column, _numbers(size=size), (items,))
            case ReadMap():
                values = self.action(action.values, column.children[0].children[1])
                size = 1 + min_size(action.writer.values)
                return self.step("map", column, _numbers(size=size), (values,))
            case ReadRecord():
                return self.record(action, column, "record")
            case ReadUnion():
                branches = tuple(self.action(branch, column) for branch in action.branches)
                return self.step("branch", column, parts=branches)
            case IntoUnion():
                return self._into_union(action, column)
            case Fail():
                return self.step("fail", column)

    def record(self, action: ReadRecord, column: Column, kind: str) -> int:
        """The step of a record."""
        if action.faults:
            return self.step("fail", column)
        parts = []
        for run in action.runs():
            target, read = run[0].target, run[0].action
            if target is None or read is None:
                skipper = self._skips.fields(step.field.type for step in run)
                parts.append(self.step("skip", None, data=skipper))
            else:
                parts.append(self.action(read, column.children[target]))
        for index in action.defaults:
            field, into = action.reader.fields[index], column.children[index]
            written = resolve_types(field.type, field.type)
            self._kept.append(written)
            value = self.action(written, into)
            parts.append(self.step("default", into, parts=(value,), data=default_bytes(field)))
        return self.step(kind, column, parts=tuple(parts))

    def _into_union(self, action: IntoUnion, column: Column) -> int:
        into = branch_columns(action.reader, column)[action.branch]
        if into is None:
            return self.step("missing", column)
        value = self.action(action.action, into)
        if into is column:
            return value
        at = column.children.index(into)
        kind = "member" if column.layout == "union" else "choice"
        return self.step(kind, column, _numbers(size=at), (value,))

    def _enum(self, action: ReadEnum, column: Column) -> int:
        numbers = {symbol: number for number, symbol in enumerate(action.reader.symbols)}
        into = [-1 if symbol is None else numbers[symbol] for symbol in action.symbols]
        table = struct.pack(f"={len(into)}i", *into)
        return self.step("symbol", column, _numbers(size=len(into)), data=table)

    # ---- leaves

    def _leaf(self, action: ReadPrimitive | ReadFixed, column: Column) -> int:
        row = row_of(action.reader)
        size = native_size(action.writer) if isinstance(action, ReadFixed) else 0
        match row.kind if row else None:
            case "decimal":
                return self._decimal(action, column, size)
            case "big-decimal":
                return self.step("big-decimal", column)
            case "duration":
                return self.step("duration", column)
            case "uuid" if size == 0:
                return self.step("uuid", column)
        if isinstance(action, ReadFixed):
            return self.step("fixed", column)
        return self._primitive(action, column)

    def _decimal(self, action: ReadPrimitive | ReadFixed, column: Column, size: int) -> int:
        precision = (action.reader.logical.precision if action.reader.logical else None) or 0
        up, down = _powers(action.rescale)
        numbers = _numbers(size=size, limits=(0, precision), multiply=1 + up, divide=1 + down)
        return self.step("decimal", column, numbers)

    def _primitive(self, action: ReadPrimitive, column: Column) -> int:
        match action.writer.name:
            case "null":
                return self.step("missing", column)
            case "boolean":
                return self.step("boolean", column)
            case "int" | "long":
                return self._number(action, column)
            case "float" | "double":
                is_wider = action.writer.name != action.reader.name
                return self.step("widened" if is_wider else action.reader.name, column)
            case "bytes" | "string":
                return self.step("text" if action.reader.name == "string" else "bytes", column)

    def _number(self, action: ReadPrimitive, column: Column) -> int:
        row, is_int = row_of(action.reader), action.writer.name == "int"
        if action.reader.name in ("float", "double"):
            return self.step("promoted", column, _numbers(is_int=is_int))
        limits = row.limits if row is not None and row.limits is not None else _LONG
        if action.rescale is None and limits == _LONG:
            return self.step(action.reader.name, column, _numbers(is_int=is_int))
        rescale = action.rescale or Rescale()
        numbers = _numbers(
            is_int=is_int, limits=limits, multiply=rescale.multiply, divide=rescale.divide
        )
        return self.step("number", column, numbers)


def _powers(rescale: Rescale | None) -> tuple[int, int]:
    """The powers of ten that a decimal is multiplied with and divided by."""
    if rescale is None:
        return 0, 0
    return len(str(rescale.multiply)) - 1, len(str(rescale.divide)) - 1
