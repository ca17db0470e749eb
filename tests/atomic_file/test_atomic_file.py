"""Files that are replaced in one step, and what killed writers leave."""

from __future__ import annotations

import os
import re
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.killed_children import kills_of

import streamcontract
from streamcontract.atomic_file import DRAFT_SUFFIX, remove_draft, write_atomically

SCRIPT = Path(__file__).with_name("killed_at_each_step.py")


@pytest.mark.searching
@pytest.mark.parametrize(
    "writer",
    [
        "lock",
        # The same lines below other callers; some hundred processes each.
        pytest.param("generate", marks=pytest.mark.searching),
        pytest.param("registry", marks=pytest.mark.searching),
    ],
)
def test_a_kill_leaves_whole_files_and_nothing_that_stays(tmp_path: Path, writer: str) -> None:
    """At every line: the old text or the new, one draft at most, and none after the next write."""
    assert kills_of(SCRIPT, tmp_path, writer) > 20  # lines that it was killed at


def test_the_package_replaces_files_in_one_place() -> None:
    """Whoever writes beside a file and renames does it here; only whole folders move elsewhere."""
    package = Path(streamcontract.__file__).parent
    renames = re.compile(r"\bos\.(replace|rename|link)\(|\.rename\(|NamedTemporary|mkstemp")
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if renames.search(path.read_text(encoding="utf-8"))
    }
    servers = {"archive", "distribution", "download"}  # under one lock, always the same names
    assert found == {f"devstack/kafka/{name}.py" for name in servers}


def test_a_failed_write_leaves_the_file_and_nothing_beside_it(tmp_path: Path) -> None:
    """Half a surrogate pair has no UTF-8; a folder is in the way; the folder does not exist."""
    file, folder = tmp_path / "a", tmp_path / "b"
    file.write_text("old")
    folder.mkdir()
    with pytest.raises(UnicodeEncodeError):
        write_atomically(file, "\ud800")
    with pytest.raises(OSError, match="not a regular file"):
        write_atomically(folder, "new")
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "c" / "d", "new")
    assert file.read_text() == "old"
    assert {entry.name for entry in tmp_path.iterdir()} == {"a", "b"}


def test_a_rename_that_fails_removes_the_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error comes through."""

    def fail(*_arguments: object) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(PermissionError, match="read-only"):
        write_atomically(tmp_path / "a", "new")
    assert list(tmp_path.iterdir()) == []


def test_a_device_is_not_replaced(tmp_path: Path) -> None:
    """A pipe stands for it: a rename would put a file in its place."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="not a regular file"):
        write_atomically(pipe, "new")
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("target", ["real/a", "real/new"])
def test_a_link_stays_a_link(tmp_path: Path, target: str) -> None:
    """The file that it leads to is written, whether or not it exists."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a").write_text("old")
    link = tmp_path / "link"
    link.symlink_to(target)
    write_atomically(link, "new")
    assert link.is_symlink()
    assert (tmp_path / target).read_text() == "new"
    assert {entry.name for entry in tmp_path.iterdir()} == {"real", "link"}


def test_a_draft_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    """In a folder that others may write to, it would lead the text into a file of their choice."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / f".a{DRAFT_SUFFIX}").symlink_to(victim)
    with pytest.raises(OSError, match=DRAFT_SUFFIX):
        write_atomically(tmp_path / "a", "new")
    assert victim.read_text() == "mine"


@pytest.mark.parametrize("left_mode", [None, 0o600, 0o666])
def test_permissions(tmp_path: Path, left_mode: int | None) -> None:
    """A new file follows the umask, an old one keeps its mode, whatever a killed writer left."""
    file, draft = tmp_path / "a", tmp_path / f".a{DRAFT_SUFFIX}"

    def leave_a_draft() -> None:
        if left_mode is not None:
            draft.touch()
            draft.chmod(left_mode)

    leave_a_draft()
    previous = os.umask(0o027)
    try:
        write_atomically(file, "new")
    finally:
        os.umask(previous)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    file.chmod(0o604)
    leave_a_draft()
    write_atomically(file, "newer")
    assert stat.S_IMODE(file.stat().st_mode) == 0o604


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_stays(tmp_path: Path) -> None:
    """A container's root does not take the files of a mounted project for itself."""
    file = tmp_path / "a"
    file.touch()
    os.chown(file, 4321, 1234)
    write_atomically(file, "new")
    assert (file.stat().st_uid, file.stat().st_gid) == (4321, 1234)


def test_writers_at_once_take_turns(tmp_path: Path) -> None:
    """Each text arrives whole, and in the end one of them is there and nothing else."""
    file = tmp_path / "a"
    texts = [str(number) * 100_000 for number in range(8)]
    seen: set[str] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            if file.exists():
                seen.add(file.read_text())

    with ThreadPoolExecutor(9) as pool:
        reading = pool.submit(read)
        for future in [pool.submit(write_atomically, file, text) for text in texts * 4]:
            future.result()
        done.set()
        reading.result()
    assert seen <= set(texts)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


def test_a_draft_at_work_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cleaning up takes no draft from a living writer."""
    file = tmp_path / "a"
    replace = Path.replace

    def clean_up_first(self: Path, target: Path) -> Path:
        remove_draft(file)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", clean_up_first)
    write_atomically(file, "new")
    assert file.read_text() == "new"


def test_the_folder_is_brought_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text before the rename, the name after it: else a power cut leaves an empty file, or none."""
    steps: list[str] = []
    sync, replace = os.fsync, Path.replace

    def note_sync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        steps.append("folder" if is_folder else "text")
        sync(descriptor)

    def note_rename(self: Path, target: Path) -> Path:
        steps.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "replace", note_rename)
    write_atomically(tmp_path / "a", "new")
    assert steps == ["text", "rename", "folder"]
