"""Topics: created, compared, described, and on the command line."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import Future
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from confluent_kafka import KafkaError, KafkaException

from streamcontract import Stock, StockConsumer, StockProducer
from streamcontract.cli import main
from streamcontract.devstack import DevStack
from streamcontract.errors import ArgumentError, ConfigurationError
from streamcontract.kafka import (
    NotSupportedError,
    TopicError,
    TopicMismatch,
    TopicOutcome,
    describe_groups,
    describe_topics,
    ensure_topic,
)
from streamcontract.kafka.admin.groups import group_of, groups_at_once, move_group
from streamcontract.kafka.connection.authentication_errors import WatchedAdminClient
from streamcontract.kafka.connection.cluster import Cluster
from streamcontract.kafka.connection.config import split_config
from streamcontract.kafka.errors import GroupError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamcontract.testing.fixtures.stacks import Stack

Config = dict[str, Any]


@pytest.fixture
def name() -> str:
    """A topic's name that nobody uses."""
    return f"topic-{uuid.uuid4().hex[:12]}"


def test_ensure_topic_creates_and_then_finds(config: Config, replicas: int, name: str) -> None:
    """On the embedded stack its own control creates it; the second call changes nothing."""
    created = ensure_topic(name, config, partitions=4, replication=replicas)
    assert created == TopicOutcome(name, created=True, partitions=4)
    assert str(created) == f"Topic {name}: created, 4 partitions"
    assert ensure_topic(name, config, partitions=4, replication=replicas) == TopicOutcome(
        name, created=False, partitions=4
    )


def test_a_topic_that_is_otherwise_is_reported_and_left(
    config: Config, stack: Stack, name: str
) -> None:
    """Partitions, replication and properties that differ are named; the mock has no properties."""
    policy = None if isinstance(stack, DevStack) else "delete"
    ensure_topic(name, config, partitions=2, replication=1)
    outcome = ensure_topic(
        name, config, partitions=3, replication=3, topic_config={"cleanup.policy": "compact"}
    )
    assert outcome.partitions == 2
    assert outcome.mismatches == (
        TopicMismatch("partitions", "3", "2"),
        TopicMismatch("replication", "3", "1"),
        TopicMismatch("cleanup.policy", "compact", policy),
    )
    assert "partitions: 2, and not 3 as requested" in str(outcome)


@pytest.mark.usefixtures("embedded_stack")
def test_without_a_stack_the_topic_appears_at_first_use(
    config: Config, registry: Any, name: str
) -> None:
    """A mock cluster that nobody controls gives a topic the partitions it likes: said so."""
    alone = {**config, "schema.registry.url": "http://127.0.0.1:1"}
    outcome = ensure_topic(name, alone, partitions=17)
    assert outcome.created
    assert [each.setting for each in outcome.mismatches] == ["partitions"]
    assert describe_topics([name], config).topics[0].name == name


def test_what_cannot_be_created(config: Config) -> None:
    """A name or a number that Kafka does not take."""
    with pytest.raises((NotSupportedError, TopicError), match=r"'bad name'"):
        ensure_topic("bad name", config)
    with pytest.raises(ConfigurationError, match="partitions"):
        ensure_topic("t", config, partitions=0)
    with pytest.raises(TopicError, match=r"_TRANSPORT|_TIMED_OUT|_ALL_BROKERS_DOWN"):
        ensure_topic("t", {"bootstrap.servers": "127.0.0.1:1"}, timeout=0.2)


class FakeAdmin:
    """An AdminClient whose cluster can create topics; another client may be faster."""

    def __init__(self, real: Any, stack: DevStack, *, faster: bool) -> None:
        self.real, self.stack, self.faster = real, stack, faster
        self.asked: list[Any] = []

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        """The real metadata, of a cluster that is not the embedded one."""
        metadata = self.real.list_topics(topic, timeout=timeout)
        metadata.cluster_id = "a real cluster"
        return metadata

    def create_topics(self, new: list[Any], **_: float) -> dict[str, Future[None]]:
        """Create through the stack."""
        self.asked += new
        future: Future[None] = Future()
        self.stack.create_topic(new[0].topic, new[0].num_partitions)
        if self.faster:
            future.set_exception(KafkaException(KafkaError(KafkaError.TOPIC_ALREADY_EXISTS)))
        else:
            future.set_result(None)
        return {new[0].topic: future}

    def describe_configs(self, resources: list[Any], **_: float) -> dict[Any, Future[Any]]:
        """One property."""
        future: Future[Any] = Future()
        future.set_result({"cleanup.policy": SimpleNamespace(value="delete")})
        return {resources[0]: future}


@pytest.mark.parametrize("faster", [False, True])
def test_a_real_cluster_is_asked_through_adminclient(
    config: Config,
    embedded_stack: DevStack,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    faster: bool,
) -> None:
    """Partitions, replication and properties go there; losing the race is finding the topic."""
    fake = FakeAdmin(Cluster(config_of(config)).admin(), embedded_stack, faster=faster)
    monkeypatch.setattr(Cluster, "admin", lambda _: fake)
    outcome = ensure_topic(name, config, partitions=2, topic_config={"cleanup.policy": "compact"})
    [asked] = fake.asked
    assert (asked.num_partitions, asked.replication_factor) == (2, -1)
    assert asked.config == {"cleanup.policy": "compact"}
    assert outcome.created is not faster
    assert outcome.mismatches == (TopicMismatch("cleanup.policy", "compact", "delete"),)


def config_of(config: Config) -> Config:
    """The client's part of a configuration."""
    return {"bootstrap.servers": config["bootstrap.servers"]}


def test_describe(config: Config, replicas: int, name: str, bar: Callable[..., Stock]) -> None:
    """Leaders, offsets, messages; a group's committed offsets and lag."""
    ensure_topic(name, config, partitions=2, replication=replicas)
    with StockProducer(config, topic=name) as producer:
        for _ in range(5):
            producer.produce(bar(), partition=1)
    with StockConsumer(config, topic=name, group=name) as consumer:
        consumer.consume(2, 30)
    [topic] = describe_topics([name], config).topics
    assert topic.messages == 5
    empty, full = topic.partitions
    assert (full.number, full.first, full.end, full.messages) == (1, 0, 5, 5)
    assert (empty.first, empty.end) == (0, 0)
    assert full.leader in full.replicas
    assert len(full.replicas) == len(full.in_sync) == replicas
    [group] = describe_groups(topic, [name], config)
    assert group.committed == {0: None, 1: 2}
    assert (group.lag(full), group.lag(empty), group.total_lag) == (3, 0, 3)
    [nobody] = describe_groups(topic, ["nobody"], config)
    assert nobody.total_lag is None


def test_a_partition_without_leader_is_described_too(
    config: Config, embedded_stack: Any, name: str
) -> None:
    """It has no offsets to show."""
    ensure_topic(name, config, partitions=2)
    embedded_stack.broker.set_leader(name, 0, None)
    [topic] = describe_topics([name], config).topics
    assert (topic.partitions[0].leader, topic.partitions[0].end) == (None, None)
    assert topic.partitions[1].end == 0


def test_describing_what_is_not_there(config: Config) -> None:
    """The error says how to create it."""
    with pytest.raises(TopicError, match="streamcontract topics create nowhere"):
        describe_topics(["nowhere"], config)


@pytest.mark.usefixtures("embedded_stack")
def test_groups_cannot_be_listed_here(config: Config, topic: Callable[..., str]) -> None:
    """The embedded broker has no such request."""
    [state] = describe_topics([topic()], config).topics
    with pytest.raises(TopicError, match="_UNSUPPORTED_FEATURE"):
        describe_groups(state, None, config)


@pytest.mark.usefixtures("embedded_stack")
def test_the_group_without_an_id(
    config: Config, topic: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old clients have committed in it, and librdkafka has no requests for it."""
    [state] = describe_topics([topic()], config).topics
    with pytest.raises(TopicError, match="INVALID_GROUP_ID"):
        describe_groups(state, [""], config)
    listed: Future[Any] = Future()
    listed.set_result(SimpleNamespace(errors=[], valid=[SimpleNamespace(group_id="")]))
    monkeypatch.setattr(WatchedAdminClient, "list_consumer_groups", lambda *_, **__: listed)
    assert describe_groups(state, None, config) == ()
    # The embedded broker answers no request for members.
    cluster = Cluster(split_config(config).client, timeout=0.1)
    with pytest.raises(ArgumentError, match="group has to be"):
        group_of(cluster, "")
    with pytest.raises(ArgumentError, match="group has to be"):  # else librdkafka aborts
        move_group(cluster, "", {(state.name, 0): 0})
    assert isinstance(groups_at_once(cluster, [""], state)[""], GroupError)


@pytest.fixture
def run(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """Runs the command line against the stack: exit code and output."""
    for variable, value in stack.environment.items():
        monkeypatch.setenv(variable, value)

    def call(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["topics", *arguments])
        return result.exit_code, result.output

    return call


def test_commands(run: Callable[..., tuple[int, str]], stack: Stack, name: str) -> None:
    """Create, create again, list, describe; exit code 1 where a topic is not as asked for."""
    brokers = f"Brokers: {stack.environment['STREAMCONTRACT_BOOTSTRAP_SERVERS']}\n"
    created = f"{brokers}Topic {name}: created, 2 partitions\n"
    assert run("create", name, "--partitions", "2") == (0, created)
    code, text = run("create", name, "--partitions", "3")
    assert (code, "partitions: 2, and not 3 as requested" in text) == (1, True)
    code, text = run("list")
    assert (code, name in text) == (0, True)
    code, text = run("describe", name, "--group", "nobody")
    assert code == 0
    assert "group nobody: lag 0" in text
    code, text = run("describe", name)
    assert (code, "cannot list groups" in text) == (0, isinstance(stack, DevStack))
    code, text = run("describe", "nowhere")
    assert (code, "topics create" in text) == (2, True)
    code, text = run("list", "-X", "foo.bar=1")
    assert (code, "'foo.bar'" in text) == (2, True)
    assert run("list", "-X", "foo.bar")[0] == 2


def test_json(run: Callable[..., tuple[int, str]], stack: Stack, name: str, tmp_path: Path) -> None:
    """What was created, what there is, and what is not as asked for."""

    def found(*arguments: str) -> tuple[int, dict[str, Any]]:
        code, output = run(*arguments, "--format", "json")
        document = json.loads(output)
        brokers = document.pop("brokers", None)
        assert brokers in {stack.environment["STREAMCONTRACT_BOOTSTRAP_SERVERS"], None}
        return code, document

    created = {"topic": name, "created": True, "partitions": 2, "mismatches": []}
    assert found("create", name, "--partitions", "2") == (0, {"topics": [created]})
    mismatch = {"setting": "partitions", "wanted": "3", "found": "2"}
    there = {"topic": name, "created": False, "partitions": 2, "mismatches": [mismatch]}
    assert found("create", name, "--partitions", "3") == (1, {"topics": [there]})
    assert {"topic": name, "partitions": 2, "messages": 0} in found("list")[1]["topics"]
    code, document = found("describe", name, "--group", "nobody")
    [topic] = document["topics"]
    assert (code, topic["topic"], topic["messages"]) == (0, name, 0)
    assert [(each["partition"], each["first"], each["next"]) for each in topic["partitions"]] == [
        (0, 0, 0),
        (1, 0, 0),
    ]
    [group] = topic["groups"]
    assert (group["group"], group["lag"]) == ("nobody", 0)
    (tmp_path / "streamcontract.toml").write_text("[contracts.a]\n[contracts.b]\nschema = 1")
    code, document = found("create", "--project", str(tmp_path))
    assert (code, [each["at"]["line"] for each in document["findings"]]) == (2, [1, 3])


def test_a_groups_name_cannot_steer_the_terminal(
    run: Callable[..., tuple[int, str]], stack: Stack, name: str
) -> None:
    """Anybody may join by a name of any characters."""
    stack.create_topic(name)
    code, text = run("describe", name, "--group", "\x1b]0;owned\x07\u202e")
    assert (code, r"group \x1b]0;owned\x07\u202e: lag 0" in text) == (0, True)
    assert not {"\x1b", "\x07", "\u202e"} & set(text)


def test_create_from_the_project(
    run: Callable[..., tuple[int, str]], name: str, tmp_path: Path
) -> None:
    """Without a name, every contract's topic is created as the contract says."""
    (tmp_path / "a.avsc").write_text('{"type": "record", "name": "A", "fields": []}')
    project = tmp_path / "streamcontract.toml"
    project.write_text(f'[contracts.a]\nschema = "a.avsc"\ntopic = "{name}"\npartitions = 3\n')
    code, text = run("create", "--project", str(tmp_path))
    assert (code, text.splitlines()[1:]) == (0, [f"Topic {name}: created, 3 partitions"])


def test_a_contracts_topic_is_created_as_it_says_by_name_too(
    run: Callable[..., tuple[int, str]], name: str, tmp_path: Path
) -> None:
    """Which is what errors about a missing topic advise; options of the command come first."""
    (tmp_path / "a.avsc").write_text('{"type": "record", "name": "A", "fields": []}')
    tables = [
        f'[contracts.{each}]\nschema = "a.avsc"\ntopic = "{name}-{each}"\npartitions = 3\n'
        for each in ("a", "b")
    ]
    (tmp_path / "streamcontract.toml").write_text("".join(tables))
    here = ("--project", str(tmp_path))
    code, text = run("create", f"{name}-a", *here)
    assert (code, text.splitlines()[1:]) == (0, [f"Topic {name}-a: created, 3 partitions"])
    code, text = run("create", f"{name}-b", "--partitions", "2", *here)
    assert (code, text.splitlines()[1:]) == (0, [f"Topic {name}-b: created, 2 partitions"])


def test_a_cluster_without_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence, not an empty table."""
    with DevStack() as empty:
        for variable, value in empty.environment.items():
            monkeypatch.setenv(variable, value)
        assert CliRunner().invoke(main, ["topics", "list"]).output == "there are no topics\n"
