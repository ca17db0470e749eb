"""Document for lint rules: every type and field that one schema's own text defines."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import attrs

from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    EnumType,
    Field,
    FixedType,
    JsonValue,
    MapType,
    NamedType,
    RecordType,
    UnionType,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.schema.schema import Schema

__all__ = ["Document", "FieldPlace", "NamedPlace", "TypePlace"]

_T = TypeVar("_T")


@attrs.frozen
class FieldPlace:
    """A field, and the record that it belongs to."""

    field: Field
    record: RecordType


@attrs.frozen
class TypePlace:
    """A position where the text writes a type, or the name of one.

    Attributes:
        node: The type.
        pointer: JSON pointer to the position; the type itself may be defined elsewhere.
        field: The innermost field around it, or None.
        around: The named types that it is written inside of, from the outside in.
        is_definition: Whether the type is written out here, and not only named.
    """

    node: AvroType
    pointer: str
    field: Field | None = None
    around: tuple[NamedType, ...] = ()
    is_definition: bool = True


@attrs.frozen
class NamedPlace:
    """A position where the text defines a named type.

    Attributes:
        node: The type.
        pointer: JSON pointer to its definition.
        around: The named types that it is defined inside of, from the outside in.
    """

    node: NamedType
    pointer: str
    around: tuple[NamedType, ...]

    @property
    def inherits_namespace(self) -> bool:
        """Whether its namespace, or the lack of one, is that of the type around it."""
        return bool(self.around) and self.around[-1].namespace == self.node.namespace


class Document:
    """The types and fields that one schema's own text writes, in the order of the text.

    Types from other files belong to those files and are not included, only the positions that
    name them.

    Args:
        schema: The schema.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    @cached_property
    def types(self) -> tuple[TypePlace, ...]:
        """Every position that writes or names a type."""
        return tuple(self._walk(TypePlace(self.schema.root, "")))

    @cached_property
    def fields(self) -> tuple[FieldPlace, ...]:
        """Every field."""
        records = self.definitions(RecordType)
        return tuple(FieldPlace(field, record) for record in records for field in record.fields)

    @cached_property
    def named(self) -> tuple[NamedPlace, ...]:
        """The definitions of records, enums and fixed."""
        return tuple(
            NamedPlace(place.node, place.pointer, place.around)
            for place in self.types
            if place.is_definition and isinstance(place.node, RecordType | EnumType | FixedType)
        )

    def definitions(self, kind: type[_T]) -> Iterator[_T]:
        """Every type of one kind that is written out."""
        for place in self.types:
            if place.is_definition and isinstance(place.node, kind):
                yield place.node

    @cached_property
    def _json(self) -> JsonValue:
        value: JsonValue = json.loads(self.schema.json)
        return value

    def written(self, pointer: str) -> dict[str, JsonValue]:
        """The JSON object at ``pointer``, as it was written; empty if there is none.

        The model has the meaning of a schema; this is for rules about its JSON.
        """
        value = self._json
        for step in pointer.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(value, dict):
                value = value[key]
            elif isinstance(value, list):
                value = value[int(key)]
        return value if isinstance(value, dict) else {}

    def path(self, pointer: str) -> str:
        """The name of the innermost type, field or symbol around a position, else ``"$"``.

        It stays the same when the text before it changes.
        """
        while pointer and pointer not in self._paths:
            pointer = pointer.rpartition("/")[0]
        return self._paths.get(pointer, "$")

    @cached_property
    def _paths(self) -> dict[str, str]:
        paths = {
            place.field.pointer: f"{place.record.full_name}.{place.field.name}"
            for place in self.fields
        }
        for named in self.named:
            paths[named.pointer] = named.node.full_name
            for index, symbol in enumerate(getattr(named.node, "symbols", ())):
                paths[f"{named.pointer}/symbols/{index}"] = f"{named.node.full_name}.{symbol}"
        return paths

    def _walk(self, place: TypePlace) -> Iterator[TypePlace]:
        node = place.node
        if isinstance(node, RecordType | EnumType | FixedType):
            own = self.schema.definitions.get(node.full_name) is node
            if not own or node.pointer != place.pointer:
                yield attrs.evolve(place, is_definition=False)
                return
        yield place
        for inner in _parts(place):
            yield from self._walk(inner)


def _parts(place: TypePlace) -> Iterator[TypePlace]:
    match place.node:
        case RecordType() as record:
            for field in record.fields:
                around = (*place.around, record)
                yield TypePlace(field.type, f"{field.pointer}/type", field, around)
        case ArrayType() as array:
            yield attrs.evolve(place, node=array.items, pointer=f"{place.pointer}/items")
        case MapType() as map_:
            yield attrs.evolve(place, node=map_.values, pointer=f"{place.pointer}/values")
        case UnionType() as union:
            for index, branch in enumerate(union.branches):
                yield attrs.evolve(place, node=branch, pointer=f"{place.pointer}/{index}")
        case _:
            return
