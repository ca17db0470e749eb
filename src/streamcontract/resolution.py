"""Schema resolution: the only walk over two schemas in the project.

:func:`resolve` compares a writer schema with a reader schema by the rules of "Schema Resolution"
in the Avro 1.12 specification and yields a :class:`Plan`: a graph of actions that turn what the
writer wrote into what the reader asks for, and every fault met on the way. Compatibility reports
the faults, the codec executes the actions, so the two cannot disagree.

Where the specification leaves room, the choice here keeps the data whole:

- A bare writer type goes into the first reader branch of the *same* type, and only then into the
  first it can be promoted to: a ``long`` read with ``["double", "long"]`` stays a long.
- A named writer type prefers the branch of the same full name, then one with an alias for it,
  then one of the same unqualified name, so that ``a.Item`` and ``b.Item`` are not mixed up.
- A field is matched by its name first, by the reader's aliases only where no name matches.
- Values of one kind in different units or scales (``timestamp-millis`` read as
  ``timestamp-micros``, ``decimal`` of scale 2 read with scale 4) are rescaled exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import attrs

from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    EnumType,
    Field,
    FixedType,
    LogicalType,
    MapType,
    NamedType,
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
    "resolve",
    "resolve_types",
    "type_label",
]

Rule = Literal[
    "NAME_MISMATCH",
    "FIXED_SIZE_MISMATCH",
    "MISSING_ENUM_SYMBOLS",
    "READER_FIELD_MISSING_DEFAULT_VALUE",
    "TYPE_MISMATCH",
    "MISSING_UNION_BRANCH",
]
"""Avro's own names for what makes two schemas incompatible (SchemaIncompatibilityType)."""

PROMOTIONS: Final[dict[str, tuple[str, ...]]] = {
    "int": ("long", "float", "double"),
    "long": ("float", "double"),
    "float": ("double",),
    "string": ("bytes",),
    "bytes": ("string",),
}
"""What each primitive may be promoted to ("Schema Resolution", Avro 1.12)."""

# How many of each unit make a second: logical types of one kind differ only in these.
_UNITS: Final[dict[str, tuple[str, int]]] = {
    "time-millis": ("time", 10**3),
    "time-micros": ("time", 10**6),
    "timestamp-millis": ("timestamp", 10**3),
    "timestamp-micros": ("timestamp", 10**6),
    "timestamp-nanos": ("timestamp", 10**9),
    "local-timestamp-millis": ("local-timestamp", 10**3),
    "local-timestamp-micros": ("local-timestamp", 10**6),
    "local-timestamp-nanos": ("local-timestamp", 10**9),
}


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
        detail: The facts in Avro's wording, such as ``"expected: 8, found: 4"``.
        field: The reader's field that lacks a default, else None.
        symbols: The writer's symbols that the reader lacks, else empty.
        causes: Why no branch of a reader union fits, where one fits by name or type.
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


@attrs.frozen(kw_only=True)
class Rescale:
    """Multiply what was written, then divide it without remainder, to get the reader's number."""

    multiply: int = 1
    divide: int = 1


@attrs.frozen(eq=False, kw_only=True)
class ReadPrimitive:
    """Read a primitive, promoting it where the reader's type is another."""

    writer: PrimitiveType
    reader: PrimitiveType
    rescale: Rescale | None = None


@attrs.frozen(eq=False, kw_only=True)
class ReadFixed:
    """Read as many bytes as both sides agree on."""

    writer: FixedType
    reader: FixedType
    rescale: Rescale | None = None


@attrs.frozen(eq=False, kw_only=True)
class ReadEnum:
    """Read a symbol's index.

    Attributes:
        symbols: For each writer symbol the reader's symbol, or None where there is none.
        fault: Why some symbols are None, or None where all have one.
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
    """One writer field, in the order written: into a reader field, or skipped.

    Attributes:
        field: The writer's field.
        target: Index of the reader's field, or None to skip what was written.
        action: How to read it, or None to skip it.
    """

    field: Field
    target: int | None = None
    action: Action | None = None


@attrs.frozen(eq=False, kw_only=True)
class ReadRecord:
    """Read the writer's fields in their order, then default the reader's that were not written.

    ``steps``, ``defaults`` and ``faults`` are filled once while the plan is made: a recursive
    record's plan must exist before its fields' plans can.

    Attributes:
        steps: What to do with each writer field.
        defaults: Indexes of the reader's fields that take their default.
        faults: Why no such record can be read at all; empty where it can.
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


@attrs.frozen(eq=False, kw_only=True)
class ReadUnion:
    """Read a branch's index, then do what that branch's action says."""

    writer: UnionType
    reader: AvroType
    branches: tuple[Action, ...]


@attrs.frozen(eq=False, kw_only=True)
class IntoUnion:
    """Read a value that lands in one branch of the reader's union.

    Attributes:
        branch: Index of the reader's branch.
        action: How to read it.
        fault: Why not every value can be read, though the branch is the one meant; else None.
    """

    reader: UnionType
    branch: int
    action: Action
    fault: Fault | None = None


@attrs.frozen(eq=False, kw_only=True)
class Fail:
    """Nothing can be read here; data that get here are refused."""

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
    """How to read with one schema what another one wrote, and all that stands in the way.

    Attributes:
        writer: The schema the data were written with.
        reader: The schema they are read with.
        root: What to do; the graph is cyclic where the schemas are recursive.
        faults: Every fault, in the order of the reader schema; empty if all data can be read.
    """

    writer: Schema
    reader: Schema
    root: Action
    faults: tuple[Fault, ...]


def resolve(writer: Schema, reader: Schema) -> Plan:
    """Work out how data written with one schema are read with another.

    Never fails and never stops at the first fault: faults are part of the result, and data that
    do not touch them can still be read.

    Example:
        >>> from streamcontract import parse_schema
        >>> [fault.rule for fault in resolve(parse_schema("long"), parse_schema("int")).faults]
        ['TYPE_MISMATCH']
    """
    root = _Resolver().action(writer.root, reader.root, "", "")
    return Plan(writer=writer, reader=reader, root=root, faults=tuple(_faults(root, set())))


def resolve_types(writer: AvroType, reader: AvroType) -> Action:
    """The action for two types alone, such as a field's type with itself, for its default."""
    return _Resolver().action(writer, reader, "", "")


def type_label(node: AvroType) -> str:
    """The kind of a type as Avro's messages write it, such as ``RECORD``."""
    match node:
        case PrimitiveType():
            return node.name.upper()
        case ArrayType():
            return "ARRAY"
        case MapType():
            return "MAP"
        case UnionType():
            return "UNION"
        case RecordType():
            return "RECORD"
        case EnumType():
            return "ENUM"
        case FixedType():
            return "FIXED"


def _faults(action: Action, seen: set[int]) -> Iterator[Fault]:
    """Every fault reachable from an action, each record's once."""
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


class _Resolver:
    """One call of :func:`resolve`; ``records`` guards it against recursive types."""

    def __init__(self) -> None:
        self._records: dict[tuple[int, int], ReadRecord] = {}

    def action(self, writer: AvroType, reader: AvroType, wp: str, rp: str) -> Action:
        """Resolve two types; ``wp`` and ``rp`` are the JSON pointers walked so far."""
        match writer, reader:
            case UnionType(), _:
                return self._from_union(writer, reader, wp, rp)
            case _, UnionType():
                return self._into_union(writer, reader, wp, rp)
            case PrimitiveType(), PrimitiveType() if _reads_as(writer.name, reader.name):
                rescale = _rescale(writer.logical, reader.logical)
                return ReadPrimitive(writer=writer, reader=reader, rescale=rescale)
            case FixedType(), FixedType():
                return _fixed(writer, reader, wp, rp)
            case EnumType(), EnumType():
                return _enum(writer, reader, wp, rp)
            case ArrayType(), ArrayType():
                items = self.action(writer.items, reader.items, f"{wp}/items", f"{rp}/items")
                return ReadArray(writer=writer, reader=reader, items=items)
            case MapType(), MapType():
                values = self.action(writer.values, reader.values, f"{wp}/values", f"{rp}/values")
                return ReadMap(writer=writer, reader=reader, values=values)
            case RecordType(), RecordType():
                return self._record(writer, reader, wp, rp)
            case _:
                return Fail(
                    writer=writer, reader=reader, faults=(_type_mismatch(writer, reader, wp, rp),)
                )

    def _from_union(self, writer: UnionType, reader: AvroType, wp: str, rp: str) -> Action:
        branches = tuple(
            self.action(branch, reader, f"{wp}/{i}", f"{rp}/{i}")
            for i, branch in enumerate(writer.branches)
        )
        return ReadUnion(writer=writer, reader=reader, branches=branches)

    def _into_union(self, writer: AvroType, reader: UnionType, wp: str, rp: str) -> Action:
        ranked = sorted(
            (rank, i)
            for i, branch in enumerate(reader.branches)
            if (rank := _match_rank(writer, branch)) is not None
        )
        nearest: tuple[int, Action, tuple[Fault, ...]] | None = None
        for _, i in ranked:
            action = self.action(writer, reader.branches[i], wp, f"{rp}/{i}")
            faults = tuple(_faults(action, set()))
            if not faults:
                return IntoUnion(reader=reader, branch=i, action=action)
            nearest = nearest or (i, action, faults)
        causes = nearest[2] if nearest else ()
        fault = Fault(
            rule="MISSING_UNION_BRANCH",
            reader_path=rp or "/",
            writer_path=wp or "/",
            reader=reader,
            writer=writer,
            detail=f"reader union lacking writer type: {type_label(writer)}",
            causes=causes,
        )
        if nearest is None:
            return Fail(writer=writer, reader=reader, faults=(fault,))
        # The branch meant is there, though it cannot take every value: what it can, it takes.
        return IntoUnion(reader=reader, branch=nearest[0], action=nearest[1], fault=fault)

    def _record(self, writer: RecordType, reader: RecordType, wp: str, rp: str) -> Action:
        key = (id(writer), id(reader))
        if key in self._records:
            return self._records[key]
        record = self._records[key] = ReadRecord(writer=writer, reader=reader)
        faults = _name_faults(writer, reader, wp, rp)
        sources = _match_fields(writer, reader)
        targets = {source: target for target, source in enumerate(sources) if source is not None}
        steps = []
        for i, field in enumerate(writer.fields):
            target = targets.get(i)
            if target is None:
                steps.append(FieldStep(field=field))
                continue
            action = self.action(
                field.type,
                reader.fields[target].type,
                f"{wp}/fields/{i}/type",
                f"{rp}/fields/{target}/type",
            )
            steps.append(FieldStep(field=field, target=target, action=action))
        defaults = tuple(target for target, source in enumerate(sources) if source is None)
        for target in defaults:
            field = reader.fields[target]
            if not field.has_default:
                faults.append(_missing_default(writer, reader, field, wp, f"{rp}/fields/{target}"))
        record._fill(tuple(steps), defaults, tuple(faults))  # noqa: SLF001 - its only filler
        return record


def _reads_as(writer: str, reader: str) -> bool:
    return writer == reader or reader in PROMOTIONS.get(writer, ())


def _match_rank(writer: AvroType, branch: AvroType) -> int | None:
    """How near a reader's branch is to a bare writer type: 0 is the same, None is no match."""
    match writer, branch:
        case PrimitiveType(), PrimitiveType():
            if writer.name == branch.name:
                return 0
            return 3 if _reads_as(writer.name, branch.name) else None
        case (ArrayType(), ArrayType()) | (MapType(), MapType()):
            return 0
        case RecordType(), RecordType():
            return _name_rank(writer, branch)
        case EnumType(), EnumType():
            return _name_rank(writer, branch)
        case FixedType(), FixedType():
            return _name_rank(writer, branch)
        case _:
            return None


def _name_rank(writer: NamedType, branch: NamedType) -> int | None:
    if writer.full_name == branch.full_name:
        return 0
    if writer.full_name in branch.aliases:
        return 1
    return 2 if writer.name == branch.name else None


def _match_fields(writer: RecordType, reader: RecordType) -> list[int | None]:
    """For each reader field the index of the writer field that feeds it, or None."""
    by_name = {field.name: i for i, field in enumerate(writer.fields)}
    sources = [by_name.get(field.name) for field in reader.fields]
    taken = {source for source in sources if source is not None}
    for target, field in enumerate(reader.fields):
        if sources[target] is not None:
            continue
        for alias in field.aliases:
            source = by_name.get(alias)
            if source is not None and source not in taken:
                sources[target] = source
                taken.add(source)
                break
    return sources


def _rescale(writer: LogicalType | None, reader: LogicalType | None) -> Rescale | None:
    """How a number in the writer's unit or scale becomes one in the reader's, or None."""
    if writer is None or reader is None or writer == reader:
        return None
    if writer.name == reader.name == "decimal":
        return _rescale_decimal(writer.scale or 0, reader.scale or 0)
    written, wanted = _UNITS.get(writer.name), _UNITS.get(reader.name)
    if written is None or wanted is None or written[0] != wanted[0]:
        return None
    if wanted[1] > written[1]:
        return Rescale(multiply=wanted[1] // written[1])
    return Rescale(divide=written[1] // wanted[1])


def _rescale_decimal(writer: int, reader: int) -> Rescale | None:
    if writer == reader:
        return None
    return (
        Rescale(multiply=10 ** (reader - writer))
        if reader > writer
        else Rescale(divide=10 ** (writer - reader))
    )


def _fixed(writer: FixedType, reader: FixedType, wp: str, rp: str) -> Action:
    faults = _name_faults(writer, reader, wp, rp)
    if writer.size != reader.size:
        faults.append(
            Fault(
                rule="FIXED_SIZE_MISMATCH",
                reader_path=f"{rp}/size",
                writer_path=f"{wp}/size",
                reader=reader,
                writer=writer,
                detail=f"expected: {writer.size}, found: {reader.size}",
            )
        )
    if faults:
        return Fail(writer=writer, reader=reader, faults=tuple(faults))
    return ReadFixed(writer=writer, reader=reader, rescale=_rescale(writer.logical, reader.logical))


def _enum(writer: EnumType, reader: EnumType, wp: str, rp: str) -> Action:
    known = set(reader.symbols)
    symbols = tuple(s if s in known else reader.default for s in writer.symbols)
    missing = tuple(s for s, read in zip(writer.symbols, symbols, strict=True) if read is None)
    fault = None
    if missing:
        fault = Fault(
            rule="MISSING_ENUM_SYMBOLS",
            reader_path=f"{rp}/symbols",
            writer_path=f"{wp}/symbols",
            reader=reader,
            writer=writer,
            detail=f"[{', '.join(sorted(missing))}]",
            symbols=missing,
        )
    names = _name_faults(writer, reader, wp, rp)
    if names:
        every = (*names, fault) if fault else tuple(names)
        return Fail(writer=writer, reader=reader, faults=every)
    return ReadEnum(writer=writer, reader=reader, symbols=symbols, fault=fault)


def _name_faults(writer: NamedType, reader: NamedType, wp: str, rp: str) -> list[Fault]:
    """Unqualified names match, or an alias of the reader is the writer's full name."""
    if writer.name == reader.name or writer.full_name in reader.aliases:
        return []
    return [
        Fault(
            rule="NAME_MISMATCH",
            reader_path=f"{rp}/name",
            writer_path=f"{wp}/name",
            reader=reader,
            writer=writer,
            detail=f"expected: {writer.full_name}",
        )
    ]


def _type_mismatch(writer: AvroType, reader: AvroType, wp: str, rp: str) -> Fault:
    return Fault(
        rule="TYPE_MISMATCH",
        reader_path=rp or "/",
        writer_path=wp or "/",
        reader=reader,
        writer=writer,
        detail=(
            f"reader type: {type_label(reader)} not compatible with "
            f"writer type: {type_label(writer)}"
        ),
    )


def _missing_default(
    writer: RecordType, reader: RecordType, field: Field, wp: str, rp: str
) -> Fault:
    return Fault(
        rule="READER_FIELD_MISSING_DEFAULT_VALUE",
        reader_path=rp,
        writer_path=wp or "/",
        reader=reader,
        writer=writer,
        detail=field.name,
        field=field,
    )
