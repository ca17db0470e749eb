"""A registry to ask, and servers that break."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.registry.scripted import ScriptedServer

from streamcontract.registry import missing, transport


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
