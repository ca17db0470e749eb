"""``streamcontract demo``: real stock bars, from schema to typed record and back."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from streamcontract.cli._bars import BARS_FILE, read_bars
from streamcontract.cli._examples import examples
from streamcontract.cli._roundtrip import Run, Timed, consume, differences, publish
from streamcontract.contracts.stock import Stock, StockProducer
from streamcontract.devstack import DevStack
from streamcontract.errors import ConfigurationError
from streamcontract.kafka import ensure_topic
from streamcontract.registry import SchemaRegistry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["command"]

_BOOTSTRAP: Final = "STREAMCONTRACT_BOOTSTRAP_SERVERS"
_REGISTRY: Final = "STREAMCONTRACT_REGISTRY_URL"
_DEFAULT_REGISTRY: Final = "http://localhost:18081"


@click.command(
    "demo",
    epilog=examples(
        "streamcontract demo",
        "STREAMCONTRACT_BOOTSTRAP_SERVERS=localhost:19092 streamcontract demo",
        "streamcontract demo --data bars.csv",
    ),
)
@click.option(
    "--data",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=BARS_FILE,
    help="CSV file of bars; by default, the one in the package.",
)
def command(data: Path) -> None:
    """Publish 12,154 real stock bars as typed records and consume every one of them back.

    Runs on an embedded broker and registry, or on the cluster that
    STREAMCONTRACT_BOOTSTRAP_SERVERS (and STREAMCONTRACT_REGISTRY_URL) name. Exits with 0 only if
    the consumed records equal the published ones, record by record and in order for each symbol.
    """
    console = Console(highlight=False)
    bars = read_bars(data)
    with _cluster(console) as config:
        run = _prepare(console, config)
        with _progress(console, "Publishing", len(bars)) as advance:
            published = publish(run, bars, advance)
        _report(console, "published", published)
        with _progress(console, "Consuming", len(bars)) as advance:
            consumed = consume(run, advance)
        _report(console, "consumed", consumed)
    console.print(_table(consumed.records))
    found = differences(published.records, consumed.records)
    if found:
        for line in found:
            click.echo(line, err=True)
        click.echo("What was consumed is not what was published.", err=True)
        sys.exit(1)
    console.print(
        f"All {len(consumed.records):,} records came back equal to what was published, in order "
        f"for every symbol.",
        soft_wrap=True,
    )


@contextlib.contextmanager
def _cluster(console: Console) -> Iterator[dict[str, str]]:
    """The client properties of the environment's cluster, else of an embedded one."""
    bootstrap, registry = os.environ.get(_BOOTSTRAP), os.environ.get(_REGISTRY)
    if bootstrap:
        registry = registry or _DEFAULT_REGISTRY
        console.print(f"Cluster: broker {bootstrap}, registry {registry}", soft_wrap=True)
        yield {"bootstrap.servers": bootstrap, "schema.registry.url": registry}
        return
    if registry:
        raise ConfigurationError(
            f"{_REGISTRY} is set but {_BOOTSTRAP} is not: set both for a real cluster, or neither "
            f"for the embedded stack"
        )
    with DevStack() as stack:
        console.print(
            f"Embedded stack: broker {stack.bootstrap_servers}, registry {stack.registry_url}",
            soft_wrap=True,
        )
        yield {
            "bootstrap.servers": stack.bootstrap_servers,
            "schema.registry.url": stack.registry_url,
        }


def _prepare(console: Console, config: dict[str, str]) -> Run:
    """Create the topic, register the schema, and commit the start offsets of the run."""
    contract = StockProducer.contract
    topic, partitions = contract.topic or "stocks", contract.partitions or 1
    console.print(str(ensure_topic(topic, config, partitions=partitions)))
    with SchemaRegistry(config["schema.registry.url"]) as registry:
        registered = registry.register_with_references(f"{topic}-value", contract.schema)
    console.print(
        f"Schema {contract.schema.name}: subject {registered.subject}, "
        f"version {registered.version}, id {registered.id}"
    )
    run = Run(config, topic)
    run.begin_here()
    return run


@contextlib.contextmanager
def _progress(console: Console, what: str, total: int) -> Iterator[Callable[[int], object]]:
    """Show a progress bar on a terminal; other output gets only the line of :func:`_report`."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda count: progress.advance(task, count)


def _report(console: Console, done: str, timed: Timed) -> None:
    console.print(
        f"{len(timed.records):,} records {done} in {timed.seconds:.2f} s: "
        f"{timed.per_second:,.0f} messages a second",
        soft_wrap=True,
    )


def _table(records: list[Stock]) -> Table:
    """A table of the consumed records, with one row for each symbol."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("symbol", no_wrap=True)
    for heading in ("bars", "first", "last", "lowest low", "highest high", "last close"):
        table.add_column(heading, justify="right", no_wrap=True)
    for symbol in sorted({record.symbol for record in records}):
        bars = [record for record in records if record.symbol == symbol]
        newest = max(bars, key=lambda bar: bar.date)
        table.add_row(
            symbol,
            f"{len(bars):,}",
            f"{min(bar.date for bar in bars)}",
            f"{newest.date}",
            f"{min(bar.low for bar in bars):,.2f}",
            f"{max(bar.high for bar in bars):,.2f}",
            f"{newest.close:,.2f}",
        )
    return table
