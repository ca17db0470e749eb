"""Differences of generated code from the contracts, as a report for the output formats."""

from __future__ import annotations

import ast
import itertools
from typing import TYPE_CHECKING, Final

from streamcontract.errors import ConfigurationError, SchemaParseError
from streamcontract.project import fault_at
from streamcontract.reporting.invalid import error_entry, project_fault_entry, schema_fault_entry
from streamcontract.reporting.places import Place, shown
from streamcontract.reporting.report import FindingEntry, Report, Summary, counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from streamcontract.codegen.contracts import Modules
    from streamcontract.codegen.files import Comparison, FileChange
    from streamcontract.errors import StreamContractError
    from streamcontract.project import Project

__all__ = ["report_of"]

NO_MODULE: Final = "no-module"
"""The rule id of a schema that no module can be generated from."""

NOT_GENERATED: Final = "not-generated"
"""The rule id of a file that cannot be compared, or that was written by hand."""


def report_of(
    modules: Modules,
    compared: Comparison,
    files: Mapping[str, Path],
    project: Project | None,
    *,
    is_check: bool,
) -> Report:
    """The report of one run.

    Args:
        modules: The modules of the contracts.
        compared: The comparison of the folder with them.
        files: The schema file of each module, by the module's name.
        project: The project, or None for single files.
        is_check: Whether to report each difference as a finding, and write nothing.
    """
    faults = [] if project is None else [project_fault_entry(each) for each in project.faults]
    for name, error in modules.errors.items():
        faults += _unmade(name, error, files[name], project)
    faults += (_blocked(path, error) for path, error in compared.blocked.items())
    differences = [_difference(each) for each in compared.changes] if is_check else []
    findings = (*faults, *differences)
    count = len(findings)
    return Report(
        command="generate",
        summary=Summary(
            counted(count, "error") if count else "clean",
            "error" if count else "clean",
            f": {counted(len(modules.texts), 'module')}",
        ),
        document={
            "clean": not findings,
            "check": is_check,
            "modules": list(modules.texts),
            "unjudged": list(dict.fromkeys(each.case for each in faults)),
            "changes": [_document_of_change(each) for each in compared.changes],
            "findings": [each.document for each in findings],
        },
        cases=tuple(modules.texts),
        findings=findings,
    )


def _unmade(
    name: str, error: StreamContractError, file: Path, project: Project | None
) -> Iterator[FindingEntry]:
    """The finding for a contract without a module."""
    if isinstance(error, SchemaParseError):
        yield from (schema_fault_entry(each, file, name) for each in error.faults)
    elif isinstance(error, ConfigurationError) and project is not None:
        fault = fault_at(project, ("contracts", name, "key"), str(error), contract=name)
        yield project_fault_entry(fault)
    else:
        yield _entry(NO_MODULE, str(error), Place(label=shown(file), file=str(file)), name)


def _blocked(path: Path, error: StreamContractError) -> FindingEntry:
    return _entry(NOT_GENERATED, str(error), Place(label=shown(path), file=str(path)), path.stem)


def _difference(change: FileChange) -> FindingEntry:
    """The finding for a file that differs from the generated text, at the first different line."""
    before = change.before or ""
    line, column = _first_difference(before, change.after or "")
    if change.before is None:
        rule, message = "generated-missing", "this module is missing"
    elif change.after is None:
        rule, message = "generated-leftover", "no contract makes this module any more"
        line, column = 1, 1
    elif (fault := _syntax_error(before)) is not None:
        rule, message = "generated-broken", f"this is not Python ({fault.msg})"
        line, column = fault.lineno or line, fault.offset or column
    else:
        rule = "generated-differs"
        message = (
            "this differs from the contracts: it was edited by hand, or a schema, the project "
            "file or streamcontract has changed since"
        )
    place = Place(
        label=shown(change.path), text=before, line=line, column=column, file=str(change.path)
    )
    message += "; run `streamcontract generate` and commit the result"
    return _entry(rule, message, place, change.path.stem)


def _syntax_error(text: str) -> SyntaxError | None:
    try:
        ast.parse(text)
    except SyntaxError as error:
        return error
    except ValueError as error:  # such as a null character, before Python 3.12
        return SyntaxError(str(error))
    return None


def _first_difference(before: str, after: str) -> tuple[int, int]:
    """Line and column of the first difference in the former text."""
    lines = before.split("\n")
    pairs = itertools.zip_longest(lines, after.split("\n"))
    for number, (old, new) in enumerate(pairs, start=1):
        if old is None:
            return len(lines), len(lines[-1]) + 1
        if old != new:
            pairs_of_characters = zip(old, new or "", strict=False)
            same = itertools.takewhile(lambda pair: pair[0] == pair[1], pairs_of_characters)
            return number, len(list(same)) + 1
    return 1, 1


def _entry(rule: str, message: str, place: Place, contract: str) -> FindingEntry:
    return error_entry(rule, message, place, contract, contract)


def _document_of_change(change: FileChange) -> dict[str, str]:
    return {"file": shown(change.path), "change": "removed" if change.after is None else "written"}
