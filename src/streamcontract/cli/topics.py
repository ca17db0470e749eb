"""``streamcontract topics``: create, list, describe and delete topics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from streamcontract.cli import EXIT_FINDINGS
from streamcontract.cli._confirm import confirm, yes_option
from streamcontract.cli._examples import examples
from streamcontract.cli._kafka import brokers_of, config_option, properties_of, timeout_option
from streamcontract.cli._offsets import offsets_described, offsets_table
from streamcontract.cli._options import facts_option, project_option, sound_project
from streamcontract.errors import ConfigurationError
from streamcontract.kafka.admin.deletion import delete_topic_of
from streamcontract.kafka.admin.describe import describe_topics, groups_of, topics_of
from streamcontract.kafka.admin.topics import ensure_topic_of
from streamcontract.kafka.connection.cluster import Cluster
from streamcontract.kafka.connection.config import split_config
from streamcontract.project import find_project_file
from streamcontract.reporting.facts import print_facts
from streamcontract.reporting.tables import Table, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streamcontract.kafka.admin.describe import GroupState, TopicState

__all__ = ["command"]


@click.group(
    "topics",
    epilog=examples(
        "streamcontract topics create",
        "streamcontract topics list",
        "streamcontract topics describe orders --group billing",
    ),
)
def command() -> None:
    """Create, list, describe and delete topics.

    The brokers are those of STREAMCONTRACT_BOOTSTRAP_SERVERS, or else localhost:19092.
    """


@command.command(
    "list",
    epilog=examples(
        "streamcontract topics list",
        "streamcontract topics list --all --format json",
    ),
)
@click.option("--all", "with_internal", is_flag=True, help="Show topics that start with _ too.")
@facts_option
@config_option
@timeout_option
def _list(
    with_internal: bool,  # noqa: FBT001 - click passes options by keyword
    output_format: str,
    properties: tuple[str, ...],
    timeout: float,
) -> None:
    """List topics with their numbers of partitions and messages."""
    config = properties_of(properties)
    found = describe_topics(None, config, timeout=timeout).topics
    topics = [each for each in found if with_internal or not each.name.startswith("_")]

    def in_words() -> Iterator[str | Table]:
        if not topics:
            yield "there are no topics"
            return
        rows = [(each.name, str(len(each.partitions)), number(each.messages)) for each in topics]
        yield Table(
            ("topic", "partitions", "messages"), rows, frozenset({"partitions", "messages"})
        )

    listed = [
        {"topic": each.name, "partitions": len(each.partitions), "messages": each.messages}
        for each in topics
    ]
    print_facts({"brokers": brokers_of(config), "topics": listed}, output_format, in_words)


@command.command(
    "describe",
    short_help="Describe topics: partitions, offsets, consumer lag.",
    epilog=examples(
        "streamcontract topics describe orders",
        "streamcontract topics describe orders --group billing --group audit",
        "streamcontract topics describe orders --format json",
    ),
)
@click.argument("names", nargs=-1, required=True, metavar="TOPIC...")
@click.option(
    "--group", "groups", multiple=True, help="Show the lag of this consumer group; repeatable."
)
@facts_option
@config_option
@timeout_option
def _describe(
    names: tuple[str, ...],
    groups: tuple[str, ...],
    output_format: str,
    properties: tuple[str, ...],
    timeout: float,
) -> None:
    """Describe topics: partitions, leaders, offsets, and consumer lag.

    Without --group, shows every consumer group that has committed offsets in the topic.
    """
    config = properties_of(properties)
    with Cluster(split_config(config).client, timeout=timeout).connected() as cluster:
        state = topics_of(cluster, names)
        # The embedded broker cannot list groups.
        is_asked = bool(groups) or not state.is_embedded
        found = [
            (topic, groups_of(cluster, topic, groups or None) if is_asked else ())
            for topic in state.topics
        ]

    def in_words() -> Iterator[str | Table]:
        for topic, its_groups in found:
            yield f"{topic.name}: {number(topic.messages)} messages"
            yield _partitions_table(topic)
            for group in its_groups:
                yield f"group {group.group}: lag {number(group.total_lag)}"
                yield offsets_table(group)
        if not is_asked:
            yield "The embedded broker cannot list groups: name them with --group."

    topics = [
        {
            **_described(topic),
            "groups": [_described_group(each) for each in its] if is_asked else None,
        }
        for topic, its in found
    ]
    print_facts({"brokers": brokers_of(config), "topics": topics}, output_format, in_words)


@command.command(
    "create",
    epilog=examples(
        "streamcontract topics create",
        "streamcontract topics create orders --partitions 3 --replication 3",
        "streamcontract topics create orders --topic-config cleanup.policy=compact",
    ),
)
@click.argument("names", nargs=-1, metavar="[TOPIC]...")
@click.option(
    "--partitions",
    type=click.IntRange(min=1),
    help="Number of partitions; by default that of the contract or the broker.",
)
@click.option(
    "--replication",
    type=click.IntRange(min=1),
    help="Replication factor; by default that of the broker.",
)
@click.option(
    "--topic-config",
    multiple=True,
    metavar="NAME=VALUE",
    help="A property of the topic; repeatable.",
)
@facts_option
@project_option
@config_option
@timeout_option
def _create(
    names: tuple[str, ...],
    partitions: int | None,
    replication: int | None,
    topic_config: tuple[str, ...],
    output_format: str,
    project_file: Path | None,
    properties: tuple[str, ...],
    timeout: float,
) -> None:
    """Create topics that do not exist, and compare those that do.

    Without TOPIC, creates the topics of all contracts of streamcontract.toml, each with the
    partitions of its contract. Exits with 1 if a topic exists with other settings; it is not
    changed.
    """
    declared = _declared(names, project_file, output_format)
    wanted: dict[str, int | None]
    if names:
        wanted = {name: partitions or declared.get(name) for name in names}
    else:
        wanted = {name: count or partitions for name, count in declared.items()}
    if not wanted:
        raise ConfigurationError("no contract of the project names a topic: name one here")
    config = properties_of(properties)
    settings = split_config(config)
    with Cluster(settings.client, timeout=timeout).connected() as cluster:
        outcomes = [
            ensure_topic_of(
                cluster,
                name,
                settings.registry,
                partitions=count,
                replication=replication,
                topic_config=properties_of(topic_config),
            )
            for name, count in wanted.items()
        ]
    brokers = brokers_of(config)
    topics = [
        {
            "topic": each.name,
            "created": each.created,
            "partitions": each.partitions,
            "mismatches": [attrs.asdict(mismatch) for mismatch in each.mismatches],
        }
        for each in outcomes
    ]
    print_facts(
        {"brokers": brokers, "topics": topics},
        output_format,
        lambda: [f"Brokers: {brokers}", *map(str, outcomes)],
    )
    if any(outcome.mismatches for outcome in outcomes):
        raise click.exceptions.Exit(EXIT_FINDINGS)


@command.command(
    "delete",
    short_help="Delete topics with all their messages.",
    epilog=examples(
        "streamcontract topics delete orders --dry-run",
        "streamcontract topics delete orders payments --yes",
    ),
)
@click.argument("names", nargs=-1, required=True, metavar="TOPIC...")
@click.option("--dry-run", is_flag=True, help="Show what would be deleted, and delete nothing.")
@yes_option
@facts_option
@config_option
@timeout_option
def _delete(
    names: tuple[str, ...],
    *,
    dry_run: bool,
    yes: bool,
    output_format: str,
    properties: tuple[str, ...],
    timeout: float,
) -> None:
    """Delete topics with all their messages.

    Their schemas stay in the registry: `streamcontract subjects delete` deletes those. Nothing is
    deleted unless all topics are there.
    """
    config = properties_of(properties)
    with Cluster(split_config(config).client, timeout=timeout).connected() as cluster:
        found = topics_of(cluster, tuple(dict.fromkeys(names))).topics
        if not dry_run:
            listed = ", ".join(f"{each.name} ({number(each.messages)} messages)" for each in found)
            confirm(f"Delete {listed}?", yes=yes)
            for each in found:
                delete_topic_of(cluster, each.name)
    document = {
        "brokers": brokers_of(config),
        "dry_run": dry_run,
        "topics": [
            {"topic": each.name, "partitions": len(each.partitions), "messages": each.messages}
            for each in found
        ],
    }
    done = "would be deleted" if dry_run else "deleted"
    print_facts(
        document,
        output_format,
        lambda: [f"Topic {each.name}: {done}, {number(each.messages)} messages" for each in found],
    )


def _declared(
    names: Sequence[str], project_file: Path | None, output_format: str
) -> dict[str, int | None]:
    """The partitions of each topic of the project."""
    # Named topics, such as one of dead letters, need no project.
    if names and project_file is None and find_project_file() is None:
        return {}
    project = sound_project("topics", project_file, output_format, "no topic was created")
    return {each.topic: each.partitions for each in project.contracts if each.topic}


def _described(topic: TopicState) -> dict[str, Any]:
    return {
        "topic": topic.name,
        "messages": topic.messages,
        "partitions": [
            {
                "partition": each.number,
                "leader": each.leader,
                "replicas": list(each.replicas),
                "in_sync": list(each.in_sync),
                "first": each.first,
                "next": each.end,
                "messages": each.messages,
            }
            for each in topic.partitions
        ],
    }


def _described_group(group: GroupState) -> dict[str, Any]:
    return {
        "group": group.group,
        "lag": group.total_lag,
        "partitions": offsets_described(group),
    }


def _partitions_table(topic: TopicState) -> Table:
    columns = ("partition", "leader", "replicas", "in sync", "first", "next", "messages")
    rows = [
        (
            str(each.number),
            number(each.leader),
            " ".join(map(str, each.replicas)),
            " ".join(map(str, each.in_sync)),
            number(each.first),
            number(each.end),
            number(each.messages),
        )
        for each in topic.partitions
    ]
    return Table(columns, rows, frozenset(columns))
