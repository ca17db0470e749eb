"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from streamcontract.cli import EXIT_ERROR
from streamcontract.project import read_project
from streamcontract.reporting.facts import FACTS_FORMATS
from streamcontract.reporting.formats import DEFAULT_FORMAT, format_names
from streamcontract.reporting.invalid import project_fault_entry, report_of_invalid
from streamcontract.reporting.terminal import print_report

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamcontract.project import Project
    from streamcontract.reporting.report import FindingEntry

__all__ = [
    "facts_option",
    "format_option",
    "project_option",
    "sound_project",
    "stop_if_invalid",
]

project_option = click.option(
    "--project",
    "project_file",
    type=click.Path(exists=True, path_type=Path),
    help="Project file, or a folder to search for one from.",
)


format_option = click.option(
    "--format",
    "output_format",
    type=click.Choice(format_names()),
    default=DEFAULT_FORMAT,
    help="Output format: text for people, the others for programs.",
)
"""``--format`` of a command with a report."""

facts_option = click.option(
    "--format",
    "output_format",
    type=click.Choice(FACTS_FORMATS),
    default=DEFAULT_FORMAT,
    help="Output format: text for people, the others for programs.",
)
"""``--format`` of a command with facts."""


def stop_if_invalid(
    command: str, findings: Iterable[FindingEntry], output_format: str, consequence: str
) -> None:
    """Print the faults of the project file and the schemas, if there are any, and exit with 2.

    Args:
        command: The command's name.
        findings: The faults.
        output_format: The output format.
        consequence: The consequence, such as ``"nothing was registered"``.
    """
    found = list(dict.fromkeys(findings))
    if found:
        print_report(report_of_invalid(command, found, consequence), output_format)
        raise click.exceptions.Exit(EXIT_ERROR)


def sound_project(
    command: str, project_file: Path | None, output_format: str, consequence: str
) -> Project:
    """The project, or :func:`stop_if_invalid`."""
    project = read_project(project_file)
    stop_if_invalid(command, map(project_fault_entry, project.faults), output_format, consequence)
    return project
