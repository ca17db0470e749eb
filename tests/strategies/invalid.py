"""Invalid schemas, each of which breaks one named rule of the specification."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from tests.strategies.faults import RULES, Author, Rule

from streamcontract.schema import parse_schema
from streamcontract.testing.strategies.documents import schema_documents
from streamcontract.testing.strategies.names import below
from streamcontract.testing.strategies.sites import Sites

__all__ = ["SCHEMA_RULES", "InvalidSchema", "invalid_schemas"]


@attrs.frozen(kw_only=True)
class InvalidSchema:
    """A schema with one fault.

    Attributes:
        text: Its JSON text.
        rule: The rule it breaks, such as ``"SYMBOL_TWICE"``.
        clause: The section of the Avro specification, and its text.
        path: JSON pointer to the fault; empty for the whole schema.
    """

    text: str
    rule: str
    clause: str
    path: str


_NOT_JSON: Final = ("NOT_JSON", '"Schema Declaration": "A Schema is represented in JSON"')
_RULES: Final = {rule.name: rule for rule in RULES}

SCHEMA_RULES: Final[tuple[str, ...]] = (_NOT_JSON[0], *_RULES)
"""The names of all rules that invalid schemas break."""


def invalid_schemas(*rules: str) -> st.SearchStrategy[InvalidSchema]:
    """Schemas that the Avro specification forbids, each with its one fault named.

    A valid schema of any shape is drawn, and a type that breaks one rule is put somewhere into it.

    Args:
        rules: The rules to break, of :data:`SCHEMA_RULES`; all of them if none is given.

    Returns:
        A strategy for schemas that ``parse_schema`` refuses with one fault, at ``path``.

    Raises:
        InvalidArgument: There is no such rule.

    Example:
        >>> from hypothesis import find
        >>> faulty = find(invalid_schemas("SYMBOL_TWICE"), lambda schema: True)
        >>> faulty.text
        '{"type": "enum", "name": "a", "symbols": ["A", "B", "A"]}'
        >>> faulty.path
        '/symbols/2'
    """
    for rule in rules:
        if rule not in SCHEMA_RULES:
            raise InvalidArgument(f"{rule!r} is no rule; there are {', '.join(SCHEMA_RULES)}")
    return _invalid_schemas(rules or SCHEMA_RULES)


@st.composite
def _invalid_schemas(draw: st.DrawFn, rules: Sequence[str]) -> InvalidSchema:
    rule = _RULES.get(draw(st.sampled_from(rules)))
    if rule is None:
        return _cut_off(draw)
    return _within_a_record(draw, rule) if draw(st.booleans()) else _alone(draw, rule)


def _cut_off(draw: st.DrawFn) -> InvalidSchema:
    """The start of a text, with at least one bracket or quote too few."""
    text = json.dumps(draw(schema_documents()))
    start = text[: draw(below(len(text)))]
    return InvalidSchema(text=start, rule=_NOT_JSON[0], clause=_NOT_JSON[1], path="")


def _alone(draw: st.DrawFn, rule: Rule) -> InvalidSchema:
    document, path = _wrapped(draw, *rule.broken(Author(draw, set())), at_least=0)
    return InvalidSchema(text=json.dumps(document), rule=rule.name, clause=rule.clause, path=path)


def _within_a_record(draw: st.DrawFn, rule: Rule) -> InvalidSchema:
    """As the type of a new field of some record, without another fault.

    Defaults of that record elsewhere do not have the field, so it has one: an empty container's.
    """
    document = draw(schema_documents(only_records=True))
    author = Author(draw, set(Sites(parse_schema(document).root).words))
    name = author.word()
    broken, inside = _wrapped(draw, *rule.broken(author), at_least=1)
    around, record = draw(st.sampled_from(list(_records(document, ""))))
    at = draw(below(len(record["fields"]) + 1))
    default: Any = [] if inside.startswith("/items") else {} if "values" in broken else None
    record["fields"].insert(at, {"name": name, "type": broken, "default": default})
    return InvalidSchema(
        text=json.dumps(document),
        rule=rule.name,
        clause=rule.clause,
        path=f"{around}/fields/{at}/type{inside}",
    )


def _wrapped(draw: st.DrawFn, document: Any, path: str, *, at_least: int) -> tuple[Any, str]:
    """A type inside arrays, maps and unions, and the pointer to its fault from outside."""
    for _ in range(draw(st.integers(at_least, 2))):
        kinds = ("array", "map") if isinstance(document, list) else ("array", "map", "union")
        match draw(st.sampled_from(kinds)):
            case "array":
                document, path = {"type": "array", "items": document}, f"/items{path}"
            case "map":
                document, path = {"type": "map", "values": document}, f"/values{path}"
            case _:
                document, path = ["null", document], f"/1{path}"
    return document, path


def _records(document: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    """Every record that is defined in a schema's JSON, with the pointer to it."""
    match document:
        case list():
            for i, branch in enumerate(document):
                yield from _records(branch, f"{pointer}/{i}")
        case {"type": "record", "fields": fields}:
            yield pointer, document
            for i, field in enumerate(fields):
                yield from _records(field["type"], f"{pointer}/fields/{i}/type")
        case {"type": "array", "items": items}:
            yield from _records(items, f"{pointer}/items")
        case {"type": "map", "values": values}:
            yield from _records(values, f"{pointer}/values")
        case _:
            pass
