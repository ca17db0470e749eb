"""Every schema drawn is valid, by the project's parser and by others', and all kinds appear."""

from __future__ import annotations

import json
import math
import warnings
from typing import Any

import avro.errors
import avro.schema
import fastavro
import pytest
from hypothesis import assume, find, given, settings
from hypothesis import strategies as st
from tests.searching import examples
from tests.testing.appearing import SEEK_ANY, missing_in

from streamcontract.errors import SchemaParseError
from streamcontract.schema import RecordType, Schema, parse_schema
from streamcontract.schema.logical import LOGICAL_TYPES
from streamcontract.testing.strategies import schema_documents, schemas, schemas_with_references
from streamcontract.testing.strategies.shape import heights, recurring

FASTAVRO_REFUSES_INTEGERS = ("must match schema type: float", "must match schema type: double")

SEEK = settings(max_examples=3000, deadline=None, database=None)


def type_names(document: Any) -> set[str]:
    """Every type, logical type and attribute named anywhere in a schema's JSON."""
    match document:
        case str():
            return {document}
        case list():
            return {"union"}.union(*(type_names(branch) for branch in document))
        case dict():
            found = {key for key in document if key in ATTRIBUTES}
            for key in ("type", "items", "values"):
                if key in document:
                    found |= type_names(document[key])
            if "logicalType" in document:
                found.add(str(document["logicalType"]))
            for field in document.get("fields", ()):
                found |= {"field", *type_names(field)}
            return found
    return set()


ATTRIBUTES = {"aliases", "default", "doc", "namespace", "order"}
KINDS = [
    *("null", "boolean", "int", "long", "float", "double", "bytes", "string"),
    *("array", "map", "union", "record", "enum", "fixed", "field"),
    *LOGICAL_TYPES,
    "no-such-type",
    *sorted(ATTRIBUTES),
]


@settings(deadline=None, max_examples=examples(50))
@given(schema_documents())
def test_every_document_is_json_and_parses(document: Any) -> None:
    """A document survives JSON text, and the project's own parser takes it."""
    text = json.dumps(document)
    assert json.loads(text) == document
    parse_schema(text)


@settings(deadline=None, max_examples=examples(50))
@given(schema_documents(ill_fitting=False))
def test_fastavro_takes_every_document(document: Any) -> None:
    """Fastavro parses it too, but for integers as defaults of float and double.

    The specification's table of defaults says "number" for these; 0 is one.
    """
    try:
        fastavro.parse_schema(document)
    except fastavro.schema.SchemaParseException as error:
        assert any(reason in str(error) for reason in FASTAVRO_REFUSES_INTEGERS)  # noqa: PT017


@settings(deadline=None, max_examples=examples(50))
@given(schema_documents())
def test_apache_avro_takes_every_document(document: Any) -> None:
    """Apache avro parses it too, but where it takes the namespace "" for none given.

    "The empty string may also be used as a namespace to indicate the null namespace" ("Names").
    """
    text = json.dumps(document)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", avro.errors.IgnoredLogicalType)
        try:
            avro.schema.parse(text)
        except avro.errors.SchemaParseException:
            assert '"namespace": ""' in text


@settings(deadline=None, max_examples=examples(50))
@given(schemas())
def test_every_schema_has_finite_values(schema: Schema) -> None:
    """However records refer to one another, each of them has a value that ends."""
    assert not any(math.isinf(height) for height in heights(schema.root).values())


@pytest.mark.searching
def test_every_kind_appears() -> None:
    """Each type, logical type and attribute can be drawn."""
    assert missing_in(schema_documents(), KINDS, type_names) == set()


@settings(deadline=None, max_examples=examples(50))
@given(schemas(only_records=True))
def test_only_records(schema: Schema) -> None:
    """Asked for records, no other type is outermost."""
    assert isinstance(schema.root, RecordType)


@settings(deadline=None, max_examples=examples(50))
@given(schema_documents(ill_fitting=False))
def test_only_fitting_logical_types(document: Any) -> None:
    """Asked for logical types that fit, none is left to be ignored."""
    assume("logicalType" in json.dumps(document))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schema = parse_schema(document)
    declared = json.dumps(document).count('"logicalType"')
    understood = {
        node for node in heights(schema.root) if getattr(node, "logical", None) is not None
    }
    assert len(understood) == declared


@pytest.mark.searching
def test_recursive_schemas_appear() -> None:
    """Some records can hold themselves."""
    find(schemas(), lambda schema: bool(recurring(schema.root)[1]), settings=SEEK_ANY)


def test_shrinks_to_readable_schemas() -> None:
    """The smallest schema of a kind is one that a person would write to show it."""
    assert find(schema_documents(), lambda _: True) == "string"
    smallest = find(
        schema_documents(), lambda document: "enum" in type_names(document), settings=SEEK
    )
    assert smallest == {"type": "enum", "name": "a", "symbols": ["a"]}


@given(st.data())
def test_draws_are_cheap_enough(data: st.DataObject) -> None:
    """Hypothesis's health checks (too slow, too large, too much filtered) stay silent."""
    data.draw(schema_documents())
    data.draw(schemas(only_records=True))


@settings(deadline=None, max_examples=examples(50))
@given(schemas_with_references())
def test_references_define_what_is_used(schema: Schema) -> None:
    """The schema cannot be read alone, and can with its references, as a registry reads it."""
    assert schema.references
    with pytest.raises(SchemaParseError, match="unknown type"):
        parse_schema(schema.json)
    again = parse_schema(schema.json, references=schema.references)
    assert again.canonical_form == schema.canonical_form
    assert parse_schema(schema.inlined_json).canonical_form == schema.canonical_form


@pytest.mark.searching
def test_references_have_references() -> None:
    """Some references use types of others."""
    find(
        schemas_with_references(),
        lambda schema: any(each.references for each in schema.references),
        settings=SEEK_ANY,
    )
