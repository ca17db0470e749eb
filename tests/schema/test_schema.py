"""What a Schema is as a value: equal by meaning, copied soundly, written as one text."""

from __future__ import annotations

import copy
import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.errors import SchemaParseError
from streamcontract.schema import (
    ArrayType,
    AvroType,
    EnumType,
    Field,
    FixedType,
    MapType,
    NamedType,
    PrimitiveType,
    RecordType,
    Schema,
    UnionType,
    parse_schema,
)
from streamcontract.schema.inline import inlined
from streamcontract.testing.strategies import schema_documents, schemas

if TYPE_CHECKING:
    from collections.abc import Callable

ITEM = parse_schema(
    """{"type": "record", "name": "shop.Item", "doc": "a thing", "fields": [
    {"name": "sku", "type": {"type": "string", "x": 1}, "order": "ignore"},
    {"name": "price", "aliases": ["cost"], "default": "\\u0000", "type": {
        "type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}}]}"""
)
KIND = parse_schema('{"type": "enum", "name": "Kind", "symbols": ["A", "B"], "default": "B"}')
LINE = parse_schema(
    """{"type": "record", "name": "shop.cart.Line", "aliases": ["Row"], "fields": [
    {"name": "item", "type": "shop.Item"}, {"name": "kind", "type": ["null", "Kind"]}]}""",
    references=[ITEM, KIND],
)
ORDER = parse_schema(
    """{"type": "record", "name": "shop.Order", "fields": [
    {"name": "lines", "type": {"type": "array", "items": "shop.cart.Line"}},
    {"name": "gift", "type": ["null", "Item"], "default": null},
    {"name": "kinds", "type": {"type": "map", "values": "Kind"}}]}""",
    references=[LINE],
)


def _facts(node: AvroType, seen: set[str]) -> object:
    """All that a model says, without the places it says it at."""
    match node:
        case PrimitiveType():
            return node.name, node.logical, dict(node.attributes)
        case ArrayType():
            return "array", _facts(node.items, seen), dict(node.attributes)
        case MapType():
            return "map", _facts(node.values, seen), dict(node.attributes)
        case UnionType():
            return [_facts(branch, seen) for branch in node.branches]
        case RecordType() | EnumType() | FixedType():
            if node.full_name in seen:
                return node.full_name
            seen.add(node.full_name)
            return _named_facts(node, seen)


def _named_facts(node: NamedType, seen: set[str]) -> object:
    common = node.full_name, node.aliases, node.doc, dict(node.attributes)
    match node:
        case EnumType():
            return common, node.symbols, node.default
        case FixedType():
            return common, node.size, node.logical
        case RecordType():
            return common, node.is_error, [_field_facts(field, seen) for field in node.fields]


def _field_facts(field: Field, seen: set[str]) -> object:
    facts = field.name, field.aliases, field.doc, field.order, dict(field.attributes)
    return facts, repr(field.default), _facts(field.type, seen)


@given(schema_documents())
def test_json_is_the_schema_as_given(document: Any) -> None:
    """Text stays as it is, values become JSON text; parsed again, both say the same."""
    schema = parse_schema(document)
    text = json.dumps(document, indent=2)
    again = parse_schema(text)
    assert again.json == text
    assert json.loads(schema.json) == document
    assert again == schema
    assert hash(again) == hash(schema)
    assert _facts(again.root, set()) == _facts(schema.root, set())


@given(schemas())
def test_the_model_written_as_json_says_the_same(schema: Schema) -> None:
    """Nothing is lost between the JSON and the model: written out, the model parses to itself."""
    again = parse_schema(json.dumps(inlined(schema.root)))
    assert _facts(again.root, set()) == _facts(schema.root, set())
    assert again.canonical_form == schema.canonical_form


def test_inlined_json_is_self_contained() -> None:
    """Types of other files are written out where they are first used, namespaces kept."""
    assert parse_schema(ORDER.inlined_json).references == ()
    assert _facts(parse_schema(ORDER.inlined_json).root, set()) == _facts(ORDER.root, set())
    item, kind = ({"name": "Item", "namespace": "shop"}, {"name": "Kind", "namespace": ""})
    fields = json.loads(ORDER.inlined_json)["fields"]
    line = fields[0]["type"]["items"]
    assert {**line["fields"][0]["type"], **item} == line["fields"][0]["type"]
    assert {**line["fields"][1]["type"][1], **kind} == line["fields"][1]["type"][1]
    assert (fields[1]["type"][1], fields[2]["type"]["values"]) == ("Item", "Kind")
    assert ITEM.inlined_json == ITEM.json


def test_references_and_named_types() -> None:
    """References are those used directly; named types are all, this schema's own first."""
    assert ORDER.references == (LINE, ITEM, KIND)
    assert list(ORDER.definitions) == ["shop.Order"]
    assert list(ORDER.named_types) == ["shop.Order", "shop.cart.Line", "shop.Item", "Kind"]
    assert [schema.name for schema in ORDER.closure()] == list(ORDER.named_types)


def test_equality_is_by_meaning() -> None:
    """Spaces and the order of attributes do not count; numbers, names and references do."""
    mapping = parse_schema('{"type":"map","values":"int"}')
    assert mapping == parse_schema({"values": "int", "type": "map"})
    assert mapping != "map"
    text = (
        '{"type": "record", "name": "R", "fields": [{"name": "f", "type": "double", "default": 1}]}'
    )
    assert parse_schema(text) != parse_schema(text.replace("1}", "1.0}"))
    other = parse_schema('{"type": "fixed", "name": "Kind", "size": 1}')
    union = '["Kind"]'
    assert parse_schema(union, references=[KIND]) != parse_schema(union, references=[other])
    assert len({parse_schema("int"), parse_schema('"int"'), parse_schema(' "int"')}) == 1


def _pickled(schema: Schema) -> Any:
    return pickle.loads(pickle.dumps(schema))  # noqa: S301 - what it has just written itself


@pytest.mark.parametrize("copy_of", [copy.copy, copy.deepcopy, _pickled])
def test_copies_are_equal(copy_of: Callable[[Schema], Schema]) -> None:
    """Copies and pickles are equal schemas with models of their own."""
    again = copy_of(ORDER)
    assert again == ORDER
    assert again.inlined_json == ORDER.inlined_json
    assert again.references[0].root is again.named_types["shop.cart.Line"]


def test_names_and_representation() -> None:
    """A schema shows its name, or the beginning of its JSON if it has none."""
    assert (ORDER.name, parse_schema("int").name) == ("shop.Order", None)
    assert repr(ORDER) == "<Schema shop.Order>"
    assert repr(parse_schema("int")) == '<Schema "int">'
    assert repr(parse_schema(["null", "int"])) == '<Schema ["null", "int"]>'
    long = parse_schema({"type": "map", "values": "int", "doc": "x" * 60})
    assert repr(long) == f"<Schema {long.json[:60]}...>"


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_unknown_attributes_survive(value: Any) -> None:
    """Whatever stands in an attribute unknown to Avro is kept as it is."""
    schema = parse_schema({"type": "string", "x": value})
    assert isinstance(schema.root, PrimitiveType)
    assert dict(schema.root.attributes) == {"x": value}
    assert inlined(schema.root) == {"type": "string", "x": value}


def test_bad_defaults_can_be_ignored() -> None:
    """A default that is none of its type, or leans on such a one, counts as not given."""
    inner = {
        "type": "record",
        "name": "In",
        "fields": [{"name": "x", "type": "int", "default": "one"}],
    }
    document = {
        "type": "record",
        "name": "R",
        "fields": [
            {"name": "a", "type": inner, "default": {}},
            {"name": "b", "type": "int", "default": 2},
            {"name": "c", "type": ["null", "R"], "default": {}},
        ],
    }
    with pytest.raises(SchemaParseError):
        parse_schema(document)
    schema = parse_schema(document, ignore_bad_defaults=True)
    assert isinstance(schema.root, RecordType)
    assert [field.has_default for field in schema.root.fields] == [False, True, False]
    assert pickle.loads(pickle.dumps(schema)) == schema  # noqa: S301 - our own bytes
    with pytest.raises(SchemaParseError, match="unknown type"):
        parse_schema(["nul"], ignore_bad_defaults=True)
