"""SARIF 2.1.0, which GitHub's code scanning and editors read.

The names are those of "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", an
OASIS standard; comments cite the sections.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from streamcontract._version import __version__
from streamcontract.reporting.formats.gitlab import change_fingerprint, fingerprint
from streamcontract.reporting.places import repository_path

if TYPE_CHECKING:
    from streamcontract.reporting.places import Place
    from streamcontract.reporting.report import ChangeEntry, FindingEntry, Report

__all__ = ["render"]

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

_CHANGE: Final = "change"
"""The rule id of a difference, which has no verdict."""


def render(report: Report) -> str:
    """The report as a SARIF log with one run."""
    rules = list(
        dict.fromkeys(
            [
                *(finding.rule for finding in report.findings),
                *(note.kind for note in report.notes),
                *(_CHANGE for _ in report.changes),
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
            *(_result(finding, rules) for finding in report.findings),
            *(_remark(note.kind, note.statement, note.place, rules) for note in report.notes),
            *(_change(change, rules) for change in report.changes),
        ],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _result(finding: FindingEntry, rules: list[str]) -> dict[str, Any]:
    before = [] if finding.before is None else [f"Before: {finding.before}"]
    return {
        "ruleId": finding.rule,
        "ruleIndex": rules.index(finding.rule),
        "level": finding.level,
        "message": {"text": "\n".join([finding.statement, *finding.details, *before])},
        "locations": [_location(finding.place)],
        "partialFingerprints": {"streamcontract/v1": fingerprint(finding)},
    }


def _change(change: ChangeEntry, rules: list[str]) -> dict[str, Any]:
    text = "\n".join([change.statement, *change.details])
    return {
        **_remark(_CHANGE, text, change.place, rules),
        "partialFingerprints": {"streamcontract/v1": change_fingerprint(change)},
    }


def _remark(rule: str, text: str, place: Place, rules: list[str]) -> dict[str, Any]:
    # A result that is no failure has a kind of its own, and then the level is "none" (3.27.10).
    return {
        "ruleId": rule,
        "ruleIndex": rules.index(rule),
        "kind": "informational",
        "level": "none",
        "message": {"text": text},
        "locations": [_location(place)],
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
