"""Java programs by their Maven coordinates, downloaded once into the user's cache folder."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from streamcontract.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["cache_folder", "cache_lock", "fetch"]


def cache_folder() -> Path:
    """The folder of downloaded servers: ``streamcontract`` in ``XDG_CACHE_HOME`` or ``~/.cache``.

    Example:
        >>> cache_folder().name
        'streamcontract'
    """
    # XDG Base Directory Specification: a relative path is ignored.
    configured = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(configured) if Path(configured).is_absolute() else Path.home() / ".cache"
    return base / "streamcontract"


@contextlib.contextmanager
def cache_lock() -> Iterator[int]:
    """Let only one process at a time fill the cache; the others wait.

    Yields:
        The lock's file descriptor: if this process is killed, a child that inherits it keeps the
        lock until it ends too.
    """
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise StackError(
            f"the cache folder {folder} cannot be written ({error}): set XDG_CACHE_HOME to one that"
            f" can"
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def fetch(pom: Path) -> Path:
    """The folder with a program's files, which Maven downloads if they are missing.

    The folder's name depends on the POM, so that a new version is downloaded and not mixed with the
    old one.

    Args:
        pom: ``NAME.pom.xml``, whose phase ``process-resources`` fills the folder of the property
        ``folder``.

    Raises:
        StackError: Maven is needed and missing, or failed.
    """
    project = pom.read_bytes()
    name = pom.name.removesuffix(".pom.xml")
    folder = cache_folder() / f"{name}-{hashlib.sha256(project).hexdigest()[:12]}"
    if folder.is_dir():
        return folder
    with cache_lock() as lock:
        if not folder.is_dir():
            _run_maven(project, folder, lock)
    return folder


def _run_maven(pom: bytes, folder: Path, lock: int) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise StackError(
            f"{folder} is to be fetched by Maven, and there is no `mvn` on the PATH: install Maven"
        )
    # Beside its final path, so that one rename moves all of it; always with the same name, so that
    # the files of a killed process are found.
    scratch = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        project, fetched = scratch / "pom.xml", scratch / "fetched"
        project.write_bytes(pom)
        command = [maven, "--batch-mode", "--quiet", "--strict-checksums", f"--file={project}"]
        result = subprocess.run(  # noqa: S603 - the user's own Maven, with this package's POM
            [*command, f"-Dfolder={fetched}", "process-resources"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            pass_fds=(lock,),
        )
        if result.returncode != 0 or not fetched.is_dir():
            reason = (result.stdout + result.stderr).strip()
            raise StackError(f"Maven could not fetch {folder.name}:\n{reason}")
        fetched.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
