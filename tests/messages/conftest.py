"""A project of one contract in a folder of its own, and commands that are run there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from click.testing import CliRunner

from streamcontract import ContractProducer, parse_schema
from streamcontract.cli import main
from streamcontract.devstack import DevStack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from streamcontract.testing.fixtures.stacks import Stack
    from streamcontract.testing.fixtures.topics import TopicMaker

SALE: Any = {
    "type": "record",
    "name": "Sale",
    "fields": [
        {"name": "shop", "type": "string"},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "count", "type": "int"},
        {"name": "price", "type": ["null", "double"], "default": None},
    ],
}


@attrs.frozen
class Commands:
    """Runs commands against a stack.

    Attributes:
        topic: The topic of the project's contract, with three partitions.
        environment: Leads commands to the stack.
    """

    topic: str
    environment: Mapping[str, str]

    def run(self, *arguments: str, stdin: str | bytes = "") -> tuple[int, str, str]:
        """Exit code, standard output and standard error of a command."""
        result = CliRunner().invoke(main, arguments, env=self.environment, input=stdin)
        return result.exit_code, result.stdout, result.stderr

    def consume(self, *arguments: str, topic: str | None = None) -> list[dict[str, Any]]:
        """The messages that ``consume`` prints, by partition and offset."""
        code, output, errors = self.run("consume", topic or self.topic, *arguments)
        assert code == 0, errors
        found = [json.loads(line) for line in output.splitlines()]
        return sorted(found, key=lambda each: (each["partition"], each["offset"]))

    def json(self, *arguments: str, stdin: str | bytes = "") -> tuple[int, dict[str, Any]]:
        """Exit code and document of a command that has one."""
        code, output, errors = self.run(*arguments, "--format", "json", stdin=stdin)
        assert output, errors
        return code, json.loads(output)


@pytest.fixture
def commands(
    streamcontract_config: dict[str, Any],
    topic: TopicMaker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Commands:
    """Commands in the folder of a project."""
    name = topic("sales", partitions=3)
    (tmp_path / "sale.avsc").write_text(json.dumps(SALE), "utf-8")
    (tmp_path / "streamcontract.toml").write_text(
        f'[contracts.sale]\nschema = "sale.avsc"\ntopic = "{name}"\nkey = "shop"\n', "utf-8"
    )
    monkeypatch.chdir(tmp_path)
    environment = {
        "STREAMCONTRACT_BOOTSTRAP_SERVERS": streamcontract_config["bootstrap.servers"],
        "STREAMCONTRACT_REGISTRY_URL": streamcontract_config["schema.registry.url"],
    }
    return Commands(name, environment)


@pytest.fixture
def elsewhere(commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """The same commands in a folder without a project."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (tmp_path / "streamcontract.toml").unlink()
    monkeypatch.chdir(folder)
    return commands


def sale(shop: str, count: int, **more: Any) -> dict[str, Any]:
    """A sale as JSON has it."""
    return {"shop": shop, "day": "2024-05-17", "count": count, "price": None, **more}


@pytest.fixture
def sales(commands: Commands, streamcontract_config: dict[str, Any]) -> list[dict[str, Any]]:
    """Six sales in three partitions, as JSON has them: in partition p those of shop p."""
    found = [sale(f"shop {number % 3}", number) for number in range(6)]
    fill(commands, streamcontract_config, found)
    return found


def fill(commands: Commands, config: dict[str, Any], found: list[dict[str, Any]]) -> None:
    """Send sales, each to the partition of its shop's number."""
    import datetime as dt

    with ContractProducer(config, topic=commands.topic, schema=parse_schema(SALE)) as producer:
        for each in found:
            value = {**each, "day": dt.date.fromisoformat(each["day"])}
            producer.produce(value, key=each["shop"], partition=int(each["shop"][-1]))


@pytest.fixture
def send_raw(commands: Commands, streamcontract_config: dict[str, Any]) -> Callable[..., None]:
    """Sends bytes as they are."""
    import confluent_kafka

    def send(value: bytes | None, key: bytes | None = None, **more: Any) -> None:
        servers = streamcontract_config["bootstrap.servers"]
        producer = confluent_kafka.Producer({"bootstrap.servers": servers})
        producer.produce(commands.topic, value, key, **more)
        assert producer.flush(30) == 0

    return send


@pytest.fixture
def is_embedded(stack: Stack) -> bool:
    """Whether the stack is the embedded one."""
    return isinstance(stack, DevStack)
