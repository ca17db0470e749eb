"""Java programs by their Maven coordinates, downloaded once into the user's cache folder."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from streamcontract.devstack.kafka.download import (
    REPOSITORY_VARIABLE,
    Artifact,
    Progress,
    download_all,
    read_artifacts,
)
from streamcontract.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["artifacts_file", "cache_folder", "cache_lock", "fetch"]

_log = logging.getLogger(__name__)


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


def fetch(pom: Path, progress: Progress | None = None, *, what: str | None = None) -> Path:
    """The folder with a program's files, which are fetched if they are not there.

    Maven fetches them. Where there is none, and where ``STREAMCONTRACT_MAVEN_REPOSITORY`` names a
    repository, they are downloaded from there, if a list of them stands beside the POM. The
    folder's name changes with the POM, so that a new version is fetched and not mixed with the old
    one.

    Args:
        pom: ``NAME.pom.xml``, whose phase ``process-resources`` fills the folder that the property
            ``folder`` names. The list is ``NAME.artifacts.json``.
        progress: What shows how far it is; the log of this module if left out.
        what: What messages call it; its name if left out.

    Raises:
        StackError: It could not be fetched, or is not what it has to be.
    """
    name = pom.name.removesuffix(".pom.xml")
    folder = cache_folder() / f"{name}-{hashlib.sha256(pom.read_bytes()).hexdigest()[:12]}"
    if not folder.is_dir():
        with cache_lock() as lock:
            if not folder.is_dir():
                _fill(pom, folder, lock, progress or _Logged(), what or name)
    _require_whole(folder, _artifacts_of(pom))
    return folder


def _require_whole(folder: Path, artifacts: list[Artifact]) -> None:
    """See that nothing was cut off or deleted since; Java would only miss a class."""
    sizes = {entry.name: entry.stat().st_size for entry in folder.iterdir()}
    wrong = [each.name for each in artifacts if sizes.get(each.name) != each.size]
    if wrong:
        raise StackError(
            f"{folder} is damaged ({', '.join(wrong)}): delete the folder, and it is fetched again"
        )


def artifacts_file(pom: Path) -> Path:
    """The list of the files that a POM copies, if there is one: ``NAME.artifacts.json``."""
    return pom.with_name(f"{pom.name.removesuffix('.pom.xml')}.artifacts.json")


def _artifacts_of(pom: Path) -> list[Artifact]:
    listed = artifacts_file(pom)
    return read_artifacts(listed) if listed.exists() else []


def _fill(pom: Path, folder: Path, lock: int, progress: Progress, what: str) -> None:
    maven = shutil.which("mvn")
    artifacts = _artifacts_of(pom)
    if artifacts and (maven is None or os.environ.get(REPOSITORY_VARIABLE)):
        # What is there already is gone on from, also after this process was killed.
        scratch = folder.with_name(f"{folder.name}.download")
        scratch.mkdir(exist_ok=True)
        download_all(artifacts, scratch, progress, what=what)
        scratch.rename(folder)
        return
    if maven is None:
        raise StackError(
            f"{folder} is to be fetched by Maven, and there is no `mvn` on the PATH: install Maven"
        )
    progress.start(f"{what} with Maven", 0)
    _run_maven(maven, pom.read_bytes(), folder, artifacts, lock)


def _run_maven(maven: str, pom: bytes, folder: Path, artifacts: list[Artifact], lock: int) -> None:
    # Beside its final place, so that one rename puts it there whole or not at all; always of one
    # name, so that what a killed process left is found.
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
            advice = f"\n{REPOSITORY_VARIABLE} names a repository to download from without Maven"
            raise StackError(
                f"Maven could not fetch {folder.name}:\n{reason}{advice if artifacts else ''}"
            )
        wrong = [each.name for each in artifacts if not each.is_at(fetched / each.name)]
        if wrong:
            raise StackError(
                f"Maven fetched other files than those that are pinned: {', '.join(wrong)};"
                " see which repository its settings.xml names"
            )
        fetched.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class _Logged:
    """Progress for who has no terminal to show it on."""

    def start(self, what: str, size: int) -> None:
        _log.info("fetching %s (%.0f MB)", what, size / 1e6)

    def advance(self, size: int) -> None:
        """Nothing to say of each file."""
