"""The report as SARIF 2.1.0, which GitHub's code scanning and editors read.

The names are those of "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", an
OASIS standard; the sections are cited where there was a choice.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from streamcontract._version import __version__
from streamcontract.evolution.formats.gitlab import fingerprint
from streamcontract.reporting import repository_path

if TYPE_CHECKING:
    from streamcontract.evolution.report import Note, Problem, Report
    from streamcontract.reporting import Place

__all__ = ["render"]

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def render(report: Report) -> str:
    """The report as a SARIF log with one run."""
    rules = list(
        dict.fromkeys(
            [
                *(problem.rule for problem in report.problems),
                *(note.kind for note in report.notes),
            ]
        )
    )
    run = {
        "tool": {
            "driver": {
                "name": "streamcontract",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [{"id": rule} for rule in rules],
            }
        },
        # Columns count characters, not UTF-16 code units (3.14.17).
        "columnKind": "unicodeCodePoints",
        "results": [
            *(_result(problem, rules, fails=report.fails(problem)) for problem in report.problems),
            *(_remark(note, rules) for note in report.notes),
        ],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _result(problem: Problem, rules: list[str], *, fails: bool) -> dict[str, Any]:
    message = "\n".join([f"{problem.contract}: {problem.message}", *problem.details])
    return {
        "ruleId": problem.rule,
        "ruleIndex": rules.index(problem.rule),
        "level": "error" if fails else "warning",
        "message": {"text": f"{message}\nBefore: {problem.before}"},
        "locations": [_location(problem.now)],
        "partialFingerprints": {"streamcontract/v1": fingerprint(problem)},
    }


def _remark(note: Note, rules: list[str]) -> dict[str, Any]:
    # A result that is no failure has a kind of its own, and then the level is "none" (3.27.10).
    return {
        "ruleId": note.kind,
        "ruleIndex": rules.index(note.kind),
        "kind": "informational",
        "level": "none",
        "message": {"text": f"{note.contract}: {note.message}".removeprefix(": ")},
        "locations": [_location(note.place)],
    }


def _location(place: Place) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {
                "uri": quote(repository_path(place)),
                "uriBaseId": "%SRCROOT%",
            },
            "region": {"startLine": place.line, "startColumn": place.column},
        },
        "logicalLocations": [{"fullyQualifiedName": place.pointer or "/"}],
    }
