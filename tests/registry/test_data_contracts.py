"""What a registry keeps beside a schema, and how the client sends and keeps it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.registry.scripted import ScriptedServer, answer, refusal

from streamcontract import SchemaRegistry, parse_schema
from streamcontract.devstack.registry import RegistryServer
from streamcontract.registry import errors
from streamcontract.registry.body import BodyError
from streamcontract.registry.data_contracts import Metadata, Rule, RuleSet
from streamcontract.registry.references import register_in_order

if TYPE_CHECKING:
    from collections.abc import Iterator

INT, LONG, TEXT = (parse_schema(name) for name in ("int", "long", "string"))
OWNER = Metadata(properties={"owner": "orders team"})
POSITIVE = Rule(
    name="positive",
    kind="CONDITION",
    mode="WRITE",
    type="CEL",
    expr="message.n > 0",
    on_failure="ERROR",
)
RULES = RuleSet(domain_rules=(POSITIVE,))

words = st.text(max_size=5)
metadata = st.builds(
    Metadata,
    properties=st.dictionaries(words, words, max_size=3),
    tags=st.dictionaries(words, st.lists(words, max_size=2).map(tuple), max_size=2),
    sensitive=st.lists(words, max_size=2).map(tuple),
)
rules = st.lists(
    st.builds(
        Rule,
        name=words,
        kind=words,
        mode=words,
        type=words,
        doc=words,
        tags=st.lists(words, max_size=2).map(tuple),
        params=st.dictionaries(words, words, max_size=2),
        expr=words,
        on_success=words,
        on_failure=words,
        disabled=st.booleans(),
    ),
    max_size=2,
).map(tuple)
rule_sets = st.builds(
    RuleSet, migration_rules=rules, domain_rules=rules, encoding_rules=rules, enable_at=words
)


@pytest.fixture(scope="module")
def confluent() -> Iterator[SchemaRegistry]:
    """A client of a registry like Confluent's."""
    with RegistryServer(confluent=True) as server, SchemaRegistry(server.url) as client:
        yield client


@given(metadata)
def test_metadata_survive_json(kept: Metadata) -> None:
    """What is empty is left out and comes back empty."""
    assert Metadata.from_json(json.loads(json.dumps(kept.to_json()))) == kept


@given(rule_sets)
def test_rules_survive_json(kept: RuleSet) -> None:
    """Each under its name, in its order and among its kind."""
    assert RuleSet.from_json(json.loads(json.dumps(kept.to_json()))) == kept
    assert kept.rules == (*kept.migration_rules, *kept.domain_rules, *kept.encoding_rules)


def test_null_is_none_and_unknown_keys_are_passed_over() -> None:
    """Registries add keys from release to release, and send null for what is not there."""
    assert Metadata.from_json(None) is None
    assert RuleSet.from_json(None) is None
    assert Metadata.from_json({"properties": None, "more": 1}) == Metadata()
    rule = {"name": "n", "doc": None, "tags": None, "disabled": None, "more": 1}
    assert RuleSet.from_json({"domainRules": [rule], "migrationRules": None}) == RuleSet(
        domain_rules=(Rule(name="n"),)
    )


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ([], "ruleSet"),
        ({"domainRules": {}}, "ruleSet.domainRules"),
        ({"domainRules": [{}]}, r"ruleSet.domainRules\[0\].name"),
        ({"domainRules": [{"name": "n", "params": {"p": []}}]}, r"domainRules\[0\].params.p"),
        ({"encodingRules": [{"name": "n", "disabled": 1}]}, r"encodingRules\[0\].disabled"),
    ],
)
def test_a_fault_is_named_by_its_place(value: object, path: str) -> None:
    """So that whoever wrote it finds it."""
    with pytest.raises(BodyError, match=path):
        RuleSet.from_json(value)


def test_metadata_are_sent_and_kept(registry: SchemaRegistry) -> None:
    """As far as Redpanda keeps them: properties, with each answer about the version."""
    registry.register("s", INT, metadata=OWNER)
    registry.register("s", LONG)
    for found in (registry.version("s", 1), registry.version("s"), registry.lookup("s", LONG)):
        assert found.metadata == OWNER
        assert (found.rule_set, found.guid) == (None, None)
    assert registry.lookup("s", INT, metadata=OWNER).version == 1
    with pytest.raises(errors.SchemaNotFoundError):
        registry.lookup("s", INT, metadata=Metadata(properties={"owner": "nobody"}))
    with pytest.raises(errors.InvalidSchemaError, match="tags"):
        registry.register("s", INT, metadata=Metadata(tags={"n": ("PII",)}))
    with pytest.raises(errors.InvalidSchemaError, match="ruleSet"):
        registry.register("s", INT, rule_set=RULES)


def test_rules_and_guid_are_kept(confluent: SchemaRegistry) -> None:
    """From a registry that has them."""
    whole = Metadata(properties={"owner": "us"}, tags={"n": ("PII",)}, sensitive=("owner",))
    confluent.register("rules", INT, metadata=whole, rule_set=RULES)
    found = confluent.version("rules")
    assert (found.metadata, found.rule_set) == (whole, RULES)
    assert found.guid is not None
    assert confluent.lookup("rules", INT, rule_set=RULES) == found
    assert confluent.test_compatibility("rules", LONG, rule_set=RULES)


def test_soft_deletion_is_kept(registry: SchemaRegistry) -> None:
    """Where the registry says it."""
    registry.register("s", INT)
    assert registry.version("s").deleted is False
    assert registry.lookup("s", INT).deleted is None
    registry.delete_subject("s")
    assert registry.version("s", 1, deleted=True).deleted is True


def test_a_timestamp_is_kept(scripted: ScriptedServer) -> None:
    """Confluent's registry says when a version was registered."""
    body = {"subject": "s", "version": 1, "id": 1, "schema": '"int"', "ts": 1764400000000}
    scripted.then(answer(200, body))
    with SchemaRegistry(scripted.url) as client:
        assert client.version("s").timestamp == 1764400000000


def test_ids_and_versions_are_imported(registry: SchemaRegistry) -> None:
    """In mode IMPORT; elsewhere the next version alone may be named."""
    with pytest.raises(errors.OperationNotPermittedError, match="not in import mode"):
        registry.register("s", INT, id=7)
    with pytest.raises(errors.InvalidSchemaError, match="not one more"):
        registry.register("s", INT, version=3)
    registry.set_mode("IMPORT", "s")
    assert registry.register("s", INT, id=7, version=3) == 7
    assert registry.register("s", TEXT, id=8) == 8
    assert registry.versions("s") == [3, 4]
    assert registry.delete_mode("s") == "IMPORT"
    assert registry.mode("s", default_to_global=True) == "READWRITE"


def test_levels_and_modes_are_deleted(registry: SchemaRegistry, confluent: SchemaRegistry) -> None:
    """What is above them holds again; the global ones only Confluent's registry deletes."""
    for client in (registry, confluent):
        client.set_compatibility("FULL", "levels")
        assert client.delete_config("levels") == "FULL"
        with pytest.raises(errors.CompatibilityLevelNotSetError):
            client.compatibility("levels")
        with pytest.raises(errors.SubjectNotFoundError):
            client.delete_mode("levels")
    for delete in (registry.delete_config, registry.delete_mode):
        with pytest.raises(errors.NotFoundError, match="Not found"):
            delete()
    confluent.set_compatibility("NONE")
    assert confluent.delete_config() == "NONE"
    assert confluent.delete_mode() == "READWRITE"


def test_every_key_of_a_configuration_is_kept(
    registry: SchemaRegistry, confluent: SchemaRegistry
) -> None:
    """The level apart, the others by their names."""
    confluent.set_config({"normalize": True, "compatibilityGroup": "major"}, "keys")
    found = confluent.config("keys", default_to_global=True)
    assert found.compatibility == "BACKWARD"
    assert found.values == {"normalize": True, "compatibilityGroup": "major"}
    confluent.set_config({"compatibility": "FULL"}, "keys")
    assert confluent.config("keys").compatibility == "FULL"
    registry.set_config({"compatibility": "NONE"})
    assert registry.config().values == {}
    with pytest.raises(errors.InvalidSchemaError, match="normalize"):
        registry.set_config({"normalize": True}, "s")


def test_a_level_of_an_unknown_subject_is_the_global_one(registry: SchemaRegistry) -> None:
    """Though Redpanda knows none, for a subject of a context that of the context."""
    registry.set_compatibility("FULL")
    registry.set_compatibility("NONE", ":.c:")
    assert registry.compatibility("new", default_to_global=True) == "FULL"
    assert registry.compatibility(":.c:new", default_to_global=True) == "NONE"
    assert registry.compatibility(":.other:new", default_to_global=True) == "BACKWARD"
    with pytest.raises(errors.CompatibilityLevelNotSetError):
        registry.compatibility("new")


def test_a_check_against_all_versions(registry: SchemaRegistry, confluent: SchemaRegistry) -> None:
    """As many as the level asks for, where the registry has the call."""
    confluent.set_compatibility("NONE", "all")
    confluent.register("all", TEXT)
    confluent.register("all", INT)
    confluent.set_compatibility("BACKWARD_TRANSITIVE", "all")
    assert not confluent.test_compatibility("all", LONG, version=None)
    assert confluent.test_compatibility("all", LONG, version=2).is_compatible is False
    confluent.set_compatibility("BACKWARD", "all")
    assert confluent.test_compatibility("all", LONG, version=None)
    with pytest.raises(errors.NotFoundError):
        registry.test_compatibility("all", LONG, version=None)


def test_a_look_up_of_an_invalid_schema_is_no_failure_of_the_registry(
    scripted: ScriptedServer, pauses: list[float]
) -> None:
    """Redpanda answers 500 to it: it is not asked again, and says what is to be done."""
    scripted.then(refusal(500, 500, "Error while looking up schema under subject s"))
    with (
        SchemaRegistry(scripted.url) as client,
        pytest.raises(errors.InvalidSchemaError, match=r"is invalid there .*Correct the schema"),
    ):
        client.lookup("s", INT)
    assert pauses == []


@pytest.mark.parametrize(
    "why",
    [
        answer(200, {"is_compatible": False, "messages": ["unknown type nope"]}),
        refusal(422, 422, "unknown type nope"),
    ],
    ids=["verdict", "refusal"],
)
@pytest.mark.parametrize("dry_run", [True, False])
def test_registering_an_invalid_schema_says_why(
    scripted: ScriptedServer, pauses: list[float], why: object, dry_run: bool
) -> None:
    """The look-up before it does not; a compatibility check does."""
    scripted.then(
        refusal(500, 500, "Error while looking up schema under subject s"),
        why,  # type: ignore[arg-type] # an act
    )
    with (
        SchemaRegistry(scripted.url) as client,
        pytest.raises(errors.InvalidSchemaError, match="subjects/s: unknown type nope"),
    ):
        register_in_order(client, "s", INT, dry_run=dry_run)
    assert pauses == []


def test_registering_an_invalid_schema_whose_reason_is_not_to_be_had(
    scripted: ScriptedServer,
) -> None:
    """The look-up's own answer then."""
    scripted.then(
        refusal(500, 500, "Error while looking up schema under subject s"),
        refusal(403, 40301),
    )
    with (
        SchemaRegistry(scripted.url) as client,
        pytest.raises(errors.InvalidSchemaError, match="is invalid there"),
    ):
        register_in_order(client, "s", INT, dry_run=True)
