"""``streamcontract produce``: messages of JSON lines."""

from __future__ import annotations

import contextlib
import signal
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from streamcontract.cli import EXIT_FINDINGS, EXIT_INTERRUPTED
from streamcontract.cli._examples import examples
from streamcontract.cli._kafka import brokers_of, config_option, properties_of
from streamcontract.cli._messages import LINES, json_option, project_of
from streamcontract.cli._options import facts_option, project_option
from streamcontract.errors import ConfigurationError
from streamcontract.messages.writing import Plan, SendReport, Writing
from streamcontract.reporting.facts import print_facts
from streamcontract.reporting.terminal import echo, on_one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamcontract.json_codec.leaves import Encoding
    from streamcontract.messages.lines import LineError, LineKind

__all__ = ["command"]


@click.command(
    "produce",
    epilog=examples(
        "streamcontract produce stocks bars.jsonl",
        "streamcontract produce stocks bars.jsonl --dry-run",
        "cat bars.jsonl | streamcontract produce stocks --skip-bad",
        "streamcontract consume stocks | streamcontract produce copies",
    ),
)
@click.argument("topic")
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--lines",
    "kind",
    type=click.Choice(LINES),
    help='What a line is; by default a message if its object has "@type": "message", else a value.',
)
@json_option
@click.option("--key", metavar="FIELD", help="Take the key from this field; else as the contract.")
@click.option(
    "--header", "headers", multiple=True, metavar="NAME=VALUE", help="A header for every message."
)
@click.option("--contract", metavar="NAME", help="The contract of the values; else the topic's.")
@click.option("--skip-bad", is_flag=True, help="Send the others where some lines do not fit.")
@click.option("--dry-run", is_flag=True, help="Check every line, and send nothing.")
@facts_option
@project_option
@config_option
@click.pass_context
def command(  # noqa: PLR0913 - each is an option of the command line
    ctx: click.Context,
    topic: str,
    *,
    file: Path | None,
    kind: LineKind,
    encoding: Encoding,
    key: str | None,
    headers: tuple[str, ...],
    contract: str | None,
    skip_bad: bool,
    dry_run: bool,
    output_format: str,
    project_file: Path | None,
    properties: tuple[str, ...],
) -> None:
    """Send JSON lines as messages, each checked against the contract.

    The lines are those of FILE, or of standard input. Every line is checked against the contract
    that streamcontract.toml has for the topic, else against the latest schema in the registry.
    Nothing is sent unless all lines fit; what does not fit is reported with line and path, and the
    exit code is 1. Ctrl-C waits for the messages in flight and reports the last line that was sent.

    A line is a value, or a message with key and headers as `streamcontract consume` prints them.
    The key of a value is taken from it as the contract defines.
    """
    plan = Plan(
        topic=topic,
        contract=contract,
        key=key,
        headers=[_header(each) for each in headers],
        encoding=encoding,
        kind=kind,
    )
    config = properties_of(properties)
    project = project_of(project_file, "produce", "nothing was sent", output_format)
    faults: list[LineError] = []
    with Writing(plan, config, project) as writing, _lines_of(file) as lines:
        for error in writing.check(lines):
            if output_format == "json":
                faults.append(error)
            else:
                for fault in error.faults:
                    echo(on_one_line(f"line {error.line}: {fault}"), err=True)
        sent = SendReport(0, 0)
        if not dry_run and writing.count and (skip_bad or not writing.faulty):
            writing.require_brokers()
            with _interruptible(writing.stop), _bar("sending", writing.count) as show:
                sent = writing.send(lambda progress: show(progress.delivered + progress.failed))
        _report(topic, writing, sent, faults, brokers_of(config), output_format, dry_run=dry_run)
    if sent.stopped_after is not None:
        ctx.exit(EXIT_INTERRUPTED)
    ctx.exit(EXIT_FINDINGS if writing.faulty or sent.failed else 0)


@contextlib.contextmanager
def _interruptible(stop: Callable[[], object]) -> Iterator[None]:
    """Let Ctrl-C stop in order, so that what was sent is known; a second one ends at once."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:  # such as ignored, in the background of a shell
        yield
        return

    def interrupted(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        stop()

    signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _header(pair: str) -> tuple[str, bytes]:
    name, sign, value = pair.partition("=")
    if not sign or not name:
        raise click.BadParameter(f"{pair!r} is not NAME=VALUE", param_hint="--header")
    return name, value.encode("utf-8", "surrogateescape")


@contextlib.contextmanager
def _lines_of(file: Path | None) -> Iterator[Iterator[bytes]]:
    """The lines of a file, or of standard input; on a terminal with a bar."""
    if file is None:
        if sys.stdin.isatty():
            click.echo("One line of JSON for each message; Ctrl-D ends and sends them.", err=True)
        with _bar("reading", None) as show:
            yield _shown(sys.stdin.buffer, show)
        return
    try:
        opened = file.open("rb")
    except OSError as error:
        raise ConfigurationError(f"cannot read {file}: {error}") from error
    with opened, _bar("checking", file.stat().st_size) as show:
        yield _shown(opened, show)


def _shown(lines: IO[bytes], show: Callable[[int], object]) -> Iterator[bytes]:
    size, due = 0, 0
    for line in lines:
        yield line
        size += len(line)
        if size >= due:
            due = size + 100_000
            show(size)
    show(size)


@contextlib.contextmanager
def _bar(what: str, total: int | None) -> Iterator[Callable[[int], object]]:
    """A progress bar on standard error, where that is a terminal."""
    if not sys.stderr.isatty() or (total is None and sys.stdin.isatty()):
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - slow to load; only a terminal needs it
    from rich.progress import Progress  # noqa: PLC0415 - likewise

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


def _report(
    topic: str,
    writing: Writing,
    sent: SendReport,
    faults: list[LineError],
    brokers: str,
    output_format: str,
    *,
    dry_run: bool,
) -> None:
    schemas = writing.schemas
    contract = None if schemas is None else schemas.contract
    document: dict[str, Any] = {
        "brokers": brokers,
        "topic": topic,
        "contract": contract,
        "schema_of": writing.borrowed_from,
        "written_with": sorted(writing.written_with, key=str),
        "dry_run": dry_run,
        "lines": writing.lines,
        "faulty": writing.faulty,
        "delivered": sent.delivered,
        "failed": sent.failed,
        "stopped_after": sent.stopped_after,
        "faults": [
            {"line": error.line, "path": fault.path, "message": str(fault)}
            for error in faults
            for fault in error.faults
        ],
        "failures": [{"line": each.line, "message": each.reason} for each in sent.failures],
    }

    def in_words() -> Iterator[str]:
        if writing.borrowed_from is not None:
            yield f"{topic} has no schema yet: that of {writing.borrowed_from} is taken"
        if len(writing.written_with) > 1:
            ids = ", ".join(map(str, document["written_with"]))
            yield (
                f"the messages were written with several schemas (ids {ids}): all get one here, "
                "with its record name and its defaults for fields that a line lacks"
            )
        if writing.faulty:
            yield f"lines that do not fit: {writing.faulty:,} of {writing.lines:,}"
        yield from (f"line {each.line}: {each.reason}" for each in sent.failures)
        if dry_run:
            yield f"{_messages(writing.count)} would be sent to {topic}"
        elif sent.delivered or sent.failed:
            failed = f", {sent.failed:,} failed" if sent.failed else ""
            yield f"{_messages(sent.delivered)} sent to {topic}{failed}"
        else:
            yield "nothing was sent"
        if sent.stopped_after is not None:
            yield f"stopped after line {sent.stopped_after:,}: nothing of the later ones was sent"

    print_facts(document, output_format, in_words)


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count:,} messages"
