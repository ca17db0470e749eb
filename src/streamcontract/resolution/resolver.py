"""Resolve a writer schema with a reader schema: the only walk over two schemas.

:func:`resolve` compares a writer schema with a reader schema by the rules of "Schema Resolution"
in the Avro 1.12 specification and yields a :class:`Plan`: a graph of actions that turn the writer's
data into values of the reader schema, and every fault. Compatibility reports the faults, the codec
executes the actions, so the two cannot disagree.

Where the specification leaves a choice, the one made here keeps the data whole:

- A bare writer type goes into the first reader branch of the *same* type, and only then into the
  first it can be promoted to: a ``long`` read with ``["double", "long"]`` stays a long.
- A named writer type prefers the branch of the same full name, then one with an alias for it,
  then one of the same unqualified name, so that ``a.Item`` and ``b.Item`` are not mixed up.
- A field is matched by its name first, and by the reader's aliases only if no name matches.
- Values of one kind in different units or scales (``timestamp-millis`` read as
  ``timestamp-micros``, ``decimal`` of scale 2 read with scale 4) are rescaled exactly.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import attrs

from streamcontract.errors import ArgumentError
from streamcontract.resolution.matching import Branches, match_fields, reads_as
from streamcontract.resolution.plan import (
    Action,
    Fail,
    Fault,
    FieldStep,
    IntoUnion,
    Plan,
    ReadArray,
    ReadEnum,
    ReadFixed,
    ReadMap,
    ReadPrimitive,
    ReadRecord,
    ReadUnion,
    Rescale,
    faults_at,
    faults_of,
)
from streamcontract.schema.logical import LOGICAL_TYPES, Misfit, declared_logical_type
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
    children,
)
from streamcontract.schema.schema import Schema

__all__ = ["resolve", "resolve_types", "type_label"]

_NAMED: Final = (RecordType, EnumType, FixedType)


def resolve(writer: Schema, reader: Schema) -> Plan:
    """Work out how data written with one schema are read with another.

    Never stops at the first fault: faults are part of the result, and data that do not touch them
    can still be read.

    Raises:
        ArgumentError: One is no ``Schema``, but JSON or another form of it.

    Example:
        >>> from streamcontract import parse_schema
        >>> [fault.rule for fault in resolve(parse_schema("long"), parse_schema("int")).faults]
        ['TYPE_MISMATCH']
    """
    for name, schema in (("writer", writer), ("reader", reader)):
        if not isinstance(schema, Schema):
            raise ArgumentError(name, schema, "a Schema, as parse_schema returns it")
    resolver = _Resolver()
    root = resolver.action(writer.root, reader.root, "", "")
    faults = tuple(faults_of(root)) if resolver.met_faults else ()
    return Plan(writer=writer, reader=reader, root=root, faults=faults)


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


class _Resolver:
    """One call of :func:`resolve`; ``records`` guards it against recursive types.

    Attributes:
        met_faults: Whether there was a fault anywhere, even in a branch that was not taken.
    """

    def __init__(self) -> None:
        self.met_faults = False
        self._records: dict[tuple[int, int], ReadRecord] = {}
        self._unions: dict[int, Branches] = {}

    def action(self, writer: AvroType, reader: AvroType, wp: str, rp: str) -> Action:
        """Resolve two types; ``wp`` and ``rp`` are the JSON pointers walked so far."""
        action = self._action(writer, reader, wp, rp)
        self.met_faults = self.met_faults or bool(faults_at(action))
        return action

    def _action(self, writer: AvroType, reader: AvroType, wp: str, rp: str) -> Action:
        match writer, reader:
            case UnionType(), _:
                return self._from_union(writer, reader, wp, rp)
            case _, UnionType():
                return self._into_union(writer, reader, wp, rp)
            case PrimitiveType(), PrimitiveType() if reads_as(writer.name, reader.name):
                return _primitive(writer, reader, wp, rp)
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

    def _branches(self, union: UnionType) -> Branches:
        known = self._unions.get(id(union))
        if known is None:
            known = self._unions[id(union)] = Branches.of(union)
        return known

    def _into_union(self, writer: AvroType, reader: UnionType, wp: str, rp: str) -> Action:
        candidates = self._branches(reader).candidates(writer)
        nearest: tuple[int, Action, tuple[Fault, ...]] | None = None
        for i in candidates:
            action = self.action(writer, reader.branches[i], wp, f"{rp}/{i}")
            faults = tuple(faults_of(action)) if self.met_faults else ()
            if not faults:
                return IntoUnion(
                    writer=writer, reader=reader, branch=i, action=action, candidates=candidates
                )
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
        # The right branch exists but cannot take every value: it takes those that it can.
        return IntoUnion(
            writer=writer,
            reader=reader,
            branch=nearest[0],
            action=nearest[1],
            candidates=candidates,
            fault=fault,
        )

    def _record(self, writer: RecordType, reader: RecordType, wp: str, rp: str) -> Action:
        key = (id(writer), id(reader))
        if key in self._records:
            return self._records[key]
        record = self._records[key] = ReadRecord(writer=writer, reader=reader)
        faults = _name_faults(writer, reader, wp, rp)
        sources = match_fields(writer, reader)
        targets = {source: target for target, source in enumerate(sources) if source is not None}
        steps = []
        for i, field in enumerate(writer.fields):
            target = targets.get(i)
            if target is None:
                steps.append(FieldStep(field=field))
                continue
            wanted = reader.fields[target]
            if not isinstance(field.type, _NAMED) and not isinstance(wanted.type, _NAMED):
                step = _plain_step(field, wanted, target)
                if step is not None:
                    steps.append(step)
                    continue
            action = self.action(
                field.type,
                wanted.type,
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


@lru_cache(maxsize=8_192)  # the fields of the versions of a few wide records
def _plain_step(field: Field, wanted: Field, target: int) -> FieldStep | None:
    """The step between two fields without named types; None for other fields, or on a fault.

    The versions of a schema share most of their fields (``schema/builder.py``). Only a fault names
    its path, so a step without one is the same in every pair of schemas.
    """
    if not (_is_plain(field.type) and _is_plain(wanted.type)):
        return None
    action = resolve_types(field.type, wanted.type)
    return None if any(faults_of(action)) else FieldStep(field=field, target=target, action=action)


def _is_plain(node: AvroType) -> bool:
    match node:
        case PrimitiveType():
            return True
        case RecordType() | EnumType() | FixedType():
            return False
        case _:
            return all(map(_is_plain, children(node)))


def _rescale(writer: LogicalType | None, reader: LogicalType | None) -> Rescale | None:
    """The conversion of a number in the writer's unit or scale to the reader's, or None."""
    if writer is None or reader is None or writer == reader:
        return None
    if writer.name == reader.name == "decimal":
        return _rescale_decimal(writer.scale or 0, reader.scale or 0)
    written, wanted = LOGICAL_TYPES[writer.name], LOGICAL_TYPES[reader.name]
    if written.kind != wanted.kind or written.unit is None or wanted.unit is None:
        return None
    was, now = written.unit.per_second, wanted.unit.per_second
    return Rescale(multiply=now // was) if now > was else Rescale(divide=was // now)


def _digit_faults(
    writer: PrimitiveType | FixedType, reader: PrimitiveType | FixedType, wp: str, rp: str
) -> list[Fault]:
    """Faults of a decimal of too many digits, which is read as bytes and so not as a decimal.

    Its scale is beyond the supported limit; the reader's scale would change the number.
    """
    if writer.logical is not None or reader.logical is None:
        return []
    base, size = ("fixed", writer.size) if isinstance(writer, FixedType) else (writer.name, None)
    declared = declared_logical_type(writer.attributes, base, size)
    is_beyond_limits = isinstance(declared, Misfit) and declared.is_beyond_limits
    if not is_beyond_limits or writer.attributes["logicalType"] != reader.logical.name:
        return []
    detail = "the writer's decimal has too many digits to be read as a decimal"
    return [attrs.evolve(_type_mismatch(writer, reader, wp, rp), detail=detail)]


def _rescale_decimal(writer: int, reader: int) -> Rescale | None:
    if writer == reader:
        return None
    return (
        Rescale(multiply=10 ** (reader - writer))
        if reader > writer
        else Rescale(divide=10 ** (writer - reader))
    )


def _primitive(writer: PrimitiveType, reader: PrimitiveType, wp: str, rp: str) -> Action:
    faults = _digit_faults(writer, reader, wp, rp)
    if faults:
        return Fail(writer=writer, reader=reader, faults=tuple(faults))
    rescale = _rescale(writer.logical, reader.logical)
    return ReadPrimitive(writer=writer, reader=reader, rescale=rescale)


def _fixed(writer: FixedType, reader: FixedType, wp: str, rp: str) -> Action:
    faults = _name_faults(writer, reader, wp, rp) + _digit_faults(writer, reader, wp, rp)
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
    """Faults of names that differ, without an alias of the reader for the writer's full name."""
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
