"""Invalid schemas and project files as findings of a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.reporting.places import Place, shown
from streamcontract.reporting.report import FindingEntry, Report, Summary, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamcontract.errors import ProjectFault, SchemaFault

__all__ = [
    "INVALID_PROJECT",
    "INVALID_SCHEMA",
    "Text",
    "error_entry",
    "place_of_fault",
    "place_of_project_fault",
    "project_fault_entry",
    "report_of_invalid",
    "schema_fault_entry",
]

INVALID_SCHEMA: Final = "invalid-schema"
"""The rule id of a file that is not a valid schema, so that it was not checked."""

INVALID_PROJECT: Final = "invalid-project"
"""The rule id of a fault in the project file."""


@attrs.frozen
class Text:
    """A schema that does not come from a file.

    Attributes:
        label: Its name for people.
        text: Its text.
    """

    label: str
    text: str


def place_of_fault(fault: SchemaFault, file: Path | Text) -> Place:
    """The position of a fault: in the file that has it, which may be one that the schema uses.

    Args:
        fault: The fault.
        file: The schema's file or text, for a fault that names no file.
    """
    own = file if fault.source is None else Path(fault.source)
    text = own if isinstance(own, Text) else Text(shown(own), _text(own))
    return Place(
        label=text.label,
        text=text.text,
        pointer=fault.pointer,
        line=fault.line or 1,
        column=fault.column or 1,
        file=None if isinstance(own, Text) else str(own),
    )


def place_of_project_fault(fault: ProjectFault) -> Place:
    """The position of a fault in a project file.

    Its pointer leads through the tables of the file as it would through JSON objects.
    """
    path = Path(fault.file)
    steps = (str(each).replace("~", "~0").replace("/", "~1") for each in fault.path)
    return Place(
        label=shown(path),
        text=_text(path),
        pointer="".join(f"/{step}" for step in steps),
        line=fault.line,
        column=fault.column,
        file=str(path),
    )


def schema_fault_entry(fault: SchemaFault, file: Path | Text, contract: str = "") -> FindingEntry:
    """A fault of a schema as a finding.

    Args:
        fault: The fault.
        file: The schema's file or text.
        contract: The contract, if it is the schema of one.
    """
    case = contract or (file.label if isinstance(file, Text) else shown(file))
    return error_entry(INVALID_SCHEMA, fault.message, place_of_fault(fault, file), case, contract)


def project_fault_entry(fault: ProjectFault) -> FindingEntry:
    """A fault of a project file as a finding."""
    case = fault.contract or shown(fault.file)
    place = place_of_project_fault(fault)
    return error_entry(INVALID_PROJECT, fault.statement, place, case, fault.contract or "")


def error_entry(
    rule: str, message: str, place: Place, case: str, contract: str = ""
) -> FindingEntry:
    """A finding that is always an error: the file is not valid."""
    return FindingEntry(
        rule=rule,
        severity="error",
        level="error",
        fails=True,
        message=message,
        place=place,
        case=case,
        contract=contract,
    )


def report_of_invalid(
    command: str, findings: Sequence[FindingEntry], consequence: str, **keys: Any
) -> Report:
    """The report of a command that did nothing because some of its input is not valid.

    Args:
        command: The command's name.
        findings: What is wrong.
        consequence: What was not done because of it.
        keys: More keys of its JSON, before those of every such report.
    """
    return Report(
        command=command,
        summary=Summary(counted(len(findings), "error"), "error", f": {consequence}"),
        document={
            **keys,
            "unjudged": list(dict.fromkeys(each.case for each in findings)),
            "findings": [each.document for each in findings],
        },
        findings=tuple(findings),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ""  # the fault reports it
