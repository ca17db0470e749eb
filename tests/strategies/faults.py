"""Faulty types, each of which breaks one rule of the Avro 1.12 specification."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import attrs
from hypothesis import strategies as st

from streamcontract.schema import JsonValue
from streamcontract.schema.model import PRIMITIVE_NAMES
from streamcontract.testing.strategies.names import names, unused

__all__ = ["BAD_DEFAULTS", "RULES", "Author", "Rule"]

Document = Any


@attrs.frozen
class Author:
    """Writes the parts of a faulty type.

    Attributes:
        draw: Draws.
        taken: Names that are used around it; those drawn are added.
    """

    draw: st.DrawFn
    taken: set[str]

    def word(self) -> str:
        """A name that is not used yet."""
        return unused(self.draw(names()), self.taken)

    def pick(self, *choices: Any) -> Any:
        """One of these."""
        return self.draw(st.sampled_from(choices))

    def bad_name(self) -> str:
        """A text that is not a name ("Names")."""
        return f"{self.pick('2', '-', ' ', '$', 'é')}{self.word()}"

    def fixed(self, **attributes: JsonValue) -> dict[str, Any]:
        """A fixed."""
        return {"type": "fixed", "name": self.word(), "size": 1, **attributes}

    def enum(self, **attributes: JsonValue) -> dict[str, Any]:
        """An enum."""
        return {"type": "enum", "name": self.word(), "symbols": ["A", "B"], **attributes}

    def record(self, *fields: Document, **attributes: JsonValue) -> dict[str, Any]:
        """A record."""
        return {"type": "record", "name": self.word(), "fields": list(fields), **attributes}

    def field(self, kind: Document = "int", **attributes: JsonValue) -> dict[str, Any]:
        """A field."""
        return {"name": self.word(), "type": kind, **attributes}

    def named(self, **attributes: JsonValue) -> dict[str, Any]:
        """A type with a name."""
        return self.pick(self.fixed, self.enum, self.record)(**attributes)  # type: ignore[no-any-return]


@attrs.frozen
class Rule:
    """A rule of the specification.

    Attributes:
        name: Its name.
        clause: The section of the specification, and its text.
        broken: Returns a type that breaks it, and the JSON pointer to the fault inside that type.
    """

    name: str
    clause: str
    broken: Callable[[Author], tuple[Document, str]]


def _without(document: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != key}


def _union_in_union(author: Author) -> tuple[Document, str]:
    return author.pick(([["int"]], "/0"), (["null", ["int", "string"]], "/1"))  # type: ignore[no-any-return]


def _branch_twice(author: Author) -> tuple[Document, str]:
    branch = author.pick(
        *PRIMITIVE_NAMES,
        {"type": "array", "items": "int"},
        {"type": "map", "values": "int"},
        {"type": "long", "logicalType": "timestamp-millis"},
    )
    same = branch if isinstance(branch, str) else {**branch, "doc": "again"}
    return [branch, same], "/1"


def _definition_twice(author: Author) -> tuple[Document, str]:
    first = author.named()
    again = {**author.fixed(), "name": first["name"]}
    return author.record(author.field(first), author.field(again)), "/fields/1/type/name"


def _use_before_definition(author: Author) -> tuple[Document, str]:
    later = author.named()
    return author.record(author.field(later["name"]), author.field(later)), "/fields/0/type"


def _field_twice(author: Author) -> tuple[Document, str]:
    first = author.field()
    again = {**author.field("string"), "name": first["name"]}
    return author.record(first, again), "/fields/1/name"


def _bad_default(author: Author) -> tuple[Document, str]:
    kind, default, below = author.pick(*BAD_DEFAULTS)
    return author.record(author.field(kind, default=default)), f"/fields/0/default{below}"


BAD_DEFAULTS: Final[tuple[tuple[Document, JsonValue, str], ...]] = (
    ("null", 0, ""),
    ("boolean", "true", ""),
    ("int", "1", ""),
    ("int", 2**31, ""),
    ("long", 1.5, ""),
    ("float", "1.0", ""),
    ("double", None, ""),
    ("bytes", 1, ""),
    ("string", 1, ""),
    ({"type": "array", "items": "int"}, {}, ""),
    ({"type": "array", "items": "int"}, [1, "2"], "/1"),
    ({"type": "map", "values": "int"}, [], ""),
    ({"type": "map", "values": "int"}, {"a": None}, "/a"),
    (["null", "int"], "x", ""),
)

# Not null, which as a whole text is the name of a primitive type without its quotes.
_NO_SCHEMAS: Final = (True, False, 0, 1.5)
_NO_NAMES: Final = (None, 1, True)
_NO_TEXTS: Final = (1, True, ["x"])

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "UNKNOWN_TYPE",
        '"Names": "a name must be defined before it is used"',
        lambda author: (author.word(), ""),
    ),
    Rule(
        "USED_BEFORE_DEFINED",
        '"Names": "a name must be defined before it is used"',
        _use_before_definition,
    ),
    Rule(
        "NO_SCHEMA",
        '"Schema Declaration": a string, an object or an array',
        lambda author: (author.pick(*_NO_SCHEMAS), ""),
    ),
    Rule(
        "NO_TYPE",
        '"Schema Declaration": {"type": "typeName", ...attributes...}',
        lambda author: (author.pick({}, {"name": author.word()}, {"items": "int"}), ""),
    ),
    Rule(
        "TYPE_NO_NAME",
        '"Schema Declaration": {"type": "typeName", ...attributes...}',
        lambda author: ({"type": author.pick(*_NO_NAMES)}, "/type"),
    ),
    Rule(
        "ARRAY_WITHOUT_ITEMS",
        '"Arrays": items: the schema of the array\'s items',
        lambda _: ({"type": "array"}, ""),
    ),
    Rule(
        "MAP_WITHOUT_VALUES",
        '"Maps": values: the schema of the map\'s values',
        lambda _: ({"type": "map"}, ""),
    ),
    Rule(
        "UNION_IN_UNION",
        '"Unions": "Unions may not immediately contain other unions"',
        _union_in_union,
    ),
    Rule(
        "BRANCH_TWICE",
        '"Unions": "may not contain more than one schema with the same type", but named ones',
        _branch_twice,
    ),
    Rule(
        "WITHOUT_NAME",
        '"Records", "Enums", "Fixed": name is a JSON string (required)',
        lambda author: (_without(author.named(), "name"), ""),
    ),
    Rule(
        "NAME_GRAMMAR",
        '"Names": "start with [A-Za-z_]; subsequently contain only [A-Za-z0-9_]"',
        lambda author: ({**author.named(), "name": author.bad_name()}, "/name"),
    ),
    Rule(
        "NAME_OF_A_PRIMITIVE",
        '"Names": "Primitive type names [...] may not be defined in any namespace"',
        lambda author: (
            {**author.named(), "name": author.pick(*PRIMITIVE_NAMES), "namespace": ""},
            "/name",
        ),
    ),
    Rule(
        "NAMESPACE_GRAMMAR",
        '"Names": "A namespace is a dot-separated sequence of such names"',
        lambda author: (
            author.named(namespace=author.pick("a..b", ".a", "a.", "1a")),
            "/namespace",
        ),
    ),
    Rule(
        "DEFINED_TWICE",
        '"Names": "A schema or protocol may not contain multiple definitions of a fullname"',
        _definition_twice,
    ),
    Rule(
        "ALIASES_NO_ARRAY",
        '"Records", "Enums", "Fixed": aliases: "a JSON array of strings"',
        lambda author: (author.named(aliases=author.pick(author.word(), 1, {})), "/aliases"),
    ),
    Rule(
        "ALIAS_NO_STRING",
        '"Records", "Enums", "Fixed": aliases: "a JSON array of strings"',
        lambda author: (author.named(aliases=[author.pick(None, 1, [])]), "/aliases/0"),
    ),
    Rule(
        "DOC_NO_STRING",
        '"Records", "Enums": doc: "a JSON string providing documentation"',
        lambda author: (author.named(doc=author.pick(*_NO_TEXTS)), "/doc"),
    ),
    Rule(
        "RECORD_WITHOUT_FIELDS",
        '"Records": fields: "a JSON array, listing fields (required)"',
        lambda author: (_without(author.record(), "fields"), ""),
    ),
    Rule(
        "FIELDS_NO_ARRAY",
        '"Records": fields: "a JSON array, listing fields (required)"',
        lambda author: ({**author.record(), "fields": author.pick({}, "a", 1)}, "/fields"),
    ),
    Rule(
        "FIELD_NO_OBJECT",
        '"Records": "Each field is a JSON object"',
        lambda author: (author.record(author.pick("int", 1, None)), "/fields/0"),
    ),
    Rule(
        "FIELD_WITHOUT_NAME",
        '"Records": name: "a JSON string providing the name of the field (required)"',
        lambda author: (author.record({"type": "int"}), "/fields/0"),
    ),
    Rule(
        "FIELD_WITHOUT_TYPE",
        '"Records": type: "a schema" (required)',
        lambda author: (author.record({"name": author.word()}), "/fields/0"),
    ),
    Rule(
        "FIELD_NAME_GRAMMAR",
        '"Names": "start with [A-Za-z_]; subsequently contain only [A-Za-z0-9_]"',
        lambda author: (
            author.record({**author.field(), "name": author.bad_name()}),
            "/fields/0/name",
        ),
    ),
    Rule(
        "FIELD_TWICE",
        '"Names": no two fields of a record have the same name',
        _field_twice,
    ),
    Rule(
        "FIELD_ORDER",
        '"Records": order: "ascending" (the default), "descending", or "ignore"',
        lambda author: (
            author.record(author.field(order=author.pick("up", "", "Ascending", 1))),
            "/fields/0/order",
        ),
    ),
    Rule(
        "DEFAULT_OF_ANOTHER_TYPE",
        '"Records", table "field default values"',
        _bad_default,
    ),
    Rule(
        "ENUM_WITHOUT_SYMBOLS",
        '"Enums": symbols: "a JSON array, listing symbols, as JSON strings (required)"',
        lambda author: (_without(author.enum(), "symbols"), ""),
    ),
    Rule(
        "SYMBOL_NO_STRING",
        '"Enums": symbols: "a JSON array, listing symbols, as JSON strings (required)"',
        lambda author: (author.enum(symbols=["A", author.pick(None, 1, [])]), "/symbols/1"),
    ),
    Rule(
        "SYMBOL_GRAMMAR",
        '"Enums": "Every symbol must match the regular expression [A-Za-z_][A-Za-z0-9_]*"',
        lambda author: (author.enum(symbols=["A", author.bad_name()]), "/symbols/1"),
    ),
    Rule(
        "SYMBOL_TWICE",
        '"Enums": "All symbols in an enum must be unique; duplicates are prohibited"',
        lambda author: (author.enum(symbols=["A", "B", "A"]), "/symbols/2"),
    ),
    Rule(
        "ENUM_DEFAULT_NO_SYMBOL",
        '"Enums": default: "must be a JSON string that\'s a member of the symbols array"',
        lambda author: (author.enum(default=author.pick("C", "a", 0)), "/default"),
    ),
    Rule(
        "FIXED_WITHOUT_SIZE",
        '"Fixed": size: "an integer, specifying the number of bytes per value (required)"',
        lambda author: (_without(author.fixed(), "size"), ""),
    ),
    Rule(
        "FIXED_SIZE",
        '"Fixed": size: "an integer, specifying the number of bytes per value (required)"',
        lambda author: (author.fixed(size=author.pick(-1, "1", 1.5, None)), "/size"),
    ),
)
"""Rules that a type alone can break."""
