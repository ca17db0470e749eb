"""What every test of the codec also checks, whichever engine it runs on."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@pytest.fixture(autouse=True)
def engines_agree() -> Iterator[None]:
    """The native engine refuses nothing that the portable one takes; it logs where it did."""
    logger, kept = logging.getLogger("streamcontract.codec"), _Kept()
    logger.addHandler(kept)
    yield
    logger.removeHandler(kept)
    assert kept.messages == []
