"""Semantic drift: data that can be read, but with another meaning. One rule per function.

No rule walks schemas: each examines one action of the plan that the codec executes. The behaviour
of other implementations is described only if it was observed. Avro for Java reads with the reader's
logical type and ignores the writer's (GenericDatumReader.read, 1.12); fastavro 1.13 and Avro for
Python 1.12 read with the writer's and ignore the reader's. fastavro takes the first branch of a
union that matches (measured, and so is Avro for Python).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs

from streamcontract.compatibility.counterexample import (
    Another,
    Counterexample,
    branch_example,
    codec_of,
    drift_example,
    run,
)
from streamcontract.compatibility.drift_rules import Drift, DriftRule
from streamcontract.compatibility.renames import Dropped
from streamcontract.compatibility.rewrite import schema_of, with_type, without_field
from streamcontract.compatibility.samples import leaf_samples, samples
from streamcontract.compatibility.walk import ReachedAction, walk
from streamcontract.compatibility.witness import Witness
from streamcontract.errors import SchemaParseError
from streamcontract.resolution import (
    IntoUnion,
    Plan,
    ReadEnum,
    ReadFixed,
    ReadPrimitive,
    ReadRecord,
    ReadUnion,
    Rescale,
    resolve,
    resolve_types,
)
from streamcontract.schema.canonical import canonical_form
from streamcontract.schema.default_bytes import default_bytes
from streamcontract.schema.logical import conversion
from streamcontract.schema.model import (
    AvroType,
    Field,
    FixedType,
    LogicalType,
    NamedType,
    PrimitiveType,
    UnionType,
    branch_name,
)
from streamcontract.schema.schema import Schema

__all__ = ["drifts"]

# Floating point holds every integer up to here (IEEE 754: 24 and 53 bits of significand).
_EXACT: Final = {"float": 2**24, "double": 2**53}


def drifts(plan: Plan) -> Iterator[Drift]:
    """Every drift of a plan, in the order in which its actions are walked."""
    for place in walk(plan):
        match place.action:
            case ReadPrimitive() | ReadFixed():
                yield from _logical(plan, place, place.action)
                if isinstance(place.action, ReadPrimitive):
                    yield from _promotion(plan, place, place.action)
                else:
                    yield from _namespace(place, place.action.writer, place.action.reader)
            case ReadEnum():
                yield from _symbols(plan, place, place.action)
                yield from _namespace(place, place.action.writer, place.action.reader)
            case ReadRecord():
                yield from _defaults(plan, place, place.action)
                yield from _renamed(plan, place, place.action)
                if not any(fault.rule == "NAME_MISMATCH" for fault in place.action.faults):
                    yield from _namespace(place, place.action.writer, place.action.reader)
            case ReadUnion():
                yield from _merged(plan, place, place.action)
            case IntoUnion():
                yield from _first_branch(plan, place, place.action)
            case _:
                pass


# ---- logical types


def _logical(
    plan: Plan, place: ReachedAction, action: ReadPrimitive | ReadFixed
) -> Iterator[Drift]:
    written, wanted = action.writer.logical, action.reader.logical
    if written == wanted:
        return
    if written and wanted and written.name == wanted.name == "decimal":
        found = _decimal(written, wanted, action.rescale)
    elif written and wanted and action.rescale:
        found = "LOGICAL_UNIT_CHANGED", _unit(written.name, wanted.name, action.rescale)
    else:
        found = (
            "LOGICAL_TYPE_CHANGED",
            (
                f"what was written as {_kind(action.writer)} is read as {_kind(action.reader)}: "
                f"the bytes stay, their meaning does not; keep the logical type, or add a new "
                f"field beside it"
            ),
        )
    if found is None:
        return
    rule, message = found
    elsewhere = None
    if action.rescale is not None:
        # Without a logical type on the writer's side, the number is taken unchanged.
        plain = attrs.evolve(action.writer, logical=None)
        rule_there = "Avro for Java takes the number unchanged, in the reader's unit or scale"
        elsewhere = rule_there, _writer_with(plan, action.writer, plain)
    yield Drift(
        rule=rule,
        reader_path=place.reader_path or "/",
        writer_path=place.writer_path or "/",
        message=message,
        example=lambda: drift_example(
            plan, action, lambda _: leaf_samples(action.writer), elsewhere=elsewhere
        ),
    )


def _kind(node: PrimitiveType | FixedType) -> str:
    base = node.name if isinstance(node, PrimitiveType) else f"fixed {node.full_name}"
    return f"{node.logical.name} ({base})" if node.logical else f"plain {base}"


def _unit(written: str, wanted: str, rescale: Rescale) -> str:
    here = (
        f"here values that are not a whole number of the reader's units are refused (1 of "
        f"{rescale.factor} passes), the others are unchanged"
        if rescale.divide > 1
        else "here values are unchanged, unless 64 bits cannot hold them in that unit"
    )
    return (
        f"what was written as {written} is read as {wanted}: {here}; Avro for Java takes the "
        f"number unchanged and reads a time {rescale.factor} times off; keep the unit, or add a "
        f"new field beside it"
    )


def _decimal(
    written: LogicalType, wanted: LogicalType, rescale: Rescale | None
) -> tuple[DriftRule, str] | None:
    was, now = (f"decimal({each.precision}, {each.scale})" for each in (written, wanted))
    if rescale is None:
        if (wanted.precision or 0) >= (written.precision or 0):
            return None
        return "DECIMAL_PRECISION_REDUCED", (
            f"what was written as {was} is read as {now}: values of more than {wanted.precision} "
            f"digits are refused; keep the precision, or raise it"
        )
    return "DECIMAL_SCALE_CHANGED", (
        f"what was written as {was} is read as {now}: here values are rescaled exactly, and "
        f"refused if digits would be lost; Avro for Java takes the number unchanged and "
        f"reads an amount {rescale.factor} times off; keep the scale, or add a new field beside it"
    )


def _writer_with(plan: Plan, old: AvroType, new: AvroType) -> Another:
    """Another writer schema; the root of a counterexample of the types alone is the old one."""

    def another(writer: Schema, reader: Schema) -> tuple[Schema, Schema]:
        return with_type(writer, old if writer is plan.writer else writer.root, new), reader

    return another


def _reader_with(plan: Plan, old: AvroType, new: AvroType) -> Another:
    """Another reader schema, likewise."""

    def another(writer: Schema, reader: Schema) -> tuple[Schema, Schema]:
        return writer, with_type(reader, old if reader is plan.reader else reader.root, new)

    return another


# ---- promotions


def _promotion(plan: Plan, place: ReachedAction, action: ReadPrimitive) -> Iterator[Drift]:
    written, wanted = action.writer.name, action.reader.name
    parts: Callable[[Witness], Iterator[Any]]
    if {written, wanted} == {"string", "bytes"}:
        rule: DriftRule = "STRING_BYTES_PROMOTED"
        outcome = (
            "text is read as its bytes in UTF-8"
            if wanted == "bytes"
            else "bytes that are not UTF-8 are refused, the others are read as text"
        )
        message = f"{written} is read as {wanted}: {outcome}; keep the type"
        parts = lambda _: reversed(list(leaf_samples(action.writer)))  # noqa: E731 - what may be refused first
    elif (written == "long" and wanted in _EXACT) or (written, wanted) == ("int", "float"):
        if conversion(action.writer) is not None:
            return  # LOGICAL_TYPE_CHANGED reports that a time becomes a number
        exact = _EXACT[wanted]
        rule = "PRECISION_LOSS"
        message = (
            f"{written} is read as {wanted}, which rounds integers beyond 2**"
            f"{exact.bit_length() - 1}; keep the type"
        )
        parts = lambda _: iter([exact + 1])  # noqa: E731 - the smallest that is rounded
    else:
        return
    yield Drift(
        rule=rule,
        reader_path=place.reader_path or "/",
        writer_path=place.writer_path or "/",
        message=message,
        example=lambda: drift_example(plan, action, parts),
    )


# ---- enums and names


def _symbols(plan: Plan, place: ReachedAction, action: ReadEnum) -> Iterator[Drift]:
    known = set(action.reader.symbols)
    lost = [
        symbol
        for symbol, read in zip(action.writer.symbols, action.symbols, strict=True)
        if read is not None and symbol not in known
    ]
    if lost:
        yield Drift(
            rule="ENUM_SYMBOL_DEFAULTED",
            reader_path=f"{place.reader_path}/symbols",
            writer_path=f"{place.writer_path}/symbols",
            message=(
                f"the reader's {action.reader.full_name} lacks {', '.join(lost)}, which become "
                f"{action.reader.default}: add them to the reader's enum before producers use them"
            ),
            example=lambda: drift_example(plan, action, lambda _: iter(lost)),
        )


def _namespace(place: ReachedAction, writer: NamedType, reader: NamedType) -> Iterator[Drift]:
    if writer.full_name == reader.full_name or writer.full_name in reader.aliases:
        return

    def example() -> Counterexample | None:
        # A union of one branch, since only there a value has its type's name.
        try:
            value = writer.full_name, Witness(writer).minimal(writer)
        except ValueError:
            return None
        unions = schema_of(writer, as_union=True), schema_of(reader, as_union=True)
        return run(value, writer=unions[0], reader=unions[1], tagged=True)

    yield Drift(
        rule="NAMESPACE_CHANGED",
        reader_path=f"{place.reader_path}/name",
        writer_path=f"{place.writer_path}/name",
        message=(
            f"the writer's {writer.full_name} is read as {reader.full_name}, since Avro compares "
            f"names without namespaces; registries that compare full names refuse it: keep the "
            f"namespace, or add {writer.full_name!r} to the reader's aliases"
        ),
        example=example,
    )


# ---- fields


def _defaults(plan: Plan, place: ReachedAction, action: ReadRecord) -> Iterator[Drift]:
    for i, step in enumerate(action.steps):
        if step.target is None:
            continue
        written, wanted = step.field, action.reader.fields[step.target]
        if not written.has_default or not wanted.has_default or _equal(written, wanted):
            continue
        yield Drift(
            rule="DEFAULT_CHANGED",
            reader_path=f"{place.reader_path}/fields/{step.target}",
            writer_path=f"{place.writer_path}/fields/{i}",
            message=(
                f"the default of {wanted.name!r} was {written.default!r} and is "
                f"{wanted.default!r}: data without the field mean one thing to consumers of one "
                f"schema and another to those of the other; keep the default, or add a new field"
            ),
            example=lambda field=written: _default_example(plan, action, field),  # type: ignore[misc]
        )


def _equal(written: Field, wanted: Field) -> bool:
    if isinstance(written.default, bool) != isinstance(wanted.default, bool):
        return False
    # NaN, which a stored schema may have, does not equal itself; its text does.
    return written.default == wanted.default or str(written.default) == str(wanted.default)


def _default_example(plan: Plan, action: ReadRecord, field: Field) -> Counterexample | None:
    """Data from before the field existed, read by consumers of both schemas."""
    try:
        older = without_field(plan.writer, field)
    except SchemaParseError:
        return None  # another field's default has a value for this one: no such schema existed
    witness = Witness(older.root)
    to_record = resolve(older, plan.writer)
    try:
        route = witness.route(
            to_record.root,
            lambda each: isinstance(each, ReadRecord) and each.reader is action.writer,
        )
        value = witness.build(route, witness.minimal(route.end.writer))
    except ValueError:
        return None
    was = run(value, writer=older, reader=plan.writer)
    now = run(value, writer=older, reader=plan.reader)
    return attrs.evolve(now, before=was.after)


def _renamed(plan: Plan, place: ReachedAction, action: ReadRecord) -> Iterator[Drift]:
    dropped: dict[str, Dropped] = {}  # by canonical form of their types
    for i, step in enumerate(action.steps):
        if step.target is None:
            dropped.setdefault(canonical_form(step.field.type), Dropped()).add(i, step.field)
    for target in action.defaults:
        added = action.reader.fields[target]
        alike = dropped.get(canonical_form(added.type))
        former = alike.take(target, added.name) if alike and added.has_default else None
        if former is None:
            continue
        removed = action.steps[former].field
        yield Drift(
            rule="FIELD_RENAMED_WITHOUT_ALIAS",
            reader_path=f"{place.reader_path}/fields/{target}",
            writer_path=f"{place.writer_path}/fields/{former}",
            message=(
                f"the writer's field {removed.name!r} is dropped and {added.name!r}, of the same "
                f"type, takes its default: if that is its new name, add "
                f'"aliases": ["{removed.name}"] to it'
            ),
            example=lambda old=removed, new=added: drift_example(  # type: ignore[misc]
                plan, action, lambda witness: iter([_telling(witness, action, old, new)])
            ),
        )


def _telling(witness: Witness, action: ReadRecord, old: Field, new: Field) -> Any:
    """A record whose dropped field differs from the new one's default, if it can differ."""
    smallest: dict[str, Any] = witness.minimal(action.writer)
    encode, default = codec_of(schema_of(old.type)).encode, default_bytes(new)
    values = (each for each in samples(old.type, witness) if encode(each) != default)
    return {**smallest, old.name: next(values, smallest[old.name])}


# ---- unions


def _first_branch(plan: Plan, place: ReachedAction, action: IntoUnion) -> Iterator[Drift]:
    """Other implementations read the value into a branch before the one that is chosen here."""
    first = min(action.candidates)
    if action.fault is not None or first == action.branch:
        return
    there, here = (branch_name(action.reader.branches[i]) for i in (first, action.branch))
    if place.outer is not None:
        own = resolve_types(action.writer, place.outer.writer)
        if isinstance(own, IntoUnion):
            before = place.outer.writer.branches[min(own.candidates)]
            if branch_name(before) == there:
                return  # the same as before: nothing changed
    only_first = UnionType(branches=(action.reader.branches[first],))
    elsewhere = (
        "fastavro takes the first branch that matches",
        _reader_with(plan, action.reader, only_first),
    )
    yield Drift(
        rule="UNION_BRANCH_CHANGED",
        reader_path=place.reader_path or "/",
        writer_path=place.writer_path or "/",
        message=(
            f"what was written as {branch_name(action.writer)} stays {here} here, but the "
            f"reader's union has {there} before it, which implementations that take the first "
            f"branch that matches, such as fastavro, will choose: put {here} before {there}"
        ),
        example=lambda: branch_example(
            plan, action, lambda witness: samples(action.writer, witness), elsewhere=elsewhere
        ),
    )


def _merged(plan: Plan, place: ReachedAction, action: ReadUnion) -> Iterator[Drift]:
    """Two branches of the writer's that the reader can no longer distinguish."""
    landed: dict[int, IntoUnion] = {}
    for i, branch in enumerate(action.branches):
        if not isinstance(branch, IntoUnion) or branch.fault is not None:
            continue
        other = landed.setdefault(branch.branch, branch)
        if other is branch:
            continue
        names = [branch_name(each.writer) for each in (other, branch)]
        now = branch_name(branch.reader.branches[branch.branch])
        moved = other if names[0] != now else branch
        yield Drift(
            rule="UNION_BRANCH_CHANGED",
            reader_path=f"{place.reader_path}/{i}",
            writer_path=f"{place.writer_path}/{i}",
            message=(
                f"values written as {names[0]} and as {names[1]} both become {now}, so that the "
                f"reader cannot distinguish them: keep both branches"
            ),
            example=lambda at=moved: branch_example(  # type: ignore[misc]
                plan, at, lambda witness: samples(at.writer, witness)
            ),
        )
