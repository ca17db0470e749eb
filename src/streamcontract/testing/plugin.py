"""The pytest plugin: a stack, topics, clients and faults as fixtures.

pytest loads this module in every project where streamcontract is installed. So it imports pytest
alone; what a fixture needs is imported by the first test that asks for it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.testing.fixtures.stacks import Stack
    from streamcontract.testing.fixtures.topics import TopicMaker

STACKS: Final = ("embedded", "kafka", "redpanda", "url")
STACK_VARIABLE: Final = "STREAMCONTRACT_STACK"
_OPTION: Final = "--streamcontract-stack"
_ADDRESSES: Final = ("STREAMCONTRACT_BOOTSTRAP_SERVERS", "STREAMCONTRACT_REGISTRY_URL")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that chooses the stack."""
    parser.getgroup("streamcontract").addoption(
        _OPTION,
        choices=STACKS,
        help=(
            "What tests of topics run against: embedded (a broker and a registry in this process,"
            " the default), kafka (Apache Kafka, started for the tests), redpanda or url (what"
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
        raise pytest.UsageError(f"the stack 'url' needs the variable {' and '.join(missing)}")


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say which stack was chosen, if it is not the embedded one."""
    kind = stack_kind(config)
    return None if kind == "embedded" else f"streamcontract stack: {kind}"


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
        # It was asked for: to skip would pass tests that did not run. Each test that needs it says
        # so in one line.
        pytest.fail(f"the stack could not be started: {error}", pytrace=False)
    with stack:
        yield stack


@pytest.fixture
def streamcontract_topic(streamcontract_stack: Stack) -> TopicMaker:
    """A maker of topics of this test's own: ``streamcontract_topic("orders", partitions=3)``."""
    from streamcontract.testing.fixtures.topics import TopicMaker  # noqa: PLC0415

    return TopicMaker(streamcontract_stack)
