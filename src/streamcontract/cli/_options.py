"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["project_option"]

project_option = click.option(
    "--project",
    "project_file",
    type=click.Path(exists=True, path_type=Path),
    help="Project file, or a folder to look for one from.",
)
