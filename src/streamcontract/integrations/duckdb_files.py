"""Unfinished files of DuckDB, as a full disk makes them.

Such a file cannot be opened, so it would be in the way of the next attempt.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if sys.platform != "win32":
    import fcntl

__all__ = ["unfinished_removed"]

_HEADERS: Final = 3 * 4096
"""Bytes of the headers of a database, the least that one has ("Storage Versions and Format")."""


@contextlib.contextmanager
def unfinished_removed(path: Path) -> Iterator[None]:
    """Remove a new file again if an error comes before DuckDB has written its headers.

    Args:
        path: The file; it is not open any more when the error comes.
    """
    is_new = not path.exists()
    try:
        yield
    except BaseException:
        if is_new:
            _remove_unfinished(path)
        raise


def _remove_unfinished(path: Path) -> None:
    with contextlib.suppress(OSError):  # there is none, or another process is making it
        if path.stat().st_size >= _HEADERS:
            return
        if sys.platform != "win32":
            with path.open("r+b") as file:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # DuckDB's kind of lock
        path.unlink()
