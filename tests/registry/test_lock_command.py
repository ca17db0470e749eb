"""``streamcontract lock`` and ``register --environment``: the file is what the registry has."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from streamcontract.cli import main
from streamcontract.devstack.registry import Answer, RegistryServer, Request
from streamcontract.registry import SchemaRegistry
from streamcontract.registry.lock_file import read_locks, render
from streamcontract.schema import parse_schema
from streamcontract.testing.suite.in_memory import InMemoryPackage

Run = Callable[..., Result]

PROJECT = """\
[contracts.order]
schema = "order.avsc"
topic = "orders"
key_schema = "order-key.avsc"

[contracts.parcel]
schema = "parcel.avsc"
topic = "parcels"
"""


def _write(file: Path, name: str, **fields: object) -> None:
    listed = [{"name": field, "type": kind} for field, kind in fields.items()]
    schema = {"type": "record", "name": name, "fields": listed}
    file.write_text(json.dumps(schema), encoding="utf-8")


def _widen(project: Path) -> None:
    """Give the order a second version that every reader of the first can take."""
    fields = [
        {"name": "to", "type": "shop.Address"},
        {"name": "note", "type": "string", "default": ""},
    ]
    schema = {"type": "record", "name": "shop.Order", "fields": fields}
    (project / "order.avsc").write_text(json.dumps(schema), encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two contracts that share a type, one of them with a key schema."""
    monkeypatch.delenv("STREAMCONTRACT_ENVIRONMENT", raising=False)
    (tmp_path / "streamcontract.toml").write_text(PROJECT, encoding="utf-8")
    _write(tmp_path / "order-key.avsc", "shop.OrderKey", id="long")
    _write(tmp_path / "Address.avsc", "shop.Address", city="string")
    _write(tmp_path / "order.avsc", "shop.Order", to="shop.Address")
    _write(tmp_path / "parcel.avsc", "shop.Parcel", to="shop.Address")
    return tmp_path


@pytest.fixture
def run(project: Path, server: RegistryServer) -> Run:
    """Run a command against the embedded registry."""

    def run(*arguments: str) -> Result:
        name, *options = arguments
        common = ["--project", str(project), "--registry", server.url]
        return CliRunner().invoke(main, [name, *common, *options])

    return run


def _document(project: Path) -> Any:
    return json.loads((project / "streamcontract.lock").read_text(encoding="utf-8"))


def test_registering_for_an_environment_locks_it(
    run: Run, project: Path, registry: SchemaRegistry
) -> None:
    """Subject, version, id, fingerprint and references of values and keys are in the file."""
    result = run("register", "--environment", "prod")
    assert result.exit_code == 0, result.output
    prod = _document(project)["environments"]["prod"]
    order = prod["contracts"]["order"]["value"]
    stored = registry.version("orders-value")
    assert order["subject"] == "orders-value"
    assert (order["version"], order["id"], order["ids"]) == (1, stored.id, [stored.id])
    assert order["fingerprint"] == stored.schema.fingerprint("SHA-256").hex()
    address = registry.version("shop.Address")
    assert order["references"] == [{"subject": "shop.Address", "version": 1, "id": address.id}]
    assert prod["contracts"]["order"]["key"]["subject"] == "orders-key"
    locked = parse_schema(prod["schemas"][str(stored.id)]["schema"])
    assert locked.canonical_form == stored.schema.canonical_form


@pytest.mark.parametrize("name", ["order", "parcel"])
def test_generated_code_fits_the_lock(
    run: Run, project: Path, registry: SchemaRegistry, name: str
) -> None:
    """The schemas in a generated module, references included, are those that were locked."""
    order = json.loads((project / "order.avsc").read_text(encoding="utf-8"))
    field = {"name": "at", "type": {"logicalType": "timestamp-millis", "type": "long"}}
    order["fields"].append({**field, "doc": "Wann: früh.", "custom": [1, 1.0, True, None]})
    (project / "order.avsc").write_text(json.dumps(order, indent=3), encoding="utf-8")
    assert run("register", "--environment", "prod").exit_code == 0
    generated = CliRunner().invoke(main, ["generate", "--project", str(project)])
    assert generated.exit_code == 0, generated.output
    lock = read_locks(project / "streamcontract.lock")["prod"]
    folder = project / "contracts"
    texts = {each.stem: each.read_text(encoding="utf-8") for each in folder.glob("*.py")}
    contract = InMemoryPackage(texts).load(name).CONTRACT
    for side, schema in (("value", contract.schema), ("key", contract.key_schema)):
        if schema is not None:
            subject = f"{contract.topic}-{side}"
            assert lock.id_of(subject, schema) == registry.version(subject).id


def test_locking_again_changes_nothing(run: Run, project: Path) -> None:
    """`register`, `lock` and `lock` once more write the same bytes; `lock --check` agrees."""
    run("register", "--environment", "prod")
    file = project / "streamcontract.lock"
    first = file.read_bytes()
    assert "up to date" in run("lock", "--environment", "prod").output
    assert file.read_bytes() == first
    assert run("lock", "--environment", "prod", "--check").exit_code == 0
    assert render(read_locks(file).values()).encode() == first


def test_json(run: Run, project: Path) -> None:
    """Each form of the command says in one document what its text says."""

    def found(*arguments: str) -> tuple[int, Any]:
        result = run("lock", "--format", "json", *arguments)
        return result.exit_code, json.loads(result.stdout)

    file = {"file": "streamcontract.lock", "environment": "prod"}
    code, document = found("--environment", "prod")
    assert (code, document["changed"], document["missing"][-1]) == (
        1,
        False,
        {"contract": "parcel", "subject": "parcels-value"},
    )
    run("register")
    counted = {"changed": True, "subjects": 3, "schemas": 3}
    assert found("--environment", "prod") == (0, {**file, **counted})
    assert found("--environment", "prod") == (0, {**file, **counted, "changed": False})
    clean = {"clean": True, "faults": []}
    assert found("--environment", "prod", "--check") == (0, {**file, **clean, "diff": ""})
    offline = {"file": "streamcontract.lock", "environments": ["prod"]}
    assert found("--check", "--offline") == (0, {**offline, **clean})
    _widen(project)
    code, document = found("--check", "--offline")
    assert (code, document["clean"], len(document["faults"])) == (1, False, 1)
    run("register")
    code, document = found("--environment", "prod", "--check")
    assert (code, document["clean"]) == (1, False)
    assert document["diff"].startswith("--- streamcontract.lock\n+++ the registry\n")


def test_all_that_is_not_valid_is_said(run: Run, project: Path) -> None:
    """Of the project file and of each schema, before anything is asked or written."""
    (project / "order.avsc").write_text('"strng"')
    (project / "parcel.avsc").write_text('"lng"')
    (project / "streamcontract.toml").write_text(f'outptu = "x"\n{PROJECT}')
    for arguments in (("--environment", "prod"), ("--check", "--offline")):
        result = run("lock", "--format", "json", *arguments)
        assert (result.exit_code, result.stderr) == (2, "")
        rules = [each["rule"] for each in json.loads(result.stdout)["findings"]]
        assert rules == ["invalid-project", "invalid-schema", "invalid-schema"]
    assert not (project / "streamcontract.lock").exists()


def test_every_version_is_locked(run: Run, project: Path, registry: SchemaRegistry) -> None:
    """Messages of older versions have to be read too, soft-deleted ones included."""
    run("register", "--environment", "prod")
    first = registry.version("orders-value").id
    _widen(project)
    run("register", "--environment", "prod")
    registry.delete_version("orders-value", 1)
    assert run("lock", "--environment", "prod").exit_code == 0
    prod = _document(project)["environments"]["prod"]
    second = registry.version("orders-value").id
    assert prod["contracts"]["order"]["value"]["ids"] == [first, second]
    assert {str(first), str(second)} <= prod["schemas"].keys()


def test_a_new_version_only_adds_lines_but_for_what_is_current(run: Run, project: Path) -> None:
    """What was locked stays as it stands, so that a reviewer sees what is new."""
    run("register", "--environment", "prod")
    before = _document(project)["environments"]["prod"]
    _widen(project)
    run("register", "order", "--environment", "prod")
    after = _document(project)["environments"]["prod"]
    assert before["schemas"].items() < after["schemas"].items()
    assert before["contracts"]["parcel"] == after["contracts"]["parcel"]


def test_environments_do_not_touch_each_other(run: Run, project: Path) -> None:
    """Each has its registry, its ids and its place in the file, in alphabetical order."""
    run("register", "--environment", "prod")
    prod = _document(project)["environments"]["prod"]
    with RegistryServer() as other, SchemaRegistry(other.url) as theirs:
        theirs.register("somebody-elses", parse_schema("int"))
        result = run("register", "--environment", "dev", "--registry", other.url)
    assert result.exit_code == 0, result.output
    environments = _document(project)["environments"]
    assert list(environments) == ["dev", "prod"]
    assert environments["prod"] == prod
    dev = environments["dev"]["contracts"]["order"]["value"]
    assert dev["id"] != prod["contracts"]["order"]["value"]["id"]


def test_another_environments_registry_is_left_alone(run: Run, project: Path) -> None:
    """A lock that the registry contradicts stops `register` and `lock` before they write."""
    run("register", "--environment", "prod")
    before = (project / "streamcontract.lock").read_bytes()
    writes: list[str] = []

    def note(request: Request) -> Answer | None:
        if request.method != "GET":
            writes.append(request.target)
        return None

    with RegistryServer() as other, SchemaRegistry(other.url) as theirs:
        theirs.register("somebody-elses", parse_schema("int"))
        theirs.register("somebody-elses", parse_schema("long"))
        other.before = note
        for name in ("register", "lock"):
            result = run(name, "--environment", "prod", "--registry", other.url)
            assert result.exit_code == 2
            assert "orders-value in the lock of environment 'prod'" in result.stderr
            assert "Check that this is the environment's registry" in result.stderr
    assert (writes, (project / "streamcontract.lock").read_bytes()) == ([], before)


def test_a_registry_that_was_rebuilt_is_locked_by_force(run: Run, project: Path) -> None:
    """Where ids were given out anew, --force takes the new ones."""
    run("register", "--environment", "prod")
    with RegistryServer() as other, SchemaRegistry(other.url) as theirs:
        theirs.register("somebody-elses", parse_schema("int"))
        assert run("register", "--registry", other.url).exit_code == 0
        result = run("lock", "--environment", "prod", "--registry", other.url, "--force")
        assert result.exit_code == 0, result.output
        expected = theirs.version("orders-value").id
    prod = _document(project)["environments"]["prod"]
    assert prod["contracts"]["order"]["value"]["id"] == expected


def test_what_is_not_registered_cannot_be_locked(run: Run, project: Path) -> None:
    """`lock` registers nothing; it names what is missing and the command that mends it."""
    result = run("lock", "--environment", "prod")
    assert result.exit_code == 1
    assert "order: orders-value does not have the contract's schema" in result.stderr
    assert "streamcontract register --environment prod" in result.stderr
    # Two values, a key, and the type that both values use.
    assert "4 schema(s) to register first" in result.stderr
    assert result.stderr.count("shop.Address does not have") == 1
    assert not (project / "streamcontract.lock").exists()


def test_the_check_shows_what_differs(run: Run, project: Path, registry: SchemaRegistry) -> None:
    """A version that came since is a finding, shown as a diff, and the file stays as it is."""
    run("register", "--environment", "prod")
    before = (project / "streamcontract.lock").read_bytes()
    _widen(project)
    run("register")
    result = run("lock", "--environment", "prod", "--check")
    assert result.exit_code == 1
    assert re.search(r'^\+ +"version": 2,$', result.stdout, re.MULTILINE)
    assert "commit the file" in result.stderr
    assert (project / "streamcontract.lock").read_bytes() == before


def test_the_offline_check_needs_no_registry(
    run: Run, project: Path, server: RegistryServer
) -> None:
    """Changed, new and vanished contracts are found by the schemas alone."""
    run("register", "--environment", "prod")
    server.before = lambda request: pytest.fail(f"asked for {request.target}")
    assert run("lock", "--check", "--offline").exit_code == 0
    _widen(project)
    file = project / "streamcontract.toml"
    text = file.read_text(encoding="utf-8").replace("[contracts.parcel]", "[contracts.box]")
    file.write_text(text, encoding="utf-8")
    result = run("lock", "--check", "--offline")
    assert result.exit_code == 1
    for expected in (
        "prod: order: the schema of orders-value has changed since it was locked as version 1",
        "prod: box: parcels-value is not locked",
        "prod: parcel: parcels-value is locked, and no contract has it any more",
    ):
        assert expected in result.stderr


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "long", "logicalType": "timestamp-millis"}, {"type": "long"}),
        ({"type": "int", "default": 1}, {"type": "int", "default": 2}),
    ],
    ids=["logical type", "default"],
)
def test_the_offline_check_sees_what_the_canonical_form_does_not(
    run: Run, project: Path, old: dict[str, object], new: dict[str, object]
) -> None:
    """A logical type or a default that changed is a change, though the bytes look alike."""
    for shape in (old, new):
        field = {"name": "n", **({"type": shape} if "logicalType" in shape else shape)}
        schema = {"type": "record", "name": "shop.Parcel", "fields": [field]}
        (project / "parcel.avsc").write_text(json.dumps(schema), encoding="utf-8")
        if shape is old:
            assert run("register", "--environment", "prod").exit_code == 0
            assert run("lock", "--check", "--offline").exit_code == 0
    result = run("lock", "--check", "--offline")
    assert result.exit_code == 1
    assert "parcel: the schema of parcels-value has changed" in result.stderr


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), "name the environment"),
        (("--offline",), "--offline goes with --check"),
        (("--check", "--offline"), "locks no environment"),
        (("--environment", "../prod"), "cannot be an environment"),
        (("--check", "--offline", "--environment", "prod"), "has no environment 'prod'"),
    ],
)
def test_wrong_usage_says_what_is_right(run: Run, options: tuple[str, ...], expected: str) -> None:
    """Each wrong combination of options is exit code 2 with the reason."""
    result = run("lock", *options)
    assert result.exit_code == 2
    assert expected in result.stderr


def test_the_environments_that_there_are_are_named(run: Run) -> None:
    """Where one is missing; the example is one of them."""
    for name in ("staging", "prod"):
        run("register", "--environment", name)
    result = run("lock")
    assert result.exit_code == 2
    said = " ".join(result.stderr.split())
    assert "`streamcontract lock --environment prod`" in said
    assert "streamcontract.lock has prod, staging" in said


def test_a_dry_run_writes_no_lock(run: Run, project: Path) -> None:
    """`register --dry-run` leaves the file alone as well."""
    assert run("register", "--environment", "prod", "--dry-run").exit_code == 0
    assert not (project / "streamcontract.lock").exists()


def test_the_doctor_sees_the_lock(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch, server: RegistryServer
) -> None:
    """It says whether a lock is used, which, and what is wrong with it."""
    monkeypatch.chdir(project)
    monkeypatch.setenv("STREAMCONTRACT_REGISTRY_URL", server.url)
    monkeypatch.setenv("STREAMCONTRACT_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    run("register", "--environment", "prod")

    def line() -> str:
        output = CliRunner().invoke(main, ["doctor", "--timeout", "0.1"]).stdout
        [found] = [line for line in output.splitlines() if line.split()[1] == "lock"]
        return " ".join(found.split())

    assert line() == "ok lock not used, as STREAMCONTRACT_ENVIRONMENT is not set"
    monkeypatch.setenv("STREAMCONTRACT_ENVIRONMENT", "prod")
    assert line() == "ok lock environment prod: 3 subject(s), 3 schema(s)"
    monkeypatch.setenv("STREAMCONTRACT_ENVIRONMENT", "dev")
    assert line().startswith("FAIL lock")
    assert "no environment 'dev', only: prod" in line()
