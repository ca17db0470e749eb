"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

from streamcontract.reporting.formats import DEFAULT_FORMAT, format_names

__all__ = ["format_option", "project_option"]

project_option = click.option(
    "--project",
    "project_file",
    type=click.Path(exists=True, path_type=Path),
    help="Project file, or a folder to look for one from.",
)


format_option = click.option(
    "--format",
    "output_format",
    type=click.Choice(format_names()),
    default=DEFAULT_FORMAT,
    help="Output for people, or for machines.",
)
"""``--format`` of a command that has a report."""
