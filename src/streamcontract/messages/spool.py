"""Encoded messages in a temporary file, so that memory does not grow with their number."""

from __future__ import annotations

import contextlib
import marshal
import tempfile
from typing import TYPE_CHECKING, Any, Final

from streamcontract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["Row", "Spool"]

_IN_MEMORY: Final = 8 * 1024 * 1024
_BLOCK: Final = 1_000

Row = tuple[int, "bytes | None", "bytes | None", "tuple[tuple[str, bytes | None], ...]"]
"""The number of its line, from 1; payload and key without their frames; headers."""


class Spool:
    """Rows that are written once, and read in the same order as often as needed.

    What is larger than 8 MiB goes into a file without a name, which ends with the process.

    Example:
        >>> with Spool() as spool:
        ...     spool.add((1, b"payload", None, ()))
        ...     [*spool], len(spool)
        ([(1, b'payload', None, ())], 1)
    """

    def __init__(self) -> None:
        self._file: Any = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed by __exit__
        self._block: list[Row] = []
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):  # what could not be written is no loss any more
            self._file.close()

    def __len__(self) -> int:
        return self._count

    def add(self, row: Row) -> None:
        """Write one more, after the others.

        Raises:
            ConfigurationError: There is no room for it.
        """
        self._block.append(row)
        self._count += 1
        if len(self._block) >= _BLOCK:
            self._write()

    def _write(self) -> None:
        data = marshal.dumps(self._block)
        try:
            self._file.write(len(data).to_bytes(8, "little") + data)
            self._file.flush()  # so that a full disk is met here alone
        except OSError as error:
            raise ConfigurationError(
                f"the checked messages cannot be kept in {tempfile.gettempdir()} "
                f"({error.strerror}): free some of it, or set TMPDIR to a folder on another disk"
            ) from error
        self._block = []

    def __iter__(self) -> Iterator[Row]:
        if self._block:
            self._write()
        self._file.seek(0)
        while size := self._file.read(8):
            # Of a file that nothing but this object has written to.
            yield from marshal.loads(self._file.read(int.from_bytes(size, "little")))  # noqa: S302
