"""A release is refused with every reason at once, and each says what to do."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from release.readiness import missing_wheels, unready

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *arguments: str) -> None:
    """Run git in a folder, as somebody."""
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)  # noqa: S603, S607 - a test's own repository


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository that can be released as 1.2.0."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## [1.2.0] - 2026-12-01\n", "utf-8")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message=first")
    git(tmp_path, "tag", "--annotate", "--message=1.2.0", "v1.2.0")
    return tmp_path


def test_a_tree_that_can_be_released(tree: Path) -> None:
    """It is committed, tagged and in the changelog."""
    assert unready(tree, "1.2.0") == []


def test_a_change_that_is_not_committed(tree: Path) -> None:
    """New files count as well as changed ones, and a long list is cut."""
    for number in range(8):
        (tree / f"new{number}").touch()
    [reason] = unready(tree, "1.2.0")
    assert reason.startswith("new0, new1, new2, new3, new4 and 3 more not committed")


def test_a_tag_of_another_version(tree: Path) -> None:
    """Both are named."""
    (tree / "CHANGELOG.md").write_text("## [1.3.0] - 2026-12-01\n", "utf-8")
    git(tree, "commit", "--quiet", "--all", "--message=second")
    git(tree, "tag", "v1.2.1")
    [reason] = unready(tree, "1.3.0")
    assert "v1.2.1" in reason
    assert "1.3.0" in reason


def test_a_tag_at_another_commit(tree: Path) -> None:
    """It has been released before, or the tag was set too early."""
    git(tree, "commit", "--quiet", "--allow-empty", "--message=second")
    assert unready(tree, "1.2.0") == [
        "the tag v1.2.0 is at another commit: check that out, or raise the version"
    ]


def test_all_reasons_at_once(tree: Path) -> None:
    """A development version, a change, no tag and nothing in the changelog."""
    (tree / "CHANGELOG.md").write_text("## [Unreleased]\n", "utf-8")
    git(tree, "commit", "--quiet", "--all", "--message=second")
    (tree / "new").touch()
    version, change, tag, changelog = unready(tree, "1.3.0.dev1")
    assert "_version.py" in version
    assert "new not committed" in change
    assert "git tag --annotate v1.3.0.dev1" in tag
    assert "## [1.3.0.dev1] - YYYY-MM-DD" in changelog


@pytest.mark.parametrize("version", ["1.2", "1.2.0rc1", "1.2.0.post1"])
def test_versions_that_an_index_takes(version: str, tree: Path) -> None:
    """Only the tag and the changelog are missing."""
    assert not any(
        "_version.py" in reason for reason in unready(tree, version) if "tag" not in reason
    )


def test_a_supported_version_without_a_wheel() -> None:
    """A wheel's tag names its interpreter; 3.1 is not 3.10."""
    wheels = [
        "streamcontract-1.2.0-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "streamcontract-1.2.0-cp312-cp312-macosx_11_0_arm64.whl",
    ]
    assert missing_wheels(["3.1", "3.10", "3.11", "3.12"], wheels) == ["3.1", "3.11"]
