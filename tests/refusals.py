"""Disagreements of a native executor with the portable one, which the executor logs."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@contextlib.contextmanager
def none_logged(name: str) -> Iterator[None]:
    """Nothing is logged as a warning by a logger while the block runs."""
    logger, kept = logging.getLogger(name), _Kept()
    logger.addHandler(kept)
    yield
    logger.removeHandler(kept)
    assert kept.messages == []
