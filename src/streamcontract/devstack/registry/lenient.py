"""Schemas that Redpanda's registry accepts although they break the specification.

It parses with avro-cpp, after a check of its own that splits names. Their leniency is taken from
their sources of 2026 (Compiler.cc, Node.cc, NodeImpl.cc of Avro 1.12 for C++; avro.cc of Redpanda's
schema registry). Of the clauses of :data:`streamcontract.schema.STORED`, those below apply, for the
named parts of a schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from streamcontract.errors import SchemaParseError
from streamcontract.registry.referenced import parse_with_references
from streamcontract.schema import leniency
from streamcontract.schema.leniency import Leniency

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamcontract.registry.protocol import SchemaReference
    from streamcontract.schema import Schema
    from streamcontract.schema.leniency import Clause

__all__ = ["parse_as_redpanda"]

_Takes = Callable[[str, Any], bool]
"""A test of acceptance: given the JSON pointer to the fault, and the value there."""

_OF_A_FIELD_OR_SYMBOL: Final = re.compile(r"/fields/\d+/name$|/symbols/\d+$")
_FIELD_ALIASES: Final = re.compile(r"/fields/\d+/aliases(/|$)")
_FIELD_DEFAULT: Final = re.compile(r"/fields/\d+/default(/|$)")
_FULL_NAME: Final = re.compile(r"(?:(?![.])[A-Za-z0-9_.$]+[.])?[A-Za-z_][A-Za-z0-9_]*")
_NAMESPACE: Final = re.compile(r"(?![.])[A-Za-z0-9_.$]*(?<![.])")


def _anywhere(pointer: str, found: Any) -> bool:
    del pointer, found
    return True


def _name(pointer: str, found: Any) -> bool:
    """Names of fields and symbols are not checked; a namespace may have a $."""
    if _OF_A_FIELD_OR_SYMBOL.search(pointer):
        return True
    allowed = _NAMESPACE if pointer.endswith("/namespace") else _FULL_NAME
    return isinstance(found, str) and allowed.fullmatch(found) is not None


def _alias(pointer: str, found: Any) -> bool:
    """Aliases of a field are checked like names; those of a type are not checked."""
    del found
    return not _FIELD_ALIASES.search(pointer)


def _default(pointer: str, found: Any) -> bool:
    """The default of a field is converted to its type; that of an enum is not checked."""
    del found
    return not _FIELD_DEFAULT.search(pointer)


_TAKEN: Final[dict[Clause, _Takes]] = {
    leniency.DUPLICATE_KEY: _anywhere,
    leniency.PRIMITIVE_NAME: _anywhere,
    leniency.ORDER: _anywhere,
    leniency.DEFINED_TWICE: _anywhere,
    leniency.TWO_VERSIONS: _anywhere,
    leniency.LOGICAL_LIMIT: _anywhere,
    leniency.NAME: _name,
    leniency.ALIAS_TAKEN: _alias,
    leniency.BAD_DEFAULT: _default,
}


def parse_as_redpanda(
    text: str, references: Sequence[SchemaReference], schemas: Iterable[Schema]
) -> Schema:
    """Parse a schema as leniently as Redpanda's registry.

    Args:
        text: The schema as JSON text.
        references: The references in the registry.
        schemas: The schema of each of them.

    Raises:
        SchemaParseError: Redpanda's registry refuses it too.

    Example:
        >>> parse_as_redpanda('{"type": "enum", "name": "E", "symbols": ["a-b"]}', [], []).name
        'E'
    """
    schema = parse_with_references(text, references, schemas, leniency=Leniency(frozenset(_TAKEN)))
    if schema.forgiven:
        document = json.loads(text)
        faults = tuple(
            each.fault
            for each in schema.forgiven
            if not _TAKEN[each.clause](each.fault.pointer, _at(document, each.fault.pointer))
        )
        if faults:
            raise SchemaParseError(faults)
    return schema


def _at(document: Any, pointer: str) -> Any:
    """The value at a JSON pointer (RFC 6901); None if there is none."""
    for segment in pointer.split("/")[1:]:
        key = segment.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict):
            document = document.get(key)
        elif isinstance(document, list) and key.isdigit() and int(key) < len(document):
            document = document[int(key)]
        else:
            return None
    return document
