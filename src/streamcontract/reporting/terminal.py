"""Styled text on a terminal, plain text where output goes anywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["print_styled"]


def print_styled(text: Text) -> None:
    """Print text; styles, and rich itself, are used on a terminal only."""
    from rich.console import Console  # noqa: PLC0415 - slow to load; only text output needs it

    console = Console()
    if console.is_terminal:
        console.print(text, soft_wrap=True, end="")
    else:
        click.echo(text.plain, nl=False)
