"""``streamcontract check``: is it safe to change the contracts like this?"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from streamcontract.cli import EXIT_ERROR, EXIT_FINDINGS
from streamcontract.cli._options import format_option, project_option
from streamcontract.evolution import check, open_source, request_files, request_project
from streamcontract.evolution.reported import report_of
from streamcontract.project import COMPATIBILITY_LEVELS, read_project
from streamcontract.reporting.formats import DEFAULT_FORMAT
from streamcontract.reporting.terminal import print_report
from streamcontract.schema import SCHEMA_SUFFIX

__all__ = ["command"]

_COUNTEREXAMPLES: Final = 10


def _known_dialect(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> str | None:
    if value is not None:
        from streamcontract.compatibility.dialects import read_dialect  # noqa: PLC0415 - slow

        read_dialect(value)
    return value


@click.command("check")
@click.argument("names", nargs=-1, metavar="[CONTRACT | FILE.avsc]...")
@click.option(
    "--against",
    required=True,
    metavar="SOURCE",
    help="git:REF, registry[:URL], a folder, or an .avsc file.",
)
@click.option(
    "--level",
    type=click.Choice(COMPATIBILITY_LEVELS, case_sensitive=False),
    help="Compatibility level; each contract's own if left out.",
)
@click.option("--strict", is_flag=True, help="Drift fails too, not only what breaks.")
@click.option(
    "--dialect",
    callback=_known_dialect,
    metavar="REGISTRY[@RELEASE]",
    help=(
        "Show too where this registry decides otherwise than Avro's specification: redpanda, "
        "confluent, or a release of one, as redpanda@25.2."
    ),
)
@click.option(
    "--counterexamples/--no-counterexamples",
    default=None,
    help=(
        "Show the smallest data that break, for every finding or for none; if left out, for the "
        f"first {_COUNTEREXAMPLES} of each contract as text, and for all in other formats."
    ),
)
@format_option
@project_option
def command(
    names: tuple[str, ...],
    against: str,
    level: str | None,
    strict: bool,  # noqa: FBT001 - click passes options by keyword
    dialect: str | None,
    counterexamples: bool | None,  # noqa: FBT001 - likewise
    output_format: str,
    project_file: Path | None,
) -> None:
    """Hold the contracts against earlier versions of themselves.

    Each contract (all of streamcontract.toml, if none is named) is compared with its earlier
    version: the one in a commit, the ones registered under its subject, or the one in a folder.
    Transitive levels are held against all of them. With schema files instead of names, no project
    file is needed:

      streamcontract check schemas/order.avsc --against git:origin/main

    The verdict is that of Avro's specification. With --dialect, what that registry refuses in
    spite of it fails too, and what it accepts in spite of it is said.

    A contract without a level is held to the registry's, elsewhere to BACKWARD. Exits with 1 if
    a change breaks readers, with 2 if that could not be found out: what is wrong in the project
    file or in a schema is a finding, and the other contracts are judged.
    """
    source = open_source(against)
    files = [Path(name) for name in names if name.endswith(SCHEMA_SUFFIX)]
    if files and len(files) < len(names):
        raise click.UsageError("give names of contracts or schema files, not both")
    if files:
        request = request_files(files, level=level)
    else:
        request = request_project(read_project(project_file), names, level=level)
    if counterexamples is None:
        shown = _COUNTEREXAMPLES if output_format == DEFAULT_FORMAT else None
    else:
        shown = None if counterexamples else 0
    report = check(request, source, strict=strict, dialect=dialect, counterexamples=shown)
    print_report(report_of(report), output_format)
    if report.unjudged:
        raise click.exceptions.Exit(EXIT_ERROR)
    if not report.is_clean:
        raise click.exceptions.Exit(EXIT_FINDINGS)
