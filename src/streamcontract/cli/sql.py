"""``streamcontract sql``: a query over topics, by DuckDB."""

from __future__ import annotations

import csv
import io
import itertools
import re
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from streamcontract.cli._examples import examples
from streamcontract.cli._kafka import config_option, properties_of
from streamcontract.cli._messages import project_of
from streamcontract.cli._options import project_option
from streamcontract.cli._stdout import quiet_end, write_lines
from streamcontract.reporting.facts import print_facts
from streamcontract.reporting.tables import GrowingTable, Table, number
from streamcontract.reporting.terminal import echo
from streamcontract.sql import connect
from streamcontract.sql.values import as_json, as_text, column_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from streamcontract.sql.connection import TopicConnection
    from streamcontract.sql.table import TopicRead

__all__ = ["command"]

_FORMATS: Final = ("text", "json", "csv")
_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_NUMBERS: Final = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*")

_END_IGNORED: Final = (
    "read to its end, since producers set the timestamps, and a late message may be earlier than "
    "those before it; --lateness 1h ends the fetch where none is later than an hour"
)


def _duration(_ctx: object, _param: object, text: str | None) -> timedelta | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,9})([smhd])", text, re.ASCII)
    if found is None:
        raise click.BadParameter(f"{text!r} is no duration, such as 30s, 10m, 2h or 1d")
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]])


@click.command(
    "sql",
    epilog=examples(
        'streamcontract sql "select symbol, max(high) from stocks group by 1"',
        "streamcontract sql \"from stocks where _timestamp >= '2024-05-17'\"",
        "streamcontract sql \"copy (from stocks) to 'stocks.parquet'\"",
    ),
)
@click.argument("query")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(_FORMATS),
    default="text",
    help="A table for people, one JSON document, or CSV.",
)
@click.option(
    "--database",
    default=":memory:",
    metavar="FILE",
    help="A file of DuckDB, for tables that stay; it is created where there is none.",
)
@click.option(
    "--contract",
    "contracts",
    multiple=True,
    metavar="NAME",
    help="The contract to take for its topic, if that has several; repeatable.",
)
@click.option(
    "--lateness",
    callback=_duration,
    metavar="DURATION",
    help="How much earlier a timestamp may be than one before it, such as 10m: then an upper bound "
    "of time ends the fetch.",
)
@click.option(
    "--prefix",
    type=click.UNPROCESSED,
    default="_",
    show_default=True,
    help="What the names of metadata columns begin with.",
)
@project_option
@config_option
def command(
    query: str,
    *,
    output_format: str,
    database: str,
    contracts: tuple[str, ...],
    lateness: timedelta | None,
    prefix: str,
    project_file: Path | None,
    properties: tuple[str, ...],
) -> None:
    """Query topics with SQL, through DuckDB.

    Each topic is a table, beside the files and tables that DuckDB reads. It has the fields of the
    topic's contract, or of the latest schema of its subject, and the metadata _partition, _offset,
    _timestamp, _key, _headers and _schema_id. Only the partitions, offsets and times of the query
    are fetched, and only its columns are decoded.

    QUERY is one or more statements, or - for standard input; the rows of the last one are shown.
    """
    if query == "-":
        query = _standard_input()
    project = project_of(project_file, "sql", "nothing was read", _report_format(output_format))
    with (
        quiet_end(),
        connect(
            properties_of(properties),
            database=database,
            project=project,
            contracts=contracts,
            prefix=prefix,
            lateness=lateness,
        ) as topics,
    ):
        topics.execute(query)
        _WRITERS[output_format](topics)
        _remark(topics.reads)


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.UsageError(f"standard input is not UTF-8: {error}") from error


def _report_format(output_format: str) -> str:
    """The format of a report of the project's faults."""
    return "json" if output_format == "json" else "text"


def _write_text(topics: TopicConnection) -> None:
    if topics.changed is not None:
        click.echo(f"rows written: {number(topics.changed)}")
        return
    if topics.is_plan:
        _write_plan(topics)
        return
    columns = topics.columns
    right = frozenset(name for name, kind in columns if _NUMBERS.fullmatch(kind))
    names = [name for name, _ in columns]
    batches = ([[as_text(each, "-") for each in row] for row in rows] for rows in topics.rows())
    first, second = next(batches, []), next(batches, [])
    if not second:
        print_facts({}, "text", lambda: [Table(names, first, right)])
        return
    table = GrowingTable(names, right)
    for rows in itertools.chain([first, second], batches):
        write_lines(line.encode() for line in table.lines(rows))


def _write_plan(topics: TopicConnection) -> None:
    """Print a plan in its lines.

    A line break within a value of a row is escaped, since a message could fake a row with it. A
    plan has nothing of messages.
    """
    found = [row for rows in topics.rows() for row in rows]
    for key, plan in found:
        echo(f"{key}:\n{plan}" if len(found) > 1 else plan.rstrip("\n"))


def _write_csv(topics: TopicConnection) -> None:
    if topics.changed is not None:
        return
    heading = [[name for name, _ in topics.columns]]
    batches: Iterator[Sequence[Sequence[Any]]] = itertools.chain([heading], topics.rows())
    for rows in batches:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(
            [as_text(each, "") for each in row] for row in rows
        )
        write_lines([text.getvalue().removesuffix("\n").encode()])


def _write_json(topics: TopicConnection) -> None:
    columns = [] if topics.changed is not None else topics.columns
    keys = column_keys(name for name, _ in columns)
    found = [row for rows in topics.rows() for row in rows] if columns else []
    document = {
        "columns": [
            {"name": key, "type": kind} for key, (_, kind) in zip(keys, columns, strict=True)
        ],
        "rows": [dict(zip(keys, map(as_json, row), strict=True)) for row in found],
        "changed": topics.changed,
        "reads": list(map(_described, topics.reads)),
    }
    print_facts(document, "json", list)


def _described(read: TopicRead) -> dict[str, Any]:
    faults = [
        {
            "partition": each.partition,
            "offset": each.offset,
            "path": each.path,
            "message": str(each.error.reason),
        }
        for each in read.faults
    ]
    return {
        "topic": read.topic,
        "messages": read.messages,
        "fetched": read.fetched,
        "end_ignored": read.end_ignored,
        "tombstones": read.tombstones,
        "unreadable": read.unreadable,
        "faults": faults,
    }


def _remark(reads: Sequence[TopicRead]) -> None:
    """Report what was read, and what the rows do not have."""
    for read in reads:
        fetched, there = number(read.fetched), number(read.messages)
        echo(f"{read.topic}: fetched {fetched} of {there} messages", err=True)
        if read.tombstones:
            echo(
                f"{read.topic}: tombstones, which are no rows: {number(read.tombstones)}", err=True
            )
        if read.unreadable:
            first = read.faults[0]
            echo(
                f"{read.topic}: messages that cannot be read: {number(read.unreadable)}; the first "
                f"is at offset {first.offset} of partition {first.partition}: {first.error.reason}",
                err=True,
            )
        if read.end_ignored:
            echo(f"{read.topic}: {_END_IGNORED}", err=True)


_WRITERS: Final = {"text": _write_text, "json": _write_json, "csv": _write_csv}
