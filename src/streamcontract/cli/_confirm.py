"""The question before something is deleted or moved, and the option that answers it."""

from __future__ import annotations

import sys

import click

from streamcontract.cli import EXIT_ERROR
from streamcontract.reporting.terminal import printable

__all__ = ["confirm", "yes_option"]

yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal, unless the answer is given.

    Args:
        question: The question.
        yes: Whether the answer is given.

    Raises:
        UsageError: There is no terminal to ask on.
        Exit: The answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} There is no terminal to ask on: give --yes")
    if not click.confirm(printable(question), err=True):
        click.echo("nothing was changed", err=True)
        raise click.exceptions.Exit(EXIT_ERROR)
