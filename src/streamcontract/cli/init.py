"""``streamcontract init``: a new project, from a sample, from schemas, or from a registry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from streamcontract.cli import EXIT_FINDINGS
from streamcontract.cli._examples import examples
from streamcontract.cli._options import facts_option
from streamcontract.cli._registry import registry_option
from streamcontract.errors import ConfigurationError
from streamcontract.project import find_project_file
from streamcontract.registry import SchemaRegistry
from streamcontract.reporting.facts import print_facts
from streamcontract.scaffold import (
    draft_of_files,
    draft_of_registry,
    draft_of_sample,
    make_project,
    write_project,
)
from streamcontract.scaffold.from_files import schema_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.scaffold import Draft, Made, Written

__all__ = ["command"]


@click.command(
    "init",
    epilog=examples(
        "streamcontract init weather",
        "streamcontract init --schemas src/main/avro --output src/shop/contracts",
        "streamcontract init --from-registry --dry-run",
    ),
)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path())
@click.option(
    "--schemas",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Create contracts from the .avsc files below this folder.",
)
@click.option("--from-registry", is_flag=True, help="Create contracts from a registry's subjects.")
@registry_option
@click.option(
    "-o",
    "--output",
    default="contracts",
    show_default=True,
    metavar="PATH",
    help="Folder of the generated modules, relative to FOLDER.",
)
@click.option(
    "--dry-run", is_flag=True, help="Write nothing; show the files that would be written."
)
@facts_option
def command(
    folder: Path,
    schemas: Path | None,
    from_registry: bool,  # noqa: FBT001 - click passes options by keyword
    url: str | None,
    output: str,
    dry_run: bool,  # noqa: FBT001
    output_format: str,
) -> None:
    """Create a project: project file, schemas, generated code, a test, a CI workflow.

    Creates a contract for each .avsc file below FOLDER (by default the current folder) or below
    the folder of --schemas, or with --from-registry for each subject of a registry. Without any of
    them, the contract is a small sample. Existing files are never overwritten.

    Rules of `streamcontract lint` that existing schemas break are switched off in the project file.

    Exits with 1 if a schema cannot be a contract, and reports why.
    """
    if schemas is not None and from_registry:
        raise click.UsageError("give --schemas or --from-registry, not both")
    if url is not None and not from_registry:
        raise click.UsageError("--registry goes with --from-registry")
    if Path(output).is_absolute() or ".." in Path(output).parts:
        raise click.UsageError("--output is a path below FOLDER, such as src/shop/contracts")
    root = folder.resolve()
    there = find_project_file(root) if root.exists() else None
    if there is not None and there.parent == root:
        raise ConfigurationError(
            f"there is a project already: {there}; add contracts to it, and run `streamcontract "
            f"generate`"
        )
    made = make_project(_draft(root, schemas, url, from_registry=from_registry), root, output)
    if not made.contracts:
        reasons = "".join(f"\n  {what}: {why}" for what, why in made.left_out.items())
        raise ConfigurationError(f"there is nothing that can be a contract{reasons}")
    written = write_project(made, root, dry_run=dry_run)
    document = {
        "folder": str(root),
        "dry_run": dry_run,
        "contracts": [
            {"contract": each.name, "schema": each.schema, "topic": each.topic}
            for each in made.contracts
        ],
        "created": list(written.created),
        "same": list(written.same),
        "kept": list(written.kept),
        "lint_off": list(made.off),
        "to_register": _to_register(made),
        "left_out": [{"schema": what, "reason": why} for what, why in made.left_out.items()],
    }
    print_facts(document, output_format, lambda: _in_words(made, written, folder, dry_run=dry_run))
    if made.left_out:
        raise click.exceptions.Exit(EXIT_FINDINGS)


def _draft(root: Path, schemas: Path | None, url: str | None, *, from_registry: bool) -> Draft:
    if from_registry:
        with SchemaRegistry(url) as registry:
            return draft_of_registry(registry)
    if schemas is not None or (root.exists() and schema_files(root)):
        return draft_of_files(root, schemas or root)
    return draft_of_sample()


def _to_register(made: Made) -> list[str]:
    return list(dict.fromkeys(each for plan in made.contracts for each in plan.to_register))


def _in_words(made: Made, written: Written, folder: Path, *, dry_run: bool) -> Iterator[str]:
    for path in written.created:
        yield f"{'would write' if dry_run else 'wrote'} {(folder / path).as_posix()}"
    for path in written.kept:
        yield f"kept {(folder / path).as_posix()}: it is there, and was not changed"
    for what, why in made.left_out.items():
        yield f"left out {what}: {why}"
    if to_register := _to_register(made):
        yield (
            f"`streamcontract register` would add versions to {', '.join(to_register)}: it expects "
            f"each type that is referred to in the subject of its full name"
        )
    if made.off:
        yield f"switched off, as the schemas break them: {', '.join(made.off)}"
    if not dry_run:
        yield ""
        there = "" if folder == Path() else f", in {folder.as_posix()}"
        yield f"Next{there}: `streamcontract test`"
