"""Schemas that break the specification: those that Redpanda's registry takes are taken."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from streamcontract import SchemaRegistry, parse_schema
from streamcontract.devstack.registry import RegistryServer
from streamcontract.registry.errors import InvalidSchemaError
from streamcontract.schema import STORED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def _record(*fields: Any, **more: Any) -> Any:
    return {"type": "record", "name": "R", **more, "fields": list(fields)}


def _field(name: str = "a", type_: Any = "int", **more: Any) -> Any:
    return {"name": name, "type": type_, **more}


FIXED = {"type": "fixed", "name": "F", "size": 2}
TAKEN = {
    "a field's name": _record(_field("größe-x")),
    "a symbol": {"type": "enum", "name": "E", "symbols": ["a-b", "1"]},
    "a namespace with a dollar": _record(namespace="shop.Outer$"),
    "a full name with a dollar": {"type": "record", "name": "shop.Outer$.R", "fields": []},
    "an order": _record(_field(order="up")),
    "an enum's default": {"type": "enum", "name": "E", "symbols": ["a"], "default": "b"},
    "an alias twice": _record(aliases=["S", "S"]),
    "a type twice": _record(_field("a", FIXED), _field("b", FIXED)),
    "a primitive's name": {"type": "record", "name": "string", "fields": []},
    "a decimal of many digits": {"type": "bytes", "logicalType": "decimal", "precision": 10**5},
}
REFUSED = {
    "a type's name": {"type": "enum", "name": "größe", "symbols": ["a"]},
    "a hyphen in a namespace": _record(namespace="a-b"),
    "a namespace that ends in a dot": _record(namespace="a."),
    "a field's default": _record(_field(default="x")),
    "a default inside": _record(_field("a", {"type": "map", "values": "int"}, default={"k": "x"})),
    "a field's alias": _record(_field(aliases=["b"]), _field("b")),
    "a doc": _record(doc=1),
    "a wrapped name": _record(_field("a", ["null", {"type": "R"}])),
    "a name before its definition": _record(_field("a", "F"), _field("b", FIXED)),
}


@pytest.fixture(scope="module")
def server() -> Iterator[RegistryServer]:
    """Redpanda's."""
    with RegistryServer() as server:
        yield server


@pytest.mark.parametrize("name", TAKEN)
def test_what_redpanda_takes(server: RegistryServer, name: str, tmp_path: Path) -> None:
    """It is stored, found again, compared, kept in a file, and read by the client."""
    schema = parse_schema(json.dumps(TAKEN[name]), leniency=STORED)
    assert schema.forgiven
    with SchemaRegistry(server.url) as registry:
        schema_id = registry.register(name, schema)
        assert registry.register(name, schema) == schema_id
        assert registry.lookup(name, schema).id == schema_id
        assert registry.test_compatibility(name, schema)
    kept = tmp_path / "state.json"
    with RegistryServer(state=kept) as first, SchemaRegistry(first.url) as registry:
        registry.register(name, schema)
    with RegistryServer(state=kept) as again, SchemaRegistry(again.url) as registry:
        assert registry.schema_by_id(1).forgiven
    with (
        RegistryServer(confluent=True) as confluent,
        SchemaRegistry(confluent.url) as registry,
        pytest.raises(InvalidSchemaError),
    ):
        registry.register(name, schema)


@pytest.mark.parametrize("name", REFUSED)
def test_what_redpanda_refuses(server: RegistryServer, name: str) -> None:
    """Though this library would read it, if some registry had it."""
    schema = parse_schema(json.dumps(REFUSED[name]), leniency=STORED)
    with SchemaRegistry(server.url) as registry, pytest.raises(InvalidSchemaError):
        registry.register(name, schema)


def test_a_key_given_twice(server: RegistryServer) -> None:
    """In the text, which is given back."""
    schema = parse_schema('{"type": "fixed", "name": "F", "size": 1, "size": 2}', leniency=STORED)
    with SchemaRegistry(server.url) as registry:
        schema_id = registry.register("twice", schema)
    with SchemaRegistry(server.url) as registry:
        assert registry.schema_by_id(schema_id).json == schema.json
