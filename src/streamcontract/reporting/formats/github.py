"""GitHub's workflow commands, which become annotations of the changed lines.

Format and escapes are those of "Workflow commands for GitHub Actions" (GitHub Docs) and of
``command.ts`` in the actions toolkit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from streamcontract.reporting.places import repository_path

if TYPE_CHECKING:
    from streamcontract.reporting.places import Place
    from streamcontract.reporting.report import FindingEntry, Report

__all__ = ["annotation", "render"]


def render(report: Report) -> str:
    """One command for each finding, note and change: error, warning or notice."""
    lines = [
        annotation(each.level, each.place, each.title, _body(each)) for each in report.findings
    ]
    lines += [
        annotation("notice", note.place, f"{note.kind} {note.contract}".strip(), note.message)
        for note in report.notes
    ]
    lines += [
        annotation("notice", each.place, each.statement, "\n".join([each.statement, *each.details]))
        for each in report.changes
    ]
    return "".join(f"{line}\n" for line in lines)


def annotation(
    kind: Literal["error", "warning", "notice"], place: Place, title: str, message: str
) -> str:
    r"""One command, without a line break.

    Example:
        >>> from streamcontract.reporting import Place
        >>> annotation("error", Place(label="a.avsc", line=3), "field-doc", "50 %\nmore")
        '::error file=a.avsc,line=3,col=1,title=field-doc::50 %25%0Amore'
    """
    properties = {
        "file": repository_path(place),
        "line": str(place.line),
        "col": str(place.column),
        "title": title,
    }
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {listed}::{_data(message)}"


def _body(finding: FindingEntry) -> str:
    before = [] if finding.before is None else [f"Before: {finding.before}"]
    return "\n".join([finding.message, *before, *finding.details])


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
