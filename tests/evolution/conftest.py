"""Projects in scratch git repositories."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.evolution.scratch import Scratch


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    """A project in a git repository of its own, which is the current folder."""
    # Neither the user's configuration nor the machine's has a say, also in what is tested.
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    scratch = Scratch(folder)
    scratch.git("init", "--quiet", "--initial-branch=main")
    scratch.git("config", "user.name", "Test")
    scratch.git("config", "user.email", "test@example.com")
    return scratch
