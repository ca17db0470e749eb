"""The class archive: a file that lets a server start in less than half of the time.

It holds the classes of a program as the JVM has them in memory (JEP 350, "dynamic CDS archive").
It is written once, when a first run of the program ends. All of that is optional: a Java without a
base archive of its own classes writes none, and a cache folder may be read-only.
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
    """A program with its class archive, or the program itself where there can be none.

    Args:
        program: The program.
        folder: The folder of its jars, where the archive is kept, one for each Java.
        record: Runs the program once and ends it in order, with the path to write the archive to.
    """
    archive = _archive_of(program.java, folder)
    if not archive.exists():
        try:
            with cache_lock():
                if not archive.exists():  # nobody else was faster
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
    scratch.touch()  # an empty file says that this Java writes none, so that no other run tries it
    scratch.rename(archive)


def _archive_of(java: Java, folder: Path) -> Path:
    # Two Javas of one build can differ in whether they write archives.
    place = hashlib.sha256(str(java.path.resolve()).encode()).hexdigest()[:8]
    return folder / f"classes-{java.build}-{place}.jsa"
