"""A script: kills a child at lines of what an export writes with, and exports once more.

``python killed_at_each_step.py FOLDER FORMAT STRIDE`` kills at the first line and at each that is a
stride after it, and prints at how many it did. After each kill and the next run, the target has
each message and each fault once, and nothing else is left.

A process of its own, since it forks: pytest's process may have threads.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb
import pandas as pd
import pyarrow.csv
from tests.export.fakes import content, export, faults_in, names_in, rows_in
from tests.killed_children import is_killed

from streamcontract import atomic_file
from streamcontract.export import database, files, folder, writer_thread
from streamcontract.export.database import DatabaseTarget
from streamcontract.export.files import FilesTarget
from streamcontract.export.folder import CONTENT_FILE, LOCK_FILE
from streamcontract.export.formats import format_of
from streamcontract.export.rotation import Rotation

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITING: Final = {
    atomic_file.__file__,
    database.__file__,
    files.__file__,
    folder.__file__,
    writer_thread.__file__,
}
LOADED: Final = (pd, pyarrow.csv)
"""What pyarrow and DuckDB load when they are used: here, and not in each child."""

PARTITIONS: Final = {0: "mp.m"}
ROWS: Final = [0, 3]
FAULTS: Final = [1]


def write(path: Path, kind: str) -> None:
    """Export what the target does not have yet."""
    target: Any
    if kind == "duckdb":
        target = DatabaseTarget(path / "pings.duckdb", content(kind), "pings")
    else:
        target = FilesTarget(
            path, content(kind), file_format=format_of(kind), rotation=Rotation(messages=1)
        )
    with target:
        export(target, PARTITIONS, 1)


def check(path: Path, kind: str) -> None:
    """Check that each offset is there once."""
    if kind == "duckdb":
        check_database(path / "pings.duckdb")
        return
    assert rows_in(path) == {0: ROWS}
    assert faults_in(path) == {0: FAULTS}
    names = names_in(path)
    expected = {LOCK_FILE, CONTENT_FILE, *map(str, names)}
    faults = {each.of_faults for each in names}
    assert {each.name for each in path.iterdir()} - faults == expected


def check_database(path: Path) -> None:
    """Check that each offset is there once."""
    with duckdb.connect(str(path)) as connection:

        def rows(query: str) -> Iterator[Any]:
            return iter(connection.execute(query).fetchall())

        assert [n for (n,) in rows("select n from pings order by n")] == ROWS
        assert [at for (at,) in rows('select "offset" from streamcontract.faults')] == FAULTS
        offsets = "select partition, next_offset from streamcontract.offsets"
        assert list(rows(offsets)) == [(0, 4)]


def main(path: Path, kind: str, stride: int) -> None:
    """Kill at the first line, at a later one, and so on, until an export comes to its end."""

    def write_and_check() -> None:
        write(path, kind)
        check(path, kind)

    # What a killed process gave to the system is not lost: there is no need to wait for the disk.
    os.fsync = lambda fd: None  # noqa: ARG005 - the name is part of its type
    step, kills = 1, 0
    while is_killed(lambda: write(path, kind), step, WRITING):
        # In a child too, so that this process has no threads.
        assert not is_killed(write_and_check, 0, ())
        shutil.rmtree(path)
        path.mkdir()
        step += stride
        kills += 1
    sys.stdout.write(str(kills))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
