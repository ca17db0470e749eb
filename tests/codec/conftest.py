"""What every test of the codec also checks, whichever engine it runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.refusals import none_logged

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def engines_agree() -> Iterator[None]:
    """The native engine refuses nothing that the portable one takes; it logs where it did."""
    with none_logged("streamcontract.codec"):
        yield
