"""``streamcontract lint``: is this schema good Avro, and not only valid?"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streamcontract.cli import EXIT_ERROR, EXIT_FINDINGS
from streamcontract.cli._options import format_option, project_option
from streamcontract.errors import SchemaFault, SchemaParseError
from streamcontract.lint import RULES, Settings, lint_schema
from streamcontract.lint.reported import report_of
from streamcontract.project import find_project, read_project
from streamcontract.reporting import shown
from streamcontract.reporting.terminal import print_report
from streamcontract.schema import SCHEMA_SUFFIX, STORED, parse_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from streamcontract.project import Project
    from streamcontract.schema import Schema, SchemaFolders

__all__ = ["command"]


@click.command("lint")
@click.argument("names", nargs=-1, metavar="[CONTRACT | FILE.avsc | FOLDER]...")
@click.option("--rules", "list_rules", is_flag=True, help="List the rules and the reason for each.")
@format_option
@project_option
def command(
    names: tuple[str, ...],
    list_rules: bool,  # noqa: FBT001 - click passes options by keyword
    output_format: str,
    project_file: Path | None,
) -> None:
    """Find what is valid Avro but no good contract.

    Looks at the schemas of the named contracts (all of streamcontract.toml, if none is named) and
    the files that they use, or at schema files and folders of them. What is forgiven in a stored
    schema alone is found too. Rules are switched off in
    streamcontract.toml or in the schema, each with its reason.

    Exits with 1 if there are findings, with 2 if one of them is a file that is no schema or a fault
    of the project file; the others are looked at all the same.
    """
    if list_rules:
        listed = _rules_as_json() if output_format == "json" else _rules_as_text()
        click.echo(listed, nl=False)
        return
    project = _project(project_file, names)
    folders = None if project is None else project.folders
    schemas, invalid = _parsed(_files(names), _contract_files(project, names), folders)
    results = [(each, lint_schema(each, _settings(project, each))) for each in schemas]
    faults = () if project is None else project.faults
    print_report(report_of(results, invalid, faults), output_format)
    if invalid or faults:
        raise click.exceptions.Exit(EXIT_ERROR)
    if any(findings for _, findings in results):
        raise click.exceptions.Exit(EXIT_FINDINGS)


def _is_path(name: str) -> bool:
    return name.endswith(SCHEMA_SUFFIX) or Path(name).is_dir()


def _project(project_file: Path | None, names: Sequence[str]) -> Project | None:
    """The project; None where there is none and only paths are given, which need none."""
    if names and all(map(_is_path, names)):
        return find_project(project_file)
    return read_project(project_file)


def _files(names: Iterable[str]) -> Iterator[Path]:
    """The schema files among the names, and those in the folders among them."""
    for name in filter(_is_path, names):
        path = Path(name)
        if path.is_dir():
            found = sorted(path.rglob(f"*{SCHEMA_SUFFIX}"))
            if not found:
                raise click.UsageError(f"there is no {SCHEMA_SUFFIX} file in {path}")
            yield from found
        elif path.is_file():
            yield path
        else:
            raise click.UsageError(f"there is no file {path}")


def _contract_files(project: Project | None, names: Sequence[str]) -> Iterator[Path]:
    """The schema files of the contracts among the names, of all contracts without any name."""
    if project is None:
        return
    named = [name for name in names if not _is_path(name)]
    for config in project.chosen(named) if named or not names else ():
        yield config.schema
        if config.key_schema is not None:
            yield config.key_schema


def _parsed(
    files: Iterable[Path], of_contracts: Iterable[Path], folders: SchemaFolders | None
) -> tuple[list[Schema], dict[Path, dict[SchemaFault, None]]]:
    """Each file once, with those that contracts' files use; and the faults of what is no schema.

    A fault is that of the file that has it; files that use such a file have a fault that says so.
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
    return list(schemas.values()), invalid


def _by_file(path: Path, faults: Iterable[SchemaFault]) -> Iterator[SchemaFault]:
    """The faults, and one of the file itself for each other file that has some of them."""
    others: dict[str, None] = {}
    for fault in faults:
        if fault.source is not None and Path(fault.source).resolve() != path.resolve():
            others[fault.source] = None
        yield fault
    for other in others:
        yield SchemaFault("", f"it uses {shown(other)}, which is not valid", source=str(path))


def _settings(project: Project | None, schema: Schema) -> Settings:
    if project is None or schema.source is None:
        return Settings()
    return project.lint_settings(Path(schema.source))


def _rules_as_text() -> str:
    """Every rule with its rationale."""
    parts: list[str] = []
    for rule in RULES:
        parts += [f"{rule.id} ({rule.severity})", f"  {rule.summary}", _paragraph(rule.rationale)]
        parts += [_paragraph(f"Source: {rule.source}")] if rule.source else []
        parts.append("")
    return "\n".join(parts)


def _paragraph(text: str) -> str:
    return textwrap.fill(text, 100, initial_indent="    ", subsequent_indent="    ")


def _rules_as_json() -> str:
    keys = ("id", "severity", "summary", "rationale", "source")
    rows = [{key: getattr(rule, key) for key in keys} for rule in RULES]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"
