"""``streamcontract groups``: what it shows of consumer groups, and where it moves them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import confluent_kafka
import pytest
from tests.messages.conftest import Commands

from streamcontract.kafka.admin import groups, only_member
from streamcontract.kafka.errors import GroupError

if TYPE_CHECKING:
    from collections.abc import Iterator

Sales = list[dict[str, Any]]


def reset(commands: Commands, to: str, *options: str) -> list[tuple[int, int | None, int]]:
    """Partition, offset before and after."""
    code, document = commands.json("groups", "reset", commands.topic, "--to", to, "--yes", *options)
    assert code == 0
    assert document["group"] == commands.topic
    return [(each["partition"], each["before"], each["after"]) for each in document["partitions"]]


@pytest.mark.searching
@pytest.mark.parametrize(
    ("to", "offset", "left"),
    [("earliest", 0, 6), ("latest", 2, 0), ("-1", 1, 3), ("1", 1, 3), ("99", 2, 0)],
)
def test_a_group_begins_where_it_is_put(
    commands: Commands, sales: Sales, to: str, offset: int, left: int
) -> None:
    """In each partition of a topic that is named; its next members go on there."""
    dry = reset(commands, to, "--topic", commands.topic, "--dry-run")
    assert dry == [(number, None, offset) for number in range(3)]
    assert reset(commands, to, "--topic", commands.topic) == dry
    _, document = commands.json("groups", "describe", commands.topic)
    [group] = document["groups"]
    [topic] = group["topics"]
    assert (topic["topic"], topic["lag"]) == (commands.topic, left)
    assert [each["committed"] for each in topic["partitions"]] == [offset] * 3
    assert len(commands.consume("--group", commands.topic)) == left
    assert reset(commands, "earliest") == [(number, 2, 0) for number in range(3)]
    assert len(commands.consume("--group", commands.topic)) == 6


def test_a_group_is_moved_where_it_has_committed(commands: Commands, sales: Sales) -> None:
    """Without a topic that is named, in the partitions that it has read."""
    options = ("--group", commands.topic, "--partition", "1", "--limit", "1")
    assert len(commands.consume(*options)) == 1
    assert reset(commands, "latest") == [(1, 1, 2)]
    _, output, _ = commands.run("groups", "describe", commands.topic)
    assert [line.split() for line in output.splitlines() if line.startswith(" ")] == [
        ["0", "-", "2", "-"],
        ["1", "2", "2", "0"],
        ["2", "-", "2", "-"],
    ]


def test_a_group_that_is_not_there_is_one_error(commands: Commands, sales: Sales) -> None:
    """Described or moved."""
    for arguments in (("describe",), ("reset", "--to", "latest")):
        code, output, errors = commands.run("groups", *arguments, commands.topic)
        assert (code, output) == (2, "")
        assert f"group '{commands.topic}': there is no such group" in errors


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 2)])
def test_a_person_is_asked(
    commands: Commands, sales: Sales, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    """And is believed."""
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    arguments = ("groups", "reset", commands.topic, "--to", "latest", "--topic", commands.topic)
    found, _, errors = commands.run(*arguments, stdin=f"{answer}\n")
    assert (found, "nothing was changed" in errors) == (code, code == 2)
    assert commands.run("groups", "describe", commands.topic)[0] == code


def test_nothing_is_moved_unasked(commands: Commands, sales: Sales) -> None:
    """Where there is no terminal to ask on, the answer has to be given."""
    arguments = ("groups", "reset", commands.topic, "--to", "latest", "--topic", commands.topic)
    code, _, errors = commands.run(*arguments)
    assert code == 2
    assert f"Move group {commands.topic} in 3 partitions?" in errors
    assert commands.run("groups", "describe", commands.topic)[0] == 2


@pytest.fixture
def member(
    commands: Commands, sales: Sales, streamcontract_config: dict[str, Any]
) -> Iterator[None]:
    """A member of the group."""
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": streamcontract_config["bootstrap.servers"],
            "group.id": commands.topic,
            "client.id": "the one member",
            "auto.offset.reset": "earliest",
            "group.protocol": "consumer",
        }
    )
    consumer.subscribe([commands.topic])
    while (message := consumer.poll(1)) is None or message.error():
        pass
    consumer.commit()
    yield
    consumer.close()


def test_a_group_with_members_is_not_moved(
    commands: Commands, member: None, is_embedded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would commit over it; the error says who they are, where the brokers tell."""
    monkeypatch.setattr(only_member, "_JOIN_SECONDS", 0.5)
    arguments = ("groups", "reset", commands.topic, "--to", "latest", "--yes")
    code, _, errors = commands.run(*arguments)
    assert code == 2
    assert ("other members" if is_embedded else "it has members (the one member at") in errors
    if not is_embedded:
        assert commands.run(*arguments, "--dry-run")[0] == 2


def test_members_and_states_are_shown(commands: Commands, member: None, is_embedded: bool) -> None:
    """Where the brokers tell them."""
    _, document = commands.json("groups", "describe", commands.topic)
    [group] = document["groups"]
    if is_embedded:
        assert (group["state"], group["members"]) == (None, None)
        assert "cannot list groups" in commands.run("groups", "list")[2]
        return
    [found] = group["members"]
    assert (group["state"], found["client"]) == ("STABLE", "the one member")
    assert found["partitions"] == {commands.topic: [0, 1, 2]}
    assert "the one member" in commands.run("groups", "describe", commands.topic)[1]
    _, listed = commands.json("groups", "list")
    assert {"group": commands.topic, "state": "STABLE", "type": "CONSUMER"} in listed["groups"]
    [row] = [
        line.split()
        for line in commands.run("groups", "list")[1].splitlines()
        if line.startswith(commands.topic)
    ]
    assert row == [commands.topic, "stable", "consumer"]


def test_topics_are_deleted(commands: Commands, sales: Sales, is_embedded: bool) -> None:
    """After a question; none unless all are there. The embedded broker says that it cannot."""
    code, document = commands.json("topics", "delete", commands.topic, "--dry-run")
    assert (code, document["topics"]) == (
        0,
        [{"topic": commands.topic, "partitions": 3, "messages": 6}],
    )
    assert "give --yes" in commands.run("topics", "delete", commands.topic)[2]
    missing = ("topics", "delete", commands.topic, f"{commands.topic}-not", "--yes")
    assert commands.run(*missing)[0] == 2
    assert len(commands.consume()) == 6
    code, output, errors = commands.run("topics", "delete", commands.topic, "--yes")
    if is_embedded:
        assert code == 2
        assert "the embedded broker cannot delete topic" in errors
        return
    assert (code, output) == (0, f"Topic {commands.topic}: deleted, 6 messages\n")
    assert commands.run("consume", commands.topic)[0] == 2


def test_an_error_of_a_group_names_it() -> None:
    """And keeps its facts."""
    reason = confluent_kafka.KafkaError(confluent_kafka.KafkaError.NON_EMPTY_GROUP, "busy")
    error = GroupError("report", reason, "Wait")
    assert str(error) == "group 'report': busy (NON_EMPTY_GROUP). Wait"
    assert error.args == ("report", reason, "Wait")
    assert str(GroupError("", reason)) == "busy (NON_EMPTY_GROUP)"
    assert json.dumps(groups.GroupListing("a", "STABLE", "CLASSIC").state) == '"STABLE"'


def test_a_group_of_the_classic_protocol_is_not_moved_on_the_embedded_broker(
    commands: Commands, sales: Sales, is_embedded: bool
) -> None:
    """It takes their offsets from their members alone."""
    options = ("--group", commands.topic, "-X", "group.protocol=classic")
    assert len(commands.consume(*options)) == 6
    code, _, errors = commands.run("groups", "reset", commands.topic, "--to", "-1", "--yes")
    assert code == (2 if is_embedded else 0)
    assert ("members of the classic protocol" in errors) == is_embedded
