"""What every test of columns also checks, and what they need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.refusals import none_logged

from streamcontract.codec.engine import Unusable, find_extension

if TYPE_CHECKING:
    from collections.abc import Iterator

# Without a C compiler there are no columns.
collect_ignore_glob = ["test_*"] if isinstance(find_extension("columns"), Unusable) else []


@pytest.fixture(autouse=True)
def decoders_agree() -> Iterator[None]:
    """The executor refuses nothing that the portable decoder takes; it logs where it did."""
    with none_logged("streamcontract.columns"):
        yield
