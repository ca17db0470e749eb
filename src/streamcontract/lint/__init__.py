"""What is valid Avro but no good contract: rules with stable ids over one schema.

from streamcontract import parse_schema
from streamcontract.lint import lint_schema

for finding in lint_schema(parse_schema(Path("order.avsc"))):
    print(finding)
"""

from streamcontract.lint.linter import lint_schema
from streamcontract.lint.model import FieldNames, Finding, Rule, Settings, Severity
from streamcontract.lint.rules import RULES, unknown_rule

__all__ = [
    "RULES",
    "FieldNames",
    "Finding",
    "Rule",
    "Settings",
    "Severity",
    "lint_schema",
    "unknown_rule",
]
