"""The run with random interrupts, on the embedded stack and with fewer messages."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

import pytest

from reliability.interrupts import judge_interrupts
from reliability.load import Load, client_config
from reliability.verdict import Verdict
from streamcontract.devstack import DevStack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def no_collector() -> Iterator[None]:
    """An interrupt in a callback of the garbage collector, Hypothesis has one, is lost."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.searching
@pytest.mark.usefixtures("no_collector")
@pytest.mark.skipif(
    sys.version_info < (3, 11), reason="CPython 3.10 may run a signal's handler anywhere"
)
def test_random_interrupts_lose_nothing(
    embedded_stack: DevStack, topic: Callable[..., str]
) -> None:
    """Whatever the seed."""
    name, messages = topic(partitions=3), 6_000
    config, verdict = client_config(embedded_stack), Verdict()
    Load(config, name, messages).produce(verdict, 60)
    notes = judge_interrupts(config, name, messages, 0, verdict)
    assert verdict.holds, verdict.lines()
    assert all(" 6 interrupts" in note for note in notes), notes
