"""One embedded stack for all that the documentation shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from streamcontract.devstack import DevStack

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package")
def stack() -> Iterator[DevStack]:
    """An embedded stack on ports of its own."""
    with DevStack() as stack:
        yield stack
