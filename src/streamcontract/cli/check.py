"""``streamcontract check``: contracts compared with their earlier versions."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from streamcontract.cli import EXIT_ERROR, EXIT_FINDINGS
from streamcontract.cli._examples import examples
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


@click.command(
    "check",
    epilog=examples(
        "streamcontract check --against git:origin/main",
        "streamcontract check --against registry --strict --dialect redpanda",
        "streamcontract check orders --against git:HEAD --level FULL --format json",
        "streamcontract check schemas/order.avsc --against git:origin/main",
    ),
)
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
    help="Compatibility level; by default, that of each contract.",
)
@click.option("--strict", is_flag=True, help="Fail on drift too, not only on breaking changes.")
@click.option(
    "--dialect",
    callback=_known_dialect,
    metavar="REGISTRY[@RELEASE]",
    help=(
        "Also show where this registry's rules differ from Avro's specification: redpanda, "
        "confluent, or a release of one, as redpanda@25.2."
    ),
)
@click.option(
    "--counterexamples/--no-counterexamples",
    default=None,
    help=(
        "Show the smallest record that fails, for every finding or for none; by default, for the "
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
    """Check contracts for breaking changes against git, a registry or a folder.

    Compares each contract (by default all of streamcontract.toml) with its earlier version: the
    one in a commit, the versions registered under its subject, or the one in a folder. A
    transitive level compares it with all earlier versions. Schema files instead of names need no
    project file.

    Findings follow Avro's specification. With --dialect, a change that the registry refuses
    although Avro allows it fails too; a change that the registry accepts although Avro does not
    is reported.

    A contract without a level is checked at the registry's level, or else at BACKWARD. Exits with
    1 if a change breaks readers. Exits with 2 if a contract could not be checked: an error in the
    project file or in a schema is a finding, and the other contracts are still checked.
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
