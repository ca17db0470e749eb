"""Forms of records: a control for each field of a schema, and the JSON of what was filled in."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.compatibility.rewrite import schema_of
from streamcontract.compatibility.witness import Witness
from streamcontract.console.pages.fields import is_null, type_in_words
from streamcontract.console.verdicts import top_name
from streamcontract.json_codec import JsonCodec
from streamcontract.json_codec.leaves import plain_leaf
from streamcontract.json_codec.text import parse_text
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
    from collections.abc import Iterable, Iterator, Mapping

    from streamcontract.schema import Field, Schema
    from streamcontract.schema.model import JsonValue

__all__ = [
    "Control",
    "FormFault",
    "controls_of",
    "document_of",
    "headers_of",
    "is_blank",
    "parse_json",
    "with_faults",
    "without_control",
]

_PREFIX: Final = "field:"
_IS_NULL: Final = "null:"
_IS_EMPTY: Final = "empty:"
_DEEPEST: Final = 5
_MOST: Final = 300
"""Controls of a form, unless the first level has more: the records in it are JSON then.

A record of ten fields of a type of ten fields, and so on, is a short schema.
"""

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
        takes_empty: Whether its value may be empty, which has to be chosen.
        is_empty: Whether it is.
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
    takes_empty: bool = False
    is_empty: bool = False
    is_optional: bool = False
    example: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether nothing is filled in or chosen."""
        return not (self.value or self.is_null or self.is_empty)


@attrs.frozen
class FormFault:
    """What is wrong in a form.

    Attributes:
        path: Where in the record, such as ``Order.lines[3].price``; ``""`` for the whole.
        text: What is wrong.
        control: The name of the control, or ``""``.
    """

    path: str
    text: str
    control: str = ""


def controls_of(schema: Schema, given: Mapping[str, str]) -> tuple[Control, ...]:
    """The controls of a record's fields, those of inner records after a heading.

    Args:
        schema: The schema.
        given: What was filled in before, by the controls' names; empty for a new form.
    """
    root = schema.root
    if isinstance(root, RecordType):
        return tuple(_controls(root, "", 0, given, _deepest(root)))
    return (_control("value", root, "", 0, given, doc="", is_optional=False),)


def _deepest(root: RecordType) -> int:
    """The levels of records that a form opens."""
    counts: dict[tuple[int, int], int] = {}

    def count(node: AvroType, levels: int) -> int:
        if not isinstance(node, RecordType) or not levels:
            return 0
        key = id(node), levels
        if key not in counts:
            counts[key] = sum(1 + count(each.type, levels - 1) for each in node.fields)
        return counts[key]

    return next((each for each in range(_DEEPEST, 1, -1) if count(root, each) <= _MOST), 1)


def _controls(
    node: RecordType, path: str, depth: int, given: Mapping[str, str], deepest: int
) -> Iterator[Control]:
    for field in node.fields:
        own = f"{path}.{field.name}" if path else field.name
        if isinstance(field.type, RecordType) and depth + 1 < deepest:
            yield Control(
                name="",
                path=own,
                depth=depth,
                kind="group",
                type=field.type.name,
                doc=field.doc or "",
                is_optional=field.has_default,
            )
            yield from _controls(field.type, own, depth + 1, given, deepest)
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
        takes_empty=_takes_empty(inner),
        is_empty=_IS_EMPTY + path in given,
        is_optional=is_optional,
        example=_example(inner) if kind in {"text", "json"} else "",
    )


def _without_null(node: AvroType) -> tuple[AvroType, bool]:
    """The other branch of a union of null and one type; and whether there was a null."""
    if not isinstance(node, UnionType):
        return node, is_null(node)
    others = [each for each in node.branches if not is_null(each)]
    has_null = len(others) < len(node.branches)
    return (others[0] if len(others) == 1 else node), has_null


def _takes_empty(node: AvroType) -> bool:
    """Whether an empty text is a value: of a string, of bytes, and of a fixed without any."""
    match node:
        case PrimitiveType(name="string" | "bytes", logical=None):
            return True
        case _:
            return isinstance(node, FixedType) and node.size == 0


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
        ValueError: It is not JSON, has a key twice, or is nested deeper than any schema's values.
    """
    try:
        return parse_text(text)
    except json.JSONDecodeError as error:
        place = f"column {error.colno}" if "\n" not in text else f"line {error.lineno}"
        raise ValueError(f"{error.msg}, at {place}") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def document_of(schema: Schema, given: Mapping[str, str]) -> tuple[JsonValue, list[FormFault]]:
    """The JSON of a filled-in form, and what is no value of a control.

    A control with a fault is null in the document. Whether the others fit the schema is checked
    where it is sent.

    Example:
        >>> from streamcontract import parse_schema
        >>> fields = [{"name": "count", "type": "int"}]
        >>> schema = parse_schema({"type": "record", "name": "R", "fields": fields})
        >>> document_of(schema, {"field:count": "3"})
        ({'count': 3}, [])
        >>> document_of(schema, {})[1][0].text
        'required: fill it in'
    """
    faults: list[FormFault] = []
    controls = {each.path: each for each in controls_of(schema, given)}
    filled = _Filled(schema, controls, faults)
    if isinstance(schema.root, RecordType):
        return _document(schema.root, "", filled), faults
    (control,) = controls.values()
    return filled.value(control), faults


def _path_of(control: Control, schema: Schema) -> str:
    """The path of a control as the check of a record has it, from the name of the record."""
    top = top_name(schema)
    return f"{top}.{control.path}" if isinstance(schema.root, RecordType) else top


def is_blank(schema: Schema, given: Mapping[str, str]) -> bool:
    """Whether nothing of a record is filled in."""
    return all(each.is_blank for each in controls_of(schema, given))


def without_control(
    controls: Iterable[Control], given: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """The paths and values of a form that no control has.

    Example:
        >>> from streamcontract import parse_schema
        >>> controls = controls_of(parse_schema("int"), {})
        >>> list(without_control(controls, {"field:value": "3", "field:note": "late"}))
        [('note', 'late')]
    """
    known = {
        f"{kind}{each.name.removeprefix(_PREFIX)}"
        for each in controls
        if each.name
        for kind, has in (
            (_PREFIX, True),
            (_IS_NULL, each.is_nullable),
            (_IS_EMPTY, each.takes_empty),
        )
        if has
    }
    for name, value in given.items():
        kind, colon, path = name.partition(":")
        if colon and f"{kind}:" in {_PREFIX, _IS_NULL, _IS_EMPTY} and value and name not in known:
            yield path, value if f"{kind}:" == _PREFIX else kind


@attrs.frozen
class _Filled:
    """A filled-in form, and the faults that were found in it."""

    schema: Schema
    controls: Mapping[str, Control]
    faults: list[FormFault]

    def is_blank(self, path: str) -> bool:
        """Whether nothing of an inner record is filled in."""
        inner = (each for name, each in self.controls.items() if name.startswith(f"{path}."))
        return all(each.is_blank for each in inner)

    def value(self, control: Control) -> JsonValue:
        """The JSON of a control."""
        try:
            return _value(control)
        except ValueError as error:
            path = _path_of(control, self.schema)
            self.faults.append(FormFault(path, str(error), control.name))
            return None


def _document(node: RecordType, path: str, filled: _Filled) -> dict[str, Any]:
    """The JSON of a record. What has a default is left out if nothing of it is filled in."""
    document: dict[str, Any] = {}
    for field in node.fields:
        own = f"{path}.{field.name}" if path else field.name
        control = filled.controls[own]
        if control.kind != "group":
            if not (control.is_optional and control.is_blank):
                document[field.name] = filled.value(control)
        elif isinstance(field.type, RecordType) and not (
            control.is_optional and filled.is_blank(own)
        ):
            document[field.name] = _document(field.type, own, filled)
    return document


def _value(control: Control) -> JsonValue:
    """What is filled in.

    Raises:
        ValueError: It is no value: nothing, two things, or no JSON.
    """
    chosen = [*(["null"] if control.is_null else []), *(["empty"] if control.is_empty else [])]
    if len([*chosen, *([control.value] if control.value else [])]) > 1:
        raise ValueError(f"{' and '.join(chosen)} chosen, and more: choose one")
    if control.is_null:
        return None
    text = control.value
    if not text and not control.is_empty:
        others = ["null"] * control.is_nullable + ["empty"] * control.takes_empty
        needed = "required: choose one" if control.kind == "choice" else "required: fill it in"
        raise ValueError(" or ".join([needed, *(f"choose {each}" for each in others)]))
    is_flag = control.choices == ("true", "false")
    if control.kind not in {"json", "number"} and not is_flag:
        return text
    try:
        return parse_json(text)
    except ValueError as error:
        if control.kind == "number":
            return text  # such as NaN: the check of the record names what it has to be
        raise ValueError(f"this is not JSON: {error}") from None


def headers_of(text: str) -> tuple[list[tuple[str, str]], list[FormFault]]:
    r"""Headers, one on a line as ``name: value``, and the lines that are none.

    Example:
        >>> headers_of("trace: 1a2b\nnote:  two  ")
        ([('trace', '1a2b'), ('note', ' two  ')], [])
        >>> [each.text for each in headers_of("trace")[1]]
        ['line 1 is not "name: value"']
    """
    found: list[tuple[str, str]] = []
    faults: list[FormFault] = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        if colon and name.strip():
            found.append((name.strip(), value.removeprefix(" ")))
        else:
            said = f'line {number} is not "name: value"'
            faults.append(FormFault("headers", said, "headers"))
    return found, faults


def with_faults(
    schema: Schema, controls: tuple[Control, ...], found: Mapping[str, str], known: list[FormFault]
) -> list[FormFault]:
    """Faults by the control that they are in: known ones, then those that a check has found.

    Args:
        schema: The schema.
        controls: The controls of the form.
        found: What the check has found, by path.
        known: What was found before. Their controls are null in the document, so that what the
            check finds there is left out.
    """
    faults = list(known)
    done = {each.control for each in known if each.control}
    names = {_path_of(each, schema): each.name for each in controls if each.name}
    names.update({"key": "key", "headers": "headers"})
    for path, text in found.items():
        owners = [each for each in names if re.match(rf"{re.escape(each)}(?!\w)", path)]
        control = names[max(owners, key=len)] if owners else ""
        if control not in done:
            faults.append(FormFault(path, text.removeprefix(f"{path}: "), control))
    places = {each.name: place for place, each in enumerate(controls)}
    return sorted(faults, key=lambda each: places.get(each.control, len(places)))
