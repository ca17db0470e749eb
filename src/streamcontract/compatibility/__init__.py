"""Verdicts on pairs and histories of schemas, drawn from the plan that the codec executes."""

from streamcontract.compatibility.counterexample import Counterexample, Elsewhere, Outcome
from streamcontract.compatibility.drift import DRIFT_RULES, DriftRule
from streamcontract.compatibility.findings import (
    Direction,
    Finding,
    Severity,
    find_incompatibilities,
)
from streamcontract.compatibility.levels import LEVELS, Level, check_level
from streamcontract.compatibility.rollout import First, Rollout, rollout
from streamcontract.compatibility.witness import minimal_value

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
