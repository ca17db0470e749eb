"""Every example in a docstring of the package runs, and prints what the docstring shows."""

from __future__ import annotations

import datetime as dt
import re
from operator import attrgetter
from typing import TYPE_CHECKING

import pytest
from tests.docs.docstrings import (
    DOCSTRINGS,
    OF_REAL_SERVERS,
    PROMPT,
    SOURCES,
)
from tests.docs.markdown import REPOSITORY
from tests.in_one_test import in_one_test

from streamcontract import Stock, StockProducer
from streamcontract.devstack import DevStack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.docs.docstrings import Docstring

EMBEDDED = [docstring for docstring in DOCSTRINGS if docstring.name not in OF_REAL_SERVERS]
BARS = [
    Stock(
        symbol=symbol,
        date=dt.date(2024, 1, 2),
        open=close,
        high=close,
        low=close,
        close=close,
        volume=1000,
    )
    for symbol, close in (("AAPL", 185.64), ("MSFT", 370.87))
]


# An example that connects to anything names one of these. Without a stack it would fail.
_CONNECTS = re.compile("Producer|Consumer|Registry|registry|topic|Admin|servers|[Ss]tack|main|dlq")


@pytest.fixture
def bootstrap_servers(
    docstring: Docstring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A stack of the example's own with two bars in ``stocks``, and a folder with the contracts."""
    (tmp_path / "schemas").symlink_to(REPOSITORY / "schemas")
    monkeypatch.chdir(tmp_path)
    if not _CONNECTS.search(docstring.text):
        yield "127.0.0.1:9"
        return
    with DevStack() as stack:
        for variable, value in stack.environment.items():
            monkeypatch.setenv(variable, value)
        stack.create_topic("stocks")
        with StockProducer() as producer:
            for bar in BARS:
                producer.produce(bar)
        yield stack.bootstrap_servers


@pytest.mark.parametrize("docstring", EMBEDDED, ids=attrgetter("name"))
def test_examples(docstring: Docstring, bootstrap_servers: str) -> None:
    """Each runs by itself on the embedded stack."""
    assert docstring.run(bootstrap_servers) == 0


@in_one_test(SOURCES)
def test_no_example_is_left_out(path: Path) -> None:
    """What looks like an example is in a docstring that is run, and is not switched off."""
    text = path.read_text("utf-8")
    assert text.count(PROMPT) == sum(
        found.text.count(PROMPT) for found in DOCSTRINGS if found.path == path
    )
    assert "doctest: +SKIP" not in text


def test_the_examples_of_real_servers_exist() -> None:
    """What ``make test-kafka`` runs instead is named as it is in the sources."""
    assert {docstring.name for docstring in DOCSTRINGS} >= OF_REAL_SERVERS
