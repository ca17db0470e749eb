"""Changes of schemas, and the directions of compatibility that each keeps.

The reasons are the rules of "Schema Resolution" in the Avro 1.12 specification. A change that keeps
a direction against one version may lose it against those before: a field gets a default, is removed
one version later, and readers of the first version miss it. ``lasting`` is set for each change
whether it keeps its directions against all versions, as long as all changes between are lasting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import attrs
from hypothesis import strategies as st

from streamcontract.compatibility import Direction
from streamcontract.resolution.matching import PROMOTIONS
from streamcontract.schema import (
    MISSING,
    ArrayType,
    AvroType,
    EnumType,
    Field,
    MapType,
    NamedType,
    PrimitiveType,
    RecordType,
    UnionType,
    branch_name,
)
from streamcontract.schema.model import PRIMITIVE_NAMES, PrimitiveName
from streamcontract.testing.strategies.documents import draw_type
from streamcontract.testing.strategies.forms import primitive_defaults
from streamcontract.testing.strategies.names import docs, names, namespaces, unused
from streamcontract.testing.strategies.sites import Sites, Slot

__all__ = ["KINDS", "Change", "Pen"]

_BACKWARD: Final[frozenset[Direction]] = frozenset({"backward"})
_FORWARD: Final[frozenset[Direction]] = frozenset({"forward"})
_BOTH: Final[frozenset[Direction]] = _BACKWARD | _FORWARD

Annotated = PrimitiveType | ArrayType | MapType | NamedType
Defaults = st.SearchStrategy[Any]


@attrs.frozen
class Pen:
    """The names and fields for a change.

    Attributes:
        draw: Draws.
        taken: Every word used in this schema or in a version before; those drawn are added. A name
            that returns with another meaning would match its former use in old data.
    """

    draw: st.DrawFn
    taken: set[str]

    def word(self, namespace: str | None = None) -> str:
        """A new name, after its namespace."""
        stem = self.draw(names())
        word = unused(stem, self.taken)
        if namespace is None:
            return word
        while f"{namespace}.{word}" in self.taken:
            word = unused(stem, self.taken)
        self.taken.add(f"{namespace}.{word}")
        return f"{namespace}.{word}"

    def namespace(self, name: str) -> str:
        """A namespace without an earlier use of that name."""
        stem = self.draw(namespaces())
        namespace, number = stem, 2
        while f"{namespace}.{name}" in self.taken:
            namespace, number = f"{stem}{number}", number + 1
        self.taken.add(f"{namespace}.{name}")
        return namespace

    def field(self, namespace: str | None, *, optional: bool) -> Field:
        """A field with a new name, with or without a default."""
        node, defaults = draw_type(self.draw, self.taken, namespace=namespace)
        if not optional:
            return Field(name=self.word(), type=node)
        if defaults is None:  # a type of which no default is known
            null = PrimitiveType(name="null")
            branches = node.branches if isinstance(node, UnionType) else (node,)
            rest = tuple(branch for branch in branches if branch_name(branch) != "null")
            return Field(name=self.word(), type=UnionType(branches=(null, *rest)), default=None)
        return Field(name=self.word(), type=node, default=self.draw(defaults))

    def place(self, length: int) -> int:
        """An index to insert at."""
        return self.draw(st.integers(0, length))


@attrs.frozen
class Change:
    """A change that could be made.

    Attributes:
        keeps: The directions of compatibility that it keeps.
        make: Returns the changed schema's outermost type.
        lasting: Whether it keeps them against earlier versions too.
    """

    keeps: frozenset[Direction]
    make: Callable[[Pen], AvroType]
    lasting: frozenset[Direction] = _BOTH


def _annotations(sites: Sites) -> Iterator[Change]:
    """Attributes that Avro does not define, and documentation, do not affect readers."""
    for node in sites.nodes:
        if not isinstance(node, UnionType):
            yield Change(_BOTH, partial(_annotated, sites, node))
    for named in sites.named:
        yield Change(_BOTH, partial(_documented, sites, named))


def _annotated(sites: Sites, node: Annotated, pen: Pen) -> AvroType:
    attributes = {**node.attributes, f"x-{pen.word()}": True}
    return sites.edited(node, attributes=attributes)


def _documented(sites: Sites, node: NamedType, pen: Pen) -> AvroType:
    return sites.edited(node, doc=pen.draw(docs()))


def _added_fields(sites: Sites) -> Iterator[Change]:
    """Older readers skip what they do not know; newer ones take their default."""
    for record in sites.records:
        yield Change(_BOTH, partial(_with_field, sites, record, optional=True))
        if record not in sites.settled:
            yield Change(_FORWARD, partial(_with_field, sites, record, optional=False))


def _with_field(sites: Sites, record: RecordType, pen: Pen, *, optional: bool) -> AvroType:
    fields = list(record.fields)
    fields.insert(pen.place(len(fields)), pen.field(record.namespace, optional=optional))
    return sites.edited(record, fields=tuple(fields))


def _removed_fields(sites: Sites) -> Iterator[Change]:
    """Newer readers skip them in older data; older ones need a default of their own."""
    for record, field in _changeable_fields(sites):
        keeps = _BOTH if field.has_default else _BACKWARD
        yield Change(keeps, partial(_without_field, sites, record, field))


def _without_field(sites: Sites, record: RecordType, field: Field, _: Pen) -> AvroType:
    return sites.edited(record, fields=tuple(each for each in record.fields if each is not field))


def _renamed_fields(sites: Sites) -> Iterator[Change]:
    """An alias lets newer readers find older data; older readers need a default of their own."""
    for record, field in _changeable_fields(sites):
        keeps = _BOTH if field.has_default else _BACKWARD
        yield Change(keeps, partial(_with_field_renamed, sites, record, field))


def _with_field_renamed(sites: Sites, record: RecordType, field: Field, pen: Pen) -> AvroType:
    aliases = (*field.aliases, field.name)
    return sites.refielded(record, field, name=pen.word(), aliases=aliases)


def _moved_fields(sites: Sites) -> Iterator[Change]:
    """Fields are matched by name, not by place."""
    for record in sites.records:
        if len(record.fields) > 1:
            yield Change(_BOTH, partial(_with_fields_moved, sites, record))


def _with_fields_moved(sites: Sites, record: RecordType, pen: Pen) -> AvroType:
    return sites.edited(record, fields=tuple(pen.draw(st.permutations(record.fields))))


def _changed_defaults(sites: Sites) -> Iterator[Change]:
    """A default matters only where a writer lacks the field."""
    for record, field in _changeable_fields(sites):
        if field.has_default:
            # Versions before the field was added would now miss it.
            yield Change(_BOTH, partial(_without_default, sites, record, field), lasting=_FORWARD)
        elif isinstance(field.type, PrimitiveType) and field.type.logical is None:
            # A later removal of the field relies on it, and older readers do not have it.
            defaults = primitive_defaults(field.type.name)
            make = partial(_with_default, sites, record, field, defaults)
            yield Change(_BOTH, make, lasting=_BACKWARD)


def _without_default(sites: Sites, record: RecordType, field: Field, _: Pen) -> AvroType:
    return sites.refielded(record, field, default=MISSING)


def _with_default(
    sites: Sites, record: RecordType, field: Field, defaults: Defaults, pen: Pen
) -> AvroType:
    return sites.refielded(record, field, default=pen.draw(defaults))


def _changeable_fields(sites: Sites) -> Iterator[tuple[RecordType, Field]]:
    """Fields without a value in a default of a record."""
    for record in sites.records:
        if record not in sites.settled:
            for field in record.fields:
                yield record, field


def _symbols(sites: Sites) -> Iterator[Change]:
    """Readers need each symbol that is written, or a default to take instead."""
    for enum in sites.enums:
        has_default = enum.default is not None
        yield Change(_BOTH if has_default else _BACKWARD, partial(_with_symbol, sites, enum))
        for symbol in enum.symbols:
            if enum not in sites.settled and symbol != enum.default and len(enum.symbols) > 1:
                keeps = _BOTH if has_default else _FORWARD
                yield Change(keeps, partial(_without_symbol, sites, enum, symbol))


def _with_symbol(sites: Sites, enum: EnumType, pen: Pen) -> AvroType:
    symbols = list(enum.symbols)
    symbols.insert(pen.place(len(symbols)), pen.word())
    return sites.edited(enum, symbols=tuple(symbols))


def _without_symbol(sites: Sites, enum: EnumType, symbol: str, _: Pen) -> AvroType:
    return sites.edited(enum, symbols=tuple(each for each in enum.symbols if each != symbol))


def _renamed_types(sites: Sites) -> Iterator[Change]:
    """Types match by their unqualified names, or by an alias of the reader's."""
    for node in sites.named:
        yield Change(_BACKWARD, partial(_with_type_renamed, sites, node))
        # An alias without a dot is in the type's own namespace, so that one of the null namespace
        # cannot be written down elsewhere.
        if all("." in name for name in (*node.aliases, node.full_name)):
            yield Change(_BOTH, partial(_with_type_moved, sites, node))


def _with_type_renamed(sites: Sites, node: NamedType, pen: Pen) -> AvroType:
    aliases = (*node.aliases, node.full_name)
    return sites.edited(node, full_name=pen.word(node.namespace), aliases=aliases)


def _with_type_moved(sites: Sites, node: NamedType, pen: Pen) -> AvroType:
    full_name = f"{pen.namespace(node.name)}.{node.name}"
    return sites.edited(node, full_name=full_name, aliases=(*node.aliases, node.full_name))


def _promotions(sites: Sites) -> Iterator[Change]:
    """A reader's type may be wider than the writer's."""
    for slot in sites.slots:
        node = slot.node
        if not isinstance(node, PrimitiveType) or node.logical is not None:
            continue
        for narrow, wide in _PROMOTED:
            # A default stays a number of the wider type, and nothing else is sure.
            if node.name == narrow and (node not in sites.settled or wide in _NUMBERS):
                yield Change(_BACKWARD, partial(_with_primitive, sites, slot, wide))
            if node.name == wide and node not in sites.settled:
                yield Change(_FORWARD, partial(_with_primitive, sites, slot, narrow))


# Without bytes read as text, of which the rules let pass what is no UTF-8.
_PROMOTED: Final = tuple(
    (narrow, wide)
    for narrow in PRIMITIVE_NAMES
    for wide in PRIMITIVE_NAMES
    if wide in PROMOTIONS.get(narrow, ()) and narrow != "bytes"
)
_NUMBERS: Final = frozenset({"long", "float", "double"})


def _with_primitive(sites: Sites, slot: Slot, name: PrimitiveName, _: Pen) -> AvroType:
    return sites.retyped(slot, PrimitiveType(name=name))


def _unions(sites: Sites) -> Iterator[Change]:
    """A reader's union needs a branch for each type that is written; their order is free."""
    for slot in sites.slots:
        union = slot.node
        if not isinstance(union, UnionType):
            yield Change(_BACKWARD, partial(_with_union, sites, slot))
            continue
        yield Change(_BACKWARD, partial(_with_branch, sites, union))
        # A default is of the first branch that it fits.
        if union in sites.settled or (slot.field and slot.field.has_default):
            continue
        if len(union.branches) > 1:
            yield Change(_BOTH, partial(_with_branches_moved, sites, union))
            yield Change(_FORWARD, partial(_without_branch, sites, union))
        for branch in union.branches:
            yield Change(_FORWARD, partial(_with_branch_alone, sites, slot, branch))


def _with_union(sites: Sites, slot: Slot, pen: Pen) -> AvroType:
    return sites.retyped(slot, UnionType(branches=_and_another(pen, (slot.node,))))


def _with_branch(sites: Sites, union: UnionType, pen: Pen) -> AvroType:
    return sites.edited(union, branches=_and_another(pen, union.branches))


def _and_another(pen: Pen, branches: tuple[AvroType, ...]) -> tuple[AvroType, ...]:
    used = frozenset(branch_name(branch) for branch in branches)
    added, _ = draw_type(pen.draw, pen.taken, excluded=used, union=False)
    return (*branches, added)


def _with_branches_moved(sites: Sites, union: UnionType, pen: Pen) -> AvroType:
    return sites.edited(union, branches=tuple(pen.draw(st.permutations(union.branches))))


def _without_branch(sites: Sites, union: UnionType, pen: Pen) -> AvroType:
    removed = pen.draw(st.sampled_from(union.branches))
    branches = tuple(branch for branch in union.branches if branch is not removed)
    return sites.edited(union, branches=branches)


def _with_branch_alone(sites: Sites, slot: Slot, branch: AvroType, _: Pen) -> AvroType:
    return sites.retyped(slot, branch)


KINDS: Final[tuple[Callable[[Sites], Iterator[Change]], ...]] = (
    _annotations,
    _added_fields,
    _removed_fields,
    _renamed_fields,
    _moved_fields,
    _changed_defaults,
    _symbols,
    _renamed_types,
    _promotions,
    _unions,
)
"""All kinds of changes; each gives those that a schema has places for."""
