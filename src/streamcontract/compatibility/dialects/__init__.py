"""Verdicts of registries that differ from the specification's, and their consequences."""

from streamcontract.compatibility.dialects.differences import (
    DIALECTS,
    DIFFERENCES,
    Dialect,
    Row,
    read_dialect,
)
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
    "read_dialect",
]
