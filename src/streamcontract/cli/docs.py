"""``streamcontract docs``: the catalogue of a project's contracts as static pages."""

from __future__ import annotations

from pathlib import Path

import click

from streamcontract.cli._console import require_console
from streamcontract.cli._examples import examples
from streamcontract.cli._options import project_option, sound_project
from streamcontract.evolution import open_source
from streamcontract.reporting import shown
from streamcontract.reporting.formats import DEFAULT_FORMAT
from streamcontract.reporting.report import counted
from streamcontract.reporting.terminal import echo

__all__ = ["command"]


@click.command(
    "docs",
    epilog=examples(
        "streamcontract docs catalogue",
        "streamcontract docs catalogue --versions git:HEAD",
        "streamcontract docs catalogue --versions registry",
    ),
)
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--versions",
    metavar="SOURCE",
    help="Where earlier versions are: git:REF, registry[:URL], a folder, or an .avsc file.",
)
@project_option
def command(folder: Path, versions: str | None, project_file: Path | None) -> None:
    """Write a catalogue of the contracts as static pages.

    The pages have the contracts, their fields, types, lint, generated code and snippets, and a
    search over all fields; with --versions also what changed from version to version, and who
    upgrades first. They need no server: open DIR/index.html. They need the extra [console] to be
    written.
    """
    require_console()
    from streamcontract.console.catalogue import write_catalogue  # noqa: PLC0415 - of the extra

    source = None if versions is None else open_source(versions)
    project = sound_project("docs", project_file, DEFAULT_FORMAT, "nothing was written")
    pages = write_catalogue(folder, project, source)
    contracts = counted(len(project.contracts), "contract")
    echo(f"{len(pages)} pages of {contracts}: {shown(folder / 'index.html')}")
