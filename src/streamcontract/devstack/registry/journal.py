"""Journal of the registry in the state file: an initial state, and a line for each later change.

It has lines of JSON. Each begins with a checksum over the line and all lines before it, which
detects a line that is damaged, missing, moved or from another file. The whole file is replaced
atomically, and a change is appended and synced to disk before it is answered. So a kill can only
leave an incomplete last line: a change that was not answered.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import zlib
from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.atomic_file import remove_draft, write_atomically
from streamcontract.devstack.registry import record, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from streamcontract.devstack.registry.state import State

__all__ = ["Journal"]

_LINE: Final = re.compile(rb'\{"crc32": "([0-9a-f]{8})", "(state|change)": (.*)\}', re.DOTALL)
_BEGINNING: Final = b'{"crc32": '
"""The beginning of the file, which distinguishes it from files of earlier releases."""

_MOST_CHANGES: Final = 16 << 20
"""Bytes of changes after which the file is rewritten, if they are more than the state's own."""

_APPENDING: Final = (
    os.O_WRONLY | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)


@attrs.frozen
class _End:
    """The end of the file that was read or written last, for the next line.

    Attributes:
        file: Device and inode of the file.
        size: Its size in bytes.
        checksum: The checksum of its last line.
        limit: The size from which on it is rewritten.
    """

    file: tuple[int, int]
    size: int
    checksum: int
    limit: int


class Journal:
    """A state file that only this process writes.

    Args:
        path: The file; the first change creates it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._end: _End | None = None  # None: the next change writes the file as a whole

    def read(self, empty: State) -> State:
        """The state in the file; changes at its end are merged into its first line.

        Raises:
            FileNotFoundError: There is no file.
            OSError: It cannot be read.
            ValueError: It is not a state file, or is damaged.
        """
        remove_draft(self._path)  # of a registry that was killed
        data = self._path.read_bytes()
        if not data.startswith(_BEGINNING):
            return snapshot.load(_parse(data), empty)
        first, *changes = _checked(data)
        with _at_line(1):
            state = snapshot.load(first.value("state"), empty)
        for line in changes:
            with _at_line(line.number):
                state = record.applied(state, line.value("change"))
        if data.endswith(b"\n") and not changes:
            self._end = _end(self._path, len(data), first.checksum)
        else:
            # If the disk is full, the next change reports it.
            with contextlib.suppress(OSError):
                self._write(state)
        return state

    def add(self, old: State, new: State) -> None:
        """Write a change to disk.

        Raises:
            OSError: It could not be written; the file is unchanged.
        """
        if self._end is None or not self._append(self._end, old, new):
            self._write(new)

    def _write(self, state: State) -> None:
        """Replace the file atomically: after a crash it is the old one or the new one."""
        self._end = None
        line, checksum = _line("state", snapshot.dump(state), 0)
        write_atomically(self._path, line.decode())
        self._end = _end(self._path, len(line), checksum)

    def _append(self, end: _End, old: State, new: State) -> bool:
        """Append a line, or return False if the file is too long or was replaced."""
        line, checksum = _line("change", record.difference(old, new), end.checksum)
        if end.size + len(line) > end.limit:
            return False
        try:
            descriptor = os.open(self._path, _APPENDING)
        except OSError:
            return False
        self._end = None  # until the whole line is on disk
        try:
            status = os.fstat(descriptor)
            if (_file(status), status.st_size) != (end.file, end.size):
                return False
            try:
                _write_all(descriptor, line)
                os.fsync(descriptor)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, end.size)
                    os.fsync(descriptor)
                raise
        finally:
            os.close(descriptor)
        self._end = attrs.evolve(end, size=end.size + len(line), checksum=checksum)
        return True


def _end(path: Path, size: int, checksum: int) -> _End:
    return _End(_file(path.stat()), size, checksum, size + max(size, _MOST_CHANGES))


def _file(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _write_all(descriptor: int, data: bytes) -> None:
    """Write all bytes, since one call may write only some of them."""
    while data:
        data = data[os.write(descriptor, data) :]


@attrs.frozen
class _Line:
    """A line with a valid checksum."""

    number: int
    checksum: int
    kind: str
    text: bytes

    def value(self, kind: str) -> Any:
        if self.kind != kind:
            raise ValueError(f"a {self.kind} instead of a {kind}")
        return _parse(self.text)


def _parse(text: bytes) -> Any:
    try:
        return json.loads(text.decode())
    except RecursionError as error:
        raise ValueError(f"it is nested too deep: {error}") from error


def _line(kind: str, value: object, before: int) -> tuple[bytes, int]:
    """A line and its checksum; ``before`` is that of the line before it."""
    text = json.dumps(value).encode()
    checksum = _checksum(kind.encode(), text, before)
    return b'{"crc32": "%08x", "%s": %s}\n' % (checksum, kind.encode(), text), checksum


def _checksum(kind: bytes, text: bytes, before: int) -> int:
    return zlib.crc32(text, zlib.crc32(kind, before))


def _checked(data: bytes) -> list[_Line]:
    """The lines of a file, without an incomplete last one from a kill.

    Raises:
        ValueError: One of them is damaged.
    """
    *ended, rest = data.split(b"\n")
    lines: list[_Line] = []
    for number, text in enumerate((*ended, rest) if rest else ended, 1):
        found = _LINE.fullmatch(text)
        before = lines[-1].checksum if lines else 0
        if found is not None and int(found[1], 16) == _checksum(found[2], found[3], before):
            lines.append(_Line(number, int(found[1], 16), found[2].decode(), found[3]))
        elif number == 1 or number <= len(ended) or _is_whole(text):
            raise ValueError(f"line {number} is damaged: it does not fit its checksum")
    return lines


def _is_whole(text: bytes) -> bool:
    """Whether it is a whole JSON value, which a kill cannot leave without its line end."""
    try:
        json.JSONDecoder().raw_decode(text.decode(errors="replace"))
    except ValueError:
        return False
    return True


@contextlib.contextmanager
def _at_line(number: int) -> Iterator[None]:
    """Add the line to an error."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"line {number}: {error}") from error
