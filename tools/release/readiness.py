"""Readiness of a tree for a release: it is committed, tagged, and in the changelog."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = ["missing_wheels", "unready"]

# Those of PEP 440 that an index takes and that are no development version.
_RELEASED: Final = re.compile(r"\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?")
_MANY: Final = 5


def unready(root: Path, version: str) -> list[str]:
    """Find everything that keeps a tree from being released.

    Args:
        root: The root of the repository.
        version: The version that the package says it has.

    Returns:
        The reasons, each with what to do; none if it can be released.
    """
    return [
        *_of_version(version),
        *_of_changes(root),
        *_of_tag(root, version),
        *_of_changelog(root, version),
    ]


def missing_wheels(claimed: Sequence[str], wheels: Iterable[str]) -> list[str]:
    """The Python versions that the metadata claims and no wheel is for.

    Args:
        claimed: Minor versions, such as ``3.12``.
        wheels: Names of wheels.
    """
    tags = {name.split("-")[-3] for name in wheels}  # PEP 427: ...-python-abi-platform.whl
    return [minor for minor in claimed if f"cp{minor.replace('.', '')}" not in tags]


def _of_version(version: str) -> list[str]:
    if _RELEASED.fullmatch(version):
        return []
    return [f"{version!r} is no version to release: set one in src/streamcontract/_version.py"]


def _of_changes(root: Path) -> list[str]:
    changed = [line[3:] for line in _git(root, "status", "--porcelain").splitlines()]
    if not changed:
        return []
    more = f" and {len(changed) - _MANY} more" if len(changed) > _MANY else ""
    return [f"{', '.join(changed[:_MANY])}{more} not committed: commit, ignore or remove them"]


def _of_tag(root: Path, version: str) -> list[str]:
    wanted = f"v{version}"
    here = [tag for tag in _git(root, "tag", "--points-at", "HEAD").split() if tag.startswith("v")]
    if wanted in here:
        return []
    if here:
        source = "src/streamcontract/_version.py"
        return [f"HEAD has the tag {', '.join(here)}, but {source} says {version}: change one"]
    if _git(root, "tag", "--list", wanted):
        return [f"the tag {wanted} is at another commit: check that out, or raise the version"]
    return [f"HEAD has no tag {wanted}: git tag --annotate {wanted}"]


def _of_changelog(root: Path, version: str) -> list[str]:
    heading = re.compile(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d{{2}}-\d{{2}}$", re.MULTILINE)
    if heading.search((root / "CHANGELOG.md").read_text("utf-8")):
        return []
    return [
        f"CHANGELOG.md has no '## [{version}] - YYYY-MM-DD': what is in [Unreleased] belongs there"
    ]


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(  # noqa: S603 - commands of this module
        ["git", "-C", str(root), *arguments],  # noqa: S607 - the git that is on the path
        capture_output=True,
        text=True,
        check=True,
    ).stdout.rstrip("\n")
