"""Class archive of a Java program, with which a server starts in less than half of the time.

It has the classes of a program in the JVM's memory format (JEP 350, "dynamic CDS archive"). It is
written once, when a first run of the program ends. It is optional: a Java without a base archive of
its own classes writes none, and a cache folder may be read-only.
"""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

import attrs

from streamcontract.devstack.kafka.distribution import cache_lock
from streamcontract.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamcontract.devstack.kafka.java import Java, Program

__all__ = ["with_archive"]

_log = logging.getLogger(__name__)


def with_archive(program: Program, folder: Path, record: Callable[[Path], None]) -> Program:
    """A program with its class archive, or the program itself if there can be none.

    Args:
        program: The program.
        folder: The folder of its jars and of its archives, one for each Java.
        record: Runs the program once and stops it cleanly, with the path of the archive to write.
    """
    archive = _archive_of(program.java, folder)
    if not archive.exists():
        try:
            with cache_lock():
                if not archive.exists():  # no other process wrote it first
                    _make(archive, program, record)
        except (OSError, StackError) as error:
            _log.warning("servers start slower, as no class archive could be made: %s", error)
            return program
    return attrs.evolve(program, archive=archive) if archive.stat().st_size else program


def _make(archive: Path, program: Program, record: Callable[[Path], None]) -> None:
    scratch = archive.with_suffix(".part")
    scratch.unlink(missing_ok=True)
    if program.can_record:
        record(scratch)
    scratch.touch()  # an empty file means that this Java writes none, so that no run tries again
    scratch.rename(archive)


def _archive_of(java: Java, folder: Path) -> Path:
    # Two Javas of one build can differ in whether they write archives.
    place = hashlib.sha256(str(java.path.resolve()).encode()).hexdigest()[:8]
    return folder / f"classes-{java.build}-{place}.jsa"
