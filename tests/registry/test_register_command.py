"""``streamcontract register``: the registry becomes what the contracts say, once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streamcontract.cli import main
from streamcontract.devstack.registry import Answer, RegistryServer, Request
from streamcontract.registry import SchemaRegistry
from streamcontract.registry.data_contracts import Metadata, Rule, RuleSet
from streamcontract.schema import parse_schema

Register = Callable[..., Result]

PROJECT = """\
[contracts.order]
schema = "order.avsc"
topic = "orders"
key_schema = "order-key.avsc"
compatibility = "{level}"

[contracts.parcel]
schema = "parcel.avsc"
topic = "parcels"
"""


def _write(file: Path, name: str, **fields: object) -> None:
    listed = [{"name": field, "type": kind} for field, kind in fields.items()]
    schema = {"type": "record", "name": name, "fields": listed}
    file.write_text(json.dumps(schema), encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two contracts that share a type, one of them with a key schema."""
    (tmp_path / "streamcontract.toml").write_text(PROJECT.format(level="FULL"), encoding="utf-8")
    _write(tmp_path / "order-key.avsc", "shop.OrderKey", id="long")
    _write(tmp_path / "Address.avsc", "shop.Address", city="string")
    _write(tmp_path / "order.avsc", "shop.Order", to="shop.Address")
    _write(tmp_path / "parcel.avsc", "shop.Parcel", to="shop.Address")
    return tmp_path


@pytest.fixture
def register(project: Path, server: RegistryServer) -> Register:
    """Run the command."""

    def run(*arguments: str) -> Result:
        options = ["register", "--project", str(project), "--registry", server.url]
        return CliRunner().invoke(main, [*options, *arguments])

    return run


def _rows(result: Result) -> list[list[str]]:
    """The cells of the table's body."""
    lines = [re.split(r" {2,}", line) for line in result.stdout.splitlines()]
    cells = [line for line in lines if len(line) == 6]
    assert cells[0] == ["contract", "subject", "version", "id", "level", "change"]
    return cells[1:]


def _count_writes(server: RegistryServer) -> list[str]:
    noted: list[str] = []

    def note(request: Request) -> Answer | None:
        is_registration = request.method == "POST" and request.target.endswith("/versions")
        if request.method in {"PUT", "DELETE"} or is_registration:
            noted.append(f"{request.method} {request.target}")
        return None

    server.before = note
    return noted


def test_everything_is_registered_in_order(
    register: Register, server: RegistryServer, registry: SchemaRegistry
) -> None:
    """Levels, references, values and keys are in the registry, and the table says so."""
    writes = _count_writes(server)
    result = register()
    assert (result.exit_code, result.stderr) == (0, "")
    assert _rows(result) == [
        ["order", "shop.Address", "1", "1", "-", "new"],
        ["order", "orders-value", "1", "2", "FULL", "new, level set"],
        ["order", "orders-key", "1", "3", "FULL", "new, level set"],
        ["parcel", "parcels-value", "1", "4", "BACKWARD (global)", "new"],
    ]
    assert writes == [
        "PUT /config/orders-value",
        "POST /subjects/shop.Address/versions",
        "POST /subjects/orders-value/versions",
        "PUT /config/orders-key",
        "POST /subjects/orders-key/versions",
        "POST /subjects/parcels-value/versions",
    ]
    assert registry.compatibility("orders-key") == "FULL"
    assert registry.version("orders-value").schema.named_types.keys() == {
        "shop.Order",
        "shop.Address",
    }


def test_run_twice_it_changes_nothing(register: Register, server: RegistryServer) -> None:
    """The second run writes nothing and says that there is nothing to change."""
    register()
    writes = _count_writes(server)
    result = register()
    assert (result.exit_code, result.stderr, writes) == (0, "", [])
    assert {row[-1] for row in _rows(result)} == {"unchanged"}
    assert "Nothing to change" in result.stdout


def test_a_dry_run_changes_nothing_and_shows_what_would(
    register: Register, server: RegistryServer
) -> None:
    """A dry run has the table of what would come, without numbers, and writes nothing."""
    writes = _count_writes(server)
    result = register("--dry-run")
    assert (result.exit_code, writes) == (0, [])
    assert [row[1:4] + row[-1:] for row in _rows(result)] == [
        ["shop.Address", "-", "-", "new"],
        ["orders-value", "-", "-", "new, level set"],
        ["orders-key", "-", "-", "new, level set"],
        ["parcels-value", "-", "-", "new"],
    ]
    assert "dry run" in result.stdout


def test_named_contracts_alone_are_registered(register: Register, registry: SchemaRegistry) -> None:
    """With names, the other contracts are left alone."""
    assert register("parcel").exit_code == 0
    assert registry.subjects() == ["parcels-value", "shop.Address"]


@pytest.mark.parametrize("options", [(), ("--dry-run",)], ids=["run", "dry run"])
def test_a_refusal_is_a_finding_and_the_others_go_on(
    register: Register, project: Path, registry: SchemaRegistry, options: tuple[str, ...]
) -> None:
    """An incompatible schema exits with 1 and the registry's reason; the rest is registered."""
    register("order")
    _write(project / "order.avsc", "shop.Order", to="shop.Address", more="string")
    result = register(*options)
    assert result.exit_code == 1
    changes = {row[1]: row[-1] for row in _rows(result)}
    assert changes["orders-value"] == "refused"
    assert changes["parcels-value"] == "new"
    assert "READER_FIELD_MISSING_DEFAULT_VALUE" in result.stderr
    assert result.stderr.count("`streamcontract check --against registry` shows where") == 1
    assert registry.versions("orders-value") == [1]


def test_the_contracts_own_level_judges(
    register: Register, project: Path, registry: SchemaRegistry
) -> None:
    """A level and a schema that changed together go by the new level, looser or stricter."""
    register("order")
    file = project / "streamcontract.toml"
    file.write_text(PROJECT.format(level="NONE"), encoding="utf-8")
    _write(project / "order.avsc", "shop.Order", to="shop.Address", more="string")
    assert "level was FULL" in register("--dry-run").stdout
    result = register("order")
    assert result.exit_code == 0, result.output
    assert ["order", "orders-value", "2", "4", "NONE", "new, level was FULL"] in _rows(result)
    file.write_text(PROJECT.format(level="BACKWARD"), encoding="utf-8")
    _write(project / "order.avsc", "shop.Order", to="shop.Address", more="int")
    assert register("order").exit_code == 1
    assert registry.compatibility("orders-value") == "BACKWARD"
    assert registry.version("orders-value").schema.canonical_form.count('"string"') == 2


def test_a_contract_without_a_topic_is_passed_over_aloud(
    register: Register, project: Path, registry: SchemaRegistry
) -> None:
    """Types that no topic carries have no subject of their own; the command says so."""
    text = '[contracts.parcel]\nschema = "parcel.avsc"\n'
    (project / "streamcontract.toml").write_text(text, encoding="utf-8")
    result = register()
    assert result.exit_code == 0
    assert "parcel: not registered, because it has no topic" in result.stderr
    assert result.stdout == "Nothing to register: no contract names a topic.\n"
    assert registry.subjects() == []


def test_another_schema_of_the_same_shape_is_a_change(
    register: Register, project: Path, registry: SchemaRegistry
) -> None:
    """A new doc string is a new version: the registry, not the canonical form, says what is new."""
    register("parcel")
    schema = json.loads((project / "parcel.avsc").read_text(encoding="utf-8"))
    text = json.dumps({**schema, "doc": "A box on its way."})
    (project / "parcel.avsc").write_text(text, encoding="utf-8")
    rows = _rows(register("parcel"))
    assert ["parcel", "parcels-value", "2", "3", "BACKWARD (global)", "new"] in rows
    latest = registry.version("parcels-value").schema
    assert latest.canonical_form == parse_schema(project / "parcel.avsc").canonical_form


def test_a_broken_schema_stops_all_before_anything_is_written(
    register: Register, project: Path, server: RegistryServer
) -> None:
    """Every schema is read first, so that mistakes leave the registry as it was; all are said."""
    (project / "parcel.avsc").write_text('{"type": "recrod"}', encoding="utf-8")
    (project / "order-key.avsc").write_text('\n"strng"', encoding="utf-8")
    toml = (project / "streamcontract.toml").read_text("utf-8") + 'topci = "a"\n'
    (project / "streamcontract.toml").write_text(toml, encoding="utf-8")
    writes = _count_writes(server)
    result = register()
    assert (result.exit_code, result.stderr, writes) == (2, "", [])
    assert "streamcontract.toml:10:1: error: invalid-project in parcel" in result.stdout
    assert "order-key.avsc:2:1: error: invalid-schema in order" in result.stdout
    assert result.stdout.endswith("\n2 errors: nothing was registered\n")
    (project / "streamcontract.toml").write_text(PROJECT.format(level="FULL"), encoding="utf-8")
    document = json.loads(register("--format", "json").stdout)
    assert document["unjudged"] == ["order", "parcel"]
    assert [each["at"]["line"] for each in document["findings"]] == [2, 1]
    assert writes == []


def test_json(register: Register, project: Path, server: RegistryServer) -> None:
    """What was registered, what was refused and why, and what became of the lock file."""
    document = json.loads(register("--format", "json", "--environment", "prod").stdout)
    assert (document["registry"], document["dry_run"]) == ([server.url], False)
    order, key, parcel = document["subjects"]
    address = {"subject": "shop.Address", "version": 1, "id": 1}
    assert order == {
        "contract": "order",
        "side": "value",
        "subject": "orders-value",
        "version": 1,
        "id": 2,
        "change": "new",
        "level": "FULL",
        "level_change": "level set",
        "references": [{**address, "change": "new"}],
        "refusals": [],
    }
    assert (key["side"], key["subject"], key["references"]) == ("key", "orders-key", [])
    assert parcel["references"] == [{**address, "change": "unchanged"}]
    lock = {"environment": "prod", "changed": True, "subjects": 3, "schemas": 3}
    assert document["lock"] == {"file": "streamcontract.lock", **lock}
    _write(project / "order.avsc", "shop.Order", to="shop.Address", more="string")
    result = register("--format", "json", "--dry-run", "order")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert [each["change"] for each in document["subjects"]] == ["refused", "unchanged"]
    [refusal] = document["subjects"][0]["refusals"]
    assert "READER_FIELD_MISSING_DEFAULT_VALUE" in refusal
    assert (document["dry_run"], document["lock"], document["inherited"]) == (True, None, {})


def test_a_dry_run_foresees_that_a_reference_is_refused(register: Register, project: Path) -> None:
    """A shared type is judged under its own subject too."""
    register()
    _write(project / "Address.avsc", "shop.Address", city="string", zip="string")
    result = register("parcel", "--dry-run")
    assert result.exit_code == 1
    assert "shop.Address: the registry refuses it" in result.stderr


def test_a_refused_contract_leaves_no_reference_behind(
    register: Register, project: Path, server: RegistryServer, registry: SchemaRegistry
) -> None:
    """Compatibility is asked for all of a contract before the first of it is registered."""
    register("order")
    address = json.loads((project / "Address.avsc").read_text(encoding="utf-8"))
    (project / "Address.avsc").write_text(json.dumps({**address, "doc": "New."}), encoding="utf-8")
    _write(project / "order.avsc", "shop.Order", to="shop.Address", more="string")
    writes = _count_writes(server)
    result = register("order")
    assert (result.exit_code, writes) == (1, [])
    assert registry.versions("shop.Address") == [1]
    changes = {row[1]: row[-1] for row in _rows(result)}
    assert changes == {"orders-value": "refused", "orders-key": "unchanged"}


def test_somebody_who_is_faster_is_a_refusal_too(
    register: Register, project: Path, server: RegistryServer
) -> None:
    """The registry's last word counts, though it said yes when it was asked."""
    register("parcel")
    _write(project / "parcel.avsc", "shop.Parcel", to="shop.Address", more="string")

    def say_yes(request: Request) -> Answer | None:
        if request.target.startswith("/compatibility"):
            return Answer(200, b'{"is_compatible": true}')
        return None

    server.before = say_yes
    result = register("parcel")
    assert result.exit_code == 1
    assert "READER_FIELD_MISSING_DEFAULT_VALUE" in result.stderr


def test_what_the_registry_stored_is_compared_with_what_was_sent(
    register: Register, server: RegistryServer
) -> None:
    """A registry that keeps another schema than it was given is an error with both."""

    def swap(request: Request) -> Answer | None:
        if request.method == "POST" and request.target == "/subjects/parcels-value":
            stored = {"subject": "parcels-value", "version": 1, "id": 1, "schema": '"int"'}
            return Answer(200, json.dumps(stored).encode())
        return None

    server.before = swap
    result = register("parcel")
    assert result.exit_code == 2
    assert "parcels-value cannot be used: it is not the schema" in result.stderr


def test_no_registry_is_exit_code_2(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry that cannot be reached is no finding about the contracts."""
    monkeypatch.setattr("streamcontract.registry.transport.sleep", lambda _: None)
    monkeypatch.setenv("STREAMCONTRACT_REGISTRY_URL", "http://me:secret@127.0.0.1:1")
    result = CliRunner().invoke(main, ["register", "--project", str(project)])
    assert result.exit_code == 2
    assert "streamcontract dev" in result.stderr
    assert "secret" not in result.output


def test_a_dry_run_shows_what_is_inherited(register: Register, project: Path) -> None:
    """Metadata and rules of the version before, which a registry gives a new one; no secret."""
    with RegistryServer(confluent=True) as server:
        where = ("--registry", server.url, "parcel")
        schema = parse_schema(project / "parcel.avsc")
        rule = Rule(name="positive", kind="CONDITION", mode="WRITE", type="CEL", disabled=True)
        metadata = Metadata(
            properties={"owner": "parcels team", "token": "s3cret"},
            tags={"shop.Parcel.to": ("PII",)},
            sensitive=("token",),
        )
        with SchemaRegistry(server.url) as registry:
            assert "inherits" not in register("--dry-run", *where).output
            registry.register(
                "parcels-value",
                schema,
                metadata=metadata,
                rule_set=RuleSet(domain_rules=(rule,)),
            )
            _write(project / "parcel.avsc", "shop.Parcel", to=["null", "shop.Address"])
            output = register("--dry-run", *where).output
        assert "parcels-value: the new version inherits from version 1:" in output
        assert "property owner: parcels team" in output
        assert "property token: (sensitive, not shown)" in output
        assert "s3cret" not in output
        assert "tags of shop.Parcel.to: PII" in output
        assert "rule positive (CONDITION, type CEL, mode WRITE, disabled)" in output
