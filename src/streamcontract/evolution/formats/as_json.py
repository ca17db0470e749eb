"""The report as one JSON document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from streamcontract.evolution.report import Checked, Note, Problem, Report
    from streamcontract.reporting import Place

__all__ = ["render"]


def render(report: Report) -> str:
    """The report as JSON; keys are only ever added to it, and places are those of text output."""
    document = {
        "against": report.against,
        "clean": report.is_clean,
        "strict": report.is_strict,
        "contracts": [_checked(each) for each in report.contracts],
        "findings": [_problem(each) for each in report.problems],
        "notes": [_note(each) for each in report.notes],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _checked(checked: Checked) -> dict[str, Any]:
    return {
        "contract": checked.contract,
        "file": checked.file,
        "level": checked.level,
        "subject": checked.subject,
        "versions": list(checked.versions),
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "contract": problem.contract,
        "rule": problem.rule,
        "severity": problem.severity,
        "message": problem.message,
        "direction": problem.direction,
        "now": _place(problem.now),
        "before": _place(problem.before),
        "against": list(problem.against),
        "counterexample": None if problem.example is None else attrs.asdict(problem.example),
    }


def _note(note: Note) -> dict[str, Any]:
    return {
        "kind": note.kind,
        "contract": note.contract,
        "message": note.message,
        "at": _place(note.place),
    }


def _place(place: Place) -> dict[str, Any]:
    return {
        "file": place.label,
        "line": place.line,
        "column": place.column,
        "pointer": place.pointer,
    }
