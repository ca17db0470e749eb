"""The question before something is deleted or moved, and the option that answers it."""

from __future__ import annotations

import sys

import click

__all__ = ["confirm", "yes_option"]

yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal, unless the answer is given.

    Args:
        question: The question.
        yes: Whether the answer is given.

    Raises:
        UsageError: There is no terminal to ask on.
        Abort: The answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} There is no terminal to ask on: give --yes")
    click.confirm(question, abort=True, err=True)
