"""GitLab's code quality report.

Keys and severities are those of "Code Quality report format" (GitLab Docs). Notes are left out,
because GitLab counts each entry as a loss of quality.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from streamcontract.reporting.places import repository_path

if TYPE_CHECKING:
    from streamcontract.reporting.places import Place
    from streamcontract.reporting.report import ChangeEntry, FindingEntry, Report

__all__ = ["change_fingerprint", "fingerprint", "render"]


def render(report: Report) -> str:
    """A JSON array with one entry for each finding and each change."""
    entries = [_entry(finding) for finding in report.findings]
    entries += (_change(change) for change in report.changes)
    return json.dumps(entries, indent=2, ensure_ascii=False) + "\n"


def fingerprint(finding: FindingEntry) -> str:
    """A hash that stays the same if lines are moved: of contract, rule, path, and both pointers."""
    identity = [
        finding.contract,
        finding.rule,
        repository_path(finding.place),
        finding.place.pointer,
        None if finding.before is None else finding.before.pointer,
        finding.direction,
    ]
    return _digest(identity)


def change_fingerprint(change: ChangeEntry) -> str:
    """A hash that stays the same if lines are moved: of the change, and the file."""
    return _digest([change.path, change.words, repository_path(change.place), change.place.pointer])


def _digest(identity: list[str | None]) -> str:
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()


def _entry(finding: FindingEntry) -> dict[str, Any]:
    return {
        "description": finding.statement,
        "check_name": finding.rule,
        "fingerprint": fingerprint(finding),
        "severity": "major" if finding.level == "error" else "minor",
        "location": _location(finding.place),
    }


def _change(change: ChangeEntry) -> dict[str, Any]:
    return {
        "description": "; ".join([change.statement, *change.details]),
        "check_name": "change",
        "fingerprint": change_fingerprint(change),
        "severity": "info",
        "location": _location(change.place),
    }


def _location(place: Place) -> dict[str, Any]:
    return {"path": repository_path(place), "lines": {"begin": place.line}}
