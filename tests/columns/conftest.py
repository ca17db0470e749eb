"""What every test of columns also checks, and what they need."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from streamcontract.codec.engine import Unusable, find_extension

if TYPE_CHECKING:
    from collections.abc import Iterator

# Without a C compiler there are no columns.
collect_ignore_glob = ["test_*"] if isinstance(find_extension("columns"), Unusable) else []


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@pytest.fixture(autouse=True)
def decoders_agree() -> Iterator[None]:
    """The executor refuses nothing that the portable decoder takes; it logs where it did."""
    logger, kept = logging.getLogger("streamcontract.columns"), _Kept()
    logger.addHandler(kept)
    yield
    logger.removeHandler(kept)
    assert kept.messages == []
