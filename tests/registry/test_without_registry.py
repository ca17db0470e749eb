"""Producers and consumers while the registry is down from the start, or ill on the way."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from click.testing import CliRunner
from confluent_kafka import Producer

from streamcontract import ContractConsumer, ContractProducer
from streamcontract.cli import main
from streamcontract.devstack import DevStack
from streamcontract.devstack.registry import Answer, RegistryServer, Request
from streamcontract.errors import ConfigurationError, RegistryError
from streamcontract.kafka import MessageDecodeError
from streamcontract.registry import SchemaRegistry
from streamcontract.registry.errors import LockMismatchError, SchemaNotFoundError
from streamcontract.registry.protocol import ErrorCode
from streamcontract.schema import Schema, parse_schema
from streamcontract.wire import frame

DEAD = "http://127.0.0.1:1"
Config = dict[str, Any]


@pytest.fixture
def config(embedded_stack: DevStack) -> Iterator[Config]:
    """The embedded stack, with a registry that is well again after the test."""
    yield {
        "bootstrap.servers": embedded_stack.bootstrap_servers,
        "schema.registry.url": embedded_stack.registry_url,
        "schema.registry.max.retries": 0,
    }
    embedded_stack.registry.before = None


def _reading(fields: int) -> dict[str, object]:
    """A record of a station, with so many more fields that have defaults."""
    more = [{"name": f"more_{index}", "type": "int", "default": 0} for index in range(fields)]
    return {
        "type": "record",
        "name": "doc.Reading",
        "fields": [{"name": "number", "type": "long"}, *more],
    }


@pytest.fixture
def project(tmp_path: Path, topic: Callable[..., str]) -> tuple[Path, str]:
    """A project of one contract with a key schema, and its topic."""
    name = topic("readings")
    (tmp_path / "streamcontract.toml").write_text(
        f'[contracts.reading]\nschema = "reading.avsc"\ntopic = "{name}"\nkey_schema = "key.avsc"',
        encoding="utf-8",
    )
    key = {"type": "record", "name": "doc.Key", "fields": [{"name": "n", "type": "long"}]}
    (tmp_path / "key.avsc").write_text(json.dumps(key), encoding="utf-8")
    return tmp_path, name


def _register(folder: Path, url: str, fields: int) -> None:
    (folder / "reading.avsc").write_text(json.dumps(_reading(fields)), encoding="utf-8")
    options = ["--project", str(folder), "--registry", url, "--environment", "prod"]
    result = CliRunner().invoke(main, ["register", *options])
    assert result.exit_code == 0, result.output


def _produce(config: Config, topic: str, schema: Schema, numbers: range) -> None:
    with ContractProducer(config, topic=topic, schema=schema) as producer:
        for number in numbers:
            producer.produce({"number": number} | dict.fromkeys(_more(schema), number))


def _more(schema: Schema) -> list[str]:
    fields = json.loads(schema.json)["fields"]
    return [field["name"] for field in fields[1:]]


def test_start_up_with_a_lock_and_no_registry(config: Config, project: tuple[Path, str]) -> None:
    """With the registry down from the start, records are produced, and old versions read."""
    folder, topic = project
    url = config["schema.registry.url"]
    _register(folder, url, 0)
    first = parse_schema(_reading(0))
    _produce(config, topic, first, range(100))
    _register(folder, url, 2)

    offline = {
        **config,
        "schema.registry.url": DEAD,
        "streamcontract.lock.file": folder / "streamcontract.lock",
        "streamcontract.lock.environment": "prod",
    }
    second = parse_schema(_reading(2))
    _produce(offline, topic, second, range(100, 200))
    with ContractConsumer(offline, topic=topic, schema=second) as consumer:
        messages = list(consumer.until_end())
    assert [message.value for message in messages] == [
        {"number": n, "more_0": n if n >= 100 else 0, "more_1": n if n >= 100 else 0}
        for n in range(200)
    ]
    with SchemaRegistry(url) as registry:
        versions = [registry.version(f"{topic}-value", version).id for version in (1, 2)]
    ids = [message.schema_id for message in messages]
    assert ids == [versions[0]] * 100 + [versions[1]] * 100


def test_the_environment_alone_is_enough(
    config: Config, project: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a project's folder, environment variables alone make the lock be used."""
    folder, topic = project
    _register(folder, config["schema.registry.url"], 1)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("STREAMCONTRACT_ENVIRONMENT", "prod")
    monkeypatch.setenv("STREAMCONTRACT_REGISTRY_URL", DEAD)
    bare = {"bootstrap.servers": config["bootstrap.servers"]}
    schema = parse_schema(_reading(1))
    _produce(bare, topic, schema, range(3))
    with ContractConsumer(bare, topic=topic, schema=schema) as consumer:
        values = [message.value for message in consumer.until_end()]
    assert values == [{"number": n, "more_0": n} for n in range(3)]
    monkeypatch.setenv("STREAMCONTRACT_ENVIRONMENT", "staging")
    with pytest.raises(ConfigurationError, match="no environment 'staging', only: prod"):
        ContractConsumer(bare, topic=topic, schema=schema)


def test_a_contract_that_was_not_locked_anew_sends_nothing(
    config: Config, project: tuple[Path, str]
) -> None:
    """A producer whose schema changed since stops at its first record, registry or no registry."""
    folder, topic = project
    _register(folder, config["schema.registry.url"], 1)
    locked = {
        **config,
        "streamcontract.lock.file": str(folder / "streamcontract.lock"),
        "streamcontract.lock.environment": "prod",
    }
    for url in (config["schema.registry.url"], DEAD):
        with (
            ContractProducer(
                {**locked, "schema.registry.url": url},
                topic=topic,
                schema=parse_schema(_reading(2)),
            ) as producer,
            pytest.raises(LockMismatchError, match="streamcontract lock --environment prod"),
        ):
            producer.produce({"number": 1, "more_0": 1, "more_1": 1})
    with ContractConsumer(config, topic=topic, schema=parse_schema(_reading(2))) as consumer:
        assert list(consumer.until_end()) == []


def test_a_lock_of_another_registry_costs_no_message(
    config: Config, project: tuple[Path, str]
) -> None:
    """A consumer that is told the wrong environment stops at the message, and stays there."""
    folder, topic = project
    url = config["schema.registry.url"]
    _register(folder, url, 0)
    schema = parse_schema(_reading(0))
    _produce(config, topic, schema, range(2))
    with RegistryServer() as elsewhere:
        wrong = {
            **config,
            "schema.registry.url": elsewhere.url,
            "streamcontract.lock.file": folder / "streamcontract.lock",
            "streamcontract.lock.environment": "prod",
        }
        with ContractConsumer(wrong, topic=topic, schema=schema, group=topic) as consumer:
            for _ in range(2):
                with pytest.raises(LockMismatchError, match="environment's registry"):
                    consumer.poll(30)
            assert consumer.commit() == {}


ILLNESSES: dict[str, Answer] = {
    "500": Answer(500, b'{"error_code": 50001, "message": "no"}'),
    "429": Answer(429, b'{"error_code": 429, "message": "no"}'),
    "401": Answer(401, b'{"error_code": 40101, "message": "no"}'),
    "garbage": Answer(200, b"<h1>It works</h1>"),
    "wrong shape": Answer(200, b'{"a": "b"}'),
    "404 of a proxy": Answer(404, b"<h1>no route</h1>"),
}


# By itself, a message at a time, and in lists; lists of another length are left to make test-all.
@pytest.mark.searching
@pytest.mark.parametrize(
    "batch",
    [0, 1, pytest.param(7, marks=pytest.mark.searching), 500],
    ids=lambda size: f"batches of {size}",
)
@pytest.mark.parametrize("illness", ILLNESSES.values(), ids=ILLNESSES)
def test_an_ill_registry_loses_and_reorders_nothing(
    config: Config,
    embedded_stack: DevStack,
    topic: Callable[..., str],
    illness: Answer,
    batch: int,
) -> None:
    """Each new id fails at first; every message comes, once and in order."""
    name = topic("ill")
    numbers = itertools.count()
    for fields in (0, 1, 2, 1, 0, 3):
        first = next(numbers) * 5
        _produce(config, name, parse_schema(_reading(fields)), range(first, first + 5))
    asked: dict[str, int] = {}
    lock = threading.Lock()

    def fail_twice(request: Request) -> Answer | None:
        with lock:
            asked[request.target] = asked.get(request.target, 0) + 1
            return illness if asked[request.target] <= 2 else None

    embedded_stack.registry.before = fail_twice
    seen: list[int] = []
    failures = 0
    with ContractConsumer(config, topic=name, schema=parse_schema(_reading(3))) as consumer:
        while len(seen) < 30:
            try:
                messages = consumer.consume(batch, 1) if batch else [next(consumer)]
            except RegistryError:  # noqa: PERF203 - the loop is about it
                failures += 1
            else:
                seen += [message.value["number"] for message in messages if message.value]
    assert seen == [*range(30)]
    # A batch that ends before a message it cannot read asks for that one's schema once more.
    assert 4 <= failures <= 8


def test_an_id_that_no_registry_knows_is_the_messages_fault(
    config: Config, topic: Callable[..., str]
) -> None:
    """The registry's own word that there is no such id makes a message poison."""
    name = topic("foreign")
    schema = parse_schema(_reading(0))
    with ContractProducer(config, topic=name, schema=schema) as producer:
        producer.produce({"number": 1})
        Producer.produce(producer.client, name, frame(2**31 - 1, b"\x00"))
        producer.produce({"number": 2})
    with ContractConsumer(config, topic=name, schema=schema) as consumer:
        assert next(consumer).value == {"number": 1}
        with pytest.raises(MessageDecodeError) as caught:
            next(consumer)
        assert next(consumer).value == {"number": 2}
    assert isinstance(caught.value.__cause__, SchemaNotFoundError)
    assert caught.value.__cause__.code == ErrorCode.SCHEMA_NOT_FOUND


def test_ctrl_c_while_the_registry_is_waited_for_loses_nothing(
    config: Config, embedded_stack: DevStack, topic: Callable[..., str]
) -> None:
    """An interrupt that is caught leaves the message where it was."""
    name = topic("interrupted")
    schema = parse_schema(_reading(0))
    _produce(config, name, schema, range(2))
    with (
        SchemaRegistry(config["schema.registry.url"]) as registry,
        ContractConsumer(config, topic=name, schema=schema, registry=registry) as consumer,
    ):
        ask = registry.stored

        def interrupt(schema_id: object, **_: object) -> NoReturn:
            registry.stored = ask  # type: ignore[method-assign] # the next one works
            raise KeyboardInterrupt

        registry.stored = interrupt  # type: ignore[method-assign] # as Ctrl-C would
        with pytest.raises(KeyboardInterrupt):
            next(consumer)
        messages = [consumer.poll(30), consumer.poll(30)]
    assert [message and message.value for message in messages] == [{"number": 0}, {"number": 1}]
