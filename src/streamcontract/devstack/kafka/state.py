"""A folder that keeps what a development stack has, over its restarts: one stack at a time."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from typing import IO, TYPE_CHECKING, Any, Final

from streamcontract.errors import StackError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["StateFolder"]

_MARK: Final = "stack.json"
_PARTS: Final = ("kafka", "registry.jsonl", "registry.jsonl.lock", _MARK)
_NEEDED: Final = 200_000_000  # bytes: the broker's empty logs and some messages
# How long servers whose Python process was killed may take to end, before it looks like a fault.
_PATIENCE_S: Final = 20.0
_POLL_S: Final = 0.05


class StateFolder:
    """A folder of a stack's data, locked until it is closed.

    Servers inherit the lock: after this process was killed it is held until they have ended too.

    Args:
        path: The folder; created if it is not there.
        version: The version of Apache Kafka that is to use it.
        fresh: Delete what an earlier stack left there.

    Attributes:
        path: The folder.
        data: Where the broker's data are.
        registry: The file of the registry's subjects.

    Raises:
        StackError: It is in use, of a newer version, no folder of a stack, cannot be written, or
            its disk is full.
    """

    def __init__(self, path: Path, version: str, *, fresh: bool = False) -> None:
        self.path = path
        self.data = path / "kafka"
        self.registry = path / "registry.jsonl"
        self._version = version
        self._check_ours()  # before anything is written there
        _make(path)
        self._lock = _locked(path)
        try:
            if fresh:
                self._empty()
            self._check_version()
            self._check_space()
        except BaseException:
            self.close()
            raise

    @property
    def lock(self) -> int:
        """The file descriptor that servers inherit."""
        return self._lock.fileno()

    @property
    def is_formatted(self) -> bool:
        """Whether a broker was here before, and its data still are."""
        return self._mark.exists() and self.data.exists()

    def set_formatted(self) -> None:
        """Note that the broker's data are whole, and of which version."""
        self._mark.write_text(json.dumps({"kafka": self._version}) + "\n", encoding="utf-8")

    def remove_unfinished(self) -> None:
        """Delete the data of a broker whose first start was cut off before they were whole."""
        shutil.rmtree(self.data, ignore_errors=True)

    def close(self) -> None:
        """Give the folder to the next one. Closing twice is harmless."""
        self._lock.close()

    @property
    def _mark(self) -> Path:
        return self.path / _MARK

    def _check_ours(self) -> None:
        if self._mark.exists() or not self.path.is_dir():
            return
        own = {".gitignore", ".lock", *_PARTS}
        others = sorted({entry.name for entry in self.path.iterdir()} - own)
        if others:
            raise StackError(
                f"{self.path} is no folder of a development stack: it has {others[0]!r}."
                " Name another one, or an empty one, with --state"
            )

    def _check_version(self) -> None:
        if not self._mark.exists():
            return
        found = self._read_mark()
        if _numbers(found) > _numbers(self._version):
            raise StackError(
                f"the data in {self.path} are of Apache Kafka {found}, and this is"
                f" {self._version}, which cannot read them: update streamcontract, name another"
                " folder with --state, or delete the data with --fresh"
            )

    def _read_mark(self) -> str:
        try:
            mark: Any = json.loads(self._mark.read_text(encoding="utf-8"))
            version = mark["kafka"]
            _numbers(version)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StackError(
                f"{self._mark} is damaged ({error!r}): delete the data with --fresh, or name"
                " another folder with --state"
            ) from error
        return str(version)

    def _empty(self) -> None:
        for name in _PARTS:
            part = self.path / name
            if part.is_dir():
                shutil.rmtree(part)
            else:
                part.unlink(missing_ok=True)

    def _check_space(self) -> None:
        free = shutil.disk_usage(self.path).free
        if free < _NEEDED:
            raise StackError(
                f"Apache Kafka needs {_NEEDED / 1e6:,.0f} MB of disk to start, and"
                f" {free / 1e6:,.0f} MB are free at {self.path}: free some, or name a folder on"
                " another disk with --state"
            )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def _make(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
        ignored = path / ".gitignore"
        if not ignored.exists():
            ignored.write_text("*\n", encoding="utf-8")  # nothing here is for a commit
    except OSError as error:
        raise StackError(
            f"the folder of the state, {path}, cannot be used ({error.strerror}): name another one"
            " with --state"
        ) from error


def _locked(path: Path) -> IO[str]:
    """The folder's lock, once it is had; it has the id of the process in it."""
    lock = (path / ".lock").open("a+", encoding="utf-8")
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip()
            # Where the owner was killed, its servers end by themselves, and with them the lock.
            if _is_running(owner) or time.monotonic() > deadline:
                lock.close()
                raise StackError(
                    f"{path} is in use by another stack, of process {owner or '?'}: stop that, or"
                    " name another folder with --state"
                ) from None
            time.sleep(_POLL_S)
            continue
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        return lock


def _is_running(process: str) -> bool:
    if not process.isdigit():
        return False
    with contextlib.suppress(PermissionError):  # it runs, as another user's
        try:
            os.kill(int(process), 0)
        except ProcessLookupError:
            return False
    return True
