"""JUnit XML: a test case for each contract, or for each file.

A change is not a failure.

There is no specification of JUnit XML. These are the elements and attributes that Jenkins and
GitLab read: ``testsuites``, ``testsuite``, ``testcase``, ``failure``, ``skipped`` and
``system-out``, with at most one ``failure`` in a case.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from streamcontract.reporting.report import ChangeEntry, FindingEntry, NoteEntry, Report

__all__ = ["render"]

# Characters that XML 1.0 cannot hold: the complement of section 2.2.
_NO_CHARACTER: Final = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


def render(report: Report) -> str:
    """The report as XML. Findings that pass, and notes, are in the case's ``system-out``."""
    name = f"streamcontract {report.command}"
    suite = ET.Element("testsuite", name=name)
    for case in dict.fromkeys([*report.cases, *(finding.case for finding in report.findings)]):
        element = ET.SubElement(suite, "testcase", classname=name, name=_clean(case), time="0")
        _fill(
            element,
            [finding for finding in report.findings if finding.case == case],
            [note for note in report.notes if note.contract == case],
            [change for change in report.changes if change.case == case],
        )
    for count, number in {
        "tests": len(suite),
        "failures": len(suite.findall("testcase/failure")),
        "errors": 0,
        "skipped": len(suite.findall("testcase/skipped")),
    }.items():
        suite.set(count, str(number))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _fill(
    case: ET.Element,
    findings: Sequence[FindingEntry],
    notes: Sequence[NoteEntry],
    changes: Sequence[ChangeEntry],
) -> None:
    failing = [finding for finding in findings if finding.fails]
    passing = [finding for finding in findings if not finding.fails]
    if failing:
        _add_failure(case, failing)
    elif any(note.is_skip for note in notes):
        ET.SubElement(case, "skipped", message="not checked")
    if passing or notes or changes:
        lines = [*_lines(passing, notes), *_changes(changes)]
        ET.SubElement(case, "system-out").text = _clean("\n".join(lines))


def _add_failure(case: ET.Element, findings: Sequence[FindingEntry]) -> None:
    first = findings[0]
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    failure = ET.SubElement(
        case, "failure", type=_clean(first.rule), message=_clean(f"{first.message}{more}")
    )
    failure.text = _clean("\n".join(_lines(findings, ())))


def _lines(findings: Iterable[FindingEntry], notes: Iterable[NoteEntry]) -> Iterator[str]:
    for each in findings:
        yield f"{each.place}: {each.severity}: {each.rule}: {each.message}"
        if each.before is not None:
            yield f"  before: {each.before}"
        yield from (f"  {detail}" for detail in each.details)
    yield from (f"{note.kind}: {note.message}" for note in notes)


def _changes(changes: Iterable[ChangeEntry]) -> Iterator[str]:
    for each in changes:
        yield f"{each.place}: {each.statement}"
        yield from (f"  {detail}" for detail in each.details)


def _clean(text: str) -> str:
    return _NO_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", text)
