"""``streamcontract diff``: the changes from one schema to another."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from streamcontract.cli import EXIT_ERROR, EXIT_FINDINGS
from streamcontract.cli._examples import examples
from streamcontract.cli._options import format_option
from streamcontract.diff import find_changes
from streamcontract.diff.reported import Labelled, report_of
from streamcontract.errors import ProjectError, SchemaParseError
from streamcontract.project import folders_for
from streamcontract.reporting.invalid import (
    Text,
    project_fault_entry,
    report_of_invalid,
    schema_fault_entry,
)
from streamcontract.reporting.terminal import print_report
from streamcontract.schema import STORED, STRICT, parse_schema

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamcontract.reporting.report import FindingEntry
    from streamcontract.schema import Leniency, Schema

__all__ = ["command"]

_STDIN: Final = "-"
_SCHEMA_FILE: Final = click.Path(exists=True, dir_okay=False, allow_dash=True)


@click.command(
    "diff",
    epilog=examples(
        "streamcontract diff old.avsc new.avsc",
        "streamcontract diff old.avsc new.avsc --format json",
        "git show main:order.avsc | streamcontract diff - order.avsc",
    ),
)
@click.argument("old", type=_SCHEMA_FILE)
@click.argument("new", type=_SCHEMA_FILE)
@format_option
def command(old: str, new: str, output_format: str) -> None:
    """Show what changed from one schema to another, without a verdict.

    OLD and NEW are .avsc files; - reads one of them from standard input. Named types that it does
    not define are looked up where the other schema has them.

    OLD is read leniently, as a stored schema is. Exits with 0 if both schemas mean the same, even
    if their JSON differs, and with 1 if they differ. `streamcontract check` reports whether a
    change is safe.
    """
    if old == new == _STDIN:
        raise click.UsageError("only one of the two can come from standard input")
    sides = _Sides()
    # A schema from standard input finds its types like the other one.
    after = None if new == _STDIN else sides.from_file(new, STRICT)
    before = None if old == _STDIN else sides.from_file(old, STORED)
    if not sides.faults and old == _STDIN and after is not None:
        before = sides.from_stdin(after, STORED)
    elif not sides.faults and new == _STDIN and before is not None:
        after = sides.from_stdin(before, STRICT)
    if before is None or after is None:
        report = report_of_invalid(
            "diff", list(sides.faults), "not compared", equal=None, changes=[]
        )
        print_report(report, output_format)
        raise click.exceptions.Exit(EXIT_ERROR)
    changes = find_changes(before, after)
    report = report_of(changes, Labelled(_label(old), before), Labelled(_label(new), after))
    print_report(report, output_format)
    if changes:
        raise click.exceptions.Exit(EXIT_FINDINGS)


class _Sides:
    """Reads the two schemas, and collects their faults."""

    def __init__(self) -> None:
        self.faults: dict[FindingEntry, None] = {}

    def from_file(self, name: str, leniency: Leniency) -> Schema | None:
        path = Path(name)
        try:
            return parse_schema(path, folders=folders_for(path), leniency=leniency)
        except SchemaParseError as error:
            self._add(schema_fault_entry(each, path) for each in error.faults)
        except ProjectError as error:
            self._add(map(project_fault_entry, error.faults))
        return None

    def from_stdin(self, other: Schema, leniency: Leniency) -> Schema | None:
        try:
            text = sys.stdin.buffer.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise click.UsageError(
                f"standard input is not UTF-8, as JSON has to be: {error}"
            ) from error
        try:
            return parse_schema(text, references=other.references, leniency=leniency)
        except SchemaParseError as error:
            source = Text(_label(_STDIN), text)
            self._add(schema_fault_entry(each, source) for each in error.faults)
        return None

    def _add(self, findings: Iterable[FindingEntry]) -> None:
        self.faults.update(dict.fromkeys(findings))


def _label(name: str) -> str:
    return "standard input" if name == _STDIN else name
