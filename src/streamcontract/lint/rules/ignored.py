"""Rules about mistakes that a parser must accept and ignore without a message."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Final

from streamcontract.lint.model import Remark, Rule, Settings
from streamcontract.schema.logical import LOGICAL_TYPES, Misfit, declared_logical_type
from streamcontract.schema.model import (
    ArrayType,
    EnumType,
    FixedType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
)
from streamcontract.schema.positions import child

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from streamcontract.lint.document import Document, TypePlace
    from streamcontract.schema.model import JsonValue

__all__ = ["RULES", "STORED_ONLY"]

_Annotated = PrimitiveType | ArrayType | MapType | RecordType | EnumType | FixedType

_LOGICAL: Final = tuple(
    dict.fromkeys(
        ("logicalType", *(name for row in LOGICAL_TYPES.values() for name in row.parameters))
    )
)
_NAMED: Final = ("namespace", "doc", "aliases")
_OPTIONAL: Final[dict[type, tuple[str, ...]]] = {
    RecordType: _NAMED,
    EnumType: (*_NAMED, "default"),
    FixedType: (*_NAMED, *_LOGICAL),
    PrimitiveType: _LOGICAL,
    ArrayType: (),
    MapType: (),
}
"""The optional attributes of a definition."""

_FIELD_OPTIONAL: Final = ("doc", "order", "aliases", "default")
_ALIKE: Final = 0.8
_CLEARLY: Final = 0.05
"""The least difference in likeness between the nearest name and one that is not suggested."""


def _stored_only(document: Document, _: Settings) -> Iterator[Remark]:
    for each in document.schema.forgiven:
        yield Remark(each.fault.pointer, each.message)


def _misspelt_logical_type(document: Document, _: Settings) -> Iterator[Remark]:
    for pointer, name, near in _unknown_logical_types(document):
        if near:
            hint = json.dumps(near[0]) if len(near) == 1 else f"one of {', '.join(near)}"
            message = (
                f"the logical type {json.dumps(name)} is unknown and so ignored; did you mean"
                f" {hint}?"
            )
            yield Remark(f"{pointer}/logicalType", message)


def _unknown_logical_type(document: Document, _: Settings) -> Iterator[Remark]:
    for pointer, name, near in _unknown_logical_types(document):
        if not near:
            message = (
                f"the logical type {json.dumps(name)} is unknown and so ignored; Avro has none of"
                " that name"
            )
            yield Remark(f"{pointer}/logicalType", message)


def _unknown_logical_types(document: Document) -> Iterator[tuple[str, JsonValue, list[str]]]:
    """Unknown logical types, each with the names of Avro's that may be meant."""
    for pointer, node, name in _ignored_logical_types(document):
        if not isinstance(name, str) or name not in LOGICAL_TYPES:
            fitting = [
                each.name
                for each in LOGICAL_TYPES.values()
                if any(base.takes(_kind(node), _size(node)) for base in each.bases)
            ]
            yield pointer, name, _nearest(name, fitting) if isinstance(name, str) else []


def _nearest(name: str, known: list[str]) -> list[str]:
    """The known names that are spelt most like a name; several if none is clearly nearer."""
    alike = {each: difflib.SequenceMatcher(None, name.lower(), each).ratio() for each in known}
    best = max(alike.values(), default=0.0)
    return [each for each in known if alike[each] >= max(_ALIKE, best - _CLEARLY)]


def _ill_fitting_logical_type(document: Document, _: Settings) -> Iterator[Remark]:
    for pointer, node, name in _ignored_logical_types(document):
        declared = declared_logical_type(node.attributes, _kind(node), _size(node))
        if isinstance(declared, Misfit):
            message = f"the logical type {name} does not fit and is ignored: {declared.reason}"
            yield Remark(f"{pointer}/logicalType", message)


def _ignored_logical_types(document: Document) -> Iterator[tuple[str, _Annotated, JsonValue]]:
    for place in document.types:
        node = place.node
        if not place.is_definition or isinstance(node, UnionType):
            continue
        # A logical type that fits is part of the model and no longer an attribute.
        if "logicalType" in node.attributes:
            yield place.pointer, node, node.attributes["logicalType"]


def _kind(node: _Annotated) -> str:
    match node:
        case PrimitiveType():
            return node.name
        case _:
            return type(node).__name__.removesuffix("Type").lower()


def _size(node: _Annotated) -> int | None:
    return node.size if isinstance(node, FixedType) else None


def _misplaced_attribute(document: Document, _: Settings) -> Iterator[Remark]:
    for field_place in document.fields:
        field = field_place.field
        if "logicalType" in field.attributes:
            has_own = isinstance(field.type, PrimitiveType | FixedType) and field.type.logical
            hint = (
                "remove it: the type has one"
                if has_own
                else 'put it into the type: "type": {"type": ..., "logicalType": ...}'
            )
            message = f"a logical type beside a field's type is ignored; {hint}"
            yield Remark(f"{field.pointer}/logicalType", message)
    for place in document.types:
        node = place.node
        if place.is_definition and not isinstance(node, UnionType):
            for key in ("default", "order", "aliases"):
                if key in node.attributes:
                    hint = _where_instead(document, place, key)
                    message = f'"{key}" among the attributes of a type is ignored; {hint}'
                    yield Remark(f"{place.pointer}/{key}", message)


def _where_instead(document: Document, place: TypePlace, key: str) -> str:
    field = place.field
    if field is None or place.pointer != f"{field.pointer}/type":
        return "remove it: it belongs to fields alone"
    if key in document.written(field.pointer):
        return "remove it: the field has its own"
    return "it belongs to the field: move it there, if it is to apply"


def _misspelt_attribute(document: Document, _: Settings) -> Iterator[Remark]:
    for field_place in document.fields:
        field = field_place.field
        yield from _misspelt(document, field.pointer, field.attributes, _FIELD_OPTIONAL)
    for place in document.types:
        node = place.node
        if place.is_definition and not isinstance(node, UnionType):
            known = _OPTIONAL[type(node)]
            yield from _misspelt(document, place.pointer, node.attributes, known)


def _misspelt(
    document: Document, pointer: str, attributes: Iterable[str], known: tuple[str, ...]
) -> Iterator[Remark]:
    for key in attributes:
        if key in _LOGICAL:
            continue  # a rule of its own
        written = document.written(pointer)
        missing = {name.lower(): name for name in known if name not in written}
        near = difflib.get_close_matches(key.lower(), missing, n=1, cutoff=_ALIKE)
        if near:
            message = f'{json.dumps(key)} is ignored; did you mean "{missing[near[0]]}"?'
            yield Remark(child(pointer, key), message)


STORED_ONLY: Final = Rule(
    id="stored-only",
    tier="minimal",
    severity="error",
    summary="A schema keeps to the specification.",
    rationale=(
        "Schemas in registries and histories are read leniently, so that data stay readable. In"
        " a new schema the same fault is refused by code generation, producers, consumers and"
        " the registry itself."
    ),
    source="docs/stored-schemas.md, which has the source of each clause",
    check=_stored_only,
)

RULES: Final = (
    STORED_ONLY,
    Rule(
        id="misspelt-logical-type",
        tier="minimal",
        severity="error",
        summary="No logical type is spelt almost like one of Avro's.",
        rationale=(
            "The specification requires a parser to ignore a logical type that it does not know"
            " and to read the underlying type. A misspelt timestamp is a plain long, everywhere and"
            " without a warning. Only names that fit the underlying type are suggested, and all of"
            " them if more than one may be meant: they may differ by a factor of a thousand."
        ),
        source='Avro 1.12, "Logical Types"',
        check=_misspelt_logical_type,
    ),
    Rule(
        id="unknown-logical-type",
        tier="basic",
        severity="error",
        summary="Logical types are those of Avro.",
        rationale=(
            "The specification requires a parser to ignore a logical type that it does not know"
            " and to read the underlying type. If you mean a logical type of your own that your"
            " readers know, switch the rule off there."
        ),
        source='Avro 1.12, "Logical Types"',
        check=_unknown_logical_type,
    ),
    Rule(
        id="ill-fitting-logical-type",
        tier="minimal",
        severity="error",
        summary="A logical type fits the type that it annotates.",
        rationale=(
            "One that does not, such as date on a string or a decimal without precision, is"
            " ignored by every parser, as the specification requires, and has no effect."
        ),
        source='Avro 1.12, "Logical Types"',
        check=_ill_fitting_logical_type,
    ),
    Rule(
        id="misplaced-attribute",
        tier="minimal",
        severity="error",
        summary="Attributes are where Avro expects them.",
        rationale=(
            "A default inside a type, or a logical type beside it, is an attribute that Avro does"
            " not know in that place, so it is kept and ignored: the field has no default, the"
            " long is no timestamp."
        ),
        source='Avro 1.12, "Schema Declaration": attributes not defined are metadata',
        check=_misplaced_attribute,
    ),
    Rule(
        id="misspelt-attribute",
        tier="minimal",
        severity="error",
        summary="No attribute is spelt almost like one of Avro's.",
        rationale=(
            "Attributes that Avro does not know are kept and ignored, so a defualt is not a"
            " default. The rule finds attributes that look like one that could be there and is not."
        ),
        source='Avro 1.12, "Schema Declaration": attributes not defined are metadata',
        check=_misspelt_attribute,
    ),
)
