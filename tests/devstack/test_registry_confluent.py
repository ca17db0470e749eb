"""Confluent's own client drives the embedded registry by every call that Redpanda's API has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka.schema_registry import (
    ConfigCompatibilityLevel,
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    ServerConfig,
)
from confluent_kafka.schema_registry.error import SchemaRegistryError
from tests.devstack.registry_http import record

from streamcontract.devstack.registry import RegistryServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def client() -> Iterator[Any]:
    """Confluent's client of a registry of its own."""
    with RegistryServer() as server, SchemaRegistryClient({"url": server.url}) as client:
        yield client


BACKWARD = ConfigCompatibilityLevel.BACKWARD


def avro(schema: object, *references: SchemaReference) -> Any:
    """A schema as Confluent's client has it."""
    return Schema(json.dumps(schema), "AVRO", list(references))


def test_schemas_and_versions(client: Any) -> None:
    """Registering, looking up and listing, with the client's own caches and parameters."""
    first, second = avro(record("a")), avro(record("a", b=0))
    assert client.register_schema("s", first) == 1
    assert client.register_schema("s", second, normalize_schemas=True) == 2
    assert client.register_schema("t", second) == 2
    client.clear_caches()
    assert client.get_schema(2).schema_str == second.schema_str
    assert client.get_schema(2, subject_name="s").schema_type == "AVRO"
    found = client.lookup_schema("s", second)
    assert (found.subject, found.version, found.schema_id) == ("s", 2, 2)
    assert client.get_latest_version("s").version == 2
    assert client.get_version("s", 1).schema.schema_str == first.schema_str
    assert client.get_versions("s") == [1, 2]
    assert client.get_subjects() == ["s", "t"]
    assert client.get_subjects(subject_prefix="t") == ["t"]
    assert client.get_subjects_by_schema_id(2) == ["s", "t"]
    assert [(v.subject, v.version) for v in client.get_schema_versions(2)] == [("s", 2), ("t", 1)]
    assert client.get_schema_types() == ["JSON", "PROTOBUF", "AVRO"]


def test_references(client: Any) -> None:
    """A schema with a reference comes back with it, and is found by what it refers to."""
    client.register_schema("base", avro(record(name="Base")))
    user = avro({"type": "array", "items": "Base"}, SchemaReference("Base", "base", 1))
    assert client.register_schema("user", user) == 2
    client.clear_caches()
    (reference,) = client.get_latest_version("user").schema.references
    assert (reference.name, reference.subject, reference.version) == ("Base", "base", 1)
    assert client.get_referenced_by("base", 1) == [2]
    with pytest.raises(SchemaRegistryError) as refused:
        client.delete_subject("base")
    assert refused.value.error_code == 42206


def test_deletion(client: Any) -> None:
    """Soft and permanent, of a version and of a subject."""
    client.register_schema("s", avro(record("a")))
    client.register_schema("s", avro(record("a", b=0)))
    assert client.delete_version("s", 1) == 1
    assert client.delete_version("s", 1, permanent=True) == 1
    assert client.delete_subject("s") == [2]
    assert client.get_subjects(deleted=True) == ["s"]
    assert client.get_versions("s", deleted=True) == [2]
    assert client.lookup_schema("s", avro(record("a", b=0)), deleted=True).version == 2
    assert client.delete_subject("s", permanent=True) == [2]
    assert client.get_subjects(deleted=True) == []


def test_compatibility(client: Any) -> None:
    """Levels, globally and of a subject, and what follows for a candidate."""
    client.register_schema("s", avro("int"))
    assert client.get_compatibility() == "BACKWARD"
    assert client.test_compatibility("s", avro("long")) is True
    assert client.test_compatibility("s", avro("string"), version=1, verbose=True) is False
    with pytest.raises(SchemaRegistryError) as refused:
        client.register_schema("s", avro("string"))
    assert (refused.value.http_status_code, refused.value.error_code) == (409, 409)
    assert client.set_compatibility(level="full") == {"compatibility": "FULL"}
    assert client.set_compatibility("s", "none") == {"compatibility": "NONE"}
    assert client.get_compatibility("s") == "NONE"
    config = ServerConfig(compatibility=BACKWARD)
    assert client.set_config("s", config) == {"compatibility": "BACKWARD"}
    assert client.get_config("s").compatibility_level == "BACKWARD"
    assert client.delete_config("s").compatibility_level == "BACKWARD"
    assert client.get_config().compatibility_level == "FULL"


def test_modes(client: Any) -> None:
    """Modes, globally and of a subject."""
    assert client.get_global_mode() == "READWRITE"
    assert client.update_mode("s", "READONLY") == "READONLY"
    assert client.get_mode("s") == "READONLY"
    with pytest.raises(SchemaRegistryError) as refused:
        client.register_schema("s", avro("int"))
    assert (refused.value.http_status_code, refused.value.error_code) == (422, 42205)
    assert client.delete_mode("s") == "READONLY"
    assert client.update_global_mode("IMPORT", force=True) == "IMPORT"


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("get_schema_by_guid", ("guid",)),
        ("get_latest_with_metadata", ("s", {"key": "value"})),
        ("test_compatibility_all_versions", ("s", avro("int"))),
        ("get_associations_by_resource_name", ("r", "namespace")),
        ("delete_associations", ("r",)),
        ("delete_config", ()),
    ],
)
def test_what_redpanda_lacks(client: Any, call: str, arguments: tuple[object, ...]) -> None:
    """Calls for endpoints that only Confluent has fail with 404, as they do against Redpanda."""
    with pytest.raises(SchemaRegistryError) as refused:
        getattr(client, call)(*arguments)
    assert refused.value.http_status_code == 404
