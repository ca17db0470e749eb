"""Virtual environments for interpreters of any version, whether they bring pip or not."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from release.interpreters import Interpreter

__all__ = ["clean_variables", "make_environment"]

# They would change what is imported, or which engine runs.
_MISLEADING = frozenset({"PYTHONPATH", "PYTHONHOME", "STREAMCONTRACT_ENGINE", "VIRTUAL_ENV"})


def clean_variables(**more: str) -> dict[str, str]:
    """The environment variables without those that change what an installation does."""
    kept = {name: value for name, value in os.environ.items() if name not in _MISLEADING}
    return kept | more


def make_environment(interpreter: Interpreter, folder: Path) -> Path:
    """Make a virtual environment with pip, unless it is there already.

    Args:
        interpreter: The interpreter; Debian's come without ensurepip, so none of it is used.
        folder: Where to make it.

    Returns:
        The environment's interpreter.

    Raises:
        subprocess.CalledProcessError: It could not be made.
    """
    python = folder / "bin" / "python"
    made_for = folder / ".interpreter"
    if made_for.exists() and made_for.read_text("utf-8") == str(interpreter):
        return python
    _run(str(interpreter.path), "-m", "venv", "--clear", "--without-pip", str(folder))
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = _run(str(python), "-c", where).strip()
    version = f"--python-version={interpreter.minor}"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run(*command, version, "--only-binary=:all:", f"--target={packages}", "pip")
    made_for.write_text(str(interpreter), "utf-8")
    return python


def _run(*command: str) -> str:
    return subprocess.run(  # noqa: S603 - an interpreter of this machine
        command, env=clean_variables(), stdout=subprocess.PIPE, text=True, check=True
    ).stdout
