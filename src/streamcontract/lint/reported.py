"""Lint findings in schemas as a report for the output formats."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.reporting.invalid import project_fault_entry, schema_fault_entry
from streamcontract.reporting.places import Place, shown
from streamcontract.reporting.report import FindingEntry, NoteEntry, Report, Summary, counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from streamcontract.errors import ProjectFault, SchemaFault
    from streamcontract.lint.baseline import BaselineEntry
    from streamcontract.lint.model import Finding, Severity
    from streamcontract.schema.schema import Schema

__all__ = ["Known", "report_of"]

_SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning")
"""The severities, the most severe first."""


@attrs.frozen
class Known:
    """Findings that are in a baseline.

    Attributes:
        file: The baseline's file.
        count: The number of findings that it left out.
        stale: Its entries whose findings are fixed.
    """

    file: Path
    count: int
    stale: Sequence[BaselineEntry]

    @property
    def document(self) -> dict[str, Any]:
        """The baseline in JSON output."""
        return {
            "file": shown(self.file),
            "known": self.count,
            "stale": [attrs.asdict(entry) for entry in self.stale],
        }

    @property
    def notes(self) -> Iterator[NoteEntry]:
        """Notes about stale entries."""
        place = Place(label=shown(self.file), file=str(self.file))
        for entry in self.stale:
            message = (
                f"{entry.rule} finds nothing in {entry.path} of {entry.file} any more; take it out"
                f" of {place.label}, or let `streamcontract lint --write-baseline` do it"
            )
            yield NoteEntry(kind="stale-baseline", contract="", message=message, place=place)


def report_of(
    linted: Sequence[tuple[Schema, Sequence[Finding]]],
    invalid: Mapping[Path, Iterable[SchemaFault]] = MappingProxyType({}),
    project_faults: Sequence[ProjectFault] = (),
    known: Known | None = None,
) -> Report:
    """The report of schemas, each with the findings in it.

    Args:
        linted: The schemas and their findings.
        invalid: The files that are not valid schemas, each with its faults.
        project_faults: The faults of the project file.
        known: The findings that do not count; None without a baseline.
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
        summary=_summary(severities, len(files), len(unjudged), known),
        document={
            "clean": not findings,
            "files": files,
            "unjudged": [*wrong, *unjudged],
            "findings": [each.document for each in findings],
            "baseline": None if known is None else known.document,
        },
        cases=tuple(files),
        findings=findings,
        notes=() if known is None else tuple(known.notes),
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


def _summary(found: Sequence[Severity], files: int, unjudged: int, known: Known | None) -> Summary:
    scope = f": {counted(files, 'file')}"
    if unjudged:
        scope += f", {unjudged} of them not judged"
    if known is not None and known.count:
        scope += f"; {counted(known.count, 'known finding')} in the baseline"
    if not found:
        return Summary("clean", "clean", scope)
    counts = {severity: found.count(severity) for severity in _SEVERITIES if severity in found}
    words = ", ".join(counted(count, severity) for severity, count in counts.items())
    return Summary(words, next(iter(counts)), scope)
