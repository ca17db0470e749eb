"""``streamcontract consume``: the messages of a topic."""

from __future__ import annotations

import functools
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streamcontract.cli._examples import examples
from streamcontract.cli._kafka import config_option, properties_of
from streamcontract.cli._messages import json_option, lines_option, project_of
from streamcontract.cli._options import project_option
from streamcontract.cli._stdout import quiet_end, write_lines
from streamcontract.json_codec.direct import direct_text
from streamcontract.kafka.errors import MessageDecodeError
from streamcontract.messages.envelopes import envelope_line
from streamcontract.messages.positions import parse_position
from streamcontract.messages.reading import Query, Reading
from streamcontract.messages.rows import RIGHT, MessageRows
from streamcontract.messages.values import Form
from streamcontract.reporting.facts import FACTS_FORMATS
from streamcontract.reporting.tables import GrowingTable
from streamcontract.reporting.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamcontract.json_codec.leaves import Encoding
    from streamcontract.messages.reading import Batch
    from streamcontract.schema import Schema

__all__ = ["command"]


@click.command(
    "consume",
    epilog=examples(
        "streamcontract consume stocks --from -10",
        "streamcontract consume stocks --where \"close > 430 and symbol = 'MSFT'\"",
        "streamcontract consume stocks --follow --from latest",
        "streamcontract consume stocks | streamcontract produce copies",
    ),
)
@click.argument("topic")
@click.option(
    "--from",
    "start",
    default="earliest",
    show_default=True,
    metavar="POSITION",
    help="Where to begin: earliest, latest, an offset, a time such as 2024-05-17T09:30:00Z, or -N "
    "for the last N messages of each partition.",
)
@click.option(
    "--partition",
    "partitions",
    multiple=True,
    type=click.IntRange(min=0),
    help="Read this partition only; may be repeated.",
)
@click.option("--key", type=click.UNPROCESSED, help="Show messages with this key only.")
@click.option(
    "--where",
    metavar="CONDITION",
    help="Show values only for which it holds, such as \"close > 430 and symbol != 'MSFT'\".",
)
@click.option("--follow", "-f", is_flag=True, help="Go on with messages that come, until Ctrl-C.")
@click.option(
    "--limit", "-n", type=click.IntRange(min=1), help="End after this number of messages."
)
@click.option("--group", help="Read as this consumer group, and commit; else nothing is committed.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(FACTS_FORMATS),
    help="A table for people, or JSON lines; by default a table on a terminal and JSON elsewhere.",
)
@lines_option
@json_option
@project_option
@config_option
def command(  # noqa: PLR0913 - each is an option of the command line
    topic: str,
    *,
    start: str,
    partitions: tuple[int, ...],
    key: str | None,
    where: str | None,
    follow: bool,
    limit: int | None,
    group: str | None,
    output_format: str | None,
    lines: str,
    encoding: Encoding,
    project_file: Path | None,
    properties: tuple[str, ...],
) -> None:
    """Show a topic's messages, as a table or as JSON lines.

    It reads up to the ends that the partitions have now. Values are read with the contract that
    streamcontract.toml has for the topic, else each with the schema it was written with, from the
    registry. What cannot be read is shown as such.

    JSON lines are envelopes, which `streamcontract produce` takes: with topic, partition, offset,
    timestamp (milliseconds), key, headers, schema_id and value.
    """
    query = Query(
        topic=topic,
        start=parse_position(start),
        partitions=tuple(dict.fromkeys(partitions)),
        key=key,
        form=Form(encoding, where),
        follow=follow,
        limit=limit,
        group=group,
    )
    project = project_of(project_file, "consume", "nothing was read")
    is_terminal = sys.stdout.isatty()
    as_table = output_format == "text" or (output_format is None and is_terminal)
    with quiet_end(), Reading(query, properties_of(properties), project) as reading:
        written: Callable[[Batch], Iterator[bytes]]
        if as_table:
            written = _Table(reading.schemas.schema).lines
        else:
            written = _Json(lines, encoding, is_terminal=is_terminal).lines
        count = 0
        for batch in reading.batches():
            write_lines(written(batch))
            count += len(batch)
        _remark(reading, count, group)


def _remark(reading: Reading, count: int, group: str | None) -> None:
    """Say what the output does not."""
    if reading.unreadable:
        shown = f"messages that cannot be read: {reading.unreadable:,} of {count:,}"
        click.echo(shown, err=True)
    elif not count and sys.stderr.isatty():
        passed = f" ({reading.unwanted:,} others were passed over)" if reading.unwanted else ""
        read = f"group {group} has read everything" if group else "there are no such messages"
        click.echo(f"{printable(read)}{passed}", err=True)


class _Json:
    """Messages as JSON lines."""

    def __init__(self, lines: str, encoding: Encoding, *, is_terminal: bool) -> None:
        self._line: Callable[[Any], bytes] = _value_line
        if lines == "messages":
            self._line = functools.partial(envelope_line, encoding=encoding)
        self._is_terminal = is_terminal

    def lines(self, batch: Batch) -> Iterator[bytes]:
        """A line for each message."""
        found = map(self._line, batch)
        # ASCII alone on a terminal: nothing in a message can steer it (CWE-150).
        return map(_in_ascii, found) if self._is_terminal else found


def _value_line(message: Any) -> bytes:
    if isinstance(message, MessageDecodeError):
        return envelope_line(message)
    return direct_text(message.value)


def _in_ascii(line: bytes) -> bytes:
    return json.dumps(json.loads(line), separators=(",", ":")).encode()


class _Table:
    """Messages as the rows of one table."""

    def __init__(self, schema: Schema | None) -> None:
        self._rows = MessageRows(schema, shutil.get_terminal_size().columns)
        self._table: GrowingTable | None = None

    def lines(self, batch: Batch) -> Iterator[bytes]:
        """The rows of the messages, after the names of the columns."""
        rows = [self._rows.row(each) for each in batch]
        if self._table is None and rows:
            if not self._rows.fits(rows):
                rows = [self._rows.row(each) for each in batch]
            self._table = GrowingTable(self._rows.columns, RIGHT)
        if self._table is not None:
            yield from (line.encode() for line in self._table.lines(rows))
