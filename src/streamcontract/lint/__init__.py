"""Lint rules for schemas that are valid Avro but poor contracts, each with a stable id.

from streamcontract import parse_schema
from streamcontract.lint import lint_schema

for finding in lint_schema(parse_schema(Path("order.avsc"))):
    print(finding)
"""

from streamcontract.lint.linter import lint_schema
from streamcontract.lint.model import (
    DEFAULT_TIER,
    TIERS,
    FieldNames,
    Finding,
    Rule,
    Settings,
    Severity,
    Tier,
)
from streamcontract.lint.rules import RULES, unknown_rule

__all__ = [
    "DEFAULT_TIER",
    "RULES",
    "TIERS",
    "FieldNames",
    "Finding",
    "Rule",
    "Settings",
    "Severity",
    "Tier",
    "lint_schema",
    "unknown_rule",
]
