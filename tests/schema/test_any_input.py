"""Whatever is given as a schema, there is a sound Schema or a SchemaParseError, nothing else."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streamcontract.errors import SchemaParseError
from streamcontract.schema import MISSING, Schema, parse_schema
from streamcontract.testing.strategies import schema_documents

_WORDS = st.sampled_from(
    [
        "type",
        "name",
        "namespace",
        "aliases",
        "doc",
        "fields",
        "symbols",
        "items",
        "values",
        "size",
        "default",
        "order",
        "logicalType",
        "precision",
        "record",
        "error",
        "enum",
        "array",
        "map",
        "fixed",
        "int",
        "null",
        "string",
        "bytes",
        "decimal",
        "A",
        "a.A",
        ".",
        "a.",
        "\ud800",
    ]
)
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | _WORDS
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=5),
    max_leaves=20,
)


def _parsed(source: Any) -> Schema | None:
    """The schema, all of whose properties can be computed, or None if it has faults."""
    try:
        schema = parse_schema(source)
    except SchemaParseError:
        return None
    assert schema.canonical_form
    assert schema.fingerprint()
    assert hash(schema) == hash(parse_schema(schema.json))
    return schema


@given(_JSON)
def test_any_json(value: Any) -> None:
    """Any JSON is a schema or has faults, as text and as values alike."""
    text = json.dumps(value)
    from_text = _parsed(text)
    if isinstance(value, dict | list):
        assert _parsed(value) == from_text


@given(st.text(max_size=30) | st.text(st.sampled_from('{}[]",:\\ntfa1.-eE0 \n/'), max_size=20))
def test_any_text(text: str) -> None:
    """Any text is a schema or has faults, most of them in the JSON."""
    _parsed(text)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container of ``value`` with each of its keys or indexes."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    return [place for key in keys for place in [(value, key), *_places(value[key])]]


@given(schema_documents(), st.data())
def test_a_valid_schema_with_one_thing_changed(document: Any, data: st.DataObject) -> None:
    """A schema in which anything is replaced, removed or renamed is judged, and in place."""
    changed = copy.deepcopy(document)
    places = _places(changed)
    if not places:
        return
    container, key = data.draw(st.sampled_from(places))
    new = data.draw(_SCALARS | st.just(MISSING) | st.sampled_from([c for c, _ in places]))
    if new is not MISSING:
        container[key] = copy.deepcopy(new)
    elif isinstance(container, dict):
        del container[key]
    else:
        container.pop(key)
    _parsed(changed)
    text = json.dumps(changed, indent=1)
    try:
        parse_schema(text)
    except SchemaParseError as error:
        faults = error.faults
    else:
        return
    places_in_text = [(fault.line or 0, fault.column or 0) for fault in faults]
    assert places_in_text == sorted(places_in_text)
    assert all(1 <= line <= text.count("\n") + 1 for line, _ in places_in_text)
    assert all(fault.pointer == "" or fault.pointer[0] == "/" for fault in faults)
