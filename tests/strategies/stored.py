"""Stored schemas of registries and histories, with faults that are forgiven."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from tests.strategies.faults import BAD_DEFAULTS, Author

from streamcontract.schema import parse_schema
from streamcontract.schema.leniency import (
    ALIAS_TAKEN,
    ALIASES,
    BAD_DEFAULT,
    COMMENT,
    DEFINED_TWICE,
    DOC,
    DUPLICATE_KEY,
    FORWARD_REFERENCE,
    LOGICAL_LIMIT,
    NAME,
    NAMESPACE,
    NOT_FINITE,
    ORDER,
    PRIMITIVE_NAME,
    WRAPPED_NAME,
    Clause,
)
from streamcontract.testing.strategies.documents import schema_documents
from streamcontract.testing.strategies.sites import Sites

__all__ = ["STORED_CLAUSES", "StoredSchema", "stored_schemas"]

_Fields = list[dict[str, Any]]


@attrs.frozen(kw_only=True)
class StoredSchema:
    """A stored schema with faults that are forgiven.

    Attributes:
        text: Its JSON text.
        clauses: The ids of the clauses that forgive them.
        meant: The JSON of the schema that it is read as; its names may be illegal like those in
        ``text``.
    """

    text: str
    clauses: frozenset[str]
    meant: dict[str, Any]


def stored_schemas(*clauses: str, ill_fitting: bool = True) -> st.SearchStrategy[StoredSchema]:
    """Schemas that are invalid for authors, but whose data can be read.

    A valid schema of any shape is drawn, put into a record, and broken in a few ways.

    Args:
        clauses: The ids of the clauses by which to break it, of :data:`STORED_CLAUSES`; some of
            all of them if none is given.
        ill_fitting: As for :func:`~streamcontract.testing.strategies.schema_documents`.

    Returns:
        A strategy for schemas that ``parse_schema`` refuses, and takes with ``leniency=STORED``.

    Raises:
        InvalidArgument: There is no such clause.

    Example:
        >>> from hypothesis import find
        >>> stored = find(stored_schemas("wrapped-name"), lambda schema: True)
        >>> [field["type"] for field in json.loads(stored.text)["fields"]][-1]
        {'type': 'a3'}
        >>> [field["type"] for field in stored.meant["fields"]][-1]
        'a3'
    """
    for clause in clauses:
        if clause not in STORED_CLAUSES:
            raise InvalidArgument(f"{clause!r} is no clause; there are {', '.join(STORED_CLAUSES)}")
    chosen = (
        st.just(frozenset(clauses))
        if clauses
        else st.frozensets(st.sampled_from(STORED_CLAUSES), min_size=1, max_size=4)
    )
    return _stored_schemas(chosen, ill_fitting=ill_fitting)


@st.composite
def _stored_schemas(
    draw: st.DrawFn, chosen: st.SearchStrategy[frozenset[str]], *, ill_fitting: bool
) -> StoredSchema:
    document = draw(schema_documents(ill_fitting=ill_fitting))
    author = Author(draw, set(Sites(parse_schema(document).root).words))
    clauses = draw(chosen)
    record = author.record(author.field(document))
    meant = {**record, "fields": list(record["fields"])}
    for clause in sorted(clauses & _IN_FIELDS.keys()):
        written, read = _IN_FIELDS[clause](author)
        record["fields"] += written
        meant["fields"] += read
    tokens = list(_tokens(record))
    if DUPLICATE_KEY.id in clauses:
        # The record's own first key comes before all others: the last one is the one above.
        key = json.dumps(author.pick(*record))
        tokens[1:1] = [key, ":", author.pick("null", "[1, {}]", '"record"'), ","]
    if COMMENT.id in clauses:
        comment = author.pick("/* one */", "// one\n", '/* "type": // */', "/**/")
        tokens.insert(draw(st.integers(0, len(tokens))), comment)
    return StoredSchema(text=" ".join(tokens), clauses=clauses, meant=meant)


def _tokens(value: Any) -> Iterator[str]:
    """JSON, token by token."""
    match value:
        case dict():
            yield "{"
            for index, (key, item) in enumerate(value.items()):
                yield from [","] if index else []
                yield from (json.dumps(key), ":")
                yield from _tokens(item)
            yield "}"
        case list():
            yield "["
            for index, item in enumerate(value):
                yield from [","] if index else []
                yield from _tokens(item)
            yield "]"
        case _:
            yield json.dumps(value)


def _same(*fields: dict[str, Any]) -> tuple[_Fields, _Fields]:
    return list(fields), list(fields)


def _illegal_name(author: Author) -> tuple[_Fields, _Fields]:
    name = author.bad_name()
    match author.pick("field", "dotted field", "type", "namespace"):
        case "field":
            return _same({**author.field(), "name": name})
        case "dotted field":
            return _same({**author.field(), "name": f"{author.word()}.{author.word()}"})
        case "type":
            return _same(author.field({**author.named(), "name": name}))
        case _:
            return _same(author.field(author.named(namespace=f"{author.word()}.{name}")))


def _taken_alias(author: Author) -> tuple[_Fields, _Fields]:
    one, other = author.field(), author.field("string")
    alias = author.pick(author.word(), other["name"])
    again = [alias] if alias != other["name"] else []
    return [{**one, "aliases": [alias]}, {**other, "aliases": again}], [one, other]


def _dropped(key: str, *values: Any) -> Callable[[Author], tuple[_Fields, _Fields]]:
    """An attribute of a field with an invalid form, which has no effect."""

    def broken(author: Author) -> tuple[_Fields, _Fields]:
        field = author.field()
        return [{**field, key: author.pick(*values)}], [field]

    return broken


def _namespace(author: Author) -> tuple[_Fields, _Fields]:
    field = author.field(author.named())
    kind = {**field["type"], "namespace": author.pick(1, ["a"], {})}
    return [{**field, "type": kind}], [field]


def _primitive_name(author: Author) -> tuple[_Fields, _Fields]:
    # Beside a field of the primitive type itself.
    name = author.pick("int", "string", "null")
    kind = {**author.named(), "name": name}
    return _same(author.field(kind), author.field(name))


def _doc(author: Author) -> tuple[_Fields, _Fields]:
    doc = author.pick(1, ["x"], {})
    kind = author.named()
    field = author.field(kind)
    broken = author.pick({**field, "doc": doc}, {**field, "type": {**kind, "doc": doc}})
    return [broken], [field]


def _wrapped_name(author: Author) -> tuple[_Fields, _Fields]:
    kind = author.named()
    first, again = author.field(kind), author.field(kind["name"])
    more = author.pick({}, {"doc": "here too"}, {"logicalType": "x-any"})
    return [first, {**again, "type": {"type": kind["name"], **more}}], [first, again]


def _defined_twice(author: Author) -> tuple[_Fields, _Fields]:
    kind = author.pick(author.named(), author.record(author.field()))
    first, again = author.field(kind), author.field(kind["name"])
    change = author.pick({}, {"doc": "again"}, {"aliases": [author.word()]}, {"x-more": 1})
    return [first, {**again, "type": {**kind, **change}}], [first, again]


def _forward_reference(author: Author) -> tuple[_Fields, _Fields]:
    kind = author.named()
    first, definition = author.field(kind["name"]), author.field(kind)
    return [first, definition], [{**first, "type": kind}, {**definition, "type": kind["name"]}]


def _bad_default(author: Author) -> tuple[_Fields, _Fields]:
    kind, default, _ = author.pick(*BAD_DEFAULTS)
    field = author.field(kind)
    return [{**field, "default": default}], [field]


def _not_finite(author: Author) -> tuple[_Fields, _Fields]:
    number = float(author.pick("nan", "inf", "-inf"))
    field = author.field(author.pick("double", "float"))
    key, value = author.pick(("default", number), ("default", f"{number}"), ("x-limit", number))
    if value == f"{number}":
        value = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[f"{number}"]
    return [{**field, key: value}], [field]


def _too_many_digits(author: Author) -> tuple[_Fields, _Fields]:
    field = author.field("bytes")
    kind = {"type": "bytes", "logicalType": "decimal", "precision": 2000}
    return [{**field, "type": kind}], [field]


_ROWS: Final[tuple[tuple[Clause, Callable[[Author], tuple[_Fields, _Fields]]], ...]] = (
    (NOT_FINITE, _not_finite),
    (NAME, _illegal_name),
    (NAMESPACE, _namespace),
    (PRIMITIVE_NAME, _primitive_name),
    (ALIAS_TAKEN, _taken_alias),
    (ALIASES, _dropped("aliases", "a", 1, None, [1], [None])),
    (DOC, _doc),
    (ORDER, _dropped("order", "up", "ASCENDING", 1, None)),
    (WRAPPED_NAME, _wrapped_name),
    (DEFINED_TWICE, _defined_twice),
    (FORWARD_REFERENCE, _forward_reference),
    (BAD_DEFAULT, _bad_default),
    (LOGICAL_LIMIT, _too_many_digits),
)
"""By clause: fields with its fault, and what they are read as."""

_IN_FIELDS: Final = {clause.id: broken for clause, broken in _ROWS}

STORED_CLAUSES: Final[tuple[str, ...]] = (DUPLICATE_KEY.id, COMMENT.id, *_IN_FIELDS)
"""The ids of all clauses that a schema alone can need: ``two-versions`` takes several."""
