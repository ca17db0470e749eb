"""A topic of bars with a contract, filled once, and a connection for it."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any, Final

import attrs
import confluent_kafka
import pytest

from streamcontract import ContractProducer, parse_schema, sql
from streamcontract.devstack import DevStack
from streamcontract.project import load_project
from streamcontract.testing.fixtures.topics import TopicMaker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from streamcontract.project import Project
    from streamcontract.sql.connection import TopicConnection
    from streamcontract.testing.fixtures.stacks import Stack

BAR: Final[Any] = {
    "type": "record",
    "name": "Bar",
    "fields": [
        {"name": "symbol", "type": "string"},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "side", "type": {"type": "enum", "name": "Side", "symbols": ["BUY", "SELL"]}},
        {"name": "open", "type": "double"},
        {"name": "high", "type": "double"},
        {"name": "Low", "type": "double"},
        {"name": "low", "type": ["null", "double"], "default": None},
        {"name": "volume", "type": "int"},
    ],
}
START: Final = dt.datetime(2024, 5, 17, tzinfo=dt.timezone.utc)
PARTITIONS: Final = 3
EACH: Final = 10
"""Messages of a partition, one an hour from START on; the last are poison and a tombstone."""

BARS: Final = PARTITIONS * (EACH - 2)


@attrs.frozen
class Bars:
    """A topic of bars.

    Attributes:
        topic: Its name.
        table: The same as SQL has it.
        config: Client properties.
        environment: The same for commands.
        project: A project with its contract.
    """

    topic: str
    config: Mapping[str, Any]
    environment: Mapping[str, str]
    project: Project

    @property
    def table(self) -> str:
        """Its name as SQL has it."""
        return f'"{self.topic}"'


def bar(number: int) -> dict[str, Any]:
    """A bar, of which a column is the number of."""
    return {
        "symbol": ("AAPL", "MSFT")[number % 2],
        "day": START.date(),
        "side": "BUY",
        "open": 1.5,
        "high": 100.0 + number,
        "Low": 1.0,
        "low": 0.5,
        "volume": number,
    }


@pytest.fixture(scope="session")
def bars(streamcontract_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Bars:
    """Bars, poison and tombstones in three partitions."""
    servers = streamcontract_stack.bootstrap_servers
    registry = streamcontract_stack.registry_url
    config = {
        "bootstrap.servers": servers,
        "schema.registry.url": registry,
        "fetch.wait.max.ms": 20,
    }
    topic = TopicMaker(streamcontract_stack)("bars", partitions=PARTITIONS)
    folder = tmp_path_factory.mktemp("bars")
    (folder / "bar.avsc").write_text(json.dumps(BAR), "utf-8")
    (folder / "streamcontract.toml").write_text(
        f'[contracts.bar]\nschema = "bar.avsc"\ntopic = "{topic}"\n', "utf-8"
    )
    fill(topic, config)
    environment = {
        "STREAMCONTRACT_BOOTSTRAP_SERVERS": servers,
        "STREAMCONTRACT_REGISTRY_URL": registry,
    }
    return Bars(topic, config, environment, load_project(folder))


def fill(topic: str, config: Mapping[str, Any]) -> None:
    """Send what the topic has: of partition p the bars p, p + 3, p + 6, ..."""
    with ContractProducer(config, topic=topic, schema=parse_schema(BAR)) as producer:
        for number in range(BARS):
            offset, partition = divmod(number, PARTITIONS)
            sent = START + dt.timedelta(hours=offset)
            producer.produce(bar(number), key=f"key {number}", partition=partition, timestamp=sent)
    raw = confluent_kafka.Producer({"bootstrap.servers": config["bootstrap.servers"]})
    for partition in range(PARTITIONS):
        for value, hours in ((b"no frame", EACH - 2), (None, EACH - 1)):
            at = int((START + dt.timedelta(hours=hours)).timestamp() * 1_000)
            raw.produce(topic, value, b"key", partition, timestamp=at)
    assert raw.flush(30) == 0


@pytest.fixture
def topics(bars: Bars) -> Iterator[TopicConnection]:
    """A connection of the project."""
    with sql.connect(bars.config, project=bars.project) as found:
        yield found


@pytest.fixture
def is_embedded(stack: Stack) -> bool:
    """Whether the stack is the embedded one."""
    return isinstance(stack, DevStack)
