"""The folder that keeps a development stack's state: one owner, nothing of anybody else touched."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from streamcontract.devstack.kafka.state import StateFolder
from streamcontract.errors import StackError

if TYPE_CHECKING:
    from pathlib import Path

VERSION = "4.4.0"

# Holds the lock in a child of its own until its input ends, and dies at once itself.
KILLED_OWNER = """
import os, pathlib, subprocess, sys
from streamcontract.devstack.kafka.state import StateFolder
folder = StateFolder(pathlib.Path(sys.argv[1]), "4.4.0")
server = "import sys; print('up', flush=True); sys.stdin.read()"
subprocess.Popen([sys.executable, "-c", server], pass_fds=[folder.lock])
os._exit(0)
"""


def fill(path: Path, version: str = VERSION) -> None:
    """Leave what a stack leaves."""
    with contextlib.closing(StateFolder(path, version)) as folder:
        folder.data.mkdir()
        (folder.data / "topic").write_text("messages")
        folder.registry.write_text("{}")
        folder.set_formatted()


def test_what_is_kept(tmp_path: Path) -> None:
    """The next one finds it, unless it begins anew."""
    path = tmp_path / "a" / "state"
    fill(path)
    with contextlib.closing(StateFolder(path, VERSION)) as folder:
        assert folder.is_formatted
        assert (folder.data / "topic").read_text() == "messages"
        assert folder.registry.exists()
    with contextlib.closing(StateFolder(path, VERSION, fresh=True)) as folder:
        assert not folder.is_formatted
        assert not folder.data.exists()
        assert not folder.registry.exists()


def test_nothing_of_it_is_for_a_commit(tmp_path: Path) -> None:
    """Git sees none of its files."""
    git = shutil.which("git")
    if git is None:
        pytest.skip("needs git")
    fill(tmp_path / "state")
    subprocess.run([git, "init", "--quiet"], cwd=tmp_path, check=True)  # noqa: S603 - git
    status = [git, "status", "--porcelain"]
    found = subprocess.run(status, cwd=tmp_path, check=True, capture_output=True)  # noqa: S603
    assert found.stdout == b""


@pytest.mark.parametrize("fresh", [False, True])
def test_a_folder_of_something_else(tmp_path: Path, fresh: bool) -> None:
    """It is left alone, and the error says what is in it."""
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(StackError, match=r"no folder of a development stack.*thesis\.tex.*--state"):
        StateFolder(tmp_path, VERSION, fresh=fresh)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        "thesis.tex": "years of work"
    }


def test_one_owner(tmp_path: Path) -> None:
    """Another one is refused at once, with the process that has it; later it may."""
    with (
        contextlib.closing(StateFolder(tmp_path, VERSION)),
        pytest.raises(StackError, match=rf"in use by another stack, of process {os.getpid()}"),
    ):
        StateFolder(tmp_path, VERSION)
    StateFolder(tmp_path, VERSION).close()


def test_an_owner_that_was_killed(tmp_path: Path) -> None:
    """Its servers have the lock until they end; the next one waits for that."""
    with subprocess.Popen(  # noqa: S603 - this program
        [sys.executable, "-c", KILLED_OWNER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"up\n"
        assert owner.wait() == 0
        lock = subprocess.run(  # noqa: S603 - this program
            [sys.executable, "-c", _TRY, str(tmp_path / ".lock")], check=False
        )
        assert lock.returncode == 1  # it is locked still
        assert owner.stdin is not None
        owner.stdin.close()
        StateFolder(tmp_path, VERSION).close()


_TRY = """
import fcntl, sys
try:
    fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    sys.exit(1)
"""


def test_data_of_a_newer_version(tmp_path: Path) -> None:
    """They are refused; those of an older one are not, nor are newer ones that go anyway."""
    fill(tmp_path, "4.10.0")
    with pytest.raises(StackError, match=r"Apache Kafka 4\.10\.0.*this is 4\.9\.1.*--fresh"):
        StateFolder(tmp_path, "4.9.1")
    StateFolder(tmp_path, "5.0.0").close()
    StateFolder(tmp_path, "4.9.1", fresh=True).close()


@pytest.mark.parametrize("mark", ["", "{", "[]", '{"kafka": 4}', '{"kafka": "four"}', "null"])
def test_a_damaged_mark(tmp_path: Path, mark: str) -> None:
    """The error names the file and the way out, which works."""
    fill(tmp_path)
    (tmp_path / "stack.json").write_text(mark)
    with pytest.raises(StackError, match=r"stack\.json is damaged.*--fresh"):
        StateFolder(tmp_path, VERSION)
    StateFolder(tmp_path, VERSION, fresh=True).close()


def test_a_place_that_cannot_be(tmp_path: Path) -> None:
    """The error names it."""
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match=r"file/state, cannot be used.*--state"):
        StateFolder(tmp_path / "file" / "state", VERSION)


def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said before the broker starts and fails in many words; the lock is free again."""

    class Usage(NamedTuple):
        free: int

    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _folder: Usage(1_000_000))
        with pytest.raises(StackError, match=r"needs 200 MB.*1 MB are free"):
            StateFolder(tmp_path, VERSION)
    StateFolder(tmp_path, VERSION).close()
