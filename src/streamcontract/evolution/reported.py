"""Result of a check, as a report for the output formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from streamcontract.evolution.report import INVALID_PROJECT
from streamcontract.reporting.report import FindingEntry, NoteEntry, Report, Summary, counted

if TYPE_CHECKING:
    from streamcontract.evolution import report as values

__all__ = ["report_of"]


def report_of(checked: values.Report) -> Report:
    """The report of a check."""
    notes = tuple(
        NoteEntry(
            kind=note.kind,
            contract=note.contract,
            message=note.message,
            place=note.place,
            is_skip=note.kind == "not-checked",
        )
        for note in checked.notes
    )
    return Report(
        command="check",
        summary=_summary(checked),
        document={
            "against": checked.against,
            "clean": checked.is_clean,
            "strict": checked.is_strict,
            "unjudged": list(checked.unjudged),
            "contracts": [_contract(each) for each in checked.contracts],
            "findings": [_problem(each) for each in checked.problems],
            "notes": [each.document for each in notes],
        },
        cases=tuple(each.contract for each in checked.contracts),
        findings=tuple(_finding(each, fails=checked.fails(each)) for each in checked.problems),
        notes=notes,
    )


def _finding(problem: values.Problem, *, fails: bool) -> FindingEntry:
    return FindingEntry(
        rule=problem.rule,
        severity=problem.severity,
        level="error" if fails else "warning",
        fails=fails,
        message=problem.message,
        place=problem.now,
        case=problem.contract or problem.now.label,
        contract=problem.contract,
        direction=problem.direction,
        before=problem.before,
        repeated=problem.against[1:],
        details=tuple(problem.details),
    )


def _summary(checked: values.Report) -> Summary:
    breaking = sum(problem.severity == "breaking" for problem in checked.problems)
    drift = sum(problem.severity == "drift" for problem in checked.problems)
    scope = f": {_counted(checked)} against {checked.against}"
    if not checked.problems:
        return Summary("clean", "clean", scope)
    found = f"{breaking} breaking, {drift} drift"
    if drift and checked.is_strict:
        found += " (strict: drift fails)"
    if checked.unjudged:
        found += f", {len(checked.unjudged)} not judged"
    return Summary(found, "warning" if checked.is_clean else "error", scope)


def _counted(checked: values.Report) -> str:
    """The number of checked contracts; the schema of a key belongs to its contract."""
    keys = sum(each.is_key for each in checked.contracts)
    names = {each.contract for each in checked.contracts if not each.is_key}
    names |= {each.contract for each in checked.problems if each.rule == INVALID_PROJECT} - {""}
    counts = [(len(names), "contract"), (keys, "key schema")]
    words = [counted(count, noun) for count, noun in counts if count]
    return " and ".join(words) or "0 contracts"


def _contract(checked: values.Checked) -> dict[str, Any]:
    return {
        "contract": checked.contract,
        "file": checked.file,
        "level": checked.level,
        "subject": checked.subject,
        "versions": list(checked.versions),
    }


def _problem(problem: values.Problem) -> dict[str, Any]:
    return {
        "contract": problem.contract,
        "rule": problem.rule,
        "severity": problem.severity,
        "message": problem.message,
        "direction": problem.direction,
        "now": problem.now.document,
        "before": None if problem.before is None else problem.before.document,
        "against": list(problem.against),
        "counterexample": None if problem.example is None else attrs.asdict(problem.example),
    }
