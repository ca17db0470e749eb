"""Standard output for lines that go on: written in blocks, and ended in silence with the reader."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from streamcontract.cli import EXIT_CLEAN, EXIT_INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["quiet_end", "write_lines"]


def write_lines(lines: Iterable[bytes]) -> None:
    """Write lines at once, so that a reader gets whole ones.

    Raises:
        BrokenPipeError: The reader has closed the pipe.
    """
    block = b"\n".join(lines)
    if block:
        output = sys.stdout.buffer
        output.write(block + b"\n")
        output.flush()


@contextlib.contextmanager
def quiet_end() -> Iterator[None]:
    """End without a word where the reader has enough (``| head``), or on Ctrl-C.

    A reader that ends early has what it wanted, so that is success.
    """
    try:
        yield
    except BrokenPipeError:
        _leave(EXIT_CLEAN)
    except KeyboardInterrupt:
        _leave(EXIT_INTERRUPTED)


def _leave(code: int) -> NoReturn:
    # What is still buffered has no reader: Python would report that when it flushes at its end
    # ("Note on SIGPIPE", documentation of the signal module).
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise click.exceptions.Exit(code)
