"""docs/compatibility.md tells of every rule and every difference there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from streamcontract.compatibility import DRIFT_RULES, DriftRule
from streamcontract.compatibility.dialects import DIFFERENCES
from streamcontract.devstack.registry.rules import _DESCRIPTIONS
from streamcontract.resolution import Rule

DOCUMENT = Path(__file__).parents[2] / "docs" / "compatibility.md"


def test_the_tables_are_complete() -> None:
    """Each rule and each difference has its line, and no line is about what is not there."""
    lines = re.findall(r"^\| `([\w-]+)` \|", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    known = {*get_args(Rule), *DRIFT_RULES, *(row.id for row in DIFFERENCES)}
    assert len(lines) == len(set(lines))
    assert set(lines) == known


def test_every_rule_is_worded() -> None:
    """The rules that type checkers know are those of the tables, here and in the registry."""
    assert set(DRIFT_RULES) == set(get_args(DriftRule))
    assert set(_DESCRIPTIONS) == set(get_args(Rule))
