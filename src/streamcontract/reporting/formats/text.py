"""Text for people: each finding with its lines of the schema, each change with both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

from streamcontract.reporting.excerpts import add_excerpt

if TYPE_CHECKING:
    from streamcontract.reporting.places import Place
    from streamcontract.reporting.report import ChangeEntry, FindingEntry, NoteEntry, Report, Tone

__all__ = ["render"]

_STYLES: Final = {
    "breaking": "bold red",
    "drift": "bold yellow",
    "error": "bold red",
    "warning": "bold yellow",
}
_TONES: Final[dict[Tone, str]] = {
    "clean": "bold green",
    "warning": "bold yellow",
    "error": "bold red",
    "neutral": "bold",
}
_SIDES: Final = {"-": "red", "+": "green"}


def render(report: Report) -> Text:
    """The report as styled text; without a terminal, its ``.plain`` is printed."""
    text = Text()
    for finding in report.findings:
        _add_finding(text, finding)
    for note in report.notes:
        _add_note(text, note)
    if report.notes:
        text.append("\n")
    for change in report.changes:
        _add_change(text, change)
    text.append(report.summary.words, _TONES[report.summary.tone])
    text.append(f"{report.summary.scope}\n")
    # Names of files, and values, may contain control characters for terminals. Each is replaced by
    # one character, so that the styles keep their offsets.
    text.plain = "".join(
        each if each.isprintable() or each == "\n" else "\N{REPLACEMENT CHARACTER}"
        for each in text.plain
    )
    return text


def _add_finding(text: Text, finding: FindingEntry) -> None:
    style = _STYLES[finding.severity]
    text.append(f"{finding.place}: ", "bold")
    text.append(finding.severity, style)
    text.append(f": {finding.title}")
    text.append(f" ({finding.direction})\n" if finding.direction else "\n")
    text.append(f"  {finding.message}\n")
    if finding.before is None:
        text.append("\n")
        add_excerpt(text, finding.place, mark=style)
    else:
        _add_version(text, "now", finding.place, mark="bold red")
        _add_version(text, "before", finding.before, mark="bold")
    if finding.repeated:
        text.append(f"  the same against {', '.join(finding.repeated)}\n", "dim")
    if finding.details:
        text.append("\n")
    for detail in finding.details:
        text.append(f"  {detail}\n")
    text.append("\n")


def _add_version(text: Text, when: str, place: Place, *, mark: str) -> None:
    if place.text:
        text.append(f"\n  {when:<7}{place}\n", "dim")
        add_excerpt(text, place, mark=mark)


def _add_note(text: Text, note: NoteEntry) -> None:
    text.append(f"{note.contract or 'project'}: ", "bold")
    text.append(f"{note.kind}: ", "cyan")
    text.append(f"{note.message}\n")


def _add_change(text: Text, change: ChangeEntry) -> None:
    text.append(change.path, "bold")
    text.append(f": {change.words}\n")
    for side in change.sides:
        text.append(f"  {side.sign} {side.value}", _SIDES[side.sign])
        text.append(f"  {side.place}\n", "dim")
    text.append("\n")
