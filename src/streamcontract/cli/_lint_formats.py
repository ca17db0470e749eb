"""What ``streamcontract lint`` found, for people and for machines."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.reporting import Place, shown
from streamcontract.reporting.github import annotation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.text import Text

    from streamcontract.lint import Finding, Rule
    from streamcontract.schema import Schema

__all__ = ["Linted", "as_github", "as_json", "as_text", "rules_as_json", "rules_as_text"]

_STYLES: Final = {"error": "bold red", "warning": "bold yellow"}


@attrs.frozen
class Linted:
    """A schema and what was found in it."""

    schema: Schema
    findings: Sequence[Finding]

    @property
    def label(self) -> str:
        """Its file as people are shown it."""
        return shown(self.schema.source or "schema")

    def place(self, finding: Finding) -> Place:
        """Where a finding lies."""
        return Place(
            label=self.label,
            text=self.schema.json,
            pointer=finding.pointer,
            line=finding.line,
            column=finding.column,
            file=self.schema.source,
        )


def as_text(results: Sequence[Linted]) -> Text:
    """Each finding with the lines that it is about, then a count."""
    from rich.text import Text  # noqa: PLC0415 - machines' formats do without

    from streamcontract.reporting.excerpts import add_excerpt  # noqa: PLC0415 - as above

    text = Text()
    for result in results:
        for finding in result.findings:
            place, style = result.place(finding), _STYLES[finding.severity]
            text.append(f"{place}: ", "bold")
            text.append(finding.severity, style)
            text.append(f": {finding.rule}\n  {finding.message}\n\n")
            add_excerpt(text, place, mark=style)
            text.append("\n")
    style, words = _summary(results)
    text.append(words, style)
    files = f"{len(results)} file{'' if len(results) == 1 else 's'}"
    return text.append(f": {files}\n")


def _summary(results: Iterable[Linted]) -> tuple[str, str]:
    found: list[str] = [finding.severity for result in results for finding in result.findings]
    if not found:
        return "bold green", "clean"
    counts = [(found.count(severity), severity) for severity in _STYLES]
    words = ", ".join(
        f"{count} {severity}{'' if count == 1 else 's'}" for count, severity in counts if count
    )
    return _STYLES["error" if "error" in found else "warning"], words


def as_json(results: Sequence[Linted]) -> str:
    """One JSON document; keys are only ever added to it, and places are those of text output."""
    document = {
        "clean": not any(result.findings for result in results),
        "files": [result.label for result in results],
        "findings": [_entry(result, each) for result in results for each in result.findings],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _entry(result: Linted, finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "at": {
            "file": result.label,
            "line": finding.line,
            "column": finding.column,
            "pointer": finding.pointer,
        },
    }


def as_github(results: Sequence[Linted]) -> str:
    """One workflow command for each finding."""
    return "".join(
        annotation(finding.severity, result.place(finding), finding.rule, finding.message) + "\n"
        for result in results
        for finding in result.findings
    )


def rules_as_text(rules: Iterable[Rule]) -> str:
    """Every rule with its rationale."""
    parts: list[str] = []
    for rule in rules:
        parts += [f"{rule.id} ({rule.severity})", f"  {rule.summary}", _paragraph(rule.rationale)]
        parts += [_paragraph(f"Source: {rule.source}")] if rule.source else []
        parts.append("")
    return "\n".join(parts)


def _paragraph(text: str) -> str:
    return textwrap.fill(text, 100, initial_indent="    ", subsequent_indent="    ")


def rules_as_json(rules: Iterable[Rule]) -> str:
    """Every rule as JSON."""
    keys = ("id", "severity", "summary", "rationale", "source")
    rows = [{key: getattr(rule, key) for key in keys} for rule in rules]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"
