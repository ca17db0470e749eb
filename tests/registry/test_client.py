"""The client against the embedded registry, with confluent-kafka's own client as witness."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka.schema_registry import Schema as TheirSchema
from confluent_kafka.schema_registry import SchemaRegistryClient
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.registry.scripted import ScriptedServer, answer
from tests.searching import examples

from streamcontract import Codec
from streamcontract.devstack.registry import RegistryServer
from streamcontract.errors import ConfigurationError
from streamcontract.registry import (
    CompatibilityResult,
    SchemaRegistry,
    SubjectVersion,
    errors,
)
from streamcontract.schema import Schema, parse_schema
from streamcontract.testing.strategies import schemas

POINT = parse_schema(
    {"type": "record", "name": "io.example.Point", "fields": [{"name": "x", "type": "int"}]}
)
WIDER = parse_schema(
    {
        "type": "record",
        "name": "io.example.Point",
        "fields": [{"name": "x", "type": "int"}, {"name": "y", "type": "int", "default": 0}],
    }
)
OTHER = parse_schema(
    {"type": "record", "name": "io.example.Point", "fields": [{"name": "z", "type": "string"}]}
)


@pytest.fixture(scope="module")
def shared() -> Iterator[SchemaRegistry]:
    """A client of a registry that many examples share."""
    with RegistryServer() as server, SchemaRegistry(server.url) as client:
        yield client


@pytest.fixture(scope="module")
def witness(shared: SchemaRegistry) -> Iterator[SchemaRegistryClient]:
    """confluent-kafka's client of the shared registry."""
    with SchemaRegistryClient({"url": shared.urls[0]}) as client:
        yield client


@pytest.fixture
def theirs(server: RegistryServer) -> Iterator[SchemaRegistryClient]:
    """confluent-kafka's client of the test's own registry."""
    with SchemaRegistryClient({"url": server.url}) as client:
        yield client


# Redpanda takes no control characters in a subject; dots alone are no segment of a URL.
subject_names = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("/.%?#&=+: ~\\"), min_size=1
).filter(lambda name: name not in {".", ".."})


@settings(max_examples=examples(60), deadline=None)
@given(subject=subject_names)
def test_any_subject_name_comes_through(
    shared: SchemaRegistry, witness: SchemaRegistryClient, subject: str
) -> None:
    """Slashes, dots, per cent signs and any script arrive as they are, and nowhere else."""
    shared.register(subject, POINT)
    assert shared.subjects() == [subject] == witness.get_subjects()
    assert shared.subjects(prefix=subject) == [subject]
    assert shared.version(subject).subject == subject == witness.get_latest_version(subject).subject
    assert shared.delete_subject(subject) == [1]
    assert shared.delete_subject(subject, permanent=True) == [1]


@pytest.mark.parametrize("subject", ["", ".", "..", "\ud800"])
def test_a_subject_that_no_url_carries_is_refused(shared: SchemaRegistry, subject: str) -> None:
    """Deleting subject ".." must not become DELETE of the path above."""
    with pytest.raises(errors.InvalidSubjectError, match="choose another name"):
        shared.delete_subject(subject)


@settings(max_examples=examples(40), deadline=None)
@given(schema=schemas())
def test_any_schema_comes_back(shared: SchemaRegistry, schema: Schema) -> None:
    """What is registered is found by id, by version and by look-up, by another client too."""
    subject = uuid.uuid4().hex
    schema_id = shared.register(subject, schema)
    with SchemaRegistry(shared.urls) as fresh:
        assert fresh.schema_by_id(schema_id).canonical_form == schema.canonical_form
        assert fresh.lookup(subject, schema).id == schema_id
        assert fresh.version(subject, 1).schema.canonical_form == schema.canonical_form


def test_registering_is_seen_by_confluents_client(
    registry: SchemaRegistry, theirs: SchemaRegistryClient
) -> None:
    """Ids, versions and subjects are the same for both clients, whoever registers."""
    first = registry.register("points", POINT)
    second = theirs.register_schema("points", TheirSchema(WIDER.json, "AVRO"))
    assert registry.register("points", POINT) == first
    assert registry.versions("points") == [1, 2] == theirs.get_versions("points")
    assert theirs.get_schema(first).schema_str == POINT.json
    assert registry.schema_by_id(second) == WIDER
    found, their_version = registry.lookup("points", WIDER), theirs.get_latest_version("points")
    assert (found.subject, found.version, found.id) == ("points", 2, second)
    assert (their_version.version, their_version.schema_id) == (2, second)
    assert registry.version("points") == found == registry.version("points", 2)
    assert registry.versions_of_id(first) == [SubjectVersion("points", 1)]
    assert registry.subjects_of_id(first) == ["points"]
    assert registry.schema_types() == ["JSON", "PROTOBUF", "AVRO"]


def test_deletes_are_soft_then_permanent(
    registry: SchemaRegistry, theirs: SchemaRegistryClient
) -> None:
    """Soft-deleted versions and subjects are listed when asked for; permanent ones are gone."""
    schema_id = registry.register("s", POINT)
    registry.register("s", WIDER)
    with pytest.raises(errors.VersionNotSoftDeletedError):
        registry.delete_version("s", 1, permanent=True)
    assert registry.delete_version("s", 1) == 1
    with pytest.raises(errors.VersionSoftDeletedError):
        registry.delete_version("s", 1)
    assert registry.versions("s") == [2] == theirs.get_versions("s")
    assert registry.versions("s", deleted=True) == [1, 2]
    with pytest.raises(errors.SchemaNotFoundError):
        registry.lookup("s", POINT)
    assert registry.lookup("s", POINT, deleted=True).version == 1
    assert registry.version("s", 1, deleted=True).schema == POINT
    with pytest.raises(errors.SubjectNotSoftDeletedError):
        registry.delete_subject("s", permanent=True)
    assert registry.delete_subject("s") == [2]
    with pytest.raises(errors.SubjectSoftDeletedError):
        registry.delete_subject("s")
    assert registry.subjects() == [] == theirs.get_subjects()
    assert registry.subjects(deleted=True) == ["s"]
    assert registry.schema_by_id(schema_id) == POINT
    assert registry.subjects_of_id(schema_id, deleted=True) == ["s"]
    assert registry.delete_subject("s", permanent=True) == [1, 2]
    assert registry.subjects(deleted=True) == []
    with pytest.raises(errors.SubjectNotFoundError):
        registry.versions("s", deleted=True)


def test_levels_are_set_globally_and_for_a_subject(
    registry: SchemaRegistry, theirs: SchemaRegistryClient
) -> None:
    """A subject without a level says so, or gives the global one when asked to."""
    registry.register("s", POINT)
    assert registry.compatibility() == "BACKWARD"
    with pytest.raises(errors.CompatibilityLevelNotSetError, match="default_to_global"):
        registry.compatibility("s")
    registry.set_compatibility("FORWARD")
    assert registry.compatibility("s", default_to_global=True) == "FORWARD"
    registry.set_compatibility("NONE", "s")
    assert registry.compatibility("s") == "NONE" == theirs.get_compatibility("s")
    with pytest.raises(errors.InvalidCompatibilityLevelError):
        registry.set_compatibility("backward")


def test_modes_are_set_globally_and_for_a_subject(registry: SchemaRegistry) -> None:
    """A read-only subject takes nothing, and says which mode forbids it."""
    assert registry.mode() == "READWRITE"
    with pytest.raises(errors.ModeNotSetError):
        registry.mode("s")
    assert registry.mode("s", default_to_global=True) == "READWRITE"
    registry.set_mode("READONLY", "s")
    assert registry.mode("s") == "READONLY"
    with pytest.raises(errors.OperationNotPermittedError):
        registry.register("s", POINT)
    registry.set_mode("IMPORT", force=True)
    assert registry.mode() == "IMPORT"
    with pytest.raises(errors.InvalidModeError):
        registry.set_mode("OPEN")


def test_compatibility_is_tested_with_its_messages(registry: SchemaRegistry) -> None:
    """A verdict has the registry's reasons; registering gives the same ones as an error."""
    with pytest.raises(errors.SubjectNotFoundError):
        registry.test_compatibility("s", POINT)
    registry.register("s", POINT)
    assert registry.test_compatibility("s", WIDER) == CompatibilityResult(is_compatible=True)
    result = registry.test_compatibility("s", OTHER, version=1)
    assert not result
    assert "READER_FIELD_MISSING_DEFAULT_VALUE" in result.messages[0]
    with pytest.raises(errors.IncompatibleSchemaError) as caught:
        registry.register("s", OTHER)
    assert caught.value.messages == result.messages
    with pytest.raises(errors.VersionNotFoundError):
        registry.test_compatibility("s", POINT, version=7)
    with pytest.raises(errors.InvalidVersionError):
        registry.version("s", "newest")


def test_parameters_are_sent_as_the_protocol_names_them(scripted: ScriptedServer) -> None:
    """Switches that are off are not sent, as a registry may not know them."""
    stored = {"subject": "s", "version": 1, "id": 1, "schema": POINT.json, "more": 1}
    scripted.then(answer(200, {"id": 1}), answer(200, {"id": 1}), answer(200, stored))
    scripted.then(answer(200, [5]), answer(200, {"is_compatible": True}), answer(200, ["s", "t"]))
    with SchemaRegistry(f"{scripted.url}/base/") as registry:
        registry.register("s", POINT)
        registry.register("s", POINT, normalize=True)
        assert registry.lookup("s", POINT, normalize=True, deleted=True).id == 1
        assert registry.referenced_by("s", 1) == [5]
        assert registry.test_compatibility("s", POINT)
        assert registry.subjects(prefix="s", deleted=True) == ["s"]
    assert scripted.calls == [
        "POST /base/subjects/s/versions",
        "POST /base/subjects/s/versions?normalize=true",
        "POST /base/subjects/s?normalize=true&deleted=true",
        "GET /base/subjects/s/versions/1/referencedby",
        "POST /base/compatibility/subjects/s/versions/latest?verbose=true",
        "GET /base/subjects?deleted=true&subjectPrefix=s",
    ]
    assert scripted.received[0].headers["content-type"] == "application/vnd.schemaregistry.v1+json"


def test_a_schema_that_is_not_avro_is_refused(scripted: ScriptedServer) -> None:
    """A Protobuf schema under the id of a message is an error that says so."""
    scripted.then(answer(200, {"schema": 'syntax = "proto3";', "schemaType": "PROTOBUF"}))
    with (
        SchemaRegistry(scripted.url) as registry,
        pytest.raises(errors.StoredSchemaError, match=r"schema id 7 .* PROTOBUF"),
    ):
        registry.schema_by_id(7)


def test_a_stored_schema_that_is_no_schema_is_refused(scripted: ScriptedServer) -> None:
    """What does not parse is named by its id."""
    scripted.then(answer(200, {"schema": '{"type": "recrod"}'}))
    with (
        SchemaRegistry(scripted.url) as registry,
        pytest.raises(errors.StoredSchemaError, match=r"schema id 7 .* not a valid Avro schema"),
    ):
        registry.schema_by_id(7)


def test_a_stored_schema_with_a_bad_default_still_reads(scripted: ScriptedServer) -> None:
    """Registries let such schemas in; what was written with them is read without the default."""
    text = (
        '{"type": "record", "name": "R", "fields": [{"name": "n", "type": "int", "default": "0"}]}'
    )
    scripted.then(answer(200, {"schema": text}))
    with SchemaRegistry(scripted.url) as registry:
        schema = registry.schema_by_id(7)
    codec: Codec[Any] = Codec(schema)
    assert codec.decode(b"\x02") == {"n": 1}


def test_ids_of_a_context_are_not_taken_for_others(scripted: ScriptedServer) -> None:
    """Each of Confluent's contexts counts its ids from 1."""
    in_context = {"subject": ":.staging:a", "version": 1, "id": 1, "schema": '"long"'}
    scripted.then(
        answer(200, in_context), answer(200, {"schema": '"int"'}), answer(200, in_context)
    )
    with SchemaRegistry(scripted.url) as registry:
        assert registry.version(":.staging:a").schema == parse_schema("long")
        assert registry.schema_by_id(1) == parse_schema("int")
        assert registry.version(":.staging:a").schema == parse_schema("long")


@pytest.mark.parametrize("version", ["", ".", ".."])
def test_a_version_that_leads_elsewhere_is_refused(scripted: ScriptedServer, version: str) -> None:
    """To delete version ``..`` would be to delete the subject."""
    with (
        SchemaRegistry(scripted.url) as registry,
        pytest.raises(ConfigurationError, match=r"a number or 'latest'"),
    ):
        registry.delete_version("a", version)
    assert scripted.calls == []


def test_the_environment_names_the_registry(
    server: RegistryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a URL the environment's is taken, and without that the local default."""
    monkeypatch.setenv("STREAMCONTRACT_REGISTRY_URL", server.url)
    with SchemaRegistry() as registry:
        assert registry.subjects() == []
    monkeypatch.delenv("STREAMCONTRACT_REGISTRY_URL")
    with SchemaRegistry() as registry:
        assert registry.urls == ("http://localhost:18081",)


def test_the_http_library_is_loaded_with_the_first_client() -> None:
    """It takes longer to load than the rest, so importing a generated producer goes without."""
    program = (
        "import sys; from streamcontract import StockProducer, SchemaRegistry; "
        "late = {'requests', 'urllib3', 'streamcontract.project'}; "
        "print(sorted(late & sys.modules.keys())); "
        "SchemaRegistry(); print('requests' in sys.modules)"
    )
    done = subprocess.run(  # noqa: S603 - this very program
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n") == ["[]", "True", ""]
