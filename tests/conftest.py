"""Fixtures for many tests: engines, registries, the broker path; and how Hypothesis searches."""

from __future__ import annotations

import gc
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.searching import load_profiles

from streamcontract.codec.engine import ENGINE_VARIABLE, choose_engine
from streamcontract.devstack import DevStack
from streamcontract.devstack.registry import RegistryServer
from streamcontract.errors import ConfigurationError
from streamcontract.registry import SchemaRegistry
from streamcontract.testing.plugin import stack_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.testing.fixtures.stacks import Stack
    from streamcontract.testing.fixtures.topics import TopicMaker

load_profiles()

# These start servers of their own.
_REAL = tuple(Path(__file__).with_name(name) for name in ("clients", "guides", "spark", "stacks"))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Keep the garbage collector from what is collected, which stays to the end of the run.

    A million objects would be visited again and again: while they are made, which takes half as
    long again, and in each full collection of a test. What the tests leave is little beside them.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        # From 3.14 on, Hypothesis looks for what refers to a random generator, and finds nothing
        # that is frozen.
        if sys.version_info < (3, 14):
            gc.freeze()
        gc.set_threshold(10_000, 10, 50)
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where another stack than usual is chosen, leave out what would be the same on every stack."""
    if stack_kind(config) == "embedded":
        return
    same: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        fixtures = {"stack", "streamcontract_stack"}.intersection(getattr(item, "fixturenames", ()))
        depends = fixtures or any(item.path.is_relative_to(folder) for folder in _REAL)
        (others if depends else same).append(item)
    config.hook.pytest_deselected(items=same)
    items[:] = others


@pytest.fixture
def signals_end() -> Iterator[None]:
    """Signals do what they do by default, here and in what a test starts.

    Under nohup SIGHUP is ignored, and what a script's shell starts in the background ignores
    Ctrl-C: a test that sends one to itself would wait for ever.
    """
    defaults: dict[signal.Signals, Any] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGHUP: signal.SIG_DFL,
    }
    before = {number: signal.signal(number, default) for number, default in defaults.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def stack(streamcontract_stack: Stack) -> Stack:
    """The stack that ``--streamcontract-stack`` chooses; three embedded brokers by default.

    Tests share it: they use topics and subjects of unique names, and leave the brokers up.
    """
    return streamcontract_stack


@pytest.fixture
def embedded_stack(stack: Stack) -> DevStack:
    """The same stack, for what only the embedded one can do; skips on any other."""
    if not isinstance(stack, DevStack):
        pytest.skip("only the embedded stack can do this")
    return stack


@pytest.fixture
def topic(streamcontract_topic: TopicMaker) -> TopicMaker:
    """A maker of topics with unique names: ``topic("orders", partitions=3)``."""
    return streamcontract_topic


@pytest.fixture(params=["native", "portable"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each of the codec's engines."""
    name = str(request.param)
    monkeypatch.setenv(ENGINE_VARIABLE, name)
    try:
        choose_engine()
    except ConfigurationError as error:
        pytest.skip(str(error))
    return name


@pytest.fixture
def server() -> Iterator[RegistryServer]:
    """The embedded registry, empty."""
    with RegistryServer() as running:
        yield running


@pytest.fixture
def registry(server: RegistryServer) -> Iterator[SchemaRegistry]:
    """A client of the embedded registry."""
    with SchemaRegistry(server.url) as client:
        yield client
