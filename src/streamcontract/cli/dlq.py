"""``streamcontract dlq``: what is in dead letter topics, and back to where it came from."""

from __future__ import annotations

import pprint
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.text import Text

from streamcontract.cli import EXIT_CLEAN, EXIT_FINDINGS
from streamcontract.cli._kafka import config_option, number, open_console, properties_of, table
from streamcontract.cli._options import project_option
from streamcontract.errors import DataError, FrameError, RegistryError
from streamcontract.kafka.connection.config import split_config
from streamcontract.kafka.contract.project_deserializers import project_readers
from streamcontract.kafka.contract.serializers import ContractDeserializer
from streamcontract.kafka.dead_letters.dead_letter import DeadLetter
from streamcontract.kafka.dead_letters.replay import replay_dead_letters
from streamcontract.kafka.dead_letters.topic import (
    DeadLetterTopic,
    dead_letter_topics,
    find_dead_letter_topic,
)
from streamcontract.kafka.errors import MessageDecodeError
from streamcontract.project import find_project_file, load_project
from streamcontract.registry import SchemaRegistry
from streamcontract.reporting.terminal import echo, printable
from streamcontract.wire import IdKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.kafka.connection.config import Settings
    from streamcontract.kafka.dead_letters.replay import Replayed
    from streamcontract.kafka.dead_letters.topic import Entry

__all__ = ["command"]

_BYTES_A_LINE: Final = 16


@click.group("dlq")
def command() -> None:
    """List, show and replay dead letters.

    TOPIC is a dead letter topic, or the topic whose dead letters are in TOPIC.dlq. The brokers are
    those of STREAMCONTRACT_BOOTSTRAP_SERVERS, else localhost:19092.
    """


@command.command("list", short_help="List what is open, by error.")
@click.argument("names", nargs=-1, metavar="[TOPIC]...")
@config_option
@click.pass_context
def _list(ctx: click.Context, names: tuple[str, ...], properties: tuple[str, ...]) -> None:
    """List what is open, by error; in all topics that end in .dlq if none is named.

    Exits with 1 if anything is open.
    """
    config = properties_of(properties)
    topics = [find_dead_letter_topic(name, config) for name in names]
    rows = table(
        "topic", "source", "error", count="right", attempts="right", first="right", last="right"
    )
    total = 0
    for topic in topics or dead_letter_topics(config):
        for row in _summaries(topic, config):
            rows.add_row(*row.cells)
            total += row.count
    if not total:
        click.echo("no dead letters are open")
        ctx.exit(EXIT_CLEAN)
    open_console().print(rows)
    click.echo(
        "first and last are PARTITION OFFSET, for `streamcontract dlq show TOPIC PARTITION OFFSET`"
    )
    ctx.exit(EXIT_FINDINGS)


@command.command("show", short_help="Show one dead letter in full.")
@click.argument("name", metavar="TOPIC")
@click.argument("partition", type=click.IntRange(min=0))
@click.argument("offset", type=click.IntRange(min=0))
@click.option(
    "--bytes",
    "limit",
    default=1024,
    show_default=True,
    type=click.IntRange(min=0),
    help="How much of key and value to show in hexadecimal.",
)
@project_option
@config_option
def _show(
    name: str,
    partition: int,
    offset: int,
    limit: int,
    project_file: Path | None,
    properties: tuple[str, ...],
) -> None:
    """Show one dead letter in full: where it came from, why, and what can be read of it now."""
    config = properties_of(properties)
    with DeadLetterTopic(find_dead_letter_topic(name, config), config) as letters:
        entry = letters.at(partition, offset)
    letter = entry.letter
    if not isinstance(letter, DeadLetter):
        raise letter
    for line in _facts(letter):
        echo(line)
    for title, part in (("key", letter.key), ("value", letter.value)):
        click.echo(f"{title}: {_size(part)}")
        for line in _hexdump((part or b"")[:limit]):
            click.echo(f"  {line}")
        if part is not None and len(part) > limit:
            click.echo(f"  ... and {number(len(part) - limit)} bytes more; --bytes shows them")
    settings = split_config(config)
    with SchemaRegistry.from_config(settings.registry) as registry:
        for line in _decoded(entry, letter, project_file, registry, settings):
            echo(line)


@command.command("replay", short_help="Send back what can be read now.")
@click.argument("name", metavar="TOPIC")
@click.option(
    "--discard",
    is_flag=True,
    help="Settle those that still cannot be read, instead of keeping them open.",
)
@project_option
@config_option
@click.pass_context
def _replay(
    ctx: click.Context,
    name: str,
    discard: bool,  # noqa: FBT001 - click passes options by keyword
    project_file: Path | None,
    properties: tuple[str, ...],
) -> None:
    """Send dead letters that can be read now back to the topics they came from.

    Each is read with the contract that streamcontract.toml has for its source topic. Those that
    still cannot be read, or whose topic has no contract there, stay open. Running it again
    publishes nothing twice, even if it was killed half-way (on the embedded broker, a killed one
    may have published up to 500 messages that come again). Exits with 1 if anything is open
    afterwards.
    """
    config = properties_of(properties)
    topic = find_dead_letter_topic(name, config)
    settings = split_config(config)
    with SchemaRegistry.from_config(settings.registry) as registry:
        readers = project_readers(
            load_project(project_file), registry, settings.wire, settings.rules_ignored
        )
        done = replay_dead_letters(topic, readers, config, discard=discard)
    echo(f"{topic}: {_sum(done)}")
    ctx.exit(EXIT_FINDINGS if done.left else EXIT_CLEAN)


class _Summary:
    """Open messages of one topic with the same source and error."""

    def __init__(self, topic: str, source: str, error: str) -> None:
        self.count = 0
        self._names = topic, source, error
        self._attempts = 1
        self._places: list[tuple[int, int]] = []

    def add(self, entry: Entry) -> None:
        self.count += 1
        place = _number(entry.raw.partition()), _number(entry.raw.offset())
        # The first and the last: nobody reads a list of thousands.
        self._places = [min([place, *self._places]), max([place, *self._places])]
        if isinstance(entry.letter, DeadLetter):
            self._attempts = max(self._attempts, entry.letter.attempt)

    @property
    def cells(self) -> tuple[str | Text, ...]:
        first, last = (f"{partition} {offset}" for partition, offset in self._places)
        names = (Text(printable(name)) for name in self._names)
        return *names, number(self.count), str(self._attempts), first, last


def _summaries(topic: str, config: dict[str, str]) -> list[_Summary]:
    found: dict[tuple[str, str], _Summary] = {}
    with DeadLetterTopic(topic, config) as letters:
        for batch in letters.open():
            for entry in batch:
                if entry.is_copy:
                    continue
                letter = entry.letter
                what = (
                    (letter.source.topic, letter.error)
                    if isinstance(letter, DeadLetter)
                    else ("-", "not a dead letter")
                )
                found.setdefault(what, _Summary(topic, *what)).add(entry)
    return [found[what] for what in sorted(found)]


def _facts(letter: DeadLetter) -> Iterator[str]:
    source = letter.source
    written = "no time" if source.timestamp_ms is None else f"{source.timestamp_ms} ms"
    by = f", by group {letter.group!r}" if letter.group else ""
    yield f"{letter.topic}, partition {letter.partition}, offset {letter.offset}"
    yield (
        f"from: topic {source.topic!r}, partition {source.partition}, offset {source.offset}, "
        f"timestamp {written}"
    )
    yield f"put aside: {letter.time.isoformat()}{by}, attempt {letter.attempt}"
    yield f"reason: {letter.error}{f' at {letter.path}' if letter.path else ''}"
    yield from (f"  {line}" for line in letter.text.splitlines())
    yield f"schema id: {'none' if letter.schema_id is None else letter.schema_id}"
    yield f"headers: {len(letter.headers)}"
    yield from (f"  {name}: {value!r}" for name, value in letter.headers)


def _decoded(
    entry: Entry,
    letter: DeadLetter,
    project_file: Path | None,
    registry: SchemaRegistry,
    settings: Settings,
) -> Iterator[str]:
    """The value as today's contract reads it, else as it was written, else why not."""
    if letter.value is None:
        yield "the value is null: a tombstone"
        return
    told = ""
    try:
        reader = _reader_of(letter.source.topic, project_file, registry, settings)
        if reader is None:
            yield "no contract of a project here has this topic"
        else:
            try:
                message = reader.read(entry.raw)
            except MessageDecodeError as error:
                told = str(error.reason)
                yield f"today's contract cannot read it: {told}"
            else:
                yield "as today's contract reads it:"
                yield from _pretty(message.value)
                return
        frame = settings.wire.value.frame(letter.value, letter.headers)
        writer = registry.stored(frame.schema_id, is_global=frame.kind is IdKind.GLOBAL_ID).schema
        reads: ContractDeserializer[Any] = ContractDeserializer(
            writer, registry, framing=settings.wire, rules_ignored=settings.rules_ignored
        )
        _, decode = reads.decoder(letter.value, letter.headers)
        value: Any = decode(letter.value)
    except (DataError, FrameError, RegistryError) as error:
        reason = "for the same reason" if str(error) == told else str(error)
        yield f"not even as it was written: {reason}"
    else:
        yield f"as it was written, with {writer.name or 'a schema without a name'}:"
        yield from _pretty(value)


def _reader_of(
    topic: str, project_file: Path | None, registry: SchemaRegistry, settings: Settings
) -> Any:
    """The project's reader for a topic; None where there is no project, or no such topic in it."""
    found = project_file or find_project_file()
    if found is None:
        return None
    readers = project_readers(load_project(found), registry, settings.wire, settings.rules_ignored)
    return readers.get(topic)


def _pretty(value: object) -> Iterator[str]:
    yield from (f"  {line}" for line in pprint.pformat(value, sort_dicts=False).splitlines())


def _hexdump(data: bytes) -> Iterator[str]:
    for start in range(0, len(data), _BYTES_A_LINE):
        line = data[start : start + _BYTES_A_LINE]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in line)
        yield f"{start:08x}  {line.hex(' '):<{3 * _BYTES_A_LINE}} {shown}"


def _size(part: bytes | None) -> str:
    return "null" if part is None else f"{number(len(part))} bytes"


def _sum(done: Replayed) -> str:
    counts = {
        "sent back": done.replayed,
        "still cannot be read, and stay open": done.failing,
        "still cannot be read, and were discarded": done.discarded,
        "copies": done.copies,
        "are no dead letters, and stay": done.foreign,
    }
    shown = [f"{number(count)} {what}" for what, count in counts.items() if count]
    if done.unknown:
        topics = ", ".join(map(repr, sorted(done.unknown)))
        count = sum(done.unknown.values())
        shown.append(f"{number(count)} of topics without a contract here ({topics}) stay open")
    return ", ".join(shown) or "nothing was open"


def _number(value: Any) -> int:
    return int(value)
