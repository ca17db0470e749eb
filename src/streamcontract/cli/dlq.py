"""``streamcontract dlq``: lists, shows and replays dead letters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from streamcontract.cli import EXIT_CLEAN, EXIT_FINDINGS
from streamcontract.cli._dead_letters import (
    letter_as_json,
    letter_in_words,
    replay_as_json,
    replay_in_words,
    summary_table,
)
from streamcontract.cli._examples import examples
from streamcontract.cli._kafka import brokers_of, config_option, properties_of
from streamcontract.cli._options import facts_option, project_option, sound_project
from streamcontract.kafka.connection.cluster import Cluster
from streamcontract.kafka.connection.config import split_config
from streamcontract.kafka.contract.project_deserializers import project_readers
from streamcontract.kafka.dead_letters.dead_letter import DeadLetter
from streamcontract.kafka.dead_letters.replay import replay_dead_letters
from streamcontract.kafka.dead_letters.topic import (
    DeadLetterTopic,
    dead_letter_topics,
    find_dead_letter_topic,
)
from streamcontract.messages.dead_letters import decode_letter, summaries
from streamcontract.project import find_project_file
from streamcontract.registry import SchemaRegistry
from streamcontract.reporting.facts import print_facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.reporting.tables import Table

__all__ = ["command"]


@click.group(
    "dlq",
    epilog=examples(
        "streamcontract dlq list",
        "streamcontract dlq show orders 0 42",
        "streamcontract dlq replay orders",
    ),
)
def command() -> None:
    """List, show and replay dead letters.

    TOPIC is a dead letter topic, or the topic whose dead letters are in TOPIC.dlq. A dead letter
    is open until it is replayed or discarded. The brokers are those of
    STREAMCONTRACT_BOOTSTRAP_SERVERS, or else localhost:19092.
    """


@command.command(
    "list",
    short_help="List open dead letters by error.",
    epilog=examples(
        "streamcontract dlq list",
        "streamcontract dlq list orders payments",
        "streamcontract dlq list --format json",
    ),
)
@click.argument("names", nargs=-1, metavar="[TOPIC]...")
@facts_option
@config_option
@click.pass_context
def _list(
    ctx: click.Context, names: tuple[str, ...], output_format: str, properties: tuple[str, ...]
) -> None:
    """List open dead letters by error, by default in all topics that end in .dlq.

    Exits with 1 if there are any.
    """
    config = properties_of(properties)
    with Cluster(split_config(config).client).connected() as cluster:
        topics = [find_dead_letter_topic(name, cluster) for name in names]
        found = [
            each
            for topic in topics or dead_letter_topics(cluster)
            for each in summaries(topic, cluster)
        ]

    def in_words() -> Iterator[str | Table]:
        if not found:
            yield "no dead letters are open"
            return
        yield summary_table(found)
        yield (
            "first and last are PARTITION OFFSET, for `streamcontract dlq show TOPIC PARTITION "
            "OFFSET`"
        )

    document = {"brokers": brokers_of(config), "open": [each.document for each in found]}
    print_facts(document, output_format, in_words)
    ctx.exit(EXIT_FINDINGS if found else EXIT_CLEAN)


@command.command(
    "show",
    short_help="Show one dead letter in full.",
    epilog=examples(
        "streamcontract dlq show orders 0 42",
        "streamcontract dlq show orders 0 42 --bytes 64",
        "streamcontract dlq show orders 0 42 --format json",
    ),
)
@click.argument("name", metavar="TOPIC")
@click.argument("partition", type=click.IntRange(min=0))
@click.argument("offset", type=click.IntRange(min=0))
@click.option(
    "--bytes",
    "limit",
    default=1024,
    show_default=True,
    type=click.IntRange(min=0),
    help="Number of bytes of key and value to show in hexadecimal.",
)
@facts_option
@project_option
@config_option
def _show(
    name: str,
    partition: int,
    offset: int,
    limit: int,
    output_format: str,
    project_file: Path | None,
    properties: tuple[str, ...],
) -> None:
    """Show one dead letter in full: its source, its error, and its value as far as it decodes."""
    config = properties_of(properties)
    project = None
    if project_file is not None or find_project_file() is not None:
        project = sound_project("dlq", project_file, output_format, "nothing was read")
    settings = split_config(config)
    with Cluster(settings.client).connected() as cluster:
        topic = find_dead_letter_topic(name, cluster)
        with DeadLetterTopic(topic, cluster=cluster) as letters:
            entry = letters.at(partition, offset)
    letter = entry.letter
    if not isinstance(letter, DeadLetter):
        raise letter
    with SchemaRegistry.from_config(settings.registry) as registry:
        decoded = decode_letter(entry, letter, project, registry, settings)
    print_facts(
        letter_as_json(letter, decoded),
        output_format,
        lambda: letter_in_words(letter, decoded, limit),
    )


@command.command(
    "replay",
    short_help="Send dead letters that can be read now back to their topics.",
    epilog=examples(
        "streamcontract dlq replay orders",
        "streamcontract dlq replay orders --discard",
        "streamcontract dlq replay orders -X bootstrap.servers=broker:9092",
    ),
)
@click.argument("name", metavar="TOPIC")
@click.option(
    "--discard",
    is_flag=True,
    help="Close dead letters that still cannot be read, instead of keeping them open.",
)
@facts_option
@project_option
@config_option
@click.pass_context
def _replay(
    ctx: click.Context,
    name: str,
    discard: bool,  # noqa: FBT001 - click passes options by keyword
    output_format: str,
    project_file: Path | None,
    properties: tuple[str, ...],
) -> None:
    """Send dead letters that can be read now back to the topics they came from.

    Each is read with the contract that streamcontract.toml has for its source topic. Those that
    still cannot be read, or whose topic has no contract, stay open. Another run publishes nothing
    twice, even if the first one was killed. (On the embedded broker, up to 500 messages of a
    killed run may be published again.) Exits with 1 if any dead letter is still open.
    """
    config = properties_of(properties)
    project = sound_project("dlq", project_file, output_format, "nothing was replayed")
    settings = split_config(config)
    topic = find_dead_letter_topic(name, Cluster(settings.client))
    with SchemaRegistry.from_config(settings.registry) as registry:
        readers = project_readers(project, registry, settings)
        done = replay_dead_letters(topic, readers, config, discard=discard)
    print_facts(
        replay_as_json(topic, done), output_format, lambda: [f"{topic}: {replay_in_words(done)}"]
    )
    ctx.exit(EXIT_FINDINGS if done.left else EXIT_CLEAN)
