"""The report as GitHub's workflow commands, which become annotations of the changed lines.

Format and escapes are those of "Workflow commands for GitHub Actions" (GitHub Docs) and of
``command.ts`` in the actions toolkit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamcontract.evolution.formats.paths import repository_path

if TYPE_CHECKING:
    from streamcontract.evolution.report import Place, Report

__all__ = ["render"]


def render(report: Report) -> str:
    """One command for each finding and note: error, warning (drift that passes) or notice."""
    lines = [
        _command(
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
        _command("notice", note.place, f"{note.kind} {note.contract}".strip(), note.message)
        for note in report.notes
    ]
    return "".join(f"{line}\n" for line in lines)


def _command(kind: str, place: Place, title: str, message: str) -> str:
    properties = {
        "file": repository_path(place),
        "line": str(place.line),
        "col": str(place.column),
        "title": title,
    }
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {listed}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
