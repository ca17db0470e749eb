"""Forms of records: a control for each field of a schema, and the JSON of what was filled in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.compatibility.rewrite import schema_of
from streamcontract.compatibility.witness import Witness
from streamcontract.console.pages.fields import type_in_words
from streamcontract.json_codec import JsonCodec
from streamcontract.json_codec.leaves import plain_leaf
from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    EnumType,
    FixedType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from streamcontract.schema import Field, Schema
    from streamcontract.schema.model import JsonValue

__all__ = ["Control", "controls_of", "document_of", "parse_json"]

_PREFIX: Final = "field:"
_IS_NULL: Final = "null:"
_DEEPEST: Final = 4
_LONGEST_EXAMPLE: Final = 200
"""Bytes of the smallest value: a fixed can have gigabytes."""

_NUMBERS: Final = frozenset({"int", "long", "float", "double"})


@attrs.frozen(kw_only=True)
class Control:
    """One control of a form.

    Attributes:
        name: Its name in the form.
        path: The field's path, such as ``address.street``.
        depth: How many records the field is in.
        kind: ``"text"``, ``"number"``, ``"choice"``, ``"json"`` or ``"group"``, which has no
            control of its own.
        type: The field's type in words.
        doc: Its documentation.
        choices: The choices.
        value: What is filled in.
        is_nullable: Whether it may be null.
        is_null: Whether it is.
        is_optional: Whether the field has a default, which an empty control takes.
        example: An example of what may be filled in, or ``""``.
    """

    name: str
    path: str
    depth: int
    kind: str
    type: str
    doc: str
    choices: tuple[str, ...] = ()
    value: str = ""
    is_nullable: bool = False
    is_null: bool = False
    is_optional: bool = False
    example: str = ""


def controls_of(schema: Schema, given: Mapping[str, str]) -> tuple[Control, ...]:
    """The controls of a record's fields, those of inner records after a heading.

    Args:
        schema: The schema.
        given: What was filled in before, by the controls' names; empty for a new form.
    """
    root = schema.root
    if isinstance(root, RecordType):
        return tuple(_controls(root, "", 0, given))
    return (_control("value", root, "", 0, given, doc="", is_optional=False),)


def _controls(
    node: RecordType, path: str, depth: int, given: Mapping[str, str]
) -> Iterator[Control]:
    for field in node.fields:
        own = f"{path}.{field.name}" if path else field.name
        if isinstance(field.type, RecordType) and depth < _DEEPEST:
            yield Control(
                name="",
                path=own,
                depth=depth,
                kind="group",
                type=field.type.name,
                doc=field.doc or "",
            )
            yield from _controls(field.type, own, depth + 1, given)
        else:
            yield _of_field(field, own, depth, given)


def _of_field(field: Field, path: str, depth: int, given: Mapping[str, str]) -> Control:
    control = _control(
        path, field.type, path, depth, given, doc=field.doc or "", is_optional=field.has_default
    )
    example = field.attributes.get("example")
    if example is None:
        return control
    return attrs.evolve(
        control, example=example if isinstance(example, str) else json.dumps(example)
    )


def _control(
    path: str,
    node: AvroType,
    own: str,
    depth: int,
    given: Mapping[str, str],
    *,
    doc: str,
    is_optional: bool,
) -> Control:
    inner, is_nullable = _without_null(node)
    kind, choices = _kind(inner)
    name = _PREFIX + path
    return Control(
        name=name,
        path=own or path,
        depth=depth,
        kind=kind,
        type=f"{type_in_words(node)}{'; in base64' if _is_binary(inner) else ''}",
        doc=doc,
        choices=choices,
        value=given.get(name, ""),
        is_nullable=is_nullable,
        is_null=_IS_NULL + path in given,
        is_optional=is_optional,
        example=_example(inner) if kind in {"text", "json"} else "",
    )


def _without_null(node: AvroType) -> tuple[AvroType, bool]:
    """The other branch of a union of null and one type; and whether there was a null."""
    if not isinstance(node, UnionType):
        return node, False
    others = [each for each in node.branches if type_in_words(each) != "null"]
    has_null = len(others) < len(node.branches)
    return (others[0] if len(others) == 1 else node), has_null


def _kind(node: AvroType) -> tuple[str, tuple[str, ...]]:
    match node:
        case EnumType():
            return "choice", node.symbols
        case PrimitiveType(name="boolean"):
            return "choice", ("true", "false")
        case PrimitiveType() if node.logical is None and node.name in _NUMBERS:
            return "number", ()
        case PrimitiveType() | FixedType() if plain_leaf(node).kind != "object":
            return "text", ()
        case _:  # a duration too
            return "json", ()


def _is_binary(node: AvroType) -> bool:
    is_bytes = isinstance(node, FixedType) or (
        isinstance(node, PrimitiveType) and node.name == "bytes"
    )
    return is_bytes and getattr(node, "logical", None) is None


def _example(node: AvroType) -> str:
    """The smallest value of a type that shows how its values are written; ``""`` for text."""
    witness = Witness(node)
    part = node.items if isinstance(node, ArrayType) else node
    part = node.values if isinstance(node, MapType) else part
    if not witness.size(part) <= _LONGEST_EXAMPLE:
        return ""
    value = witness.minimal(part)
    match node:
        case ArrayType():
            value = [value]
        case MapType():
            value = {"key": value}
        case PrimitiveType(name="bytes", logical=None):
            value = bytes(1)
    found = JsonCodec[Any](schema_of(node)).dump(value)
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def parse_json(text: str) -> JsonValue:
    """What a control of JSON means.

    Raises:
        ValueError: It is not JSON, or nested deeper than any schema's values.
    """
    try:
        found: JsonValue = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return found


def document_of(schema: Schema, given: Mapping[str, str]) -> tuple[JsonValue, dict[str, str]]:
    """The JSON of a filled-in form, and what is no JSON, by the path of its control.

    Whether it fits the schema is checked where it is sent.

    Example:
        >>> from streamcontract import parse_schema
        >>> fields = [{"name": "count", "type": "int"}]
        >>> schema = parse_schema({"type": "record", "name": "R", "fields": fields})
        >>> document_of(schema, {"field:count": "3"})
        ({'count': 3}, {})
    """
    faults: dict[str, str] = {}
    controls = [each for each in controls_of(schema, given) if each.kind != "group"]
    if not isinstance(schema.root, RecordType):
        return _value(controls[0], faults), faults
    document: dict[str, Any] = {}
    for control in controls:
        if _is_left_out(control):
            continue
        inside = document
        *outer, last = control.path.split(".")
        for each in outer:
            inside = inside.setdefault(each, {})
        inside[last] = _value(control, faults)
    _add_empty_records(schema.root, document)
    return document, faults


def _is_left_out(control: Control) -> bool:
    return control.is_optional and not control.value and not control.is_null


def _add_empty_records(node: RecordType, document: dict[str, Any], depth: int = 0) -> None:
    """Add required records of which no field was filled in: their fields have defaults."""
    for field in node.fields:
        if not isinstance(field.type, RecordType) or depth >= _DEEPEST:
            continue
        if not field.has_default:
            document.setdefault(field.name, {})
        if field.name in document:
            _add_empty_records(field.type, document[field.name], depth + 1)


def _value(control: Control, faults: dict[str, str]) -> JsonValue:
    if control.is_null:
        return None
    text = control.value
    is_flag = control.choices == ("true", "false")
    if control.kind not in {"json", "number"} and not is_flag:
        return text
    try:
        found = parse_json(text)
    except ValueError as error:
        if control.kind == "number":
            return text  # such as NaN: the check of the record names what it has to be
        faults[control.path] = f"this is not JSON: {error}"
        return None
    return found
