"""What registries decide that the specification decides otherwise, and what that means."""

from streamcontract.compatibility.dialects.differences import DIALECTS, DIFFERENCES, Dialect, Row
from streamcontract.compatibility.dialects.verdict import (
    DialectVerdict,
    dialect_findings,
    dialect_level,
)
from streamcontract.compatibility.dialects.walk import Incompatibility

__all__ = [
    "DIALECTS",
    "DIFFERENCES",
    "Dialect",
    "DialectVerdict",
    "Incompatibility",
    "Row",
    "dialect_findings",
    "dialect_level",
]
