"""Copies of the tree to break things in; the working tree is never touched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["ROOT", "pytest", "scratch_tree"]

ROOT: Final = Path(__file__).resolve().parents[2]
_SHARED: Final = ROOT.parent / "shared"
# No environments, histories and caches: a cached module of the same size and second as a changed
# source would hide the change.
_LEFT_OUT: Final = shutil.ignore_patterns(
    ".git", ".venv", ".venvs", "__pycache__", ".*_cache", ".hypothesis", "build", "dist", "*.c"
)


@contextmanager
def scratch_tree() -> Iterator[Path]:
    """A copy of this tree, with the conformance cases beside it where they are beside this one."""
    with tempfile.TemporaryDirectory(prefix="streamcontract-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=_LEFT_OUT)
        if _SHARED.exists():
            (Path(folder) / "shared").symlink_to(_SHARED)
        yield tree


def pytest(
    tree: Path, arguments: Sequence[str], engine: str = "", *, timeout: float
) -> tuple[int | None, str]:
    """Run tests of a copy.

    Args:
        tree: The copy.
        arguments: For pytest: files, node ids, options.
        engine: The codec's engine; empty for the default.
        timeout: Seconds after which to stop it.

    Returns:
        pytest's exit code, None if it was stopped, and what it wrote.
    """
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header"),
        *("-p", "mutation.without_shrinking", "--hypothesis-profile=searching", *arguments),
    ]
    environment = {
        **os.environ,
        # In front of the editable installation of the working tree.
        "PYTHONPATH": os.pathsep.join((str(tree / "src"), str(tree / "tools"))),
        "PYTHONDONTWRITEBYTECODE": "1",
        **({"STREAMCONTRACT_ENGINE": engine} if engine else {}),
    }
    try:
        done = subprocess.run(  # noqa: S603 - pytest, of this interpreter
            command,
            cwd=tree,
            env=environment,
            timeout=timeout,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        return None, error.output.decode(errors="replace") if error.output else ""
    return done.returncode, done.stdout
