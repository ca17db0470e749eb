"""The report for people: each finding with the lines it is about, as they are and as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

from streamcontract.reporting.excerpts import add_excerpt

if TYPE_CHECKING:
    from streamcontract.evolution.report import Problem, Report
    from streamcontract.reporting import Place

__all__ = ["render"]

_STYLES: Final = {"breaking": "bold red", "drift": "bold yellow"}


def render(report: Report) -> Text:
    """The report as styled text; ``.plain`` is what is printed where there is no terminal."""
    text = Text()
    for problem in report.problems:
        _add_problem(text, problem)
    for note in report.notes:
        text.append(f"{note.contract or 'project'}: ", "bold")
        text.append(f"{note.kind}: ", "cyan")
        text.append(f"{note.message}\n")
    if report.notes:
        text.append("\n")
    text.append_text(_summary(report))
    # Names of files, and values, may hold what a terminal would obey. One character for another,
    # so that the styles stay where they are.
    text.plain = "".join(
        each if each.isprintable() or each == "\n" else "\N{REPLACEMENT CHARACTER}"
        for each in text.plain
    )
    return text


def _add_problem(text: Text, problem: Problem) -> None:
    text.append(f"{problem.now}: ", "bold")
    text.append(problem.severity, _STYLES[problem.severity])
    text.append(f": {problem.rule} in {problem.contract}")
    text.append(f" ({problem.direction})\n" if problem.direction else "\n")
    text.append(f"  {problem.message}\n")
    _add_excerpt(text, "now", problem.now)
    _add_excerpt(text, "before", problem.before)
    if len(problem.against) > 1:
        text.append(f"  the same against {', '.join(problem.against[1:])}\n", "dim")
    if problem.details:
        text.append("\n")
    for detail in problem.details:
        text.append(f"  {detail}\n")
    text.append("\n")


def _add_excerpt(text: Text, when: str, place: Place) -> None:
    if place.text:
        text.append(f"\n  {when:<7}{place}\n", "dim")
        add_excerpt(text, place, mark="bold red" if when == "now" else "bold")


def _summary(report: Report) -> Text:
    breaking = sum(problem.severity == "breaking" for problem in report.problems)
    drift = len(report.problems) - breaking
    contracts = len(report.contracts)
    counted = f"{contracts} contract{'' if contracts == 1 else 's'} against {report.against}"
    if not report.problems:
        return Text.assemble(("clean", "bold green"), f": {counted}\n")
    found = f"{breaking} breaking, {drift} drift"
    if drift and report.is_strict:
        found += " (strict: drift fails)"
    style = "bold yellow" if report.is_clean else "bold red"
    return Text.assemble((found, style), f": {counted}\n")
