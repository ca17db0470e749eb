"""Generated files against the disk."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from streamcontract.codegen import GENERATED_MARK, FileChange, changes, write
from streamcontract.errors import CodegenError

if TYPE_CHECKING:
    from pathlib import Path

_TEXT = f"{GENERATED_MARK}a.avsc\n'é'\n"


def test_new_folder_becomes_a_package(tmp_path: Path) -> None:
    """Modules and an __init__.py are written into a folder that need not exist."""
    folder = tmp_path / "src" / "contracts"
    pending = changes(folder, {"a": _TEXT}, complete=True)
    write(pending)
    assert sorted(path.name for path in folder.iterdir()) == ["__init__.py", "a.py"]
    assert (folder / "a.py").read_text(encoding="utf-8") == _TEXT
    assert changes(folder, {"a": _TEXT}, complete=True) == []


def test_existing_package_file_is_kept(tmp_path: Path) -> None:
    """An __init__.py is its owner's: never compared, never written."""
    (tmp_path / "__init__.py").write_text("x = 1\n")
    assert changes(tmp_path, {}, complete=True) == []


@pytest.mark.parametrize("difference", ["more\n", "\r", " ", "\u2028", "\n", "\x00", "\ufeff"])
def test_drift_is_found_to_the_byte(tmp_path: Path, difference: str) -> None:
    """An edit is drift, and so is one that cannot be seen; writing again heals it."""
    write(changes(tmp_path, {"a": _TEXT}, complete=True))
    (tmp_path / "a.py").write_bytes((_TEXT + difference).encode())
    (change,) = changes(tmp_path, {"a": _TEXT}, complete=True)
    assert change.path == tmp_path / "a.py"
    write([change])
    assert changes(tmp_path, {"a": _TEXT}, complete=True) == []


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_what_windows_changes_is_no_drift(tmp_path: Path, end: bytes, mark: bytes) -> None:
    """Git's line ends and editors' byte order marks: nothing is to be done, nothing is written."""
    write(changes(tmp_path, {"a": _TEXT}, complete=True))
    checked_out = mark + _TEXT.encode().replace(b"\n", end)
    (tmp_path / "a.py").write_bytes(checked_out)
    assert changes(tmp_path, {"a": _TEXT}, complete=True) == []
    [change] = changes(tmp_path, {"a": _TEXT + "more\n"}, complete=True)
    assert change.diff(tmp_path).count("\n+") == 2  # the header's, and one line
    [leftover] = changes(tmp_path, {}, complete=True)
    assert leftover.after is None


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("x\n", "x", "-x\n+x\n\\ No newline at end of file\n"),
        ("x", "x\n", "-x\n\\ No newline at end of file\n+x\n"),
        ("x\r", "x\n", "-x\\r\n\\ No newline at end of file\n+x\n"),
        ("x\u2028y\n", "x y\n", "-x\\u2028y\n+x y\n"),
        ("x\x0cy\n", "xy\n", "-x\\x0cy\n+xy\n"),
        ("x  \n", "x\n", "-x\\x20\\x20\n+x\n"),
        ("x\ty\n", "x   y\n", "-x\\ty\n+x   y\n"),
        ("x\ufeff\n", "x\n", "-x\\ufeff\n+x\n"),
    ],
)
def test_a_diff_shows_what_cannot_be_seen(
    tmp_path: Path, before: str, after: str, shown: str
) -> None:
    """No two lines of it look alike and are not."""
    assert "@@\n \n y\n" in FileChange(tmp_path / "a.py", "\ny\nx\n", "\ny\nz\n").diff(tmp_path)
    assert FileChange(tmp_path / "a.py", before, after).diff(tmp_path).endswith(f"@@\n{shown}")


def test_leftovers_go_and_other_files_stay(tmp_path: Path) -> None:
    """A generated module that no contract makes any more is removed; nothing else is."""
    write(changes(tmp_path, {"old": _TEXT, "a": _TEXT}, complete=True))
    (tmp_path / "by_hand.py").write_text("x = 1\n")
    assert changes(tmp_path, {"a": _TEXT}, complete=False) == []
    pending = changes(tmp_path, {"a": _TEXT}, complete=True)
    assert pending == [FileChange(tmp_path / "old.py", _TEXT, None)]
    write(pending)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["__init__.py", "a.py", "by_hand.py"]


def test_files_written_by_hand_are_not_overwritten(tmp_path: Path) -> None:
    """A module of that name that nobody generated is an error."""
    (tmp_path / "a.py").write_text("x = 1\n")
    with pytest.raises(CodegenError, match=r"a\.py was not generated"):
        changes(tmp_path, {"a": _TEXT}, complete=True)


def test_unreadable_files_are_an_error(tmp_path: Path) -> None:
    """What is no text, or no file, is reported with its path."""
    (tmp_path / "a.py").write_bytes(b"\xff")
    with pytest.raises(CodegenError, match=r"a\.py: cannot be read"):
        changes(tmp_path, {"a": _TEXT}, complete=True)
    (tmp_path / "b.py").mkdir()
    with pytest.raises(CodegenError, match=r"b\.py: cannot be read"):
        changes(tmp_path, {"b": _TEXT}, complete=False)


def test_failed_writes_leave_nothing_behind(tmp_path: Path) -> None:
    """Where a file cannot be put in place, the error names it and no temporary file stays."""
    (tmp_path / "a.py").mkdir()
    with pytest.raises(CodegenError, match=r"a\.py: cannot be written"):
        write([FileChange(tmp_path / "a.py", None, _TEXT)])
    assert [path.name for path in tmp_path.iterdir()] == ["a.py"]


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    """New files follow the umask, and old ones keep their mode."""
    previous = os.umask(0o027)
    try:
        write([FileChange(tmp_path / "a.py", None, _TEXT)])
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "a.py").stat().st_mode) == 0o640
    (tmp_path / "a.py").chmod(0o604)
    write([FileChange(tmp_path / "a.py", _TEXT, _TEXT + "#\n")])
    assert stat.S_IMODE((tmp_path / "a.py").stat().st_mode) == 0o604


def test_diffs_are_unified_and_relative(tmp_path: Path) -> None:
    """Diffs name files from the root and show new and removed ones as git does."""
    path = tmp_path / "a.py"
    assert FileChange(path, "x\ny\n", "x\nz\n").diff(tmp_path) == (
        "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n x\n-y\n+z\n"
    )
    assert FileChange(path, None, "x\n").diff(tmp_path).startswith("--- /dev/null\n+++ b/a.py\n")
    assert FileChange(path, "x", None).diff(tmp_path) == (
        "--- a/a.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n\\ No newline at end of file\n"
    )
