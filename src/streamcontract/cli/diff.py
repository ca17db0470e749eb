"""``streamcontract diff``: what changed from one schema to another?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from streamcontract.cli import EXIT_FINDINGS
from streamcontract.cli._options import format_option
from streamcontract.diff import find_changes
from streamcontract.diff.reported import Labelled, report_of
from streamcontract.project import folders_for
from streamcontract.reporting.terminal import print_report
from streamcontract.schema import STORED, STRICT, parse_schema

if TYPE_CHECKING:
    from streamcontract.schema import Leniency, Schema

__all__ = ["command"]

_STDIN: Final = "-"
_SCHEMA_FILE: Final = click.Path(exists=True, dir_okay=False, allow_dash=True)


@click.command("diff")
@click.argument("old", type=_SCHEMA_FILE)
@click.argument("new", type=_SCHEMA_FILE)
@format_option(with_verdict=False)
def command(old: str, new: str, output_format: str) -> None:
    """Show what changed from one schema to another, without a verdict.

    OLD and NEW are .avsc files; - reads one of them from standard input, which finds named types
    that it does not define where the other schema found them:

      git show main:order.avsc | streamcontract diff - order.avsc

    OLD is read leniently, as a stored schema is. Exits with 0 if both mean the same, however they
    are written, with 1 if they differ. Whether a change is safe is what `streamcontract check`
    says.
    """
    if old == new == _STDIN:
        raise click.UsageError("only one of the two can come from standard input")
    if old == _STDIN:
        after = _from_file(new, STRICT)
        before = _from_stdin(after, STORED)
    elif new == _STDIN:
        before = _from_file(old, STORED)
        after = _from_stdin(before, STRICT)
    else:
        before, after = _from_file(old, STORED), _from_file(new, STRICT)
    changes = find_changes(before, after)
    sides = Labelled(_label(old), before), Labelled(_label(new), after)
    print_report(report_of(changes, *sides), output_format)
    if changes:
        raise click.exceptions.Exit(EXIT_FINDINGS)


def _from_file(name: str, leniency: Leniency) -> Schema:
    return parse_schema(Path(name), folders=folders_for(Path(name)), leniency=leniency)


def _from_stdin(other: Schema, leniency: Leniency) -> Schema:
    try:
        text = sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.UsageError(
            f"standard input is not UTF-8, as JSON has to be: {error}"
        ) from error
    return parse_schema(text, references=other.references, leniency=leniency)


def _label(name: str) -> str:
    return "standard input" if name == _STDIN else name
