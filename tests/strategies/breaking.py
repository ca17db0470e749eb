"""Successors of a schema that break a compatibility level, each by one change.

The effect of a change is predicted from the rules of "Schema Resolution" in the Avro 1.12
specification. So changes are made only where they have one effect: in types with a single use, and
in branches that no other branch of their union can replace.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from typing import Final

import attrs
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from streamcontract.compatibility.rewrite import schema_of
from streamcontract.levels import Direction, Level
from streamcontract.resolution import IntoUnion, Rule, resolve_types
from streamcontract.resolution.matching import PROMOTIONS
from streamcontract.schema import (
    MISSING,
    ArrayType,
    AvroType,
    EnumType,
    Field,
    FixedType,
    MapType,
    NamedType,
    PrimitiveType,
    RecordType,
    Schema,
    UnionType,
)
from streamcontract.schema.logical import Base, row_of
from streamcontract.schema.model import PRIMITIVE_NAMES, PrimitiveName, children
from streamcontract.testing.strategies.changes import Pen
from streamcontract.testing.strategies.evolving import checked_level
from streamcontract.testing.strategies.sites import Sites, Slot

__all__ = ["BreakingEvolution", "breaking_evolutions"]


@attrs.frozen(kw_only=True)
class BreakingEvolution:
    """A successor that breaks a level.

    Attributes:
        schema: The successor.
        change: The change, in words.
        rule: Avro's rule that it breaks, as in a finding.
        path: JSON pointer into the reader schema, as in a finding.
        direction: ``"backward"``: the successor cannot read data of its predecessor;
        ``"forward"``: the other way round.
    """

    schema: Schema
    change: str
    rule: Rule
    path: str
    direction: Direction


def breaking_evolutions(
    schema: Schema, *, level: Level = "BACKWARD"
) -> st.SearchStrategy[BreakingEvolution]:
    """Successors of a schema that break a compatibility level.

    Args:
        schema: The version before. Types of its references are written out in the successor.
        level: The level to break.

    Returns:
        A strategy for successors of one change each, with the rule that the change breaks.
        ``check_level`` finds that rule at that path, and in that direction nothing else, but for
        the same rule once for each branch where a whole union was replaced.

    Raises:
        InvalidArgument: There is no such level, or nothing breaks it: it is ``"NONE"``, or no
            data can be written with the schema.

    Example:
        >>> from hypothesis import find
        >>> from streamcontract import check_level, parse_schema
        >>> v1 = parse_schema({"type": "record", "name": "R", "fields": []})
        >>> broken = find(breaking_evolutions(v1), lambda each: "field" in each.change)
        >>> broken.change, broken.rule, broken.path
        ("R gets a field 'a' without a default", 'READER_FIELD_MISSING_DEFAULT_VALUE', '/fields/0')
        >>> [finding] = check_level("BACKWARD", candidate=broken.schema, history=[v1])
        >>> finding.rule, finding.path
        ('READER_FIELD_MISSING_DEFAULT_VALUE', '/fields/0')
    """
    asked = frozenset(checked_level(level).directions)
    if not asked:
        raise InvalidArgument("no change breaks the level NONE")
    sites = _Sites(schema.root)
    kinds = [found for kind in _KINDS if (found := _asked(kind(sites), asked))]
    if not kinds:
        raise InvalidArgument(f"no data can be written with {schema!r}, so that nothing breaks")
    return st.sampled_from(kinds).flatmap(st.sampled_from).flatmap(partial(_broken, sites))


@attrs.frozen
class _Place:
    """The single use of a type.

    Attributes:
        node: The type.
        path: JSON pointer to it.
        slot: Its slot; None for a branch of a union.
        union: The path at which faults inside the outermost union around it are reported, or
            None outside of all unions.
    """

    node: AvroType
    path: str
    slot: Slot | None
    union: str | None = None

    def reported(self, rule: Rule, path: str) -> tuple[Rule, str]:
        """How a fault here is reported: a reader's union only says that no branch fits."""
        return (rule, path or "/") if self.union is None else ("MISSING_UNION_BRANCH", self.union)


@attrs.frozen
class _Break:
    """A change that could be made.

    Attributes:
        direction: The direction that it breaks.
        place: The place.
        make: Returns the outermost type of the changed schema, the change, the broken rule and the
        path.
    """

    direction: Direction
    place: _Place
    make: Callable[[Pen], _Made]


@attrs.frozen
class _Made:
    root: AvroType
    change: str
    rule: Rule
    path: str


def _asked(found: Iterator[_Break], asked: frozenset[Direction]) -> list[_Break]:
    return [each for each in found if each.direction in asked]


class _Sites(Sites):
    """The places where a change is met exactly once."""

    @cached_property
    def _uses(self) -> dict[AvroType, int]:
        inside = (child for node in self.nodes for child in children(node))
        return Counter([self.root, *inside])

    @cached_property
    def places(self) -> list[_Place]:
        """All of them."""
        found = []
        pending = [_Place(self.root, "", Slot(self.root))]
        while pending:
            place = pending.pop()
            found.append(place)
            if self._uses[place.node] == 1:
                pending.extend(_inside(place))
        return found

    @cached_property
    def named_places(self) -> list[tuple[_Place, NamedType]]:
        """Those of types with names that are used nowhere else, and that no default speaks of."""
        return [
            (place, place.node)
            for place in self.places
            if isinstance(place.node, RecordType | EnumType | FixedType)
            and self._uses[place.node] == 1
            and place.node not in self.settled
        ]

    @cached_property
    def record_places(self) -> list[tuple[_Place, RecordType]]:
        """Those of records."""
        return [(place, node) for place, node in self.named_places if isinstance(node, RecordType)]


@st.composite
def _broken(draw: st.DrawFn, sites: _Sites, chosen: _Break) -> BreakingEvolution:
    made = chosen.make(Pen(draw, set(sites.words)))
    rule, path = chosen.place.reported(made.rule, made.path)
    return BreakingEvolution(
        schema=schema_of(made.root),
        change=made.change,
        rule=rule,
        path=path,
        direction=chosen.direction,
    )


def _inside(place: _Place) -> Iterator[_Place]:
    node, path, union = place.node, place.path, place.union
    match node:
        case ArrayType():
            yield _Place(node.items, f"{path}/items", Slot(node.items, node), union)
        case MapType():
            yield _Place(node.values, f"{path}/values", Slot(node.values, node), union)
        case RecordType():
            for i, field in enumerate(node.fields):
                slot = Slot(field.type, node, field)
                yield _Place(field.type, f"{path}/fields/{i}/type", slot, union)
        case UnionType():
            for i, branch in enumerate(node.branches):
                if _has_no_rival(node, i):
                    # After the writer's branch a path has the reader's, which is the same.
                    inner = f"{path}/{i}/{i}"
                    yield _Place(branch, inner, None, union or f"{path}/{i}")
        case _:
            pass


def _has_no_rival(union: UnionType, index: int) -> bool:
    """Whether no other branch of the same union can read data of one branch."""
    action = resolve_types(union.branches[index], union)
    return isinstance(action, IntoUnion) and action.candidates == (index,)


def _added_fields(sites: _Sites) -> Iterator[_Break]:
    """The successor's readers need a value that older data do not have."""
    for place, record in sites.record_places:
        yield _Break("backward", place, partial(_with_field, sites, place, record))


def _with_field(sites: _Sites, place: _Place, record: RecordType, pen: Pen) -> _Made:
    added = pen.field(record.namespace, optional=False)
    at = pen.place(len(record.fields))
    fields = (*record.fields[:at], added, *record.fields[at:])
    return _Made(
        sites.edited(record, fields=fields),
        f"{record.name} gets a field {added.name!r} without a default",
        "READER_FIELD_MISSING_DEFAULT_VALUE",
        f"{place.path}/fields/{at}",
    )


def _removed_fields(sites: _Sites) -> Iterator[_Break]:
    """The predecessor's readers need a value that newer data do not have."""
    for place, record in sites.record_places:
        for field in record.fields:
            if not field.has_default:
                make = partial(_without_field, sites, place, record, field)
                yield _Break("forward", place, make)


def _without_field(sites: _Sites, place: _Place, record: RecordType, field: Field, _: Pen) -> _Made:
    return _Made(
        sites.edited(record, fields=tuple(each for each in record.fields if each is not field)),
        f"{record.name} loses its field {field.name!r}, which has no default",
        "READER_FIELD_MISSING_DEFAULT_VALUE",
        f"{place.path}/fields/{record.fields.index(field)}",
    )


def _renamed_fields(sites: _Sites) -> Iterator[_Break]:
    """Without an alias a field of another name is another field."""
    for place, record in sites.record_places:
        for field in record.fields:
            make = partial(_with_field_renamed, sites, place, record, field)
            yield _Break("backward", place, make)
            if not field.has_default:
                yield _Break("forward", place, make)


def _with_field_renamed(
    sites: _Sites, place: _Place, record: RecordType, field: Field, pen: Pen
) -> _Made:
    name = pen.word()
    return _Made(
        sites.refielded(record, field, name=name, default=MISSING),
        f"{record.name}'s field {field.name!r} is now called {name!r}, without an alias",
        "READER_FIELD_MISSING_DEFAULT_VALUE",
        f"{place.path}/fields/{record.fields.index(field)}",
    )


def _renamed_types(sites: _Sites) -> Iterator[_Break]:
    """Without an alias a type of another unqualified name is another type."""
    for place, node in sites.named_places:
        make = partial(_with_type_renamed, sites, place, node)
        yield _Break("backward", place, make)
        yield _Break("forward", place, make)


def _with_type_renamed(sites: _Sites, place: _Place, node: NamedType, pen: Pen) -> _Made:
    full_name = pen.word(node.namespace)
    return _Made(
        sites.edited(node, full_name=full_name),
        f"{node.full_name} is now called {full_name}, without an alias",
        "NAME_MISMATCH",
        f"{place.path}/name",
    )


def _symbols(sites: _Sites) -> Iterator[_Break]:
    """Readers without a default need every symbol that is written."""
    for place, node in sites.named_places:
        if isinstance(node, EnumType) and node.default is None:
            yield _Break("forward", place, partial(_with_symbol, sites, place, node))
            for symbol in node.symbols if len(node.symbols) > 1 else ():
                make = partial(_without_symbol, sites, place, node, symbol)
                yield _Break("backward", place, make)


def _with_symbol(sites: _Sites, place: _Place, enum: EnumType, pen: Pen) -> _Made:
    symbol, at = pen.word(), pen.place(len(enum.symbols))
    return _Made(
        sites.edited(enum, symbols=(*enum.symbols[:at], symbol, *enum.symbols[at:])),
        f"{enum.name} gets a symbol {symbol!r}, and has no default",
        "MISSING_ENUM_SYMBOLS",
        f"{place.path}/symbols",
    )


def _without_symbol(sites: _Sites, place: _Place, enum: EnumType, symbol: str, _: Pen) -> _Made:
    return _Made(
        sites.edited(enum, symbols=tuple(each for each in enum.symbols if each != symbol)),
        f"{enum.name} loses its symbol {symbol!r}, and has no default",
        "MISSING_ENUM_SYMBOLS",
        f"{place.path}/symbols",
    )


def _sizes(sites: _Sites) -> Iterator[_Break]:
    """Fixed values of different sizes cannot be read as one another."""
    for place, node in sites.named_places:
        if isinstance(node, FixedType):
            make = partial(_with_size, sites, place, node)
            yield _Break("backward", place, make)
            yield _Break("forward", place, make)


def _with_size(sites: _Sites, place: _Place, fixed: FixedType, pen: Pen) -> _Made:
    size = fixed.size + pen.draw(st.integers(1, 16))
    row = row_of(fixed)
    # A logical type that says the size would not fit any more.
    keeps = row is not None and Base("fixed") in row.bases
    return _Made(
        sites.edited(fixed, size=size, logical=fixed.logical if keeps else None),
        f"{fixed.name} has {size} bytes instead of {fixed.size}",
        "FIXED_SIZE_MISMATCH",
        f"{place.path}/size",
    )


def _types(sites: _Sites) -> Iterator[_Break]:
    """A type that is none of the writer's promotions cannot be read."""
    for place in sites.places:
        slot = place.slot
        if slot is None or isinstance(slot.node, UnionType) or not _is_free(slot, sites):
            continue
        for name in PRIMITIVE_NAMES:
            make = partial(_with_type, sites, place, slot, name)
            if not _reads(slot.node, name):
                yield _Break("backward", place, make)
            if not _is_read(name, slot.node):
                yield _Break("forward", place, make)


def _is_free(slot: Slot, sites: _Sites) -> bool:
    """Whether no default has a value of the type in a slot, except the slot's own."""
    if slot.owner is None:
        return True
    if isinstance(slot.owner, RecordType):
        return slot.owner not in sites.settled
    return slot.node not in sites.settled


def _reads(writer: AvroType, name: str) -> bool:
    """Whether a primitive type reads data of ``writer``."""
    return isinstance(writer, PrimitiveType) and (
        name == writer.name or name in PROMOTIONS.get(writer.name, ())
    )


def _is_read(name: str, reader: AvroType) -> bool:
    return isinstance(reader, PrimitiveType) and (
        name == reader.name or reader.name in PROMOTIONS.get(name, ())
    )


def _with_type(sites: _Sites, place: _Place, slot: Slot, name: PrimitiveName, _: Pen) -> _Made:
    return _Made(
        sites.replaced(slot, PrimitiveType(name=name), default=MISSING),
        f"{place.path or 'the schema'} is now of type {name}",
        "TYPE_MISMATCH",
        place.path,
    )


def _branches(sites: _Sites) -> Iterator[_Break]:
    """A reader's union needs a branch for every type that is written."""
    for place in sites.places:
        slot, union = place.slot, place.node
        if slot is None or not isinstance(union, UnionType) or not _is_free(slot, sites):
            continue
        yield _Break("forward", place, partial(_with_branch, sites, place, slot, union))
        for i in range(len(union.branches) if len(union.branches) > 1 else 0):
            if _has_no_rival(union, i):
                make = partial(_without_branch, sites, place, slot, union, i)
                yield _Break("backward", place, make)
        if union.branches:
            yield _Break("backward", place, partial(_with_other_union, sites, place, slot))


def _new_enum(pen: Pen) -> EnumType:
    return EnumType(full_name=pen.word(), symbols=(pen.word(),))


def _with_branch(sites: _Sites, place: _Place, slot: Slot, union: UnionType, pen: Pen) -> _Made:
    branch = _new_enum(pen)
    changed = UnionType(branches=(*union.branches, branch))
    return _Made(
        sites.replaced(slot, changed, default=MISSING),
        f"the union at {place.path or '/'} gets a branch {branch.full_name}",
        "MISSING_UNION_BRANCH",
        f"{place.path}/{len(union.branches)}",
    )


def _without_branch(
    sites: _Sites, place: _Place, slot: Slot, union: UnionType, index: int, _: Pen
) -> _Made:
    rest = (*union.branches[:index], *union.branches[index + 1 :])
    return _Made(
        sites.replaced(slot, UnionType(branches=rest), default=MISSING),
        f"the union at {place.path or '/'} loses its branch {index}",
        "MISSING_UNION_BRANCH",
        f"{place.path}/{index}",
    )


def _with_other_union(sites: _Sites, place: _Place, slot: Slot, pen: Pen) -> _Made:
    return _Made(
        sites.replaced(slot, UnionType(branches=(_new_enum(pen),)), default=MISSING),
        f"the union at {place.path or '/'} is now another one",
        "MISSING_UNION_BRANCH",
        f"{place.path}/0",
    )


_KINDS: Final[tuple[Callable[[_Sites], Iterator[_Break]], ...]] = (
    _added_fields,
    _removed_fields,
    _renamed_fields,
    _renamed_types,
    _symbols,
    _sizes,
    _types,
    _branches,
)
