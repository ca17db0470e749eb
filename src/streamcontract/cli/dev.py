"""``streamcontract dev``: the embedded stack for the terminal, or for the time of one command."""

from __future__ import annotations

import contextlib
import json
import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
import confluent_kafka

from streamcontract.cli._examples import examples
from streamcontract.codegen import staleness_around
from streamcontract.devstack import DevStack
from streamcontract.devstack.child import run_command
from streamcontract.devstack.limits import LIMITS
from streamcontract.errors import PortError
from streamcontract.reporting.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
        "streamcontract dev --brokers 3",
    ),
)
@click.option(
    "--brokers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 100),
    help="Number of brokers.",
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
    type=click.Path(dir_okay=False, path_type=Path),
    help="File that keeps the registry's subjects over restarts.",
)
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
@click.argument("arguments", metavar="[-- COMMAND ...]", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(  # noqa: PLR0913 - each is an option of the command line
    ctx: click.Context,
    *,
    brokers: int,
    broker_port: int,
    registry_port: int,
    state: Path | None,
    contexts: bool,
    confluent: bool,
    topics: list[tuple[str, int]],
    arguments: tuple[str, ...],
) -> None:
    """Run a Kafka broker and a schema registry on this machine, without Docker.

    Both run until Ctrl-C, on the ports that clients connect to by default. With a COMMAND they
    run until the command ends. The command finds their addresses in its environment, and
    its exit code is passed on (128 + n if signal n ended it).
    """
    running = _running(
        partial(
            DevStack,
            brokers,
            broker_port=broker_port,
            registry_port=registry_port,
            registry_state=state,
            registry_contexts=contexts,
            registry_confluent=confluent,
        ),
        topics,
    )
    if arguments:
        for warning in staleness_around():
            echo(f"Warning: {warning}", err=True)
        with running as stack:
            code = run_command(arguments, stack.environment)
        ctx.exit(code)
    _serve_until_signal(running, state)


@contextlib.contextmanager
def _running(start: Callable[[], DevStack], topics: list[tuple[str, int]]) -> Iterator[DevStack]:
    try:
        stack = start()
    except PortError as error:
        raise PortError(f"{error} (options --broker-port, --registry-port)") from error
    with stack:
        for name, partitions in topics:
            stack.create_topic(name, partitions)
        yield stack


def _serve_until_signal(
    running: contextlib.AbstractContextManager[DevStack], state: Path | None
) -> None:
    # Blocked before the stack starts its threads, so that none of them takes a signal, and waited
    # for: no handler runs at a bad moment. What the caller had ignored (nohup) stays ignored.
    stops = {
        number
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    before = signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    try:
        with running as stack:
            click.echo(_describe(stack, state))
            signal.sigwait(stops)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)  # a second Ctrl-C ends it at once
            click.echo("\nstopped")
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _describe(stack: DevStack, state: Path | None) -> str:
    brokers = f"{stack.broker.brokers} broker{'s' * (stack.broker.brokers > 1)}"
    version = confluent_kafka.libversion()[0]
    exports = (f"  export {name}={value}" for name, value in stack.environment.items())
    config = {
        "bootstrap.servers": stack.bootstrap_servers,
        "schema.registry.url": stack.registry_url,
    }
    limits = (f"  - {limit}" for limit in (*LIMITS, *stack.broker.limits))
    return "\n".join(
        [
            f"broker    {stack.bootstrap_servers}  ({brokers}, librdkafka {version}, in memory)",
            f"registry  {stack.registry_url}  ({f'kept in {state}' if state else 'in memory'})",
            "",
            "Connect with the environment (on the default ports there is no need to):",
            *exports,
            "or in Python:",
            f"  StockProducer({json.dumps(config)})",
            "",
            "It is for development and tests. Its limits (more in docs/devstack.md):",
            *limits,
            "",
            "Ctrl-C stops it.",
        ]
    )
