"""Fixtures for tests of the registry's state file."""

from __future__ import annotations

import os
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from tests.devstack.registry_file import fill

from streamcontract.devstack.registry.store import Store


@pytest.fixture
def _without_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No machine fails under these tests."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "registry.json"


@pytest.fixture(name="filled", scope="module")
def _filled() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "registry.json")
        with closing(Store(path)) as store:
            fill(store)
        return path.read_bytes()
