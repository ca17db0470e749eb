"""Examples and defaults in a schema, checked against their types.

An example is a value of the attribute ``example``, or of the list ``examples``, of a field or of
a type; Avro does not define them, and every implementation keeps or ignores them. Examples have the
form of defaults ("field default values" in the Avro 1.12 specification): the value of a union is of
the first branch that it fits, and that of a logical type is a value of its underlying type.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.codec import Codec
from streamcontract.compatibility.rewrite import schema_of
from streamcontract.errors import DecodeError
from streamcontract.reporting import shown
from streamcontract.schema import (
    EnumType,
    Field,
    FixedType,
    RecordType,
    Schema,
    UnionType,
)
from streamcontract.schema.default_bytes import default_bytes
from streamcontract.schema.defaults import DefaultChecker
from streamcontract.schema.model import children
from streamcontract.schema.positions import child, locate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from streamcontract.schema import AvroType, JsonValue

__all__ = ["Shown", "faults", "values_of"]

_ONE: Final = "example"
_SEVERAL: Final = "examples"
_NAMED: Final = (RecordType, EnumType, FixedType)


@attrs.frozen(kw_only=True)
class Shown:
    """An example or a default in a schema.

    Attributes:
        place: File, line and column.
        what: Its name, such as ``"example 2 of Order.price"``.
        type: The type that it has to be a value of.
        value: The value as JSON.
    """

    place: str
    what: str
    type: AvroType
    value: JsonValue


def faults(schema: Schema) -> list[str]:
    """The faults of the examples and defaults of a schema and its references.

    Returns:
        A line for each that is not a value of its type, or that decoding refuses.
    """
    found = []
    for each in values_of(schema):
        wrong = _fault(each)
        if wrong is not None:
            found.append(f"{each.place}: {each.what}: {wrong}")
    return found


def values_of(schema: Schema) -> Iterator[Shown]:
    """Every example and default of a schema and its references, in the order of their texts."""
    for part in schema.closure():
        roots = list(part.definitions.values())
        if part.root not in roots and not isinstance(part.root, _NAMED):
            yield from _of_type(part, part.root, "the schema")
        for root in roots:
            yield from _of_type(part, root, root.full_name.rpartition(".")[2])


def _of_type(schema: Schema, node: AvroType, path: str) -> Iterator[Shown]:
    if not isinstance(node, UnionType):
        yield from _examples(schema, node.attributes, node.pointer, node, path)
    if isinstance(node, RecordType):
        for field in node.fields:
            at = f"{path}.{field.name}"
            if field.has_default:
                yield _shown(schema, child(field.pointer, "default"), f"the default of {at}", field)
            yield from _examples(schema, field.attributes, field.pointer, field.type, at)
            if not isinstance(field.type, _NAMED):
                yield from _of_type(schema, field.type, at)
        return
    for inner in children(node):
        if not isinstance(inner, _NAMED):  # named types are visited separately
            yield from _of_type(schema, inner, path)


def _examples(
    schema: Schema, attributes: Mapping[str, JsonValue], pointer: str, node: AvroType, path: str
) -> Iterator[Shown]:
    if _ONE in attributes:
        yield _shown(schema, child(pointer, _ONE), f"the example of {path}", node, attributes[_ONE])
    several, at = attributes.get(_SEVERAL, []), child(pointer, _SEVERAL)
    if not isinstance(several, list):
        yield _shown(
            schema, at, f"the examples of {path}, one value in place of a list", node, several
        )
        return
    for index, value in enumerate(several):
        what = f"example {index + 1} of {path}"
        yield _shown(schema, child(at, index), what, node, value)


def _shown(
    schema: Schema, pointer: str, what: str, of: Field | AvroType, value: Any = None
) -> Shown:
    line, column = locate(schema.json, pointer)
    label = "schema" if schema.source is None else shown(schema.source)
    place = f"{label}:{line}:{column}"
    if isinstance(of, Field):
        default: Any = of.default
        return Shown(place=place, what=what, type=of.type, value=default)
    return Shown(place=place, what=what, type=of, value=value)


def _fault(each: Shown) -> str | None:
    wrong = [fault.message for fault in DefaultChecker().faults(each.type, each.value, "")]
    if wrong:
        return "; ".join(message.replace("the default", "the value") for message in wrong)
    data = default_bytes(Field(name=_ONE, type=each.type, default=each.value))
    try:
        Codec(schema_of(each.type)).decode(data)
    except DecodeError as error:
        return f"{json.dumps(each.value)} cannot be decoded: {error}"
    return None
