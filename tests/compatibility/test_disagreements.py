"""The list of disagreements has no entry that is gone, or that no longer differs."""

from __future__ import annotations

from tests.compatibility.disagreements import PATHS, VERDICTS
from tests.schema.conformance import cases


def test_every_entry_differs_from_its_suite() -> None:
    """Verdicts are the other one, and paths are others than the suite's."""
    known = cases("compat_cases.json")
    for name, listed in VERDICTS.items():
        assert known[name]["compatible"] is not listed.compatible
    for name, paths in PATHS.items():
        suite = [(found["type"], found["path"]) for found in known[name]["incompatibilities"]]
        assert sorted(suite) != sorted(paths)
