"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from streamcontract.reporting.formats import DEFAULT_FORMAT, format_names

__all__ = ["format_option", "project_option"]

_Command = TypeVar("_Command", bound=Callable[..., Any])

project_option = click.option(
    "--project",
    "project_file",
    type=click.Path(exists=True, path_type=Path),
    help="Project file, or a folder to look for one from.",
)


def format_option(*, with_verdict: bool) -> Callable[[_Command], _Command]:
    """``--format``, with every format that can show what a command finds.

    Args:
        with_verdict: Whether the command finds faults, not only changes.
    """
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(format_names(with_verdict=with_verdict)),
        default=DEFAULT_FORMAT,
        help="Output for people, or for machines.",
    )
