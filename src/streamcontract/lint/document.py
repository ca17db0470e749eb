"""One schema, laid out for the rules: every type and every field that its own text writes."""

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
    """A place where the text writes a type, or the name of one.

    Attributes:
        node: The type.
        pointer: JSON pointer to the place; the type itself may be defined at another.
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
    """A place that defines a named type.

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
        """Whether it is in the namespace, or without one, just as the type around it."""
        return bool(self.around) and self.around[-1].namespace == self.node.namespace


class Document:
    """The types and fields that one schema's own text writes, in the order of the text.

    What a schema takes from other files belongs to those files and is not here, but for the
    places that name it.

    Args:
        schema: The schema.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    @cached_property
    def types(self) -> tuple[TypePlace, ...]:
        """Every place that writes or names a type."""
        return tuple(self._walk(TypePlace(self.schema.root, "")))

    @cached_property
    def fields(self) -> tuple[FieldPlace, ...]:
        """Every field."""
        records = self.definitions(RecordType)
        return tuple(FieldPlace(field, record) for record in records for field in record.fields)

    @cached_property
    def named(self) -> tuple[NamedPlace, ...]:
        """The places that define a record, an enum or a fixed."""
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

        The model keeps what a schema means; this is for rules about how it says it.
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
        """The name of the innermost type, field or symbol around a place; ``"$"`` if none has one.

        It stays the same when what stands before it changes.
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
