"""``streamcontract dev``: a broker and a registry for the terminal, or for one command."""

from __future__ import annotations

import contextlib
import functools
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streamcontract.cli._console import console_beside
from streamcontract.cli._dev_stacks import BROKERS, Choice, prepare, start
from streamcontract.cli._examples import examples
from streamcontract.codegen import staleness_around
from streamcontract.devstack.child import run_command
from streamcontract.devstack.kafka import DurableStack
from streamcontract.errors import PortError
from streamcontract.reporting.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from streamcontract.devstack import DevStack
    from streamcontract.devstack.kafka.java import Program

__all__ = ["command"]

# Where every default configuration looks for them (docker-compose.yml uses the same).
_BROKER_PORT = 19092
_REGISTRY_PORT = 18081


def _parse_topics(
    _ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]
) -> list[tuple[str, int]]:
    topics = []
    for value in values:
        name, colon, partitions = value.partition(":")
        if colon and not (partitions.isascii() and partitions.isdigit() and int(partitions)):
            raise click.BadParameter(
                f"{value!r} is not NAME:PARTITIONS, as in {name or 'orders'}:3"
            )
        topics.append((name, int(partitions or 1)))
    return topics


@click.command(
    "dev",
    context_settings={"allow_interspersed_args": False},
    epilog=examples(
        "streamcontract dev",
        "streamcontract dev -- pytest",
        "streamcontract dev --topic orders:3 -- python shop.py",
        "streamcontract dev --broker mock --brokers 3",
    ),
)
@click.option(
    "--broker",
    type=click.Choice(BROKERS),
    envvar="STREAMCONTRACT_BROKER",
    show_envvar=True,
    help=(
        "Apache Kafka, or librdkafka's mock cluster. By default Apache Kafka where there is a Java"
        " for it, such as that of the extra [kafka]."
    ),
)
@click.option(
    "--brokers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 100),
    help="Number of brokers; more than one are of the mock cluster.",
)
@click.option(
    "--broker-port",
    default=_BROKER_PORT,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to bootstrap from; 0 for free ones.",
)
@click.option(
    "--registry-port",
    default=_REGISTRY_PORT,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port of the schema registry; 0 for a free one.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    help=(
        "Folder that keeps topics, groups and schemas over restarts (.streamcontract/dev of the"
        " project, for a COMMAND none). Of the mock cluster: file that keeps the registry's"
        " subjects."
    ),
)
@click.option("--fresh", is_flag=True, help="Delete first what the state has.")
@click.option(
    "--contexts/--no-contexts",
    default=True,
    show_default=True,
    help="Read :.context:subject as a context, as Redpanda does from release 26.2 on.",
)
@click.option(
    "--confluent",
    is_flag=True,
    help="Add what Confluent's registry has beyond Redpanda's: rules, GUIDs, ...",
)
@click.option(
    "topics",
    "--topic",
    metavar="NAME:PARTITIONS",
    multiple=True,
    callback=_parse_topics,
    help="Topic to create; repeatable.",
)
@click.option(
    "--console/--no-console",
    "with_console",
    default=True,
    show_default=True,
    help="Start the console in the browser too; it needs the extra [console].",
)
@click.option(
    "--console-port",
    type=click.IntRange(0, 65535),
    help="Port of the console, 0 for a free one; by default 8080, or 8085 if that is in use.",
)
@click.option(
    "--allow-writes",
    is_flag=True,
    help="Let the console produce records, replay and create topics.",
)
@click.argument("arguments", metavar="[-- COMMAND ...]", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(  # noqa: PLR0913 - each is an option of the command line
    ctx: click.Context,
    *,
    broker: str | None,
    brokers: int,
    broker_port: int,
    registry_port: int,
    state: Path | None,
    fresh: bool,
    contexts: bool,
    confluent: bool,
    topics: list[tuple[str, int]],
    with_console: bool,
    console_port: int | None,
    allow_writes: bool,
    arguments: tuple[str, ...],
) -> None:
    """Run a Kafka broker and a schema registry on this machine, without Docker.

    Both run until Ctrl-C, on the ports that clients connect to by default. With a COMMAND they
    run until the command ends. The command finds their addresses in its environment, and
    its exit code is passed on (128 + n if signal n ended it).
    """
    choice = Choice(
        broker=broker,
        brokers=brokers,
        broker_port=broker_port,
        registry_port=registry_port,
        state=state,
        fresh=fresh,
        contexts=contexts,
        confluent=confluent,
        is_temporary=bool(arguments),
    )
    running = _running(choice, prepare(choice), topics)
    if arguments:
        for warning in staleness_around():
            echo(f"Warning: {warning}", err=True)
        with running as (stack, _):
            code = run_command(arguments, stack.environment)
        ctx.exit(code)
    console = None
    if with_console:
        console = functools.partial(console_beside, port=console_port, allow_writes=allow_writes)
    _serve_until_signal(running, console)


@contextlib.contextmanager
def _running(
    choice: Choice, program: Program | None, topics: list[tuple[str, int]]
) -> Iterator[tuple[DevStack | DurableStack, str]]:
    with contextlib.ExitStack() as parts:
        try:
            stack, description = parts.enter_context(start(choice, program))
        except PortError as error:
            raise PortError(f"{error} (options --broker-port, --registry-port)") from error
        for name, partitions in topics:
            stack.create_topic(name, partitions)
        yield stack, description


def _serve_until_signal(
    running: contextlib.AbstractContextManager[tuple[DevStack | DurableStack, str]],
    console: Callable[[Mapping[str, str]], contextlib.AbstractContextManager[str]] | None,
) -> None:
    # Blocked before the stack starts its threads, so that none of them takes a signal, and waited
    # for: no handler runs at a bad moment. What the caller had ignored (nohup) stays ignored.
    stops = {
        number
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    waited_for = {*stops, signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, waited_for)
    # Without a handler some systems drop it, even where it is blocked.
    child_before = signal.signal(signal.SIGCHLD, lambda *_: None)
    try:
        with contextlib.ExitStack() as parts:
            stack, description = parts.enter_context(running)
            if console is not None:
                click.echo(f"console   {parts.enter_context(console(stack.environment))}")
            click.echo(description)
            while signal.sigwait(waited_for) == signal.SIGCHLD:
                if isinstance(stack, DurableStack):
                    stack.check_running()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)  # a second Ctrl-C ends it at once
            click.echo("\nstopped")
    finally:
        signal.signal(signal.SIGCHLD, child_before)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
