"""Plan for reading with one schema the data of another, and the faults that prevent it.

Values only; :mod:`streamcontract.resolution.resolver` makes them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, Literal

import attrs

from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    EnumType,
    Field,
    FixedType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
)
from streamcontract.schema.schema import Schema

__all__ = [
    "Action",
    "Fail",
    "Fault",
    "FieldStep",
    "IntoUnion",
    "Plan",
    "ReadArray",
    "ReadEnum",
    "ReadFixed",
    "ReadMap",
    "ReadPrimitive",
    "ReadRecord",
    "ReadUnion",
    "Rescale",
    "Rule",
    "faults_of",
]

Rule = Literal[
    "NAME_MISMATCH",
    "FIXED_SIZE_MISMATCH",
    "MISSING_ENUM_SYMBOLS",
    "READER_FIELD_MISSING_DEFAULT_VALUE",
    "TYPE_MISMATCH",
    "MISSING_UNION_BRANCH",
]
"""Avro's own names for the kinds of incompatibility (SchemaIncompatibilityType)."""


@attrs.frozen(kw_only=True)
class Fault:
    """One reason why data written with the writer schema cannot be read with the reader's.

    Attributes:
        rule: Avro's name for the kind of incompatibility.
        reader_path: JSON pointer into the reader schema, ``"/"`` for its root, in the form that
            Avro's own compatibility check reports: a branch of a writer union adds its index.
        writer_path: JSON pointer into the writer schema.
        reader: The reader's type there.
        writer: The writer's type there.
        detail: The detail in Avro's wording, such as ``"expected: 8, found: 4"``.
        field: The reader's field that lacks a default, else None.
        symbols: The writer's symbols that the reader lacks, else empty.
        causes: The reasons why a branch of a reader union that matches by name or type does not
            fit.
    """

    rule: Rule
    reader_path: str
    writer_path: str
    reader: AvroType
    writer: AvroType
    detail: str
    field: Field | None = None
    symbols: tuple[str, ...] = ()
    causes: tuple[Fault, ...] = ()


_SHORT: Final = 10**12


@attrs.frozen(kw_only=True)
class Rescale:
    """Multiply the written number, then divide it without remainder, to get the reader's number."""

    multiply: int = 1
    divide: int = 1

    @property
    def factor(self) -> str:
        """The quotient of both units as text; a long one, always of a decimal, as a power.

        Example:
            >>> Rescale(divide=1000).factor, Rescale(multiply=10**999).factor
            ('1000', '10**999')
        """
        number = max(self.multiply, self.divide)
        return str(number) if number < _SHORT else f"10**{round(math.log10(number))}"


@attrs.frozen(eq=False, kw_only=True)
class ReadPrimitive:
    """Read a primitive, and promote it if the reader's type is another."""

    writer: PrimitiveType
    reader: PrimitiveType
    rescale: Rescale | None = None


@attrs.frozen(eq=False, kw_only=True)
class ReadFixed:
    """Read the number of bytes that both sides have."""

    writer: FixedType
    reader: FixedType
    rescale: Rescale | None = None


@attrs.frozen(eq=False, kw_only=True)
class ReadEnum:
    """Read a symbol's index.

    Attributes:
        symbols: For each writer symbol the reader's symbol, or None if there is none.
        fault: Why some symbols are None; None if all writer symbols have one.
    """

    writer: EnumType
    reader: EnumType
    symbols: tuple[str | None, ...]
    fault: Fault | None = None


@attrs.frozen(eq=False, kw_only=True)
class ReadArray:
    """Read blocks of items."""

    writer: ArrayType
    reader: ArrayType
    items: Action


@attrs.frozen(eq=False, kw_only=True)
class ReadMap:
    """Read blocks of key and value pairs."""

    writer: MapType
    reader: MapType
    values: Action


@attrs.frozen(eq=False, kw_only=True)
class FieldStep:
    """One writer field, in the order written: read into a reader field, or skipped.

    Attributes:
        field: The writer's field.
        target: Index of the reader's field, or None to skip the value.
        action: How to read it, or None to skip it.
    """

    field: Field
    target: int | None = None
    action: Action | None = None


@attrs.frozen(eq=False, kw_only=True)
class ReadRecord:
    """Read the writer's fields in their order, then fill the reader's other fields with defaults.

    ``steps``, ``defaults`` and ``faults`` are filled once while the plan is made: a recursive
    record's plan must exist before its fields' plans can.

    Attributes:
        steps: What to do with each writer field.
        defaults: Indexes of the reader's fields that take their default.
        faults: Why no such record can be read; empty if it can be.
    """

    writer: RecordType
    reader: RecordType
    steps: tuple[FieldStep, ...] = ()
    defaults: tuple[int, ...] = ()
    faults: tuple[Fault, ...] = ()

    def _fill(
        self,
        steps: tuple[FieldStep, ...],
        defaults: tuple[int, ...],
        faults: tuple[Fault, ...],
    ) -> None:
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "defaults", defaults)
        object.__setattr__(self, "faults", faults)

    def runs(self) -> Iterator[list[FieldStep]]:
        """The steps in their order: those in a row that skip together, each other one alone."""
        skipped: list[FieldStep] = []
        for step in self.steps:
            if step.action is None:
                skipped.append(step)
                continue
            if skipped:
                yield skipped
                skipped = []
            yield [step]
        if skipped:
            yield skipped


@attrs.frozen(eq=False, kw_only=True)
class ReadUnion:
    """Read a branch's index, then execute the action of that branch."""

    writer: UnionType
    reader: AvroType
    branches: tuple[Action, ...]


@attrs.frozen(eq=False, kw_only=True)
class IntoUnion:
    """Read a value into one branch of the reader's union.

    Attributes:
        branch: Index of the reader's branch.
        action: How to read it.
        candidates: Indexes of every branch of the reader that matches the writer's type by name
            or promotion, nearest first; ``branch`` is one of them.
        fault: Why not every value can be read, although the branch is the right one; else None.
    """

    writer: AvroType
    reader: UnionType
    branch: int
    action: Action
    candidates: tuple[int, ...]
    fault: Fault | None = None


@attrs.frozen(eq=False, kw_only=True)
class Fail:
    """Refuse the data: nothing can be read here."""

    writer: AvroType
    reader: AvroType
    faults: tuple[Fault, ...]


Action = (
    ReadPrimitive
    | ReadFixed
    | ReadEnum
    | ReadArray
    | ReadMap
    | ReadRecord
    | ReadUnion
    | IntoUnion
    | Fail
)


@attrs.frozen(eq=False, kw_only=True)
class Plan:
    """How to read with one schema the data of another, and the faults that prevent it.

    Attributes:
        writer: The schema the data were written with.
        reader: The schema they are read with.
        root: The first action; the graph is cyclic if the schemas are recursive.
        faults: Every fault, in the order of the reader schema; empty if all data can be read.
    """

    writer: Schema
    reader: Schema
    root: Action
    faults: tuple[Fault, ...]


def faults_at(action: Action) -> tuple[Fault, ...]:
    """The faults of an action itself, without those of the actions inside it."""
    match action:
        case Fail() | ReadRecord():
            return action.faults
        case ReadEnum() | IntoUnion() if action.fault is not None:
            return (action.fault,)
        case _:
            return ()


def faults_of(root: Action) -> Iterator[Fault]:
    """Every fault that can be reached from an action, each record's once."""
    return _faults(root, set())


def _faults(action: Action, seen: set[int]) -> Iterator[Fault]:
    match action:
        case Fail():
            yield from action.faults
        case ReadEnum() if action.fault is not None:
            yield action.fault
        case IntoUnion():
            if action.fault is None:
                yield from _faults(action.action, seen)
            else:
                yield action.fault
        case ReadArray():
            yield from _faults(action.items, seen)
        case ReadMap():
            yield from _faults(action.values, seen)
        case ReadUnion():
            for branch in action.branches:
                yield from _faults(branch, seen)
        case ReadRecord() if id(action) not in seen:
            seen.add(id(action))
            yield from action.faults
            for step in action.steps:
                if step.action is not None:
                    yield from _faults(step.action, seen)
        case _:
            pass
