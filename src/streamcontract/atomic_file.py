"""Atomic replacement of a file: another process sees the old text or the new text, never a part.

The text is written into a draft beside the file, brought to disk, and renamed to the file's name,
which replaces what has that name in one step (POSIX, ``rename``). The draft of a file always has
the same name, so a process that is killed at work leaves one draft at most, and the next write
removes it. A lock on the draft shows whether its process is alive.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

if sys.platform != "win32":
    import fcntl

__all__ = ["DRAFT_SUFFIX", "Draft", "draft_beside", "locked", "remove_draft", "write_atomically"]

DRAFT_SUFFIX: Final = ".streamcontract-draft"
"""The end of a draft's name; a dot and the name of the file come before it."""

# Windows has neither: no link can be followed there without a privilege, and no exec inherits.
_OPEN_FLAGS: Final = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)

_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})
"""Errors of file systems without locks, such as some network file systems. There, two processes
that write at once get an error, and no file is damaged."""


def write_atomically(path: Path, text: str) -> None:
    r"""Replace the text of a file; a failure or a kill before the end leaves the file as it was.

    A symbolic link stays one: the file that it leads to is replaced. That file keeps its
    permissions and, as far as this process may set it, its owner; a new one gets those of any new
    file. When this returns, text and name are on disk.

    Args:
        path: The file; its folder exists.
        text: The text, written as UTF-8, with its line ends as they are.

    Raises:
        OSError: It cannot be written, or is a folder, a device or the like.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp(), "a.txt")
        >>> write_atomically(file, "a\n")
        >>> file.read_text(encoding="utf-8")
        'a\n'
    """
    data = text.encode()
    with draft_beside(path) as draft:
        draft.file.write(data)
        draft.commit(path)


class Draft:
    """A file that is being written, under a draft's name.

    Attributes:
        path: Its name.
        file: The open file, for reading and writing.
    """

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path = path
        self.file = file

    def commit(self, path: Path) -> None:
        """Bring it to disk and give it a name, in place of the file that has the name.

        Args:
            path: The name, in the draft's folder, or a symbolic link that leads there.

        Raises:
            OSError: It cannot be written, or the name is that of a folder, a device or the like.
        """
        target = Path(os.path.realpath(path))
        before = _regular(target)
        self.file.flush()
        if before is not None:
            _adopt(self.path, before)
        os.fsync(self.file.fileno())
        if sys.platform == "win32":
            self.file.close()  # an open file cannot be renamed there
        self.path.replace(target)
        _sync_folder(target.parent)


@contextlib.contextmanager
def draft_beside(path: Path) -> Iterator[Draft]:
    """The draft of a file, which no other process has; without a commit, nothing is left of it.

    Args:
        path: The file, or a name that stands for one whose name is not known before it is written.

    Raises:
        OSError: It cannot be written, or is a folder, a device or the like.
    """
    target = Path(os.path.realpath(path))
    _regular(target)
    with _own_draft(target) as (draft, file):
        try:
            yield Draft(draft, file)
        finally:
            if _is_at(draft, file):
                draft.unlink()


def _regular(target: Path) -> os.stat_result | None:
    """The status of a file; None if there is none."""
    before = _status(target)
    if before is not None and not stat.S_ISREG(before.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(target))
    return before


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file, which stays empty; it ends with the process.

    Windows, and file systems without locks, have none.

    Raises:
        BlockingIOError: Another process, or another use in this one, has it.
        OSError: The file cannot be opened.
    """
    with _open(path, os.O_CREAT) as file:
        _lock(file, wait=False)
        yield


def remove_draft(path: Path) -> None:
    """Remove the draft that a killed writer of a file left, if there is one.

    A draft that another process is writing stays, and so does one that this process may not remove.
    """
    draft = _draft_of(Path(os.path.realpath(path)))
    with contextlib.suppress(OSError), draft.open("rb+") as file:
        _lock(file, wait=False)
        if _is_at(draft, file):
            draft.unlink()


def _draft_of(target: Path) -> Path:
    return target.with_name(f".{target.name}{DRAFT_SUFFIX}")


@contextlib.contextmanager
def _own_draft(target: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """Create a draft that no other process has."""
    draft = _draft_of(target)
    while True:
        _remove_left_draft(draft)
        try:
            file = _open(draft, os.O_CREAT | os.O_EXCL)
        except FileExistsError:  # another process created it first
            continue
        with file:
            _lock(file, wait=True)
            # Between creation and lock, another process may have removed it as a leftover.
            if not _is_at(draft, file):
                continue
            yield draft, file
        return


def _remove_left_draft(draft: Path) -> None:
    """Wait for the writer of a draft, and remove it if that writer was killed."""
    try:
        file = _open(draft)
    except FileNotFoundError:
        return
    with file:
        _lock(file, wait=True)
        if _is_at(draft, file):
            draft.unlink()


def _open(draft: Path, flags: int = 0) -> IO[bytes]:
    # 0o666, less the process's umask: as any new file.
    return os.fdopen(os.open(draft, _OPEN_FLAGS | flags, 0o666), "rb+")


def _lock(file: IO[bytes], *, wait: bool) -> None:
    """Lock a draft; the operating system unlocks it when its process closes it or dies.

    Windows has no such lock, but refuses to remove a file that is open.

    Raises:
        BlockingIOError: Another process has it, and this one is not to wait.
    """
    if sys.platform != "win32":
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise


def _is_at(draft: Path, file: IO[bytes]) -> bool:
    """Whether an open file is still what the name leads to."""
    status = _status(draft)
    return status is not None and os.path.samestat(status, os.fstat(file.fileno()))


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def _adopt(draft: Path, before: os.stat_result) -> None:
    """Give a draft the owner and the permissions of the file that it replaces."""
    now = draft.stat()
    if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        with contextlib.suppress(PermissionError):  # only root may give files away
            os.chown(draft, before.st_uid, before.st_gid)
    draft.chmod(stat.S_IMODE(before.st_mode))


def _sync_folder(folder: Path) -> None:
    """Write a new name to disk; a file system that cannot do so has at least the text."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
