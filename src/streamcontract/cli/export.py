"""``streamcontract export``: a topic into files or a database."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from streamcontract.cli import EXIT_FINDINGS
from streamcontract.cli._examples import examples
from streamcontract.cli._kafka import brokers_of, config_option, properties_of
from streamcontract.cli._messages import project_of
from streamcontract.cli._options import facts_option, project_option
from streamcontract.errors import StreamContractError
from streamcontract.export.job import DATABASE, FORMATS, METADATA, Export
from streamcontract.export.rotation import Rotation
from streamcontract.kafka.connection.cluster import Cluster
from streamcontract.kafka.connection.config import split_config
from streamcontract.messages.positions import parse_position
from streamcontract.messages.topics import schema_of
from streamcontract.registry import SchemaRegistry
from streamcontract.reporting.facts import print_facts
from streamcontract.reporting.tables import Table, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamcontract.export.job import ExportReport
    from streamcontract.project import Project
    from streamcontract.schema import Schema

__all__ = ["command"]

_MEBIBYTE = 1024 * 1024


def _names(_: click.Context, __: click.Parameter, given: str | None) -> tuple[str, ...] | None:
    """Names with commas, and spaces perhaps, between them."""
    return None if given is None else tuple(filter(None, map(str.strip, given.split(","))))


@click.command(
    "export",
    epilog=examples(
        "streamcontract export stocks --to parquet --into exported/stocks",
        "streamcontract export stocks --to duckdb --into market.duckdb",
        "streamcontract export stocks --to csv --into close --columns symbol,close",
        "streamcontract export stocks --to avro --into archive --until 2024-05-17",
    ),
)
@click.argument("topic")
@click.option(
    "--to", "target", required=True, type=click.Choice(FORMATS), help="The format to write."
)
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    help="The folder of the files, or the file of the database; by default of the topic's name.",
)
@click.option(
    "--from",
    "start",
    default="earliest",
    show_default=True,
    metavar="POSITION",
    help="Where to begin, where nothing is exported yet: earliest, latest, an offset, a time such "
    "as 2024-05-17T09:30:00Z, or -N for the last N messages of each partition.",
)
@click.option(
    "--until",
    default="latest",
    show_default=True,
    metavar="POSITION",
    help="Where to end: the first message that is not exported; as --from.",
)
@click.option(
    "--partition",
    "partitions",
    multiple=True,
    type=click.IntRange(min=0),
    help="Export this partition only; may be repeated.",
)
@click.option(
    "--columns",
    type=click.UNPROCESSED,
    callback=_names,
    help="The fields to export, such as symbol,close.",
)
@click.option(
    "--metadata",
    type=click.UNPROCESSED,
    callback=_names,
    default="",
    help=f"Columns beside them: {', '.join(METADATA)}.",
)
@click.option(
    "--max-messages", type=click.IntRange(min=1), help="End a file at this number of rows."
)
@click.option(
    "--max-size",
    type=click.FloatRange(min=0, min_open=True),
    default=512,
    show_default=True,
    help="End a file after this number of MiB.",
)
@click.option(
    "--max-age",
    type=click.FloatRange(min=0, min_open=True),
    help="End a file after this number of seconds: what a kill loses at the most.",
)
@click.option("--table", help="The table of the database; by default the topic's name.")
@click.option("--contract", help="The contract, where the topic has several.")
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="The number of threads that decode.",
)
@facts_option
@project_option
@config_option
def command(  # noqa: PLR0913 - each is an option of the command line
    topic: str,
    *,
    target: str,
    into: Path | None,
    start: str,
    until: str,
    partitions: tuple[int, ...],
    columns: tuple[str, ...] | None,
    metadata: tuple[str, ...],
    max_messages: int | None,
    max_size: float,
    max_age: float | None,
    table: str | None,
    contract: str | None,
    threads: int,
    output_format: str,
    project_file: Path | None,
    properties: tuple[str, ...],
) -> None:
    """Export a topic into Parquet, Arrow, CSV or Avro files, or a DuckDB table.

    It reads up to the ends that the partitions have now. Run again, it goes on exactly where it
    ended, also after a kill: files get their names, and rows and offsets are committed, together.

    Values are read with the contract that streamcontract.toml has for the topic, else with the
    latest schema of the registry. What cannot be decoded is written beside the data, and the exit
    code is 1.
    """
    if table is not None and target != DATABASE:
        raise click.UsageError(f"--table is for --to {DATABASE}")
    config = properties_of(properties)
    project = project_of(project_file, "export", "nothing was exported", output_format)
    export = Export(
        topic=topic,
        schema=_schema_of(topic, project, contract, config),
        into=into or Path(f"{topic}.{DATABASE}" if target == DATABASE else topic),
        format=target,
        config=config,
        start=parse_position(start),
        until=parse_position(until),
        partitions=partitions,
        columns=columns,
        metadata=metadata,
        rotation=Rotation(messages=max_messages, size=max_size * _MEBIBYTE, age=max_age),
        table=table,
        threads=threads,
    )
    with _progress_bar() as progress:
        report = export.run(progress)
    document: dict[str, Any] = {
        "brokers": brokers_of(config),
        "topic": topic,
        "format": target,
        "into": str(export.into),
        "complete": report.is_complete,
        "partitions": [attrs.asdict(each) for each in report.partitions],
    }
    print_facts(document, output_format, lambda: _in_words(export, report))
    if not report.is_complete:
        raise click.exceptions.Exit(EXIT_FINDINGS)


@contextlib.contextmanager
def _progress_bar() -> Iterator[Callable[[int, int], object]]:
    """A bar on standard error, if that is a terminal, which is gone afterwards."""
    console = Console(stderr=True)
    columns = (TextColumn("Exporting"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    disable = not console.is_terminal
    with Progress(*columns, console=console, disable=disable, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _schema_of(
    topic: str, project: Project | None, contract: str | None, config: dict[str, str]
) -> Schema:
    """The schema of the topic's contract, else the latest of the registry."""
    settings = split_config(config)
    try:
        with SchemaRegistry.from_config(settings.registry) as registry:
            return schema_of(topic, project, registry, settings, contract=contract)
    except StreamContractError:
        Cluster(settings.client).partitions(topic)  # names one that is misspelt
        raise


def _in_words(export: Export, report: ExportReport) -> Iterator[str | Table]:
    yield f"topic {export.topic} to {export.into} as {export.format}"
    columns = ["partition", "from", "until", "messages", "faults", "tombstones", "files"]
    if export.format == DATABASE:
        columns.remove("files")
    rows = [
        [
            str(each.partition),
            number(each.start),
            number(each.end),
            number(each.messages),
            number(each.faults),
            number(each.tombstones),
            number(len(each.files)),
        ][: len(columns)]
        for each in report.partitions
    ]
    yield Table(columns, rows, frozenset(columns))
    yield _summary(export, report)
    faults = sum(each.faults for each in report.partitions)
    if faults:
        beside = (
            "the table streamcontract.faults"
            if export.format == DATABASE
            else f"the files {export.into / '_*.faults.jsonl'}"
        )
        yield f"messages that cannot be decoded: {faults:,}; they are in {beside}"
    for each in report.partitions:
        if each.missing:
            yield (
                f"partition {each.partition}: {each.missing:,} offsets from {each.start} on were "
                "deleted by the broker before they were exported"
            )


def _summary(export: Export, report: ExportReport) -> str:
    if all(each.start == each.end for each in report.partitions):
        return "nothing new; run the same command again for what comes later"
    messages = sum(each.messages for each in report.partitions)
    files = sum(len(each.files) for each in report.partitions)
    where = (
        f"in the table {export.table or export.topic}"
        if export.format == DATABASE
        else f"new files: {files:,}"
    )
    return f"messages: {messages:,}, {where}"
