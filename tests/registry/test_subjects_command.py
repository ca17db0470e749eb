"""``streamcontract subjects``: what a registry holds, in words and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from tests.registry.test_data_contracts import metadata, rule_sets

from streamcontract.cli import main
from streamcontract.devstack.registry import Answer, RegistryServer, Request
from streamcontract.registry import Metadata, Rule, RuleSet, SchemaReference, SchemaRegistry
from streamcontract.registry.description import SENSITIVE, describe_subject
from streamcontract.registry.protocol import VersionAnswer
from streamcontract.schema import parse_schema

INT, LONG = parse_schema("int"), parse_schema("long")
ADDRESS = parse_schema({"type": "record", "name": "shop.Address", "fields": []})
ENCRYPT = Rule(
    name="encryptEmail",
    kind="TRANSFORM",
    type="ENCRYPT",
    mode="WRITEREAD",
    tags=("PII",),
    params={"encrypt.kek.name": "orders"},
    on_failure="ERROR",
)
POSITIVE = Rule(name="positive", kind="CONDITION", type="CEL", mode="WRITE", expr="message.n > 0")

VERSION_KEYS = {
    "version",
    "id",
    "guid",
    "schemaType",
    "references",
    "metadata",
    "ruleSet",
    "deleted",
    "ts",
    "schema",
}


@pytest.fixture(scope="module")
def answering() -> Iterator[RegistryServer]:
    """A registry that answers what a test says, through ``before``."""
    with RegistryServer() as running:
        yield running


@pytest.fixture
def confluent() -> Iterator[RegistryServer]:
    """A registry like Confluent's, empty."""
    with RegistryServer(confluent=True) as running:
        yield running


def subjects(url: str, *arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["subjects", "--registry", url, *arguments])


def in_json(url: str, *arguments: str) -> Any:
    """What the command prints as JSON."""
    result = subjects(url, "--format", "json", *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def test_subjects_are_listed(server: RegistryServer, registry: SchemaRegistry) -> None:
    """One a line, those of other contexts too, soft-deleted ones when asked for."""
    for subject in ("orders-value", "old-value", ":.staging:orders-value"):
        registry.register(subject, INT)
    registry.delete_subject("old-value")
    assert subjects(server.url).stdout == ":.staging:orders-value\norders-value\n"
    assert subjects(server.url, "--deleted").stdout == (
        ":.staging:orders-value\nold-value (deleted)\norders-value\n"
    )
    assert in_json(server.url, "--deleted") == {
        "registry": [server.url],
        "subjects": [
            {"subject": ":.staging:orders-value", "context": ".staging", "deleted": False},
            {"subject": "old-value", "context": ".", "deleted": True},
            {"subject": "orders-value", "context": ".", "deleted": False},
        ],
    }


def test_an_empty_registry(server: RegistryServer) -> None:
    """A pipe gets nothing, and a person is told."""
    result = subjects(server.url)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "the registry has no subjects\n"
    assert in_json_with_note(server.url) == {"registry": [server.url], "subjects": []}


def in_json_with_note(url: str) -> Any:
    """The JSON of a registry without subjects, which is said on standard error."""
    return json.loads(subjects(url, "--format", "json").stdout)


def test_versions_of_redpanda(server: RegistryServer, registry: SchemaRegistry) -> None:
    """Ids, references and properties; level and mode with where they come from."""
    registry.register("shop.Address", ADDRESS)
    registry.set_compatibility("NONE", "orders-value")
    registry.register(
        "orders-value", INT, metadata=Metadata(properties={"owner": "us", "pin": "1"})
    )
    order = parse_schema(
        {
            "type": "record",
            "name": "shop.Order",
            "fields": [{"name": "to", "type": "shop.Address"}],
        },
        references=[ADDRESS],
    )
    reference = SchemaReference("shop.Address", "shop.Address", 1)
    registry.register("orders-value", order, references=[reference], metadata=Metadata())
    assert subjects(server.url, "orders-value").stdout.splitlines() == [
        "orders-value",
        "  compatibilityLevel: NONE",
        "  mode: READWRITE (inherited)",
        "version 1: id 2, AVRO",
        "  property owner: us",
        "  property pin: 1",
        "version 2: id 3, AVRO",
        "  reference shop.Address: version 1 of shop.Address",
    ]
    shown = in_json(server.url, "orders-value")
    assert shown["config"] == {
        "effective": {"compatibilityLevel": "NONE"},
        "own": {"compatibilityLevel": "NONE"},
    }
    assert shown["mode"] == {"effective": "READWRITE", "own": None}
    assert [each.keys() for each in shown["versions"]] == [VERSION_KEYS] * 2
    assert shown["versions"][1]["references"] == [reference.to_json()]
    assert json.loads(shown["versions"][1]["schema"])["name"] == "shop.Order"


def test_versions_of_confluent(confluent: RegistryServer) -> None:
    """GUID, tags, rules and every key of the configuration, in words and as JSON."""
    with SchemaRegistry(confluent.url) as registry:
        rules = RuleSet(domain_rules=(ENCRYPT, POSITIVE), enable_at="CLIENT")
        kept = Metadata(
            properties={"owner": "us", "pin": "1234"},
            tags={"Order.email": ("PII",)},
            sensitive=("pin",),
        )
        registry.register("orders-value", INT, metadata=kept, rule_set=rules)
        registry.set_config(
            {
                "compatibility": "FULL",
                "normalize": True,
                "alias": "sales-value",
                "compatibilityGroup": "major",
                "defaultMetadata": {"properties": {"team": "x", "pin": "9"}, "sensitive": ["pin"]},
                "overrideRuleSet": RuleSet(domain_rules=(POSITIVE,)).to_json(),
            },
            "orders-value",
        )
        registry.set_mode("READONLY", "orders-value")
        guid = registry.version("orders-value").guid
    result = subjects(confluent.url, "orders-value")
    assert result.stdout.splitlines() == [
        "orders-value",
        "  compatibilityLevel: FULL",
        "  normalize: true",
        "  alias: sales-value",
        "  compatibilityGroup: major",
        "  defaultMetadata: property team: x",
        f"  defaultMetadata: property pin: {SENSITIVE}",
        (
            "  overrideRuleSet: rule positive (CONDITION, type CEL, mode WRITE), "
            "expression message.n > 0"
        ),
        "  mode: READONLY",
        "version 1: id 1, AVRO",
        f"  guid: {guid}",
        "  property owner: us",
        f"  property pin: {SENSITIVE}",
        "  tags of Order.email: PII",
        (
            "  rule encryptEmail (TRANSFORM, type ENCRYPT, mode WRITEREAD), tags PII, "
            "encrypt.kek.name=orders, on failure ERROR"
        ),
        "  rule positive (CONDITION, type CEL, mode WRITE), expression message.n > 0",
        "  rules are enabled at CLIENT",
    ]
    shown = in_json(confluent.url, "orders-value")
    assert shown["versions"][0]["ruleSet"] == rules.to_json()
    assert shown["versions"][0]["metadata"] == {
        **kept.to_json(),
        "properties": {"owner": "us", "pin": SENSITIVE},
    }
    assert shown["config"]["own"]["defaultMetadata"]["properties"]["pin"] == SENSITIVE
    assert "1234" not in result.stdout


@pytest.mark.parametrize("is_confluent", [False, True])
def test_deleted_versions(*, is_confluent: bool) -> None:
    """They are shown when asked for, and so is a subject that is deleted as a whole."""
    with (
        RegistryServer(confluent=is_confluent) as server,
        SchemaRegistry(server.url) as registry,
    ):
        registry.register("orders-value", INT)
        registry.register("orders-value", LONG)
        registry.delete_version("orders-value", 1)
        versions = in_json(server.url, "orders-value")["versions"]
        assert [(each["version"], each["deleted"]) for each in versions] == [(2, False)]
        versions = in_json(server.url, "orders-value", "--deleted")["versions"]
        assert [(each["version"], each["deleted"]) for each in versions] == [(1, True), (2, False)]
        registry.delete_subject("orders-value")
        lines = subjects(server.url, "orders-value", "--deleted").stdout.splitlines()
        assert [line for line in lines if line.startswith("version")] == [
            "version 1: id 1, AVRO, deleted",
            "version 2: id 2, AVRO, deleted",
        ]
        result = subjects(server.url, "orders-value")
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == (
            f"Error: {server.url} has no subject 'orders-value': it is soft-deleted, and "
            f"--deleted shows it\n"
        )


def test_contexts(server: RegistryServer, registry: SchemaRegistry) -> None:
    """A subject of a context, by its name or by the URL; and the context as a whole."""
    registry.register(":.staging:orders-value", INT)
    registry.set_compatibility("FULL", ":.staging:")
    by_name = in_json(server.url, ":.staging:orders-value")
    by_url = in_json(f"{server.url}/contexts/.staging", "orders-value")
    assert (by_name["context"], by_url["context"]) == (".staging", ".staging")
    assert by_name["versions"] == by_url["versions"]
    assert by_name["config"] == {"effective": {"compatibilityLevel": "FULL"}, "own": None}
    for whole, url in (
        (":.staging:", server.url),
        (":.staging:", f"{server.url}/contexts/.staging"),
        (":.:", server.url),
    ):
        lines = subjects(url, whole).stdout.splitlines()
        level = "FULL" if "staging" in whole else "BACKWARD"
        assert lines[1] == f"  compatibilityLevel: {level}"
        assert not [line for line in lines if line.startswith("version")]


@pytest.mark.searching
def test_errors_are_one_line(server: RegistryServer, registry: SchemaRegistry) -> None:
    """With the subject that was meant, if one is near; whatever is in the name."""
    registry.register("orders-value", INT)
    for name, advice in (
        ("order-value", "did you mean 'orders-value'?"),
        ("\u202e", "`streamcontract subjects` lists them"),
    ):
        result = subjects(server.url, name)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.endswith(f": {advice}\n")
        assert is_harmless(result.stderr)
        assert result.stderr.count("\n") == 1
    unreachable = subjects("http://127.0.0.1:1", "orders-value")
    assert (unreachable.exit_code, unreachable.stderr.count("\n")) == (2, 1)


def is_harmless(output: str) -> bool:
    """Whether nothing in it but line breaks could steer a terminal."""
    return all(each.isprintable() or each == "\n" for each in output)


# What is in JSON: registries hold whatever their clients sent.
texts = st.text(max_size=5) | st.sampled_from(
    ["\x1b[2J", "\nversion 9: id 9", "\u202e", "\x9b", "\u2028"]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
configs = st.fixed_dictionaries(
    {"compatibilityLevel": texts},
    optional={
        "alias": texts,
        "normalize": st.booleans(),
        "defaultMetadata": metadata.map(Metadata.to_json) | anything,
        "overrideMetadata": metadata.map(Metadata.to_json) | anything,
        "defaultRuleSet": rule_sets.map(RuleSet.to_json) | anything,
        "compatibilityPolicy": anything,
    },
)
numbers = st.integers(1, 2**31 - 1)
versions = st.builds(
    VersionAnswer,
    subject=st.just("s"),
    version=numbers,
    id=numbers,
    schema=texts,
    schema_type=st.sampled_from(["AVRO", "JSON", "PROTOBUF"]) | texts.filter(bool),
    references=st.lists(st.builds(SchemaReference, texts, texts, numbers), max_size=2).map(tuple),
    metadata=st.none() | metadata,
    rule_set=st.none() | rule_sets,
    guid=st.none() | texts,
    deleted=st.none() | st.booleans(),
    timestamp=st.none() | st.integers(),
)


def answers(
    found: list[VersionAnswer], config: dict[str, object], mode: str
) -> Callable[[Request], Answer | None]:
    """A registry that has these versions of ``s`` and nothing else."""

    def answer(request: Request) -> Answer | None:
        path = unquote(urlsplit(request.target).path)
        if path == "/subjects/s/versions":
            return Answer.of([each.version for each in found])
        for each in found:
            if path == f"/subjects/s/versions/{each.version}":
                return Answer.of(each.to_json())
        return Answer.of(config if path.startswith("/config") else {"mode": mode})

    return answer


@given(st.lists(versions, max_size=3, unique_by=lambda each: each.version), configs, texts)
def test_whatever_a_registry_answers(
    answering: RegistryServer, found: list[VersionAnswer], config: dict[str, object], mode: str
) -> None:
    """It is shown a line for each fact, steers no terminal, and is all in the JSON."""
    answering.before = answers(found, config, mode)
    result = subjects(answering.url, "s")
    assert (result.exit_code, result.stderr) == (0, "")
    assert is_harmless(result.stdout)
    lines = result.stdout.splitlines()
    shown = [line for line in lines if not line.startswith(" ")]
    assert len(shown) == 1 + len(found)
    as_json = subjects(answering.url, "--format", "json", "s").stdout
    assert as_json.isascii()
    told = json.loads(as_json)
    ordered = sorted(found, key=lambda each: each.version)
    assert [each["id"] for each in told["versions"]] == [each.id for each in ordered]
    assert [each["schema"] for each in told["versions"]] == [each.schema for each in ordered]
    for each, version in zip(told["versions"], ordered, strict=True):
        assert each.keys() == VERSION_KEYS
        assert each["guid"] == version.guid
        assert (each["ruleSet"] or {}) == (version.rule_set or RuleSet()).to_json()
        kept = version.metadata or Metadata()
        properties = (each["metadata"] or {}).get("properties", {})
        assert properties == {
            name: SENSITIVE if name in kept.sensitive else value
            for name, value in kept.properties.items()
        }
    assert told["config"]["own"].keys() == config.keys()


@given(st.lists(texts.filter(bool), max_size=4, unique=True))
def test_whatever_subjects_are_called(answering: RegistryServer, names: list[str]) -> None:
    """One line for each, and none steers a terminal."""
    answering.before = lambda _: Answer.of(names)
    result = subjects(answering.url)
    assert result.exit_code == 0
    assert is_harmless(result.stdout)
    assert result.stdout.count("\n") == len(names)


@pytest.mark.parametrize(
    "refusal", [Answer(404, b'{"error_code": 404, "message": "HTTP 404 Not Found"}'), Answer(204)]
)
def test_a_registry_without_modes(answering: RegistryServer, refusal: Answer) -> None:
    """What it does not know is said to be unknown."""
    version = VersionAnswer(
        subject="s", version=1, id=1, schema='"int"', timestamp=1_700_000_000_123
    )
    script = answers([version], {"compatibilityLevel": "NONE"}, "")

    def answer(request: Request) -> Answer | None:
        if request.target.startswith("/mode"):
            return refusal
        return script(request)

    answering.before = answer
    assert subjects(answering.url, "s").stdout.splitlines() == [
        "s",
        "  compatibilityLevel: NONE",
        "  mode: not known to this registry",
        "version 1: id 1, AVRO",
        "  registered: 2023-11-14T22:13:20.123+00:00",
    ]
    with SchemaRegistry(answering.url) as registry:
        assert describe_subject(registry, "s").mode is None


FIELD = {"name": "n", "type": "int"}


def record(*fields: object) -> Any:
    """A record schema with these fields."""
    return parse_schema({"type": "record", "name": "Order", "fields": [*fields]})


@pytest.fixture
def orders(confluent: RegistryServer) -> str:
    """The URL of a registry with three versions of one subject."""
    with SchemaRegistry(confluent.url) as registry:
        for schema in (
            record(),
            record({**FIELD, "default": 0}),
            record({**FIELD, "default": 0, "doc": "How many."}),
        ):
            registry.register("orders-value", schema)
        registry.register("list", INT)
    return confluent.url


def test_the_command_may_be_left_out(orders: str) -> None:
    """Options may stand in front of it too; a subject that is named like one is shown by name."""
    whole = subjects(orders).stdout
    assert whole == "list\norders-value\n"
    assert subjects(orders, "list").stdout == whole
    shown = subjects(orders, "orders-value", "--deleted").stdout
    assert shown.startswith("orders-value\n")
    for arguments in (("show", "orders-value"), ("--deleted", "show", "orders-value")):
        assert subjects(orders, *arguments).stdout == shown
    assert subjects(orders, "show", "list").stdout.startswith("list\n")
    assert subjects(orders, "--", "orders-value").stdout == shown


def test_versions_are_compared(orders: str) -> None:
    """The latest with the one before it, an older one with the latest, or any two."""
    found = subjects(orders, "diff", "orders-value")
    assert found.exit_code == 1
    assert "How many." in found.stdout
    assert "orders-value version 3" in found.stdout
    assert "field added" in subjects(orders, "diff", "orders-value", "1").stdout
    between = subjects(orders, "diff", "orders-value", "1", "2", "--format", "json")
    document = json.loads(between.stdout)
    assert [each["path"] for each in document["changes"]] == ["Order.n"]
    same = subjects(orders, "diff", "orders-value", "2", "2")
    assert same.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("diff", "orders-value", "4"), "'orders-value' has no version 4; it has 1, 2, 3"),
        (("diff", "list"), "'list' has one version, so nothing to compare"),
        (("diff", "order-value"), "did you mean 'orders-value'?"),
        (("delete", "order-value", "--yes"), "did you mean 'orders-value'?"),
        (("delete", "orders-value", "--version", "4", "--yes"), "has no version 4"),
        (("delete", "orders-value"), "There is no terminal to ask on: give --yes"),
        (("delete", "", "--yes"), "Invalid value for 'SUBJECT': it is empty"),
    ],
)
def test_what_is_not_there_is_one_error(
    orders: str, arguments: tuple[str, ...], message: str
) -> None:
    """With what there is instead."""
    found = subjects(orders, *arguments)
    assert (found.exit_code, found.stdout) == (2, "")
    assert message in found.stderr


def deleted(url: str, *arguments: str) -> list[int]:
    """The versions that the command says it deleted."""
    document = in_json(url, "delete", "orders-value", "--yes", *arguments)
    assert document["subject"] == "orders-value"
    assert document["permanent"] == ("--permanent" in arguments)
    assert document["dry_run"] == ("--dry-run" in arguments)
    versions: list[int] = document["versions"]
    return versions


def versions_in(url: str, *, deleted: bool) -> list[int]:
    """Those that the registry has."""
    with SchemaRegistry(url) as registry:
        if "orders-value" not in registry.subjects(deleted=deleted):
            return []
        return registry.versions("orders-value", deleted=deleted)


def test_a_subject_is_deleted_softly(orders: str) -> None:
    """Its versions are still there for those who ask for deleted ones."""
    assert deleted(orders, "--dry-run") == [1, 2, 3]
    assert versions_in(orders, deleted=False) == [1, 2, 3]
    assert deleted(orders, "--version", "2") == [2]
    assert versions_in(orders, deleted=False) == [1, 3]
    assert deleted(orders) == [1, 3]
    assert versions_in(orders, deleted=False) == []
    assert versions_in(orders, deleted=True) == [1, 2, 3]


@pytest.mark.parametrize("is_soft_deleted", [False, True])
def test_a_subject_is_deleted_for_good(orders: str, is_soft_deleted: bool) -> None:
    """Whether it was soft-deleted before or not; one version, or all."""
    if is_soft_deleted:
        deleted(orders)
    assert deleted(orders, "--permanent", "--version", "1", "--dry-run") == [1]
    assert deleted(orders, "--permanent", "--version", "1") == [1]
    assert versions_in(orders, deleted=True) == [2, 3]
    assert deleted(orders, "--permanent") == [2, 3]
    assert versions_in(orders, deleted=True) == []


def test_what_was_deleted_is_said(orders: str) -> None:
    """In words."""
    found = subjects(orders, "delete", "orders-value", "--yes")
    assert found.stdout == "orders-value: deleted softly: version 1, 2, 3\n"
