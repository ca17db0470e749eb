"""``streamcontract lint``: schemas checked against rules beyond valid Avro."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from streamcontract.cli import EXIT_ERROR, EXIT_FINDINGS
from streamcontract.cli._examples import examples
from streamcontract.cli._options import format_option, project_option
from streamcontract.errors import SchemaFault, SchemaParseError
from streamcontract.lint import DEFAULT_TIER, RULES, TIERS, Settings, Tier, lint_schema
from streamcontract.lint.baseline import BASELINE_FILE, Baseline, read_baseline
from streamcontract.lint.baseline import write_baseline as write_to
from streamcontract.lint.reported import Known, report_of
from streamcontract.project import find_project, read_project
from streamcontract.reporting import shown
from streamcontract.reporting.terminal import echo, print_report
from streamcontract.schema import SCHEMA_SUFFIX, STORED, parse_schema
from streamcontract.schema.folders import schema_files_below

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from streamcontract.errors import ProjectFault
    from streamcontract.project import Project
    from streamcontract.schema import Schema, SchemaFolders

__all__ = ["command"]


@click.command(
    "lint",
    epilog=examples(
        "streamcontract lint",
        "streamcontract lint schemas --tier minimal --format sarif",
        "streamcontract lint --write-baseline",
        "streamcontract lint --rules",
    ),
)
@click.argument("names", nargs=-1, metavar="[CONTRACT | FILE.avsc | FOLDER]...")
@click.option("--rules", "list_rules", is_flag=True, help="List the rules and the reason for each.")
@click.option(
    "--tier",
    type=click.Choice(TIERS),
    help=(
        "Rules to check: minimal finds mistakes, basic also what is hard to mend later, standard"
        f" also docs and style. By default that of the project file, or else {DEFAULT_TIER}."
    ),
)
@click.option(
    "--baseline",
    "baseline_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"File of known findings, which do not fail; by default {BASELINE_FILE} of the project.",
)
@click.option(
    "--write-baseline",
    is_flag=True,
    help="Write the current findings into the baseline, so that only new ones fail.",
)
@format_option
@project_option
def command(
    names: tuple[str, ...],
    *,
    list_rules: bool,
    tier: Tier | None,
    baseline_file: Path | None,
    write_baseline: bool,
    output_format: str,
    project_file: Path | None,
) -> None:
    """Find valid Avro that makes a poor contract.

    Checks the schemas of the named contracts (by default all of streamcontract.toml) and the
    files that they use, or schema files and folders of them. Faults that are forgiven in a stored
    schema are findings here. Rules are switched off in streamcontract.toml or in the schema, each
    with a reason. --write-baseline lists the current findings in a file, and later runs report
    only new ones.

    Exits with 1 if there are findings. Exits with 2 if a file is not a schema or the project file
    has an error; the other schemas are still checked.
    """
    if list_rules:
        listed = _rules_as_json() if output_format == "json" else _rules_as_text()
        click.echo(listed, nl=False)
        return
    project = _project(project_file, names)
    folders = None if project is None else project.folders
    schemas, invalid = _parsed(_files(names), _contract_files(project, names), folders)
    faults = () if project is None else project.faults
    is_complete = not names and not faults
    tier = tier or (DEFAULT_TIER if project is None else project.lint.tier)
    found = {
        file: lint_schema(each, _settings(project, each, tier)) for file, each in schemas.items()
    }
    if baseline_file is not None and not (write_baseline or baseline_file.exists()):
        raise click.UsageError(f"there is no file {baseline_file}; --write-baseline makes it")
    if baseline_file is None and project is not None:
        baseline_file = project.root / BASELINE_FILE
    if write_baseline:
        if baseline_file is None:
            raise click.UsageError("without a project file, say where: --baseline FILE")
        baseline = read_baseline(baseline_file)
        after = baseline.renewed(found, tier, complete=is_complete, unjudged=invalid)
        _write(baseline_file, after, invalid, faults)
        return
    known = None
    if baseline_file is not None and baseline_file.exists():
        baseline = read_baseline(baseline_file)
        stale = baseline.stale(found, tier, complete=is_complete, unjudged=invalid)
        before = sum(map(len, found.values()))
        found = {file: baseline.unknown(file, each) for file, each in found.items()}
        known = Known(baseline_file, before - sum(map(len, found.values())), stale)
    results = [(schemas[file], each) for file, each in found.items()]
    print_report(report_of(results, invalid, faults, known), output_format)
    if invalid or faults:
        raise click.exceptions.Exit(EXIT_ERROR)
    if any(found.values()):
        raise click.exceptions.Exit(EXIT_FINDINGS)


def _write(
    file: Path,
    baseline: Baseline,
    invalid: Mapping[Path, Iterable[SchemaFault]],
    faults: Sequence[ProjectFault],
) -> None:
    """Write the baseline, and report files that could not be linted."""
    write_to(file, baseline)
    count = len(baseline.entries)
    done = f"wrote {shown(file)}" if count else f"{shown(file)} is not needed"
    echo(f"{done}: {count or 'no'} finding{'' if count == 1 else 's'}", err=bool(invalid or faults))
    if invalid or faults:
        print_report(report_of([], invalid, faults), "text")
        raise click.exceptions.Exit(EXIT_ERROR)


def _is_path(name: str) -> bool:
    return name.endswith(SCHEMA_SUFFIX) or Path(name).is_dir()


def _project(project_file: Path | None, names: Sequence[str]) -> Project | None:
    """The project; None if there is none and only paths are given, which need none."""
    if names and all(map(_is_path, names)):
        return find_project(project_file)
    return read_project(project_file)


def _files(names: Iterable[str]) -> Iterator[Path]:
    """The schema files among the names, and those in the folders among them."""
    for name in filter(_is_path, names):
        path = Path(name)
        if path.is_dir():
            found = sorted(schema_files_below(path))
            if not found:
                raise click.UsageError(f"there is no {SCHEMA_SUFFIX} file in {path}")
            yield from found
        elif path.is_file():
            yield path
        else:
            raise click.UsageError(f"there is no file {path}")


def _contract_files(project: Project | None, names: Sequence[str]) -> Iterator[Path]:
    """The schema files of the named contracts, by default of all."""
    if project is None:
        return
    named = [name for name in names if not _is_path(name)]
    for config in project.chosen(named) if named or not names else ():
        yield config.schema
        if config.key_schema is not None:
            yield config.key_schema


def _parsed(
    files: Iterable[Path], of_contracts: Iterable[Path], folders: SchemaFolders | None
) -> tuple[dict[Path, Schema], dict[Path, dict[SchemaFault, None]]]:
    """Each file once, with those that contracts' files use; and the faults of invalid schemas.

    A fault belongs to the file that has it; files that use such a file get a fault about that.
    """
    schemas: dict[Path, Schema] = {}
    invalid: dict[Path, dict[SchemaFault, None]] = {}
    for path, with_used in (
        *((path, False) for path in files),
        *((path, True) for path in of_contracts),
    ):
        try:
            schema = parse_schema(path, folders=folders, leniency=STORED)
        except SchemaParseError as error:
            for fault in _by_file(path, error.faults):
                file = Path(fault.source or path).resolve()
                invalid.setdefault(file, {})[fault] = None
            continue
        for each in schema.closure() if with_used else (schema,):
            schemas.setdefault(Path(each.source or path).resolve(), each)
    return schemas, invalid


def _by_file(path: Path, faults: Iterable[SchemaFault]) -> Iterator[SchemaFault]:
    """The faults, with one fault for each other file that uses a faulty one."""
    others: dict[str, None] = {}
    for fault in faults:
        if fault.source is not None and Path(fault.source).resolve() != path.resolve():
            others[fault.source] = None
        yield fault
    for other in others:
        yield SchemaFault("", f"it uses {shown(other)}, which is not valid", source=str(path))


def _settings(project: Project | None, schema: Schema, tier: Tier) -> Settings:
    if project is None or schema.source is None:
        return Settings(tier=tier)
    return attrs.evolve(project.lint_settings(Path(schema.source)), tier=tier)


def _rules_as_text() -> str:
    """Every rule with its rationale."""
    parts: list[str] = []
    for rule in RULES:
        parts += [
            f"{rule.id} ({rule.severity}, {rule.tier})",
            f"  {rule.summary}",
            _paragraph(rule.rationale),
        ]
        parts += [_paragraph(f"Source: {rule.source}")] if rule.source else []
        parts.append("")
    return "\n".join(parts)


def _paragraph(text: str) -> str:
    return textwrap.fill(text, 100, initial_indent="    ", subsequent_indent="    ")


def _rules_as_json() -> str:
    keys = ("id", "tier", "severity", "summary", "rationale", "source")
    rows = [{key: getattr(rule, key) for key in keys} for rule in RULES]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"
