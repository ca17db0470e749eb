"""Common part of the commands for messages: options, and the project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

import click

from streamcontract.cli._options import sound_project
from streamcontract.json_codec.leaves import Encoding
from streamcontract.project import find_project_file
from streamcontract.reporting.formats import DEFAULT_FORMAT

if TYPE_CHECKING:
    from pathlib import Path

    from streamcontract.project import Project

__all__ = ["LINES", "json_option", "lines_option", "project_of"]

LINES: Final = ("messages", "values")
"""Kinds of lines of JSON: a message in its envelope, or a value alone."""

lines_option = click.option(
    "--lines",
    type=click.Choice(LINES),
    default="messages",
    show_default=True,
    help="What a JSON line is: a message in its envelope, or the value alone.",
)

json_option = click.option(
    "--json",
    "encoding",
    type=click.Choice(get_args(Encoding)),
    default="plain",
    show_default=True,
    help="The JSON of values: what people expect, or Avro's own JSON encoding.",
)


def project_of(
    project_file: Path | None, command: str, consequence: str, output_format: str = DEFAULT_FORMAT
) -> Project | None:
    """The project, if there is one."""
    if project_file is None and find_project_file() is None:
        return None
    return sound_project(command, project_file, output_format, consequence)
