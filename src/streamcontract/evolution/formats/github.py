"""The report as GitHub's workflow commands, which become annotations of the changed lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamcontract.reporting.github import annotation

if TYPE_CHECKING:
    from streamcontract.evolution.report import Report

__all__ = ["render"]


def render(report: Report) -> str:
    """One command for each finding and note: error, warning (drift that passes) or notice."""
    lines = [
        annotation(
            "error" if report.fails(problem) else "warning",
            problem.now,
            f"{problem.rule} in {problem.contract}",
            "\n".join(
                [problem.message, f"Before: {problem.before}", *problem.details],
            ),
        )
        for problem in report.problems
    ]
    lines += [
        annotation("notice", note.place, f"{note.kind} {note.contract}".strip(), note.message)
        for note in report.notes
    ]
    return "".join(f"{line}\n" for line in lines)
