"""A registry to ask, and servers that break."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.registry.scripted import ScriptedServer

from streamcontract.devstack.registry import RegistryServer
from streamcontract.registry import SchemaRegistry, missing, transport


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    """A server that follows a script."""
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def other() -> Iterator[ScriptedServer]:
    """A second server that follows a script."""
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between retries, noted in place of being made."""
    noted: list[float] = []
    monkeypatch.setattr(transport, "sleep", noted.append)
    monkeypatch.setattr(missing, "sleep", noted.append)
    return noted


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
