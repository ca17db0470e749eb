"""The table of seeded faults fits the tree: applying them takes minutes, and is not part of CI."""

from __future__ import annotations

from mutation.scratch import ROOT
from mutation.seeded.__main__ import load, stale


def test_every_seeded_fault_applies() -> None:
    """Code that changed takes the faults in it along."""
    assert stale(load()) == []


def test_the_tests_that_have_to_catch_them_are_there() -> None:
    """A test that moved would no longer catch its fault."""
    named = {test.partition("::")[0] for fault in load() for test in fault.tests}
    assert [test for test in sorted(named) if not (ROOT / test).exists()] == []
