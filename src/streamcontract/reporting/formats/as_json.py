"""JSON: one document, with each command's own keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamcontract.reporting.report import Report

__all__ = ["render"]


def render(report: Report) -> str:
    """The report as JSON, with the positions of text output; new versions only add keys."""
    return json.dumps(report.document, indent=2, ensure_ascii=False) + "\n"
