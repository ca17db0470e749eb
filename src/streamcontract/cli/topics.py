"""``streamcontract topics``: create, list and describe topics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from streamcontract.cli import EXIT_FINDINGS
from streamcontract.cli._kafka import config_option, number, open_console, properties_of, table
from streamcontract.cli._options import project_option
from streamcontract.errors import ConfigurationError
from streamcontract.kafka.admin.describe import describe_groups, describe_topics
from streamcontract.kafka.admin.topics import ensure_topic
from streamcontract.project import find_project_file, load_project
from streamcontract.reporting.terminal import printable

if TYPE_CHECKING:
    from rich.table import Table

    from streamcontract.kafka.admin.describe import GroupState, TopicState

__all__ = ["command"]

_timeout = click.option(
    "--timeout",
    default=10.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="Seconds that each question to the brokers may take.",
)


@click.group("topics")
def command() -> None:
    """Create, list and describe topics.

    The brokers are those of STREAMCONTRACT_BOOTSTRAP_SERVERS, else localhost:19092.
    """


@command.command("list")
@click.option("--all", "with_internal", is_flag=True, help="Show topics that start with _ too.")
@config_option
@_timeout
def _list(with_internal: bool, properties: tuple[str, ...], timeout: float) -> None:  # noqa: FBT001 - click passes options by keyword
    """List topics: partitions and messages."""
    found = describe_topics(None, properties_of(properties), timeout=timeout).topics
    topics = [each for each in found if with_internal or not each.name.startswith("_")]
    if not topics:
        click.echo("there are no topics")
        return
    rows = table("topic", partitions="right", messages="right")
    for topic in topics:
        rows.add_row(Text(topic.name), str(len(topic.partitions)), number(topic.messages))
    open_console().print(rows)


@command.command("describe", short_help="Describe topics: partitions, offsets, groups' lag.")
@click.argument("names", nargs=-1, required=True, metavar="TOPIC...")
@click.option("--group", "groups", multiple=True, help="Show this group's lag; may be repeated.")
@config_option
@_timeout
def _describe(
    names: tuple[str, ...], groups: tuple[str, ...], properties: tuple[str, ...], timeout: float
) -> None:
    """Describe topics: partitions, leaders, offsets, and how far groups have come.

    Without --group, every group that has committed in the topic is shown.
    """
    console, config = open_console(), properties_of(properties)
    state = describe_topics(names, config, timeout=timeout)
    for topic in state.topics:
        console.print(Text(f"{topic.name}: {number(topic.messages)} messages"))
        console.print(_partitions_table(topic))
        if groups or not state.is_embedded:
            for group in describe_groups(topic, groups or None, config, timeout=timeout):
                # Whoever joins a group names it, by any characters.
                name = printable(group.group)
                console.print(Text(f"group {name}: lag {number(group.total_lag)}"))
                console.print(_group_table(group))
    if state.is_embedded and not groups:
        console.print("The embedded broker cannot list groups: name them with --group.")


@command.command("create")
@click.argument("names", nargs=-1, metavar="[TOPIC]...")
@click.option("--partitions", type=click.IntRange(min=1), help="How many; else the broker's own.")
@click.option("--replication", type=click.IntRange(min=1), help="How many; else the broker's own.")
@click.option(
    "--topic-config", multiple=True, metavar="NAME=VALUE", help="A property of the topic."
)
@project_option
@config_option
@_timeout
def _create(
    names: tuple[str, ...],
    partitions: int | None,
    replication: int | None,
    topic_config: tuple[str, ...],
    project_file: Path | None,
    properties: tuple[str, ...],
    timeout: float,
) -> None:
    """Create topics that are not there, and compare those that are.

    Without TOPIC, the topics of all contracts of streamcontract.toml are created. A contract's
    topic gets the partitions that the contract asks for. Exits with 1 if a topic is there and is
    not as asked for; it is not changed.
    """
    file = project_file or find_project_file()
    # Topics that are named, such as one of dead letters, need no project.
    contracts = () if names and file is None else load_project(file).contracts
    declared = {each.topic: each.partitions for each in contracts if each.topic}
    wanted: dict[str, int | None]
    if names:
        wanted = {name: partitions or declared.get(name) for name in names}
    else:
        wanted = {name: count or partitions for name, count in declared.items()}
    if not wanted:
        raise ConfigurationError("no contract of the project names a topic: name one here")
    outcomes = [
        ensure_topic(
            name,
            properties_of(properties),
            partitions=count,
            replication=replication,
            topic_config=properties_of(topic_config),
            timeout=timeout,
        )
        for name, count in wanted.items()
    ]
    for outcome in outcomes:
        click.echo(str(outcome))
    if any(outcome.mismatches for outcome in outcomes):
        raise click.exceptions.Exit(EXIT_FINDINGS)


def _partitions_table(topic: TopicState) -> Table:
    columns: dict[str, Any] = dict.fromkeys(
        ("partition", "leader", "replicas", "in sync", "first", "next", "messages"), "right"
    )
    rows = table(**columns)
    for each in topic.partitions:
        rows.add_row(
            str(each.number),
            number(each.leader),
            " ".join(map(str, each.replicas)),
            " ".join(map(str, each.in_sync)),
            number(each.first),
            number(each.end),
            number(each.messages),
        )
    return rows


def _group_table(group: GroupState) -> Table:
    rows = table(partition="right", committed="right", next="right", lag="right")
    for each in group.topic.partitions:
        rows.add_row(
            str(each.number),
            number(group.committed.get(each.number)),
            number(each.end),
            number(group.lag(each)),
        )
    return rows
