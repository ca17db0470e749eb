"""``streamcontract console``: topics, messages, schemas and contracts in the browser."""

from __future__ import annotations

import contextlib
import logging
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streamcontract.cli._console import open_console
from streamcontract.cli._examples import examples
from streamcontract.cli._kafka import config_option, properties_of
from streamcontract.cli._options import project_option

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["command"]


@click.command(
    "console",
    epilog=examples(
        "streamcontract console",
        "streamcontract console --port 9000 --allow-writes",
        "streamcontract console -X bootstrap.servers=broker:9092",
    ),
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port to listen on, 0 for any; by default 8080, or 8085 if that is in use.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. Beyond loopback every user who reaches it reads every topic.",
)
@click.option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    metavar="NAME",
    help="A further name under which browsers reach it, such as that of a proxy; repeatable.",
)
@click.option(
    "--allow-writes", is_flag=True, help="Let it produce records, replay and create topics."
)
@project_option
@config_option
def command(
    *,
    port: int | None,
    host: str,
    allow_hosts: tuple[str, ...],
    allow_writes: bool,
    project_file: Path | None,
    properties: tuple[str, ...],
) -> None:
    """Show topics, messages, schemas and contracts in the browser.

    Each message is shown with its verdict against today's contract. The console runs until Ctrl-C
    and only reads, unless --allow-writes is given. It needs the extra [console].
    """
    # Its pages report brokers that cannot be reached, which librdkafka logs too.
    logging.getLogger("streamcontract.kafka").addHandler(logging.NullHandler())
    console = open_console(
        properties_of(properties),
        project_file,
        host=host,
        ports=None if port is None else (port,),
        allow_hosts=allow_hosts,
        allow_writes=allow_writes,
    )
    with console, _until_terminated():
        click.echo(f"console  {console.url}\n\nCtrl-C stops it.")
        signal.pause()


@contextlib.contextmanager
def _until_terminated() -> Iterator[None]:
    """Take SIGTERM as Ctrl-C, and either as the wanted end."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        click.echo("\nstopped")
    finally:
        signal.signal(signal.SIGTERM, before)
