"""Verdicts on pairs and histories of schemas, drawn from the plan that the codec executes."""

from streamcontract.compatibility.findings import Finding, find_incompatibilities
from streamcontract.compatibility.levels import LEVELS, Level, check_level

__all__ = ["LEVELS", "Finding", "Level", "check_level", "find_incompatibilities"]
