"""The report as GitLab's code quality report.

Keys and severities are those of "Code Quality report format" (GitLab Docs). Notes are left out,
since GitLab counts each entry as a loss of quality.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from streamcontract.reporting import repository_path

if TYPE_CHECKING:
    from streamcontract.evolution.report import Problem, Report

__all__ = ["fingerprint", "render"]


def render(report: Report) -> str:
    """A JSON array with one entry for each finding."""
    entries = [_entry(problem, fails=report.fails(problem)) for problem in report.problems]
    return json.dumps(entries, indent=2, ensure_ascii=False) + "\n"


def fingerprint(problem: Problem) -> str:
    """What stays the same when lines are moved: contract, rule, path, and both pointers."""
    identity = [
        problem.contract,
        problem.rule,
        repository_path(problem.now),
        problem.now.pointer,
        problem.before.pointer,
        problem.direction,
    ]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()


def _entry(problem: Problem, *, fails: bool) -> dict[str, Any]:
    return {
        "description": f"{problem.contract}: {problem.message}",
        "check_name": problem.rule,
        "fingerprint": fingerprint(problem),
        "severity": "major" if fails else "minor",
        "location": {
            "path": repository_path(problem.now),
            "lines": {"begin": problem.now.line},
        },
    }
