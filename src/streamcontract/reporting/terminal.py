"""Styled text on a terminal, plain text in any other output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from streamcontract.reporting.formats import render

if TYPE_CHECKING:
    from rich.text import Text

    from streamcontract.reporting.report import Report

__all__ = ["echo", "on_one_line", "print_report", "printable"]


def printable(text: str) -> str:
    r"""Text with control characters escaped; line breaks and tabs stay.

    Text from others (a message's headers, a registry's answer) may be crafted to hide or to fake
    the text around it, or to give the terminal commands (CWE-150).

    Example:
        >>> print(printable("\x1b[2Jgone\u202e"))
        \x1b[2Jgone\u202e
    """
    return "".join(
        each if each.isprintable() or each in "\n\t" else each.encode("unicode_escape").decode()
        for each in text
    )


def on_one_line(text: str) -> str:
    r"""Printable text with line breaks and tabs escaped too.

    In output of one fact per line, a name with a line break could fake a line.

    Example:
        >>> print(on_one_line("orders\nversion 7"))
        orders\nversion 7
    """
    return printable(text).replace("\n", r"\n").replace("\t", r"\t")


def echo(text: str, *, err: bool = False) -> None:
    """Print a line that may contain text from others, on standard output or standard error."""
    click.echo(printable(text), err=err)


def print_report(report: Report, output_format: str) -> None:
    """Print a report.

    Args:
        report: The report.
        output_format: The name of a format.
    """
    rendered = render(report, output_format)
    if isinstance(rendered, str):
        click.echo(rendered, nl=False)
    else:
        _print_styled(rendered)


def _print_styled(text: Text) -> None:
    """Print text; styles, and rich itself, are used on a terminal only."""
    from rich.console import Console  # noqa: PLC0415 - slow to load; only text output needs it

    console = Console()
    if console.is_terminal:
        console.print(text, soft_wrap=True, end="")
    else:
        click.echo(text.plain, nl=False)
