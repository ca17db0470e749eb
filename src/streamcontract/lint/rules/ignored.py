"""Rules about what a parser must accept and ignore, so that nobody ever hears of it."""

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

    from streamcontract.lint.document import Document
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
"""The attributes that a definition may lack; without the others it is not valid anyway."""

_FIELD_OPTIONAL: Final = ("doc", "order", "aliases", "default")
_ALIKE: Final = 0.8


def _stored_only(document: Document, _: Settings) -> Iterator[Remark]:
    for each in document.schema.forgiven:
        yield Remark(each.fault.pointer, each.message)


def _unknown_logical_type(document: Document, _: Settings) -> Iterator[Remark]:
    for pointer, _node, name in _ignored_logical_types(document):
        if not isinstance(name, str) or name not in LOGICAL_TYPES:
            near = difflib.get_close_matches(str(name), LOGICAL_TYPES, 1, _ALIKE)
            hint = f'did you mean "{near[0]}"?' if near else "Avro has none of that name"
            message = f"the logical type {json.dumps(name)} is unknown and so ignored; {hint}"
            yield Remark(f"{pointer}/logicalType", message)


def _ill_fitting_logical_type(document: Document, _: Settings) -> Iterator[Remark]:
    for pointer, node, name in _ignored_logical_types(document):
        size = node.size if isinstance(node, FixedType) else None
        declared = declared_logical_type(node.attributes, _kind(node), size)
        if isinstance(declared, Misfit):
            message = f"the logical type {name} does not fit and is ignored: {declared.reason}"
            yield Remark(f"{pointer}/logicalType", message)


def _ignored_logical_types(document: Document) -> Iterator[tuple[str, _Annotated, JsonValue]]:
    for place in document.types:
        node = place.node
        if not place.is_definition or isinstance(node, UnionType):
            continue
        # A logical type that fits has become part of the model and is no attribute any more.
        if "logicalType" in node.attributes:
            yield place.pointer, node, node.attributes["logicalType"]


def _kind(node: _Annotated) -> str:
    match node:
        case PrimitiveType():
            return node.name
        case _:
            return type(node).__name__.removesuffix("Type").lower()


def _misplaced_attribute(document: Document, _: Settings) -> Iterator[Remark]:
    for field_place in document.fields:
        field = field_place.field
        if "logicalType" in field.attributes:
            message = (
                "a logical type beside a field's type is ignored; put it into the type:"
                ' "type": {"type": ..., "logicalType": ...}'
            )
            yield Remark(f"{field.pointer}/logicalType", message)
    for place in document.types:
        node = place.node
        if place.is_definition and not isinstance(node, UnionType):
            for key in ("default", "order", "aliases"):
                if key in node.attributes:
                    message = (
                        f'"{key}" among the attributes of a type is ignored; it is the field\'s'
                    )
                    yield Remark(f"{place.pointer}/{key}", message)


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
    severity="error",
    summary="A schema keeps to the specification.",
    rationale=(
        "What registries and histories hold is read leniently, so that data stay readable. Of"
        " a schema that is written today everything else here refuses it: code generation,"
        " producers, consumers and the registry itself."
    ),
    source="docs/stored-schemas.md, which has the source of each clause",
    check=_stored_only,
)

RULES: Final = (
    STORED_ONLY,
    Rule(
        id="unknown-logical-type",
        severity="error",
        summary="Logical types are those of Avro.",
        rationale=(
            "The specification tells every parser to ignore a logical type that it does not know"
            " and to read the type below it. A misspelt timestamp is a plain long, everywhere and"
            " without a word. Where a logical type of your own is meant, switch the rule off there."
        ),
        source='Avro 1.12, "Logical Types"',
        check=_unknown_logical_type,
    ),
    Rule(
        id="ill-fitting-logical-type",
        severity="error",
        summary="A logical type fits the type that it annotates.",
        rationale=(
            "One that does not, such as date on a string or a decimal without precision, is"
            " ignored by every parser, as the specification demands. The author thinks it holds."
        ),
        source='Avro 1.12, "Logical Types"',
        check=_ill_fitting_logical_type,
    ),
    Rule(
        id="misplaced-attribute",
        severity="error",
        summary="Attributes stand where Avro looks for them.",
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
        severity="error",
        summary="No attribute is spelt almost like one of Avro's.",
        rationale=(
            "Attributes that Avro does not know are kept and ignored, so a defualt is none. Found"
            " where an attribute looks like one that could stand there and does not."
        ),
        source='Avro 1.12, "Schema Declaration": attributes not defined are metadata',
        check=_misspelt_attribute,
    ),
)
