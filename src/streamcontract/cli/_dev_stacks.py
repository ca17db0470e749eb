"""The stacks of ``streamcontract dev``: chosen, started, and described."""

from __future__ import annotations

import contextlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
import click
import confluent_kafka
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from streamcontract.devstack import DevStack
from streamcontract.devstack.kafka import DurableStack
from streamcontract.devstack.kafka.cluster import kafka_program
from streamcontract.devstack.kafka.java import Java, find_java
from streamcontract.devstack.limits import MOCK_CLUSTER
from streamcontract.errors import StackError
from streamcontract.project import find_project_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.devstack.kafka.java import Program

__all__ = ["BROKERS", "Choice", "prepare", "start"]

BROKERS: Final = ("kafka", "mock")

_STATE: Final = Path(".streamcontract", "dev")


@attrs.frozen
class Choice:
    """What the command line asks for.

    Attributes:
        broker: ``kafka`` or ``mock``; None for Apache Kafka where there is a Java for it.
        brokers: How many; more than one only of the mock cluster.
        broker_port: The port to bootstrap from; 0 for a free one.
        registry_port: The registry's port; 0 for a free one.
        state: Where the state is kept.
        fresh: Whether what is kept is deleted first.
        contexts: Whether the registry has contexts.
        confluent: Whether the registry is as Confluent's.
        is_temporary: Whether the stack of itself keeps nothing: it is there for one command.
    """

    broker: str | None
    brokers: int
    broker_port: int
    registry_port: int
    state: Path | None
    fresh: bool
    contexts: bool
    confluent: bool
    is_temporary: bool


def prepare(choice: Choice) -> Program | None:
    """Find or fetch what the chosen broker consists of, which may take minutes.

    Returns:
        Apache Kafka; None for the mock cluster.

    Raises:
        StackError: Apache Kafka was chosen and there is no Java for it, or it cannot be fetched.
        click.UsageError: Options contradict each other.
    """
    java = _java_of(choice)
    if java is None:
        return None
    with contextlib.closing(_Shown()) as progress:
        return kafka_program(java, progress)


@contextlib.contextmanager
def start(choice: Choice, program: Program | None) -> Iterator[tuple[DevStack | DurableStack, str]]:
    """Start the stack that was chosen.

    Args:
        choice: What the command line asks for.
        program: What :func:`prepare` gave.

    Yields:
        The stack, and what is to be said of it.

    Raises:
        StackError: It could not be started.
    """
    if program is None:
        with _start_mock(choice) as mock:
            yield mock, _describe_mock(mock, choice)
        return
    with contextlib.ExitStack() as parts:
        state = _state_of(choice, parts)
        with _spinner():
            kafka = parts.enter_context(_start_kafka(choice, program, state))
        yield kafka, _describe_kafka(kafka, program.java, choice)


def _java_of(choice: Choice) -> Java | None:
    """The Java for Apache Kafka, or None for the mock cluster."""
    if choice.broker == "kafka" and choice.brokers > 1:
        raise click.UsageError("Apache Kafka is one broker here: --brokers is for --broker mock")
    if choice.broker == "mock" or choice.brokers > 1:
        return None
    if choice.broker == "kafka":
        return find_java()
    with contextlib.suppress(StackError):  # the other stack prints how to get it
        return find_java()
    return None


def _start_mock(choice: Choice) -> DevStack:
    if choice.state is not None and choice.state.is_dir():
        raise StackError(
            f"{choice.state} is a folder: beside the mock cluster only the registry's subjects are"
            " kept, in a file. Name one, or keep everything in that folder with --broker kafka"
        )
    if choice.fresh and choice.state is not None:
        choice.state.unlink(missing_ok=True)
    return DevStack(
        choice.brokers,
        broker_port=choice.broker_port,
        registry_port=choice.registry_port,
        registry_state=choice.state,
        registry_contexts=choice.contexts,
        registry_confluent=choice.confluent,
    )


@contextlib.contextmanager
def _spinner() -> Iterator[None]:
    """Show on a terminal that something is under way; a log gets nothing."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status("Starting Apache Kafka"):
        yield


def _start_kafka(choice: Choice, program: Program, state: Path) -> DurableStack:
    return DurableStack(
        state,
        fresh=choice.fresh,
        broker_port=choice.broker_port,
        registry_port=choice.registry_port,
        registry_contexts=choice.contexts,
        registry_confluent=choice.confluent,
        program=program,
    )


def _state_of(choice: Choice, parts: contextlib.ExitStack) -> Path:
    """The folder of the state: the one asked for, of the project, or one for this run alone."""
    if choice.state is not None:
        if choice.state.is_file():
            raise StackError(
                f"{choice.state} is a file: Apache Kafka keeps its state in a folder. Name one, or"
                " keep the registry's subjects in that file with --broker mock"
            )
        return choice.state
    if choice.is_temporary:
        return Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="streamcontract-dev-")))
    project = find_project_file()
    return (Path.cwd() if project is None else project.parent) / _STATE


class _Shown:
    """Progress of a fetch on standard error: a bar on a terminal, one line elsewhere."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        columns = (TextColumn("{task.description}"), BarColumn(None), DownloadColumn())
        self._progress = Progress(*columns, TimeRemainingColumn(), console=self._console)
        self._task = self._progress.add_task("", start=False)

    def start(self, what: str, size: int) -> None:
        self._console.print(f"Fetching {what}, once", soft_wrap=True)
        if self._console.is_terminal:
            self._progress.start()
            self._progress.start_task(self._task)
            self._progress.update(self._task, total=size or None)

    def advance(self, size: int) -> None:
        self._progress.advance(self._task, size)

    def close(self) -> None:
        if self._console.is_terminal:  # elsewhere it would write an empty line
            self._progress.stop()


def _describe_kafka(stack: DurableStack, java: Java, choice: Choice) -> str:
    kept = f"kept in {stack.state}; --fresh deletes what is there"
    if choice.state is None and choice.is_temporary:
        kept = "of this run alone"
    what = f"Apache Kafka {stack.version}, one node, on Java {java.build}"
    return "\n".join(
        [
            f"broker    {stack.bootstrap_servers}  ({what})",
            f"registry  {stack.registry_url}",
            f"state     {kept}",
            "",
            *_how_to_connect(stack),
            "",
            "Ctrl-C stops it.",
        ]
    )


def _describe_mock(stack: DevStack, choice: Choice) -> str:
    brokers = f"{stack.broker.brokers} broker{'s' * (stack.broker.brokers > 1)}"
    version = confluent_kafka.libversion()[0]
    kept = f"kept in {choice.state}" if choice.state else "in memory"
    return "\n".join(
        [
            f"broker    {stack.bootstrap_servers}  ({brokers}, librdkafka {version}, in memory)",
            f"registry  {stack.registry_url}  ({kept})",
            "",
            f"{MOCK_CLUSTER} {_real_one()}",
            *stack.broker.limits,
            "",
            *_how_to_connect(stack),
            "",
            "Ctrl-C stops it.",
        ]
    )


def _real_one() -> str:
    """The command that brings Apache Kafka."""
    try:
        find_java()
    except StackError:
        return "pip install 'streamcontract[kafka]' brings Apache Kafka itself."
    return "streamcontract dev --broker kafka runs Apache Kafka itself."


def _how_to_connect(stack: DevStack | DurableStack) -> list[str]:
    config = {
        "bootstrap.servers": stack.bootstrap_servers,
        "schema.registry.url": stack.registry_url,
    }
    return [
        "Connect with the environment (on the default ports there is no need to):",
        *(f"  export {name}={value}" for name, value in stack.environment.items()),
        "or in Python:",
        f"  StockProducer({json.dumps(config)})",
    ]
