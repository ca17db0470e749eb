"""Verdicts on pairs and histories of schemas, read from the plan that the codec executes."""

from streamcontract.compatibility.counterexample import Counterexample, Elsewhere, Outcome
from streamcontract.compatibility.drift_rules import DRIFT_RULES, DriftRule
from streamcontract.compatibility.findings import (
    Finding,
    Severity,
    find_incompatibilities,
)
from streamcontract.compatibility.levels import check_level
from streamcontract.compatibility.rollout import Rollout, rollout
from streamcontract.compatibility.witness import minimal_value
from streamcontract.levels import LEVELS, Direction, First, Level

__all__ = [
    "DRIFT_RULES",
    "LEVELS",
    "Counterexample",
    "Direction",
    "DriftRule",
    "Elsewhere",
    "Finding",
    "First",
    "Level",
    "Outcome",
    "Rollout",
    "Severity",
    "check_level",
    "find_incompatibilities",
    "minimal_value",
    "rollout",
]
