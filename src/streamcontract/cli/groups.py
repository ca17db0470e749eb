"""``streamcontract groups``: list, describe and reset consumer groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import click

from streamcontract.cli._confirm import confirm, yes_option
from streamcontract.cli._examples import examples
from streamcontract.cli._kafka import brokers_of, config_option, properties_of, timeout_option
from streamcontract.cli._offsets import offsets_described, offsets_table
from streamcontract.cli._options import facts_option
from streamcontract.kafka.admin.describe import topics_of
from streamcontract.kafka.admin.groups import group_of, list_groups, move_group
from streamcontract.kafka.connection.cluster import Cluster
from streamcontract.kafka.connection.config import split_config
from streamcontract.kafka.errors import GroupError
from streamcontract.messages.moves import Move, moves_of
from streamcontract.messages.positions import parse_position
from streamcontract.reporting.facts import print_facts
from streamcontract.reporting.tables import Table, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from streamcontract.kafka.admin.describe import GroupState
    from streamcontract.kafka.admin.groups import GroupDescription, GroupMember

__all__ = ["command"]


@click.group(
    "groups",
    epilog=examples(
        "streamcontract groups list",
        "streamcontract groups describe report",
        "streamcontract groups reset report --to earliest --dry-run",
    ),
)
def command() -> None:
    """List, describe and reset consumer groups.

    The brokers are those of STREAMCONTRACT_BOOTSTRAP_SERVERS, else localhost:19092.
    """


@command.command("list", epilog=examples("streamcontract groups list --format json"))
@facts_option
@config_option
@timeout_option
def _list(output_format: str, properties: tuple[str, ...], timeout: float) -> None:
    """List consumer groups and their states."""
    config = properties_of(properties)
    found = list_groups(config, timeout=timeout)

    def in_words() -> Iterator[str | Table]:
        if not found:
            yield "there are no groups"
            return
        rows = [(each.group, each.state.lower(), each.type.lower()) for each in found]
        yield Table(("group", "state", "protocol"), rows)

    listed = [attrs.asdict(each) for each in found]
    print_facts({"brokers": brokers_of(config), "groups": listed}, output_format, in_words)


@command.command(
    "describe",
    short_help="Describe groups: state, members, offsets and lag.",
    epilog=examples(
        "streamcontract groups describe report",
        "streamcontract groups describe report billing --format json",
    ),
)
@click.argument("names", nargs=-1, required=True, metavar="GROUP...")
@facts_option
@config_option
@timeout_option
def _describe(
    names: tuple[str, ...], output_format: str, properties: tuple[str, ...], timeout: float
) -> None:
    """Describe groups: state, members, and how far they have come in each topic.

    The embedded broker reports only the offsets.
    """
    config = properties_of(properties)
    with _cluster(config, timeout).connected() as cluster:
        found = [group_of(cluster, each) for each in names]

    def in_words() -> Iterator[str | Table]:
        for each in found:
            yield f"group {each.group}: {_state_in_words(each)}"
            if each.members:
                yield _members_table(each.members)
            for state in each.topics:
                yield f"topic {state.topic.name}: lag {number(state.total_lag)}"
                yield offsets_table(state)

    groups = [_described(each) for each in found]
    print_facts({"brokers": brokers_of(config), "groups": groups}, output_format, in_words)


@command.command(
    "reset",
    short_help="Move a group without members to other offsets.",
    epilog=examples(
        "streamcontract groups reset report --to earliest --dry-run",
        "streamcontract groups reset report --to 2024-05-17T09:30:00Z --topic stocks",
        "streamcontract groups reset report --to -100 --yes",
    ),
)
@click.option(
    "--to",
    "position",
    required=True,
    metavar="POSITION",
    help="earliest, latest, an offset, a time such as 2024-05-17T09:30:00Z, or -N for the last N "
    "messages of each partition.",
)
@click.argument("name", metavar="GROUP")
@click.option(
    "--topic",
    "topics",
    multiple=True,
    help="Reset it in this topic only; may be repeated; else in all that it has committed in.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be changed, and change nothing.")
@yes_option
@facts_option
@config_option
@timeout_option
def _reset(
    name: str,
    position: str,
    topics: tuple[str, ...],
    *,
    dry_run: bool,
    yes: bool,
    output_format: str,
    properties: tuple[str, ...],
    timeout: float,
) -> None:
    """Move a group to other offsets, from which its next members go on.

    It is refused while the group has members, since they would commit over it.
    """
    to = parse_position(position)
    config = properties_of(properties)
    with _cluster(config, timeout).connected() as cluster:
        state, states = _before(cluster, name, may_be_new=bool(topics))
        described = topics_of(cluster, topics).topics if topics else None
        moves = moves_of(to, states, described, cluster)
        if not dry_run and moves:
            confirm(f"Move group {name} in {len(moves)} partitions?", yes=yes)
            offsets = {(each.topic, each.partition): each.after for each in moves}
            move_group(cluster, name, offsets)
    document: dict[str, Any] = {
        "brokers": brokers_of(config),
        "group": name,
        "state": state,
        "dry_run": dry_run,
        "partitions": [attrs.asdict(each) for each in moves],
    }
    print_facts(document, output_format, lambda: _moved(name, moves, dry_run=dry_run))


def _cluster(config: Mapping[str, Any], timeout: float) -> Cluster:
    return Cluster(split_config(config).client, timeout=timeout)


def _before(
    cluster: Cluster, name: str, *, may_be_new: bool
) -> tuple[str | None, tuple[GroupState, ...]]:
    """The state of a group that is to be moved, and how far it has come."""
    try:
        found = group_of(cluster, name)
    except GroupError as error:
        # A group that is not there yet may begin somewhere, in topics that are named.
        if error.name != "GROUP_ID_NOT_FOUND" or not may_be_new:
            raise
        return None, ()
    if found.members:
        move_group(cluster, name, {})  # raises its error, for a dry run too
    return found.state, found.topics


def _moved(name: str, moves: tuple[Move, ...], *, dry_run: bool) -> Iterator[str | Table]:
    yield f"group {name}: {'would be moved' if dry_run else 'moved'}"
    columns = ("topic", "partition", "before", "after")
    rows = [
        (each.topic, str(each.partition), number(each.before), number(each.after)) for each in moves
    ]
    yield Table(columns, rows, frozenset(columns[1:]))


def _state_in_words(group: GroupDescription) -> str:
    if group.state is None or group.members is None:
        return "state and members unknown (the embedded broker does not tell them)"
    count = len(group.members)
    return f"{group.state.lower()}, {count} member{'' if count == 1 else 's'}"


def _members_table(members: tuple[GroupMember, ...]) -> Table:
    rows = [
        (
            each.client,
            each.host,
            " ".join(
                f"{topic}[{','.join(map(str, its))}]" for topic, its in each.partitions.items()
            ),
            each.id,
        )
        for each in members
    ]
    return Table(("client", "host", "partitions", "member"), rows)


def _described(group: GroupDescription) -> dict[str, Any]:
    return {
        "group": group.group,
        "state": group.state,
        "members": None
        if group.members is None
        else [
            {
                "id": each.id,
                "client": each.client,
                "host": each.host,
                "partitions": {topic: list(its) for topic, its in each.partitions.items()},
            }
            for each in group.members
        ],
        "topics": [
            {
                "topic": each.topic.name,
                "lag": each.total_lag,
                "partitions": offsets_described(each),
            }
            for each in group.topics
        ],
    }
