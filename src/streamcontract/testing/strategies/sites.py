"""Sites of possible changes in a schema, and schemas with one change.

Changes are made to the model and not to the JSON: in the model names are full names, and each type
is at its uses, independent of the use that defines it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import attrs

from streamcontract.schema import (
    MISSING,
    ArrayType,
    AvroType,
    EnumType,
    Field,
    FixedType,
    JsonValue,
    MapType,
    RecordType,
    UnionType,
)
from streamcontract.schema.model import Missing, children

__all__ = ["Sites", "Slot", "edited"]


@attrs.frozen(eq=False)
class Slot:
    """A place for any type, which is not a branch of a union.

    Attributes:
        node: The type in it.
        owner: The array or map around it, or the record whose field's type it is; None for the
            outermost type.
        field: The field, or None.
    """

    node: AvroType
    owner: ArrayType | MapType | RecordType | None = None
    field: Field | None = None


class Sites:
    """The places of possible changes in a schema.

    Args:
        root: Its outermost type.
    """

    def __init__(self, root: AvroType) -> None:
        self.root = root
        self.nodes: tuple[AvroType, ...] = tuple(_reachable(root))

    @cached_property
    def records(self) -> list[RecordType]:
        """All records."""
        return [node for node in self.nodes if isinstance(node, RecordType)]

    @cached_property
    def enums(self) -> list[EnumType]:
        """All enums."""
        return [node for node in self.nodes if isinstance(node, EnumType)]

    @cached_property
    def named(self) -> list[RecordType | EnumType | FixedType]:
        """All named types."""
        return [node for node in self.nodes if isinstance(node, RecordType | EnumType | FixedType)]

    @cached_property
    def slots(self) -> list[Slot]:
        """All slots, the outermost first."""
        found = [Slot(self.root)]
        for node in self.nodes:
            match node:
                case ArrayType():
                    found.append(Slot(node.items, node))
                case MapType():
                    found.append(Slot(node.values, node))
                case RecordType():
                    found.extend(Slot(field.type, node, field) for field in node.fields)
                case _:
                    pass
        return found

    @cached_property
    def settled(self) -> frozenset[AvroType]:
        """The types with a value in some default, which might not fit after a change.

        Null and the empty array and map fit whatever is inside.
        """
        found: set[AvroType] = set()
        for record in self.records:
            for field in record.fields:
                if _holds_values(field):
                    found.update(_reachable(field.type))
        return frozenset(found)

    @cached_property
    def words(self) -> frozenset[str]:
        """Every name, alias and symbol, full names both in full and without their namespaces."""
        found: set[str] = set()
        for node in self.named:
            for name in (node.full_name, *node.aliases):
                found |= {name, name.rpartition(".")[2]}
            if isinstance(node, EnumType):
                found.update(node.symbols)
            if isinstance(node, RecordType):
                for field in node.fields:
                    found |= {field.name, *field.aliases}
        return frozenset(found)

    def replaced(self, slot: Slot, node: AvroType, *, default: JsonValue | Missing) -> AvroType:
        """The schema with another type in a slot; ``default`` is for its field, if it is one."""
        match slot.owner:
            case None:
                return edited(node, {})
            case ArrayType():
                return self.edited(slot.owner, items=node)
            case MapType():
                return self.edited(slot.owner, values=node)
            case RecordType():
                fields = tuple(
                    attrs.evolve(field, type=node, default=default)
                    if field is slot.field
                    else field
                    for field in slot.owner.fields
                )
                return self.edited(slot.owner, fields=fields)

    def retyped(self, slot: Slot, node: AvroType) -> AvroType:
        """The schema with another type in a slot, whose field keeps its default."""
        return self.replaced(slot, node, default=slot.field.default if slot.field else MISSING)

    def refielded(self, record: RecordType, field: Field | None, **changes: Any) -> AvroType:
        """The schema with other attributes of one field."""
        fields = (
            attrs.evolve(each, **changes) if each is field else each for each in record.fields
        )
        return self.edited(record, fields=tuple(fields))

    def edited(self, node: AvroType, **changes: Any) -> AvroType:
        """The schema with other attributes of one type's node."""
        return edited(self.root, {node: changes})


def edited(root: AvroType, changes: Mapping[AvroType, Mapping[str, Any]]) -> AvroType:
    """A copy of a schema's model, with other attributes for some of its nodes.

    Args:
        root: The outermost type.
        changes: For each node to change, its attributes of the model by name.
    """
    return _Copy(changes).of(root)


@attrs.define
class _Copy:
    """Copies each node once, so that recursive records stay recursive."""

    changes: Mapping[AvroType, Mapping[str, Any]]
    copies: dict[AvroType, AvroType] = attrs.field(factory=dict)

    def of(self, node: AvroType) -> AvroType:
        if node not in self.copies:
            self.copies[node] = self._copied(node, dict(self.changes.get(node, {})))
        return self.copies[node]

    def _copied(self, node: AvroType, changes: dict[str, Any]) -> AvroType:
        match node:
            case RecordType():
                fields = changes.pop("fields", node.fields)
                copy = attrs.evolve(node, **changes, fields=())
                self.copies[node] = copy
                copy._fill(  # noqa: SLF001 - as the parser does for a record that holds itself
                    tuple(attrs.evolve(field, type=self.of(field.type)) for field in fields)
                )
                return copy
            case UnionType():
                union = attrs.evolve(node, **changes)
                return attrs.evolve(union, branches=tuple(map(self.of, union.branches)))
            case ArrayType():
                array = attrs.evolve(node, **changes)
                return attrs.evolve(array, items=self.of(array.items))
            case MapType():
                mapping = attrs.evolve(node, **changes)
                return attrs.evolve(mapping, values=self.of(mapping.values))
            case _:
                return attrs.evolve(node, **changes)


def _reachable(root: AvroType) -> Iterator[AvroType]:
    """Every node within reach, itself first, each once, in the order of the text."""
    seen: set[AvroType] = set()
    pending = [root]
    while pending:
        node = pending.pop()
        if node not in seen:
            seen.add(node)
            yield node
            pending.extend(reversed(children(node)))


def _holds_values(field: Field) -> bool:
    """Whether a field has a default with values of the types inside the field's own."""
    default = field.default
    if isinstance(default, Missing) or default is None or default == []:
        return False
    return not (default == {} and isinstance(field.type, MapType))
