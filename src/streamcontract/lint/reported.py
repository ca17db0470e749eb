"""Lint findings in schemas as a report for the output formats."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from streamcontract.reporting.invalid import project_fault_entry, schema_fault_entry
from streamcontract.reporting.places import Place, shown
from streamcontract.reporting.report import FindingEntry, Report, Summary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from streamcontract.errors import ProjectFault, SchemaFault
    from streamcontract.lint.model import Finding, Severity
    from streamcontract.schema.schema import Schema

__all__ = ["report_of"]

_SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning")
"""The gravest first."""


def report_of(
    linted: Sequence[tuple[Schema, Sequence[Finding]]],
    invalid: Mapping[Path, Iterable[SchemaFault]] = MappingProxyType({}),
    project_faults: Sequence[ProjectFault] = (),
) -> Report:
    """The report of schemas, each with the findings in it.

    Args:
        linted: The schemas and their findings.
        invalid: The files that are no schemas, each with its faults.
        project_faults: What is wrong in the project file.
    """
    of_schemas = [
        schema_fault_entry(each, file) for file, found in invalid.items() for each in found
    ]
    faults = [*map(project_fault_entry, project_faults), *of_schemas]
    findings = (
        *faults,
        *(_entry(schema, each) for schema, found in linted for each in found),
    )
    unjudged = [shown(file) for file in invalid]
    files = [*(_label(schema) for schema, _ in linted), *unjudged]
    wrong = dict.fromkeys(fault.contract or shown(fault.file) for fault in project_faults)
    severities: list[Severity] = ["error" for _ in faults]
    severities += (each.severity for _, found in linted for each in found)
    return Report(
        command="lint",
        summary=_summary(severities, len(files), len(unjudged)),
        document={
            "clean": not findings,
            "files": files,
            "unjudged": [*wrong, *unjudged],
            "findings": [_document(each) for each in findings],
        },
        cases=tuple(files),
        findings=findings,
    )


def _label(schema: Schema) -> str:
    return shown(schema.source or "schema")


def _entry(schema: Schema, finding: Finding) -> FindingEntry:
    label = _label(schema)
    return FindingEntry(
        rule=finding.rule,
        severity=finding.severity,
        level=finding.severity,
        fails=True,
        message=finding.message,
        place=Place(
            label=label,
            text=schema.json,
            pointer=finding.pointer,
            line=finding.line,
            column=finding.column,
            file=schema.source,
        ),
        case=label,
    )


def _summary(found: Sequence[Severity], files: int, unjudged: int) -> Summary:
    scope = f": {files} file{'' if files == 1 else 's'}"
    if unjudged:
        scope += f", {unjudged} of them not judged"
    if not found:
        return Summary("clean", "clean", scope)
    counts = {severity: found.count(severity) for severity in _SEVERITIES if severity in found}
    words = ", ".join(
        f"{count} {severity}{'' if count == 1 else 's'}" for severity, count in counts.items()
    )
    return Summary(words, next(iter(counts)), scope)


def _document(finding: FindingEntry) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "at": finding.place.document,
    }
