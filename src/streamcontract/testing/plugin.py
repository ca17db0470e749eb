"""Pytest plugin: a stack, topics, clients and faults as fixtures.

pytest loads this module in every project with streamcontract installed. So it imports only pytest
and the names of the stacks; each fixture imports the rest at its first use.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, Final

import pytest

from streamcontract.testing.fixtures import STACKS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from streamcontract.registry import SchemaRegistry
    from streamcontract.testing.fixtures.clients import ConsumerMaker, ProducerMaker
    from streamcontract.testing.fixtures.faults import Faults
    from streamcontract.testing.fixtures.registries import OwnRegistry
    from streamcontract.testing.fixtures.stacks import Stack
    from streamcontract.testing.fixtures.topics import TopicMaker

STACK_VARIABLE: Final = "STREAMCONTRACT_STACK"
_OPTION: Final = "--streamcontract-stack"
_ADDRESSES: Final = ("STREAMCONTRACT_BOOTSTRAP_SERVERS", "STREAMCONTRACT_REGISTRY_URL")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for the stack."""
    parser.getgroup("streamcontract").addoption(
        _OPTION,
        choices=STACKS,
        help=(
            "What tests of topics run against: embedded (librdkafka's mock cluster and a registry"
            " in this process, the default), kafka (Apache Kafka, started for the tests; the extra"
            " [kafka] has what it needs), redpanda or url (what"
            f" runs already; {' and '.join(_ADDRESSES)} say where). Also {STACK_VARIABLE}."
        ),
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a wrong choice before any test runs."""
    kind = stack_kind(config)
    if kind not in STACKS:
        raise pytest.UsageError(f"{STACK_VARIABLE} is one of {', '.join(STACKS)}, not {kind!r}")
    missing = [variable for variable in _ADDRESSES if not os.environ.get(variable)]
    if kind == "url" and missing:
        raise pytest.UsageError(f"the stack 'url' needs {' and '.join(missing)}")


def pytest_report_header(config: pytest.Config) -> str | None:
    """Report the stack, if it is not the embedded one."""
    kind = stack_kind(config)
    return None if kind == "embedded" else f"streamcontract stack: {kind}"


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Warn of generated modules that are out of date with their schemas."""
    if _may_have_contracts(config.rootpath):
        from streamcontract.codegen import staleness_around  # noqa: PLC0415 - see the docstring

        warnings = staleness_around(config.rootpath)
        if warnings:
            terminalreporter.section("streamcontract", yellow=True)
        for warning in warnings:
            terminalreporter.write_line(f"Warning: {warning}", yellow=True)


def _may_have_contracts(folder: Path) -> bool:
    """Whether a file may be the project file of a folder, checked without imports."""
    for each in (folder, *folder.parents):
        pyproject = each / "pyproject.toml"
        if (each / "streamcontract.toml").is_file():
            return True
        if pyproject.is_file() and b"streamcontract" in pyproject.read_bytes():
            return True
    return False


def stack_kind(config: pytest.Config) -> str:
    """The kind of stack by the option, else by the environment, else the embedded one."""
    chosen: str | None = config.getoption(_OPTION)
    return chosen or os.environ.get(STACK_VARIABLE) or "embedded"


@pytest.fixture(scope="session")
def streamcontract_stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Brokers and a registry for all tests of this process; each xdist worker has its own.

    Tests share it, so they use topics and subjects of their own names.
    """
    from streamcontract.errors import StackError  # noqa: PLC0415 - see the module's docstring
    from streamcontract.testing.fixtures.stacks import start_stack  # noqa: PLC0415

    try:
        stack = start_stack(stack_kind(request.config))
    except StackError as error:
        # The stack was requested: skipping would hide tests that did not run. Each test that needs
        # it fails with one line.
        pytest.fail(f"the stack could not be started: {error}", pytrace=False)
    with stack:
        yield stack


@pytest.fixture
def streamcontract_topic(streamcontract_stack: Stack) -> TopicMaker:
    """A maker of topics of this test's own: ``streamcontract_topic("orders", partitions=3)``."""
    from streamcontract.testing.fixtures.topics import TopicMaker  # noqa: PLC0415

    return TopicMaker(streamcontract_stack)


@pytest.fixture
def _streamcontract_own_registry(streamcontract_stack: Stack) -> Iterator[OwnRegistry | None]:
    """An embedded registry of this test's own; None if the stack has a real one."""
    from streamcontract.testing.fixtures.registries import (  # noqa: PLC0415
        OwnRegistry,
        has_own_registry,
    )

    if not has_own_registry(streamcontract_stack):
        yield None
        return
    with OwnRegistry(streamcontract_stack) as registry:
        yield registry


@pytest.fixture
def streamcontract_config(
    streamcontract_stack: Stack, _streamcontract_own_registry: OwnRegistry | None
) -> dict[str, Any]:
    """Client properties of the stack, and of this test's registry."""
    own = _streamcontract_own_registry
    return {
        "bootstrap.servers": streamcontract_stack.bootstrap_servers,
        "schema.registry.url": streamcontract_stack.registry_url if own is None else own.url,
    }


@pytest.fixture
def streamcontract_environment(
    streamcontract_config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """The same for code that reads the environment: its variables are set during this test."""
    servers, url = streamcontract_config.values()
    environment = dict(zip(_ADDRESSES, (servers, url), strict=True))
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    return environment


@pytest.fixture
def streamcontract_registry(streamcontract_config: dict[str, Any]) -> Iterator[SchemaRegistry]:
    """A client of this test's registry, which is empty unless it is a real one that tests share."""
    from streamcontract.registry import SchemaRegistry  # noqa: PLC0415

    with SchemaRegistry(streamcontract_config["schema.registry.url"]) as registry:
        yield registry


@pytest.fixture
def _streamcontract_clients() -> Iterator[contextlib.ExitStack]:
    """The clients to close when the test ends."""
    with contextlib.ExitStack() as clients:
        yield clients


@pytest.fixture
def streamcontract_producer(
    streamcontract_stack: Stack,
    streamcontract_config: dict[str, Any],
    streamcontract_topic: TopicMaker,
    _streamcontract_clients: contextlib.ExitStack,
) -> ProducerMaker:
    """A maker of producers: ``streamcontract_producer(StockProducer)``."""
    from streamcontract.devstack import DevStack  # noqa: PLC0415
    from streamcontract.testing.fixtures.clients import (  # noqa: PLC0415
        PATIENT_PRODUCERS,
        ProducerMaker,
    )

    return ProducerMaker(
        {
            **streamcontract_config,
            **(PATIENT_PRODUCERS if isinstance(streamcontract_stack, DevStack) else {}),
        },
        streamcontract_topic,
        _streamcontract_clients,
    )


@pytest.fixture
def streamcontract_consumer(
    streamcontract_stack: Stack,
    streamcontract_config: dict[str, Any],
    streamcontract_topic: TopicMaker,
    _streamcontract_clients: contextlib.ExitStack,
) -> ConsumerMaker:
    """A maker of consumers: ``streamcontract_consumer(StockConsumer, group="report")``."""
    from streamcontract.devstack import DevStack  # noqa: PLC0415
    from streamcontract.testing.fixtures.clients import QUICK_GROUPS, ConsumerMaker  # noqa: PLC0415

    return ConsumerMaker(
        streamcontract_config,
        streamcontract_topic,
        _streamcontract_clients,
        QUICK_GROUPS if isinstance(streamcontract_stack, DevStack) else {},
    )


@pytest.fixture
def streamcontract_faults(
    streamcontract_stack: Stack,
    _streamcontract_own_registry: OwnRegistry | None,
    # A dependency, so that faults end before clients are closed, which flush their queues.
    _streamcontract_clients: contextlib.ExitStack,
) -> Iterator[Faults]:
    """Faults of the stack, each undone when the test ends."""
    from streamcontract.testing.fixtures.faults import Faults  # noqa: PLC0415

    faults = Faults(streamcontract_stack, _streamcontract_own_registry)
    yield faults
    faults.undo()
