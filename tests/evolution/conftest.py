"""Projects in scratch git repositories."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from tests.evolution.scratch import Scratch

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def empty_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository without a commit, to be copied, which takes no start of git each time."""
    folder = tmp_path_factory.mktemp("empty") / "project"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as environment:
        _git_alone(environment)
        scratch = Scratch(folder)
        scratch.git("init", "--quiet", "--initial-branch=main", "--template=")
        scratch.git("config", "user.name", "Test")
        scratch.git("config", "user.email", "test@example.com")
    return folder


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_repository: Path) -> Scratch:
    """A project in a git repository of its own, which is the current folder."""
    _git_alone(monkeypatch)
    folder = shutil.copytree(empty_repository, tmp_path / "project")
    monkeypatch.chdir(folder)
    return Scratch(folder)


def _git_alone(environment: pytest.MonkeyPatch) -> None:
    """Neither the user's configuration nor the machine's has a say, also in what is tested."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        environment.setenv(name, "/dev/null")
