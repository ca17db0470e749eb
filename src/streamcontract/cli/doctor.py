"""``streamcontract doctor``: what is installed here, and what can be reached from here."""

from __future__ import annotations

import logging
import os
import platform
from importlib import metadata
from typing import TYPE_CHECKING

import attrs
import click
import confluent_kafka

from streamcontract._version import __version__
from streamcontract.cli import EXIT_FINDINGS
from streamcontract.codec.engine import choose_engine
from streamcontract.errors import ClientError, ConfigurationError, StreamContractError
from streamcontract.kafka import describe_topics
from streamcontract.kafka.config import BOOTSTRAP_VARIABLE, DEFAULT_BOOTSTRAP
from streamcontract.project import PROJECT_FILE, find_project_file, load_project
from streamcontract.registry import SchemaRegistry, find_lock
from streamcontract.registry.lockfile import ENVIRONMENT_VARIABLE
from streamcontract.reporting.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["command"]


@attrs.frozen
class _Check:
    """One thing looked at: what it is, how it is, and whether something should be done."""

    subject: str
    state: str
    is_fine: bool = True


@click.command("doctor")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=5.0,
    show_default=True,
    help="Seconds to wait for the broker, and for the registry.",
)
def command(timeout: float) -> None:
    """Show versions, the project file and what can be reached.

    Exits 1 if the project file is wrong, the native engine is built but broken, or the broker or
    the registry does not answer.
    """
    # What librdkafka logs about a broker it cannot reach is what the check says anyway.
    logging.getLogger("streamcontract.kafka").addHandler(logging.NullHandler())
    found = list(_checks(timeout))
    width = max(len(check.subject) for check in found)
    for check in found:
        mark = "ok  " if check.is_fine else "FAIL"
        echo(f"{mark}  {check.subject.ljust(width)}  {check.state}")
    if not all(check.is_fine for check in found):
        raise click.exceptions.Exit(EXIT_FINDINGS)


def _checks(timeout: float) -> Iterator[_Check]:
    yield _Check("streamcontract", __version__)
    yield _Check("Python", f"{platform.python_version()} on {platform.platform()}")
    yield _Check("confluent-kafka", metadata.version("confluent-kafka"))
    yield _Check("librdkafka", confluent_kafka.libversion()[0])
    yield _engine()
    yield _checked("project", _project)
    yield _checked("lock", _lock)
    yield _checked("broker", lambda: _broker(timeout))
    yield _checked("registry", lambda: _registry(timeout))


def _checked(subject: str, look: Callable[[], str]) -> _Check:
    try:
        return _Check(subject, look())
    except StreamContractError as error:
        return _Check(subject, str(error), is_fine=False)


def _engine() -> _Check:
    subject = "codec engine"
    try:
        engine = choose_engine()
    except ConfigurationError as error:
        return _Check(subject, str(error), is_fine=False)
    # One that stands in for a native engine that is here but broken serves well: yet the
    # installation is not what it was meant to be.
    return _Check(subject, f"{engine.name} ({engine.reason})", is_fine=not engine.is_makeshift)


def _project() -> str:
    file = find_project_file()
    if file is None:
        return f"no {PROJECT_FILE} here or above"
    names = [contract.name for contract in load_project(file).contracts]
    return f"{file}: {', '.join(names) or 'no contracts'}"


def _lock() -> str:
    lock = find_lock(None, None)
    if lock is None:
        return f"not used, as {ENVIRONMENT_VARIABLE} is not set"
    subjects = sum(len(sides) for sides in lock.contracts.values())
    return f"environment {lock.environment}: {subjects} subject(s), {len(lock.schemas)} schema(s)"


def _broker(timeout: float) -> str:
    address = os.environ.get(BOOTSTRAP_VARIABLE) or DEFAULT_BOOTSTRAP
    try:
        state = describe_topics([], timeout=timeout)
    except ClientError as error:
        raise ClientError(f"{address}: {error}") from error
    return f"{address}: {'the embedded broker' if state.is_embedded else 'a cluster'} answers"


def _registry(timeout: float) -> str:
    with SchemaRegistry(connect_timeout=timeout, read_timeout=timeout, max_retries=0) as registry:
        types = ", ".join(sorted(registry.schema_types()))
        return f"{', '.join(registry.urls)}: answers, takes {types}"
