"""The examples in the docstrings of real servers run, and print what they show."""

from __future__ import annotations

import pytest
from tests.docs.docstrings import DOCSTRINGS, OF_REAL_SERVERS


@pytest.mark.parametrize("name", sorted(OF_REAL_SERVERS))
def test_examples(name: str, real_servers: None) -> None:
    """Each starts a server of its own."""
    [docstring] = [docstring for docstring in DOCSTRINGS if docstring.name == name]
    assert docstring.run() == 0
