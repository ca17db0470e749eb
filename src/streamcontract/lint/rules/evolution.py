"""Rules about evolution: defaults that later versions of a schema and older readers need."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from streamcontract.lint.model import Remark, Rule, Settings
from streamcontract.schema.defaults import first_fitting_branch
from streamcontract.schema.model import (
    EnumType,
    Field,
    Missing,
    PrimitiveType,
    UnionType,
    branch_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.lint.document import Document
    from streamcontract.schema.model import AvroType

__all__ = ["RULES"]


def _nullable_without_default(document: Document, _: Settings) -> Iterator[Remark]:
    for field, union in _union_fields(document):
        if _null_index(union) is not None and not field.has_default:
            message = (
                f'the field {field.name} may be null but has no default; add "default": null, with'
                ' "null" as the first branch'
            )
            yield Remark(field.pointer, message)


def _nullable_default_not_null(document: Document, _: Settings) -> Iterator[Remark]:
    for field, union in _union_fields(document):
        if _null_index(union) is not None and field.has_default and field.default is not None:
            message = (
                f"the field {field.name} may be null, yet its default is"
                f" {json.dumps(field.default)}: a reader cannot detect that nothing was written;"
                ' make the default null, with "null" as the first branch'
            )
            yield Remark(f"{field.pointer}/default", message)


def _null_first(document: Document, _: Settings) -> Iterator[Remark]:
    for place in document.types:
        if not isinstance(place.node, UnionType):
            continue
        index = _null_index(place.node)
        field = place.field
        # A default has to be of the first branch; another rule checks that.
        has_default = field is not None and field.type is place.node and field.has_default
        if index and not has_default:
            message = '"null" is not the first branch of the union; move it to the front'
            yield Remark(f"{place.pointer}/{index}", message)


def _default_of_later_branch(document: Document, _: Settings) -> Iterator[Remark]:
    for field, union in _union_fields(document):
        if isinstance(field.default, Missing):
            continue
        branch = first_fitting_branch(union, field.default)
        if branch is not None and branch is not union.branches[0]:
            name = branch_name(branch)
            message = (
                f"the default is of the branch {name}, and before Avro 1.12 a default had to be of"
                f" the first; move {name} to the front of the union"
            )
            yield Remark(f"{field.pointer}/default", message)


def _enum_without_default(document: Document, _: Settings) -> Iterator[Remark]:
    for enum in document.definitions(EnumType):
        if enum.default is None:
            likely = next((symbol for symbol in enum.symbols if symbol.upper() in _UNKNOWN), None)
            fix = (
                'add a symbol for that, such as "UNKNOWN", and name it as the "default"'
                if likely is None
                else f'add "default": "{likely}"'
            )
            message = (
                f"the enum {enum.name} has no default: a reader that lacks a new symbol fails;"
                f" {fix}"
            )
            yield Remark(enum.pointer, message)


_UNKNOWN: Final = frozenset({"UNKNOWN", "UNSPECIFIED", "OTHER", "NONE"})


def _union_fields(document: Document) -> Iterator[tuple[Field, UnionType]]:
    for place in document.fields:
        if isinstance(place.field.type, UnionType):
            yield place.field, place.field.type


def _null_index(union: UnionType) -> int | None:
    return next((n for n, branch in enumerate(union.branches) if _is_null(branch)), None)


def _is_null(node: AvroType) -> bool:
    return isinstance(node, PrimitiveType) and node.name == "null"


RULES: Final = (
    Rule(
        id="nullable-without-default",
        tier="basic",
        severity="warning",
        summary="A field that may be null has the default null.",
        rationale=(
            "A null branch does not make a field optional in Avro: a reader whose writer lacks the"
            " field still fails. Only a default lets the field be added, or removed by writers,"
            " without breaking readers."
        ),
        source='Avro 1.12, "Records", default values, and "Schema Resolution"',
        check=_nullable_without_default,
    ),
    Rule(
        id="nullable-default-not-null",
        tier="standard",
        severity="warning",
        summary="The default of a field that may be null is null.",
        rationale=(
            "A reader gets the default if the writer did not know the field. If null means"
            ' "not known", an invented value hides it.'
        ),
        check=_nullable_default_not_null,
    ),
    Rule(
        id="null-first",
        tier="standard",
        severity="warning",
        summary="null is the first branch of a union.",
        rationale=(
            "Before Avro 1.12 a default had to be of the first branch, so libraries that follow"
            " the earlier text take null as the default only if it is the first branch. A field"
            " with another default keeps its branch first for the same reason."
        ),
        source='Avro 1.11, "Unions": a default corresponds to the first schema',
        check=_null_first,
    ),
    Rule(
        id="default-of-later-branch",
        tier="minimal",
        severity="error",
        summary="The default of a union is of its first branch.",
        rationale=(
            "Avro 1.12 allows a default of any branch, earlier versions only of the first: older"
            " libraries and registries refuse the schema, or take the default for another type."
        ),
        source='Avro 1.11 and 1.12, "Unions", compared',
        check=_default_of_later_branch,
    ),
    Rule(
        id="enum-without-default",
        tier="basic",
        severity="warning",
        summary="An enum has a default symbol.",
        rationale=(
            "Enums grow. A reader that does not know a symbol yet fails on the message, unless its"
            " enum names the symbol to read instead. The default of a field does not help: it is"
            " for fields that were not written at all."
        ),
        source='Avro 1.12, "Enums", attribute default; buf\'s lint rule ENUM_ZERO_VALUE_SUFFIX',
        check=_enum_without_default,
    ),
)
