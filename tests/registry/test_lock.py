"""Locks: what is written is read back, and what does not hold is never used."""

from __future__ import annotations

import json
import logging
import random
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from tests.registry.scripted import Act, ScriptedServer, answer, half_a_body, refusal, reset
from tests.registry.test_data_contracts import rule_sets
from tests.searching import examples

from streamcontract.devstack.registry import Answer, RegistryServer, Request
from streamcontract.errors import ConfigurationError
from streamcontract.registry import Rule, RuleSet, SchemaRegistry, errors, lock_verifier
from streamcontract.registry.lock import Lock
from streamcontract.registry.lock_builder import LockBuilder
from streamcontract.registry.lock_file import (
    find_lock,
    read_locks,
    render,
    unknown_entries,
    write_locks,
)
from streamcontract.registry.references import register_in_order
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
SUBJECT = "points-value"
DEAD = "http://127.0.0.1:1"


def _lock(registry: SchemaRegistry, schema: Schema, subject: str = SUBJECT) -> Lock:
    """Register a schema, and lock it."""
    builder = LockBuilder(registry, "prod")
    builder.add("point", "value", register_in_order(registry, subject, schema))
    return builder.lock()


@pytest.fixture
def lock(registry: SchemaRegistry) -> Lock:
    """A lock of two versions, the second of which is the contract's."""
    registry.register(SUBJECT, POINT)
    return _lock(registry, WIDER)


@pytest.fixture
def file(tmp_path: Path, lock: Lock) -> Path:
    """The lock in a file."""
    path = tmp_path / "streamcontract.lock"
    write_locks(path, [lock])
    return path


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What this shell is set to, and the project it stands in, do not count."""
    monkeypatch.delenv("STREAMCONTRACT_ENVIRONMENT", raising=False)
    monkeypatch.delenv("STREAMCONTRACT_LOCK_FILE", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def shared() -> Iterator[SchemaRegistry]:
    """A client of a registry that many examples share."""
    with RegistryServer() as server, SchemaRegistry(server.url) as client:
        yield client


@pytest.fixture(scope="module")
def confluent() -> Iterator[SchemaRegistry]:
    """A client of a registry like Confluent's."""
    with RegistryServer(confluent=True) as server, SchemaRegistry(server.url) as client:
        yield client


# The file


@settings(max_examples=examples(40), deadline=None)
@given(schema=schemas())
def test_any_schema_can_be_locked(
    shared: SchemaRegistry, schema: Schema, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Written and read back, a lock gives the registry's ids and schemas without the registry."""
    subject = uuid.uuid4().hex
    lock = _lock(shared, schema, subject)
    path = tmp_path_factory.mktemp("lock") / "streamcontract.lock"
    assert write_locks(path, [lock])
    assert not write_locks(path, [lock])
    again = read_locks(path)["prod"]
    assert again == lock
    [schema_id] = again.contracts["point"]["value"].ids
    assert again.id_of(subject, schema) == schema_id
    found = again.schema_of(schema_id)
    assert found is not None
    assert found.canonical_form == schema.canonical_form


@given(rules=rule_sets.filter(lambda each: each.rules))
def test_rules_are_locked(
    confluent: SchemaRegistry, rules: RuleSet, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Written and read back; a file without rules is of the format that it always was."""
    path = tmp_path_factory.mktemp("lock") / "streamcontract.lock"
    subject = uuid.uuid4().hex
    confluent.register(subject, POINT, rule_set=rules)
    lock = _lock(confluent, POINT, subject)
    assert write_locks(path, [lock])
    assert not write_locks(path, [lock])
    assert unknown_entries(path) == []
    again = read_locks(path)["prod"]
    assert again == lock
    [schema_id] = again.contracts["point"]["value"].ids
    assert again.rules_of(schema_id) == rules
    assert json.loads(path.read_text("utf-8"))["format"] == 3
    without = attrs.evolve(again.schemas[schema_id], rule_set=None)
    assert json.loads(render([attrs.evolve(lock, schemas={schema_id: without})]))["format"] == 1


def test_the_registrys_rules_go_before_the_locked_ones(
    server: RegistryServer, registry: SchemaRegistry, lock: Lock
) -> None:
    """The lock's rules count while the registry does not answer, and its word counts else."""
    [*_, last] = lock.schemas
    rules = RuleSet(domain_rules=(Rule(name="positive"),))
    schemas = {**lock.schemas, last: attrs.evolve(lock.schemas[last], rule_set=rules)}
    with_rules = attrs.evolve(lock, schemas=schemas)
    for url, expected in ((server.url, None), (DEAD, rules)):
        with SchemaRegistry(url, lock=with_rules) as client:
            assert client.stored(last).rule_set == expected


def test_the_file_does_not_depend_on_the_order_of_events(lock: Lock) -> None:
    """Whatever order things were learned in, the same facts are the same bytes."""
    order = random.Random(1)
    other = attrs.evolve(lock, environment="dev")
    expected = render([lock, other])
    for _ in range(5):
        shuffled = [
            attrs.evolve(
                each, schemas=dict(order.sample([*each.schemas.items()], len(each.schemas)))
            )
            for each in (other, lock)
        ]
        assert render(shuffled) == expected


def test_ids_are_in_the_order_of_numbers(lock: Lock) -> None:
    """Ten comes after nine, so that a new version is appended."""
    [schema] = [lock.schemas[key] for key in [max(lock.schemas)]]
    text = render([attrs.evolve(lock, schemas={10: schema, 9: schema, 100: schema})])
    assert list(json.loads(text)["environments"]["prod"]["schemas"]) == ["9", "10", "100"]


def _damage(document: Any, path: str, value: object) -> None:
    *parents, last = path.split("/")
    for parent in parents:
        document = document[parent]
    if value is None:
        del document[last]
    else:
        document[last] = value


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("format", 3, "format"),
        ("format", 4, "format"),
        ("format", None, "format"),
        ("environments", [], "environments"),
        ("environments/prod/contracts", 1, "environments.prod.contracts"),
        ("environments/prod/contracts/point/values", {}, "prod.contracts.point"),
        ("environments/prod/contracts/point/value/id", "7", "contracts.point.value.id"),
        ("environments/prod/contracts/point/value/id", -1, "contracts.point.value.id"),
        ("environments/prod/contracts/point/value/ids", {}, "contracts.point.value.ids"),
        ("environments/prod/contracts/point/value/source", "ab", "contracts.point.value.source"),
        ("environments/prod/contracts/point/value/version", None, "contracts.point.value"),
        ("environments/prod/schemas/seven", {}, "environments.prod.schemas"),
        ("environments/prod/schemas/1/schema", 5, "environments.prod.schemas.1.schema"),
        ("environments/prod/schemas/1/ruleSet", [], "environments.prod.schemas.1.ruleSet"),
        ("environments/a b", {"contracts": {}, "schemas": {}}, "'a b' cannot be an environment"),
    ],
)
def test_a_damaged_file_is_refused_with_the_place(
    file: Path, path: str, value: object, place: str
) -> None:
    """What is missing, or of another type, is named by its path in the file."""
    document = json.loads(file.read_text(encoding="utf-8"))
    _damage(document, path, value)
    file.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_locks(file)
    assert str(file) in str(caught.value)
    assert place in str(caught.value)


@pytest.mark.parametrize("content", ["", "<<<<<<< HEAD\n{}", "[" * 100_000, "\ud800"])
def test_what_is_no_json_is_refused(file: Path, content: str) -> None:
    """A merge that left its marks, say, is an error that says how to go on."""
    file.write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(ConfigurationError, match=r"cannot be read.*streamcontract lock"):
        read_locks(file)


def test_an_altered_schema_is_not_used(lock: Lock) -> None:
    """A text that is not what its fingerprint says could decode messages wrongly."""
    schema_id = lock.contracts["point"]["value"].id
    altered = attrs.evolve(lock.schemas[schema_id], schema=POINT.json)
    broken = attrs.evolve(lock.schemas[schema_id], schema='{"type": "recrod"}')
    for each in (altered, broken):
        wrong = attrs.evolve(lock, schemas={**lock.schemas, schema_id: each})
        with pytest.raises(errors.LockMismatchError, match="the lock file was altered"):
            wrong.schema_of(schema_id)


# Finding it


def test_without_an_environment_no_lock_is_used(file: Path) -> None:
    """A file that happens to be near says nothing about which registry this process talks to."""
    (file.parent / "streamcontract.toml").write_text("", encoding="utf-8")
    assert find_lock(None, None) is None


def test_the_lock_is_found_where_it_is_said_to_be(
    file: Path, lock: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By argument, by environment variable, or beside the project file above the folder."""
    assert find_lock(file, "prod") == lock
    monkeypatch.setenv("STREAMCONTRACT_ENVIRONMENT", "prod")
    monkeypatch.setenv("STREAMCONTRACT_LOCK_FILE", str(file))
    assert find_lock(None, None) == lock
    monkeypatch.delenv("STREAMCONTRACT_LOCK_FILE")
    (file.parent / "streamcontract.toml").write_text("", encoding="utf-8")
    below = file.parent / "src" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert find_lock(None, None) == lock
    assert find_lock(None, "prod") == lock


def test_a_lock_that_was_asked_for_must_be_there(file: Path) -> None:
    """Going on without it would be found out on the day that it is needed."""
    with pytest.raises(ConfigurationError, match="no environment: name the one"):
        find_lock(file, None)
    with pytest.raises(ConfigurationError, match="no environment 'dev', only: prod"):
        find_lock(file, "dev")
    with pytest.raises(ConfigurationError, match=r"there is no streamcontract\.toml"):
        find_lock(None, "prod")
    with pytest.raises(ConfigurationError, match=r"there is no lock file .*none.*--environment"):
        find_lock(file.parent / "none", "prod")


def test_a_clients_properties_name_the_lock(file: Path) -> None:
    """The two settings work; a misspelt one, or one of another type, is refused."""
    given = {
        "schema.registry.url": DEAD,
        "streamcontract.lock.file": file,
        "streamcontract.lock.environment": "prod",
    }
    with SchemaRegistry.from_config({**given, "schema.registry.max.retries": 0}) as client:
        assert client.schema_by_id(1).canonical_form == POINT.canonical_form
    for wrong in ({"streamcontract.lock.path": file}, {"streamcontract.lock.file": 1}):
        with pytest.raises(ConfigurationError, match=r"streamcontract\.lock\.file"):
            SchemaRegistry.from_config({**given, **wrong})
    with pytest.raises(ConfigurationError, match="environment has to be a text"):
        SchemaRegistry.from_config({**given, "streamcontract.lock.environment": 1})


# Using it


def test_with_a_lock_the_registry_may_be_down(
    lock: Lock, caplog: pytest.LogCaptureFixture, pauses: list[float]
) -> None:
    """Ids and schemas come from the lock; one line in the log says that none was confirmed."""
    with SchemaRegistry(DEAD, lock=lock) as client:
        assert client.id_of(SUBJECT, WIDER) == 2
        assert client.schema_by_id(1).canonical_form == POINT.canonical_form
        assert client.schema_by_id(2).canonical_form == WIDER.canonical_form
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "unverified" in record.getMessage()
    assert vars(record).items() >= {"environment": lock.environment, "schema_id": 2}.items()
    assert pauses == []


@pytest.mark.parametrize(
    "fault",
    [
        reset,
        half_a_body,
        refusal(500, 50001),
        refusal(429, 429, Retry_After="30"),
        refusal(401, 40101),
        answer(404, b"<h1>no route</h1>"),
        answer(200, b"<h1>It works</h1>"),
        answer(200, {"a": "b"}),
    ],
    ids=["reset", "half a body", "500", "429", "401", "404 of a proxy", "garbage", "wrong shape"],
)
def test_with_a_lock_the_registry_may_be_ill(
    scripted: ScriptedServer, lock: Lock, fault: Act, pauses: list[float]
) -> None:
    """It is asked once and not waited for; what it cannot say does not count against the lock."""
    scripted.then(fault)
    with SchemaRegistry(scripted.url, lock=lock) as client:
        assert client.id_of(SUBJECT, WIDER) == 2
        assert client.schema_by_id(1).canonical_form == POINT.canonical_form
    assert pauses == []


def test_with_a_lock_a_silent_registry_is_not_waited_for(
    scripted: ScriptedServer, lock: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait for a confirmation is one of its own, far shorter than that for an answer."""
    monkeypatch.setattr("streamcontract.registry.stored.HASTE", 0.05)
    scripted.then(scripted.stall)
    with SchemaRegistry(scripted.url, lock=lock, read_timeout=600) as client:
        assert client.schema_by_id(1).canonical_form == POINT.canonical_form
    scripted.wait_for(1)
    assert lock_verifier.HASTE <= 1


def test_a_short_wait_for_a_confirmation_is_no_outage(scripted: ScriptedServer, lock: Lock) -> None:
    """A registry that did not confirm in that time may answer in the time of other calls."""
    scripted.then(reset, answer(200, [SUBJECT]))
    with SchemaRegistry(scripted.url, lock=lock, failure_pause=3600.0) as client:
        assert client.schema_by_id(1).canonical_form == POINT.canonical_form
        assert client.subjects() == [SUBJECT]


def test_each_locked_id_is_confirmed_once(
    server: RegistryServer, registry: SchemaRegistry, lock: Lock
) -> None:
    """A healthy registry is asked for each id that is used, once, and for nothing else."""
    asked: list[str] = []

    def note(request: Request) -> Answer | None:
        asked.append(f"{request.method} {request.target}")
        return None

    server.before = note
    with SchemaRegistry(server.url, lock=lock) as client:
        for _ in range(3):
            assert client.id_of(SUBJECT, WIDER) == 2
            client.schema_by_id(1)
    assert asked == ["GET /schemas/ids/2", "GET /schemas/ids/1"]


@pytest.mark.parametrize("others", [(), ("int", "long", "string")], ids=["no such id", "another"])
def test_another_registry_is_noticed(
    lock: Lock, others: tuple[str, ...], pauses: list[float]
) -> None:
    """An id that means something else there is an error that says what to do, every time."""
    with RegistryServer() as elsewhere, SchemaRegistry(elsewhere.url, lock=lock) as client:
        for number, text in enumerate(others):
            client.register(f"s{number}", parse_schema(text))
        for _ in range(2):
            with pytest.raises(errors.LockMismatchError) as caught:
                client.id_of(SUBJECT, WIDER)
            assert caught.value.environment == "prod"
            assert "schema id 2" in str(caught.value)
            assert "streamcontract lock --environment prod" in str(caught.value)


def test_another_registrys_times_are_noticed(registry: SchemaRegistry) -> None:
    """Milliseconds and microseconds have one canonical form, and are a factor of 1000 apart."""
    made = [
        parse_schema({"type": "long", "logicalType": f"timestamp-{unit}"})
        for unit in ("millis", "micros")
    ]
    lock = _lock(registry, made[0])
    with RegistryServer() as elsewhere, SchemaRegistry(elsewhere.url, lock=lock) as client:
        assert client.register("s", made[1]) == 1
        with pytest.raises(errors.LockMismatchError, match="timestamp-micros"):
            client.schema_by_id(1)


def test_a_contract_that_changed_since_is_refused(lock: Lock) -> None:
    """The locked id belongs to the locked schema: another one must not travel under it."""
    changed = json.loads(WIDER.json)
    changed["fields"][1]["default"] = 1
    with (
        SchemaRegistry(DEAD, lock=lock) as client,
        pytest.raises(errors.LockMismatchError, match="not the one that was locked"),
    ):
        client.id_of(SUBJECT, parse_schema(changed))


def test_what_is_not_locked_is_asked_for(
    server: RegistryServer, lock: Lock, caplog: pytest.LogCaptureFixture
) -> None:
    """A subject or an id that the lock does not have goes to the registry; the log says so."""
    with SchemaRegistry(server.url, lock=lock) as client:
        schema_id = client.id_of("others-value", parse_schema("int"))
        assert client.schema_by_id(schema_id) == parse_schema("int")
    assert "others-value is not in the lock" in caplog.text


def test_lock_errors_name_their_fields() -> None:
    """Place, environment and reason are there for programs too."""
    error = errors.LockMismatchError("schema id 7", "prod", "it is another one")
    assert (error.place, error.environment, error.reason) == (
        "schema id 7",
        "prod",
        "it is another one",
    )
