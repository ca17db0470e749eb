"""Members that end in order, and members that end by themselves."""

from __future__ import annotations

import multiprocessing
import sys
import time
from typing import Any

import pytest

from reliability.members import MEMBERS, Members, told_to_end
from reliability.verdict import Verdict


def work(ready: Any) -> None:
    """Wait to be told."""
    ended = told_to_end()
    ready.put(True)
    while not ended.is_set():
        time.sleep(0.01)  # between two looks


def fail() -> None:
    """End at once, and not well."""
    sys.exit(3)


@pytest.mark.searching
def test_members_end_when_they_are_told_to() -> None:
    """And that is no failure."""
    ready, verdict = multiprocessing.get_context("spawn").Queue(), Verdict()
    members = Members(work, lambda _place, _started: (ready,))
    for _ in range(MEMBERS):
        ready.get(timeout=60)
    members.stop(verdict)
    assert verdict.holds, verdict.lines()


@pytest.mark.searching
def test_members_that_fail_are_found() -> None:
    """Whoever ended by itself did not try what it was there for."""
    verdict = Verdict()
    members = Members(fail, lambda _place, _started: ())
    for process in members._processes:
        process.join()
    members.stop(verdict)
    assert verdict.counts == {"members that failed": MEMBERS}
