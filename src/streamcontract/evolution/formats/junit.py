"""The report as JUnit XML: a test case for each contract.

There is no specification of JUnit XML; these are the elements and attributes that Jenkins' and
GitLab's readers know: ``testsuites``, ``testsuite``, ``testcase``, ``failure``, ``skipped`` and
``system-out``, with at most one ``failure`` in a case.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamcontract.evolution.report import Note, Problem, Report

__all__ = ["render"]

_SUITE: Final = "streamcontract check"

# What XML 1.0 can hold at all, section 2.2, turned round.
_NO_CHARACTER: Final = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


def render(report: Report) -> str:
    """The report as XML. Drift that passes, and notes, stand in the case's ``system-out``."""
    names = {each.contract: each for each in report.contracts}
    cases = dict.fromkeys([*names, *(problem.contract for problem in report.problems)])
    suite = ET.Element("testsuite", name=_SUITE)
    failures = skipped = 0
    for name in cases:
        problems = [problem for problem in report.problems if problem.contract == name]
        notes = [note for note in report.notes if note.contract == name]
        failing = [problem for problem in problems if report.fails(problem)]
        passing = [problem for problem in problems if not report.fails(problem)]
        case = ET.SubElement(suite, "testcase", classname=_SUITE, name=_clean(name), time="0")
        if failing:
            failures += 1
            _add_failure(case, failing)
        elif any(note.kind == "not-checked" for note in notes):
            skipped += 1
            ET.SubElement(case, "skipped", message="not checked")
        if passing or notes:
            ET.SubElement(case, "system-out").text = _clean(_told(passing, notes))
    for name, number in {
        "tests": len(cases),
        "failures": failures,
        "errors": 0,
        "skipped": skipped,
    }.items():
        suite.set(name, str(number))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _add_failure(case: ET.Element, problems: list[Problem]) -> None:
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    failure = ET.SubElement(
        case, "failure", type=_clean(first.rule), message=_clean(f"{first.message}{more}")
    )
    failure.text = _clean(_told(problems, ()))


def _told(problems: Iterable[Problem], notes: Iterable[Note]) -> str:
    lines: list[str] = []
    for problem in problems:
        lines.append(f"{problem.now}: {problem.severity}: {problem.rule}: {problem.message}")
        lines.append(f"  before: {problem.before}")
        lines += (f"  {detail}" for detail in problem.details)
    lines += (f"{note.kind}: {note.message}" for note in notes)
    return "\n".join(lines)


def _clean(text: str) -> str:
    return _NO_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", text)
