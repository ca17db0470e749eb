"""Files of DuckDB on a full disk, and those of others."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from streamcontract import parse_schema, sql
from streamcontract.errors import ConfigurationError
from streamcontract.export.database import DatabaseTarget
from streamcontract.export.target import Content
from streamcontract.integrations.duckdb_files import unfinished_removed

resource = pytest.importorskip("resource", reason="Windows has no limits of files")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def room(size: int) -> Iterator[None]:
    """No file can have more bytes, as on a disk that is full then."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def export(path: Path) -> None:
    """Open a database for an export."""
    content = Content(topic="pings", format="duckdb", schema=parse_schema("long"))
    with DatabaseTarget(path, content, "pings"):
        pass


def query(path: Path) -> None:
    """Open one for queries."""
    with sql.connect({"bootstrap.servers": "127.0.0.1:1"}, database=path) as topics:
        topics.execute("create table pings as select 1")


@pytest.mark.parametrize("size", [0, 4_096, 8_192, 12_287])
@pytest.mark.parametrize("make", [export, query])
def test_a_database_that_is_begun_on_a_full_disk(
    tmp_path: Path, make: Callable[[Path], None], size: int
) -> None:
    """It is not left behind, where the next attempt could not open it."""
    path = tmp_path / "a.duckdb"
    with room(size), pytest.raises(ConfigurationError, match="cannot be opened"):
        make(path)
    assert list(tmp_path.iterdir()) == []
    make(path)


_HOLDER = """
import fcntl, sys
with open(sys.argv[1], "w") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_a_database_that_another_process_begins(tmp_path: Path) -> None:
    """It has the lock, so the file is left to it."""
    path = tmp_path / "a.duckdb"
    with (
        subprocess.Popen(  # noqa: S603 - this interpreter
            [sys.executable, "-S", "-c", _HOLDER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as other,
        contextlib.suppress(KeyError),
        unfinished_removed(path),
    ):
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        raise KeyError
    assert path.exists()


@pytest.mark.parametrize("content", [b"", b"mine"])
def test_a_file_that_was_there(tmp_path: Path, content: bytes) -> None:
    """It stays as it is."""
    path = tmp_path / "a.duckdb"
    path.write_bytes(content)
    with contextlib.suppress(KeyError), unfinished_removed(path):
        raise KeyError
    assert path.read_bytes() == content
