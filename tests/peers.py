"""Statements about other libraries: one that is out of date is reported, and fails nothing."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["said_of_others"]


@contextlib.contextmanager
def said_of_others(statement: str) -> Iterator[None]:
    """Skip the rest of the test if the block, which shows that a statement is true, fails.

    A peer may mend at any time what a list or a document of ours says of it. That is no fault of
    the change under test, so pytest's summary says it, among the skipped tests, and nothing fails.

    Args:
        statement: What is said, and where: such as ``"README.md: fastavro writes 1.5 as 1"``.
    """
    try:
        yield
    except (AssertionError, pytest.fail.Exception):
        pytest.skip(f"out of date: {statement}")
