"""Rules about names, which become columns, classes, constants and packages in other systems."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING, Final

from streamcontract.lint.model import Remark, Rule, Settings
from streamcontract.lint.words import (
    CAMEL_CASE,
    PASCAL_CASE,
    SNAKE_CASE,
    UPPER_SNAKE_CASE,
    vocabulary,
)
from streamcontract.schema.model import EnumType, RecordType
from streamcontract.schema.positions import child

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from streamcontract.lint.document import Document, NamedPlace
    from streamcontract.lint.words import Style

__all__ = ["RULES"]

_FIELD_STYLES: Final = {style.name: style for style in (SNAKE_CASE, CAMEL_CASE)}
_NAMESPACE: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")

# The Java Language Specification (SE 21), section 3.9: reserved keywords, and the literals of
# 3.10.3 and 3.10.8. "_" is left out: the rules of style cover it.
_JAVA: Final = vocabulary(
    "abstract assert boolean break byte case catch char class const continue default do double"
    " else enum extends false final finally float for goto if implements import instanceof int"
    " interface long native new null package private protected public return short static"
    " strictfp super switch synchronized this throw throws transient true try void volatile"
    " while"
)
_PYTHON: Final = frozenset(keyword.kwlist)

# Readers find a field, type or symbol by its name, so that a new one is a breaking change.
_WHILE_UNUSED: Final = "while no data have it"


def _field_name_style(document: Document, settings: Settings) -> Iterator[Remark]:
    style = _FIELD_STYLES[settings.field_names]
    for place in document.fields:
        name = place.field.name
        if not style.fits(name):
            taken = {each.name for each in place.record.fields}
            message = f"the field {name} is not {style.name}; {_renamed(style, name, taken)}"
            yield Remark(f"{place.field.pointer}/name", message)


def _type_name_style(document: Document, _: Settings) -> Iterator[Remark]:
    names = {place.node.name for place in document.named}
    for place in document.named:
        name = place.node.name
        if not PASCAL_CASE.fits(name):
            fix = _renamed(PASCAL_CASE, name, names)
            message = f"the type {name} is not {PASCAL_CASE.name}; {fix}"
            yield Remark(f"{place.pointer}/name", message)


def _symbol_name_style(document: Document, _: Settings) -> Iterator[Remark]:
    for enum in document.definitions(EnumType):
        for index, symbol in enumerate(enum.symbols):
            if not UPPER_SNAKE_CASE.fits(symbol):
                fix = _renamed(UPPER_SNAKE_CASE, symbol, enum.symbols)
                message = f"the symbol {symbol} is not {UPPER_SNAKE_CASE.name}; {fix}"
                yield Remark(f"{enum.pointer}/symbols/{index}", message)


def _namespace_missing(document: Document, _: Settings) -> Iterator[Remark]:
    for place in document.named:
        if place.node.namespace is None and not place.inherits_namespace:
            message = (
                f'{place.node.name} has no namespace; {_WHILE_UNUSED}, add "namespace": a dotted'
                " name that your organisation owns"
            )
            yield Remark(place.pointer, message)


def _namespace_style(document: Document, _: Settings) -> Iterator[Remark]:
    for place in document.named:
        namespace = place.node.namespace
        if namespace is None or place.inherits_namespace:
            continue
        if not _NAMESPACE.fullmatch(namespace):
            better = namespace.lower()
            hint = f', such as "{better}"' if _NAMESPACE.fullmatch(better) else ""
            message = (
                f"the namespace {namespace} is not lower case, dot by dot; {_WHILE_UNUSED},"
                f" rename it{hint}"
            )
            yield Remark(_namespace_pointer(document, place), message)


def _reserved_word(document: Document, _: Settings) -> Iterator[Remark]:
    for pointer, name in _all_names(document):
        languages = [
            language
            for language, reserved in (("Python", _PYTHON), ("Java", _JAVA))
            if name in reserved
        ]
        if languages:
            message = (
                f'"{name}" is a reserved word of {" and ".join(languages)}, so generated code'
                f" renames it; {_WHILE_UNUSED}, choose another name"
            )
            yield Remark(pointer, message)


def _names_differ_by_case(document: Document, _: Settings) -> Iterator[Remark]:
    for record in document.definitions(RecordType):
        fields = [(f"{field.pointer}/name", field.name) for field in record.fields]
        yield from _case_twins("fields", fields)
    for enum in document.definitions(EnumType):
        symbols = [(f"{enum.pointer}/symbols/{n}", name) for n, name in enumerate(enum.symbols)]
        yield from _case_twins("symbols", symbols)
    types = [(f"{place.pointer}/name", place.node.full_name) for place in document.named]
    yield from _case_twins("types", types)


def _case_twins(what: str, names: Iterable[tuple[str, str]]) -> Iterator[Remark]:
    first: dict[str, str] = {}
    for pointer, name in names:
        other = first.setdefault(name.lower(), name)
        if other != name:
            message = (
                f"the {what} {other} and {name} differ by case only; {_WHILE_UNUSED}, rename one"
            )
            yield Remark(pointer, message)


def _renamed(style: Style, name: str, taken: Collection[str]) -> str:
    """The advice to rename, with a name that is free and breaks no other rule."""
    better = style.styled(name)
    usable = better is not None and better not in {*taken, *_JAVA, *_PYTHON}
    return f"{_WHILE_UNUSED}, rename it" + (f', such as "{better}"' if usable else "")


def _all_names(document: Document) -> Iterator[tuple[str, str]]:
    """Every name that becomes an identifier of generated code, and its position."""
    for field_place in document.fields:
        yield f"{field_place.field.pointer}/name", field_place.field.name
    for enum in document.definitions(EnumType):
        for index, symbol in enumerate(enum.symbols):
            yield f"{enum.pointer}/symbols/{index}", symbol
    for place in document.named:
        yield f"{place.pointer}/name", place.node.name
        if place.node.namespace is not None and not place.inherits_namespace:
            for part in dict.fromkeys(place.node.namespace.split(".")):
                yield _namespace_pointer(document, place), part


def _namespace_pointer(document: Document, place: NamedPlace) -> str:
    """The pointer to the namespace of a definition: its own attribute, or its name."""
    name = document.written(place.pointer)["name"]
    key = "name" if isinstance(name, str) and "." in name else "namespace"
    return child(place.pointer, key)


RULES: Final = (
    Rule(
        id="field-name-style",
        tier="standard",
        severity="warning",
        summary="Field names are snake_case, or camelCase if the project is set so.",
        rationale=(
            "One style for all topics makes names predictable. snake_case survives"
            " systems that fold the case of column names. A project whose consumers are mostly"
            ' Java may set field_names = "camelCase".'
        ),
        source="buf's lint rule FIELD_LOWER_SNAKE_CASE",
        check=_field_name_style,
    ),
    Rule(
        id="type-name-style",
        tier="standard",
        severity="warning",
        summary="Names of records, enums and fixed are PascalCase.",
        rationale=(
            "They become classes, and are written so in the examples of the Avro specification"
            " and in every language that code is generated for."
        ),
        source="buf's lint rules MESSAGE_PASCAL_CASE and ENUM_PASCAL_CASE",
        check=_type_name_style,
    ),
    Rule(
        id="symbol-name-style",
        tier="standard",
        severity="warning",
        summary="Enum symbols are UPPER_SNAKE_CASE.",
        rationale=(
            "They become constants. Symbols cannot be renamed once data have been written with"
            " them, so their style has to be right from the start."
        ),
        source="buf's lint rule ENUM_VALUE_UPPER_SNAKE_CASE",
        check=_symbol_name_style,
    ),
    Rule(
        id="namespace-missing",
        tier="basic",
        severity="warning",
        summary="Named types have a namespace.",
        rationale=(
            "Without one, two teams' Order is the same name: in a registry that names subjects by"
            " record, in one JVM, in one generated package. Adding it later renames the type."
            " Types inside another inherit its namespace and need none of their own."
        ),
        source='Avro 1.12, "Names"; buf\'s lint rule PACKAGE_DEFINED',
        check=_namespace_missing,
    ),
    Rule(
        id="namespace-style",
        tier="standard",
        severity="warning",
        summary="Namespaces are lower case.",
        rationale=(
            "They become packages and folders. If those ignore case, two spellings are one folder;"
            " and a capital letter in a namespace reads like a class."
        ),
        source="buf's lint rule PACKAGE_LOWER_SNAKE_CASE; Java Language Specification, 6.1",
        check=_namespace_style,
    ),
    Rule(
        id="reserved-word",
        tier="basic",
        severity="warning",
        summary="No name is a reserved word of Python or Java.",
        rationale=(
            "Generators have to rename such fields, symbols, types and packages, each in its own"
            " way, and the code no longer has the names of the schema. SQL's words are not"
            " included: they can be quoted there, and date, value, key, order and open are right"
            " names for many fields."
        ),
        source="The Python Language Reference, 2.3.1; Java Language Specification, 3.9",
        check=_reserved_word,
    ),
    Rule(
        id="names-differ-by-case",
        tier="basic",
        severity="warning",
        summary="No two names differ by case only.",
        rationale=(
            "Column names, file names of generated classes and many people do not distinguish"
            " userId from userid: one of the two fields is overwritten or unreachable there."
        ),
        check=_names_differ_by_case,
    ),
)
