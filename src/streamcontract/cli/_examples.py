"""Examples at the end of a command's help, and in errors about missing arguments."""

from __future__ import annotations

from typing import Final

import click

__all__ = ["examples", "examples_of"]

_HEADING: Final = "Examples:"
_AS_WRITTEN: Final = "\b"
"""click wraps the lines of a paragraph, unless it begins with this."""


def examples(*lines: str) -> str:
    """The epilog of a command: its examples, one a line.

    Args:
        lines: Commands, as they are typed into a shell; up to 74 characters each.
    """
    return "\n".join([_AS_WRITTEN, _HEADING, *(f"  {line}" for line in lines)])


def examples_of(command: click.Command) -> list[str]:
    """The examples in the epilog of a command."""
    _, _, listed = (command.epilog or "").partition(_HEADING)
    return [line.strip() for line in listed.splitlines() if line.strip()]
