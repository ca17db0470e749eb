"""Interpreters of this machine: one of each minor version that streamcontract supports.

They are looked for on ``PATH``, in the folders of the system, and where pyenv and uv keep theirs.
A version that the project claims to support and that is not here is taken from Debian, where that
can be done.
"""

from __future__ import annotations

import configparser
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from release.debian import NotAvailableError, fetch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["ROOT", "VENVS", "Found", "Interpreter", "candidates", "choose", "claimed", "find"]

ROOT: Final = Path(__file__).parents[2]
VENVS: Final = ROOT / ".venvs"

_OLDEST: Final = (3, 10)
_NAME: Final = re.compile(r"python3(\.\d+)?")
_CLASSIFIER: Final = re.compile(r"^Programming Language :: Python :: (3\.\d+)$", re.MULTILINE)
_ANSWER_S: Final = 30.0

# In a virtual environment, the interpreter it was made with.
_QUESTION: Final = """
import json, sys, sysconfig
print(json.dumps({
    "path": getattr(sys, "_base_executable", None) or sys.executable,
    "version": list(sys.version_info[:3]),
    "implementation": sys.implementation.name,
    "has_gil": not sysconfig.get_config_var("Py_GIL_DISABLED"),
}))
"""


@attrs.frozen(order=True)
class Interpreter:
    """An interpreter, as it describes itself.

    Attributes:
        version: Major, minor and micro version.
        path: Where it is.
        implementation: ``cpython``, ``pypy``, ...
        has_gil: Whether it is built with the global interpreter lock.
    """

    version: tuple[int, int, int]
    path: Path
    implementation: str = "cpython"
    has_gil: bool = True

    @property
    def minor(self) -> str:
        """Its version without the last number, such as ``3.12``."""
        return f"{self.version[0]}.{self.version[1]}"

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.version))} ({self.path})"


@attrs.frozen
class Found:
    """What was found.

    Attributes:
        chosen: One interpreter of each minor version, the oldest first.
        unused: Which others there are, and why they are not used, in words.
        skipped: For which versions there is none, and why, in words.
    """

    chosen: list[Interpreter]
    unused: list[str]
    skipped: list[str]

    def closing_lines(self) -> list[str]:
        """The last lines of an output: what was left out, with the reasons."""
        unused = [f"not used: {what}" for what in self.unused]
        return unused + [f"SKIPPED {what}" for what in self.skipped]


def claimed() -> list[str]:
    """The minor versions that the project's metadata names, the oldest first."""
    metadata = configparser.ConfigParser(interpolation=None)
    metadata.read(ROOT / "setup.cfg", "utf-8")
    return _CLASSIFIER.findall(metadata["metadata"]["classifiers"])


def candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    """Files that may be interpreters, in no order; the same one may come under several names."""
    home = Path(environment.get("HOME", "/nonexistent"))
    folders = [Path(folder) for folder in environment.get("PATH", "").split(os.pathsep) if folder]
    folders += [Path("/usr/local/bin"), Path("/usr/bin")]
    pyenv = Path(environment.get("PYENV_ROOT") or home / ".pyenv") / "versions"
    uv = Path(environment.get("UV_PYTHON_INSTALL_DIR") or home / ".local/share/uv/python")
    folders += [*pyenv.glob("*/bin"), *uv.glob("*/bin"), *VENVS.glob("debian-*/usr/bin")]
    for folder in folders:
        if folder.is_dir():
            yield from (path for path in folder.iterdir() if _NAME.fullmatch(path.name))


def ask(path: Path) -> Interpreter | None:
    """Ask a file what interpreter it is; None if it does not run, as pyenv's shims may not."""
    try:
        done = subprocess.run(  # noqa: S603 - an interpreter of this machine
            [path, "-I", "-c", _QUESTION],
            capture_output=True,
            text=True,
            timeout=_ANSWER_S,
            check=True,
        )
        answer = json.loads(done.stdout)
        return Interpreter(
            version=tuple(answer["version"]),
            path=Path(answer["path"]).resolve(),
            implementation=answer["implementation"],
            has_gil=answer["has_gil"],
        )
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return None


def choose(interpreters: Iterable[Interpreter], wanted: Sequence[str] = ()) -> Found:
    """Choose the newest interpreter of each minor version.

    Args:
        interpreters: Those that there are.
        wanted: Minor versions to confine the choice to; all from 3.10 on if left out.
    """
    chosen: dict[str, Interpreter] = {}
    unused: list[str] = []
    for interpreter in sorted(set(interpreters), reverse=True):
        if interpreter.version < _OLDEST or (wanted and interpreter.minor not in wanted):
            continue
        if interpreter.implementation != "cpython":
            unused.append(f"{interpreter}: is {interpreter.implementation}, not CPython")
        elif not interpreter.has_gil:
            unused.append(f"{interpreter}: is free-threaded, which is not supported")
        elif interpreter.minor in chosen:
            unused.append(f"{interpreter}: {chosen[interpreter.minor]} is used")
        else:
            chosen[interpreter.minor] = interpreter
    return Found(sorted(chosen.values()), unused, [])


def find(wanted: Sequence[str] = ()) -> Found:
    """Find the interpreters of this machine, and those that it lacks but can be had.

    Args:
        wanted: Minor versions, such as ``3.12``; all from 3.10 on if left out.
    """
    files = {path.resolve(): path for path in candidates(os.environ)}
    asked = [answer for path in files.values() if (answer := ask(path)) is not None]
    found = choose(asked, wanted)
    here = {interpreter.minor for interpreter in found.chosen}
    for minor in wanted or claimed():
        if minor in here:
            continue
        try:
            found.chosen.append(_fetched(minor))
        except NotAvailableError as error:
            found.skipped.append(f"{minor}: no interpreter on this machine, and {error}")
    return attrs.evolve(found, chosen=sorted(found.chosen))


def _fetched(minor: str) -> Interpreter:
    path = fetch(minor, VENVS / f"debian-{minor}")
    interpreter = ask(path)
    if interpreter is None:
        raise NotAvailableError(f"Debian's does not run here ({path})")
    return interpreter


def main(arguments: Sequence[str]) -> int:
    """Print the interpreters."""
    found = find(arguments)
    print("\n".join([*map(str, found.chosen), *found.closing_lines()]))
    return 0 if found.chosen else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
