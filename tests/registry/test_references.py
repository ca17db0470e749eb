"""Schemas that refer to others: registered in order, fetched whole."""

from __future__ import annotations

import json
from typing import TypeAlias

import pytest
from confluent_kafka.schema_registry import Schema as TheirSchema
from confluent_kafka.schema_registry import SchemaReference as TheirReference
from confluent_kafka.schema_registry import SchemaRegistryClient
from tests.registry.scripted import ScriptedServer, answer

from streamcontract.devstack.registry import Answer, RegistryServer, Request
from streamcontract.errors import ConfigurationError
from streamcontract.registry import SchemaReference, SchemaRegistry, errors
from streamcontract.schema import Schema, parse_schema

Fields: TypeAlias = "dict[str, str]"


def _record(name: str, fields: Fields, *references: Schema) -> Schema:
    listed = [{"name": field, "type": kind} for field, kind in fields.items()]
    return parse_schema({"type": "record", "name": name, "fields": listed}, references=references)


# A diamond: an order has a customer and a carrier, and both have an address.
ADDRESS = _record("shop.Address", {"city": "string"})
CUSTOMER = _record("shop.Customer", {"home": "shop.Address"}, ADDRESS)
CARRIER = _record("shop.Carrier", {"depot": "shop.Address"}, ADDRESS)
ORDER = _record("shop.Order", {"by": "shop.Customer", "via": "shop.Carrier"}, CUSTOMER, CARRIER)


def _writes(server: RegistryServer) -> list[str]:
    """Note what is registered from now on."""
    noted: list[str] = []

    def note(request: Request) -> Answer | None:
        if request.method != "GET" and request.target.endswith("/versions"):
            noted.append(request.target)
        return None

    server.before = note
    return noted


def test_references_are_registered_first_and_once(
    server: RegistryServer, registry: SchemaRegistry
) -> None:
    """Each type gets a subject of its full name, before what refers to it."""
    writes = _writes(server)
    found = registry.register_with_references("orders-value", ORDER)
    subjects = ["shop.Address", "shop.Customer", "shop.Carrier", "orders-value"]
    assert writes == [f"/subjects/{subject}/versions" for subject in subjects]
    assert found.references == (
        SchemaReference("shop.Customer", "shop.Customer", 1),
        SchemaReference("shop.Carrier", "shop.Carrier", 1),
    )
    assert registry.referenced_by("shop.Customer", 1) == [found.id]
    with pytest.raises(errors.ReferenceExistsError, match="referenced_by"):
        registry.delete_version("shop.Address", 1)


def test_a_producer_and_the_command_register_alike(
    server: RegistryServer, registry: SchemaRegistry
) -> None:
    """Asking for an id registers the same schemas, in the same order, under the same ids."""
    writes = _writes(server)
    found = registry.id_of("orders-value", ORDER)
    assert registry.register_with_references("orders-value", ORDER).id == found
    subjects = ["shop.Address", "shop.Customer", "shop.Carrier", "orders-value"]
    assert writes == [f"/subjects/{subject}/versions" for subject in subjects]
    with SchemaRegistry(server.url) as reader:
        assert reader.id_of("orders-value", ORDER, auto_register=False) == found


@pytest.mark.searching
@pytest.mark.parametrize("auto_register", [True, False])
def test_each_shared_reference_is_asked_for_once(
    server: RegistryServer, registry: SchemaRegistry, *, auto_register: bool
) -> None:
    """However many ways lead to it: of ten diamonds on each other, 2**10 lead to the lowest."""
    schema = ADDRESS
    for level in range(10):
        sides = [_record(f"d.{side}{level}", {"x": schema.name or ""}, schema) for side in "LR"]
        fields = {side.name[-2:]: side.name for side in sides if side.name}
        schema = _record(f"d.Top{level}", fields, *sides)
    registry.register_with_references("orders-value", schema)
    asked: list[str] = []

    def note(request: Request) -> Answer | None:
        asked.append(request.target)
        return None

    server.before = note
    with SchemaRegistry(server.url) as fresh:
        fresh.id_of("orders-value", schema, auto_register=auto_register)
    assert asked.count("/subjects/shop.Address") == 1


@pytest.mark.parametrize("auto_register", [True, False])
def test_a_reference_without_a_name_has_no_subject(
    registry: SchemaRegistry, *, auto_register: bool
) -> None:
    """The error says what to do about it, and nothing is asked of the registry."""
    addresses = parse_schema({"type": "array", "items": json.loads(ADDRESS.json)})
    order = _record("shop.Order", {"to": "shop.Address"}, addresses)
    with pytest.raises(ConfigurationError, match="into a file of its own"):
        registry.id_of("orders-value", order, auto_register=auto_register)


def test_registering_again_changes_nothing(
    server: RegistryServer, registry: SchemaRegistry
) -> None:
    """A second call only looks up, and finds the same."""
    first = registry.register_with_references("orders-value", ORDER)
    writes = _writes(server)
    assert registry.register_with_references("orders-value", ORDER) == first
    assert writes == []


def test_a_schema_comes_back_with_its_references(
    server: RegistryServer, registry: SchemaRegistry
) -> None:
    """By id and by version, a client that knows nothing gets the whole schema."""
    found = registry.register_with_references("orders-value", ORDER)
    with SchemaRegistry(server.url) as fresh:
        whole = fresh.schema_by_id(found.id)
        assert whole.canonical_form == ORDER.canonical_form
        assert set(whole.named_types) == set(ORDER.named_types)
        assert fresh.version("orders-value").schema is whole


def test_references_are_those_of_confluents_client(
    server: RegistryServer, registry: SchemaRegistry
) -> None:
    """What confluent-kafka's client registers with references is the same to us, and back."""
    with SchemaRegistryClient({"url": server.url}) as theirs:
        theirs.register_schema("shop.Address", TheirSchema(ADDRESS.json, "AVRO"))
        reference = TheirReference("shop.Address", "shop.Address", 1)
        their_id = theirs.register_schema("c", TheirSchema(CUSTOMER.json, "AVRO", [reference]))
    found = registry.register_with_references("c", CUSTOMER)
    assert found.id == their_id
    assert registry.schema_by_id(their_id).canonical_form == CUSTOMER.canonical_form


def test_messages_outlive_soft_deleted_references(
    server: RegistryServer, registry: SchemaRegistry
) -> None:
    """An id is still read after its subject and those it refers to are soft-deleted."""
    found = registry.register_with_references("c", CUSTOMER)
    registry.delete_subject("c")
    registry.delete_subject("shop.Address")
    with SchemaRegistry(server.url) as fresh:
        assert fresh.schema_by_id(found.id).canonical_form == CUSTOMER.canonical_form


def test_without_references_a_schema_is_sent_whole(registry: SchemaRegistry) -> None:
    """Plain registering sends the types of the references written out."""
    found = registry.schema_by_id(registry.register("o", ORDER))
    assert found.references == ()
    assert found.canonical_form == ORDER.canonical_form
    assert registry.test_compatibility("o", ORDER)


def test_a_rewritten_schema_is_the_same_schema(scripted: ScriptedServer) -> None:
    """A registry that re-orders and splits names, as Redpanda does, has what was registered."""
    rewritten = {
        "fields": [{"type": "string", "name": "city"}],
        "namespace": "shop",
        "name": "Address",
        "type": "record",
    }
    stored = {"subject": "a", "version": 1, "id": 3, "schema": json.dumps(rewritten)}
    scripted.then(answer(200, stored))
    with SchemaRegistry(scripted.url) as registry:
        assert registry.register_with_references("a", ADDRESS).id == 3


def test_another_schema_is_not(scripted: ScriptedServer) -> None:
    """A registry that answers a look-up with another schema is not believed."""
    stored = {"subject": "a", "version": 1, "id": 3, "schema": '"int"'}
    scripted.then(answer(200, stored))
    with (
        SchemaRegistry(scripted.url) as registry,
        pytest.raises(errors.StoredSchemaError, match=r"version 1 of a .* canonical form"),
    ):
        registry.register_with_references("a", ADDRESS)


def test_references_in_a_circle_are_an_error(scripted: ScriptedServer) -> None:
    """References that lead back are refused instead of followed for ever."""

    def stored(schema_id: int, refers_to: str) -> dict[str, object]:
        reference = {"name": refers_to, "subject": refers_to, "version": 1}
        return {
            "subject": "s",
            "version": 1,
            "id": schema_id,
            "schema": ORDER.json,
            "references": [reference],
        }

    scripted.then(answer(200, stored(1, "b")), answer(200, stored(2, "c")))
    scripted.then(answer(200, stored(3, "b")))
    with (
        SchemaRegistry(scripted.url) as registry,
        pytest.raises(errors.StoredSchemaError, match="lead back to b"),
    ):
        registry.schema_by_id(1)
