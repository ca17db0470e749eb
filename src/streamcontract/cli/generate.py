"""``streamcontract generate``: write the modules of the contracts, or check them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streamcontract.cli import EXIT_ERROR, EXIT_FINDINGS
from streamcontract.cli._examples import examples
from streamcontract.cli._options import format_option, project_option
from streamcontract.cli._watch import Watcher, schema_files, watch
from streamcontract.codegen import (
    Comparison,
    compare,
    make_modules,
    make_modules_of_files,
    remove_drafts,
    write,
)
from streamcontract.codegen.names import module_name
from streamcontract.codegen.reported import report_of
from streamcontract.project import read_project
from streamcontract.reporting.formats import DEFAULT_FORMAT
from streamcontract.reporting.terminal import print_report
from streamcontract.schema import SCHEMA_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streamcontract.codegen import FileChange
    from streamcontract.project import Project

__all__ = ["command"]


@click.command(
    "generate",
    epilog=examples(
        "streamcontract generate",
        "streamcontract generate --check",
        "streamcontract generate --watch",
        "streamcontract generate schemas/order.avsc -o src/shop/contracts",
    ),
)
@click.argument("names", nargs=-1, metavar="[NAME | FILE.avsc]...")
@click.option(
    "--check", is_flag=True, help="Write nothing; exit with 1 and a diff if code differs."
)
@click.option(
    "--watch",
    "is_watching",
    is_flag=True,
    help="Run until Ctrl-C; write again when a schema or the project file changes.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the modules; by default, that of the project file.",
)
@format_option
@project_option
@click.pass_context
def command(
    ctx: click.Context,
    names: tuple[str, ...],
    *,
    check: bool,
    is_watching: bool,
    output: Path | None,
    output_format: str,
    project_file: Path | None,
) -> None:
    """Generate the typed Python modules of the contracts.

    NAME is a contract of streamcontract.toml. Without one, the modules of all contracts are
    written, and generated modules of former contracts are removed. Types that several contracts
    use have modules of their own, written with the modules that import them. Schema files instead
    of names need no project file.

    If a schema or the project file has an error, or a file that was not generated has the name of
    a module, that module stays as it is, the others are written, and the command exits with 2.
    """
    files = [Path(name) for name in names if name.endswith(SCHEMA_SUFFIX)]
    if is_watching:
        if check:
            raise click.UsageError("--watch writes, --check does not: give one of them")
        again = partial(ctx.invoke, command, **{**ctx.params, "is_watching": False})
        watch(Watcher(schema_files(files, project_file), again))
        return
    if files and len(files) < len(names):
        raise click.UsageError("give names of contracts or schema files, not both")
    project: Project | None = None
    if files:
        if output is None:
            raise click.UsageError(
                "schema files need a folder for the modules: -o FOLDER, such as `streamcontract "
                f"generate {names[0]} -o contracts`"
            )
        root, folder = Path.cwd(), output.resolve()
        modules = make_modules_of_files(_existing(files), root)
        sources = {module_name(file.stem): file for file in files}
    else:
        project = read_project(project_file)
        root, folder = project.root, (output or project.output).resolve()
        chosen = project.chosen(names)
        modules = make_modules(
            project.contracts,
            root,
            folder=folder,
            invalid=[each.name for each in project.invalid],
            are_all=project.is_complete,
        )
        modules = modules.of([each.name for each in chosen]) if names else modules
        sources = {each.name: each.schema for each in chosen}
    compared = Comparison((), {})
    # Without the folder of the modules in the project file, they are not changed.
    if project is None or project.is_complete or output is not None:
        invalid = () if project is None else project.invalid
        compared = compare(
            folder,
            modules.texts,
            complete=project is not None and project.is_complete and not names,
            kept=[*modules.errors, *modules.kept, *(each.name for each in invalid)],
        )
    pending = compared.changes
    if not check:
        write(pending)
        remove_drafts(folder)
    report = report_of(modules, compared, sources, project, is_check=check)
    if output_format != DEFAULT_FORMAT:
        print_report(report, output_format)
    else:
        if check:
            _show(pending, root)
        else:
            _list(pending, len(modules.texts))
        if report.findings:
            print_report(report, output_format)
    if report.document["unjudged"]:
        raise click.exceptions.Exit(EXIT_ERROR)
    if check and pending:
        raise click.exceptions.Exit(EXIT_FINDINGS)


def _existing(files: Iterable[Path]) -> list[Path]:
    for file in files:
        if not file.is_file():
            raise click.UsageError(f"there is no file {file}")
    return list(files)


def _show(pending: Iterable[FileChange], root: Path) -> None:
    for change in pending:
        click.echo(change.diff(root), nl=False)


def _list(pending: Sequence[FileChange], modules: int) -> None:
    for change in pending:
        verb = "removed" if change.after is None else "wrote"
        click.echo(f"{verb} {_relative(change.path)}")
    if not pending and modules:
        click.echo(f"{modules} module(s) up to date")


def _relative(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
