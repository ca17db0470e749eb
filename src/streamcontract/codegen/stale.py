"""Stale modules: generated modules that are out of date with their schemas."""

from __future__ import annotations

from pathlib import Path

import attrs

from streamcontract.codegen.contracts import make_modules
from streamcontract.codegen.files import changes
from streamcontract.errors import StreamContractError
from streamcontract.project import Project, find_project_file, load_project
from streamcontract.reporting import shown

__all__ = ["StaleModule", "stale_modules", "staleness_around", "staleness_of"]


@attrs.frozen
class StaleModule:
    """A module that ``streamcontract generate`` would change.

    Attributes:
        module: The module's file.
        contract: The contract, or None for a module of several.
        schema: The contract's schema file.
    """

    module: Path
    contract: str | None
    schema: Path | None

    def __str__(self) -> str:
        if self.contract is None or self.schema is None:
            subject = f"{shown(self.module)} is out of date with the schemas"
        else:
            subject = (
                f"contract {self.contract}: {shown(self.module)} is out of date with"
                f" {shown(self.schema)}"
            )
        return f"{subject}; run `streamcontract generate`"


def stale_modules(project: Project) -> list[StaleModule]:
    """The generated modules of a project that differ from its schemas.

    A contract without a module is ignored: its code may be generated elsewhere.

    Args:
        project: The project.

    Raises:
        CodegenError: A module cannot be read.
    """
    schemas = {config.name: config.schema for config in project.contracts}
    modules = make_modules(project.contracts, project.root, folder=project.output)
    return [
        StaleModule(change.path, name if name in schemas else None, schemas.get(name))
        for change in changes(project.output, modules.texts, complete=False)
        if change.before is not None
        for name in [change.path.stem]
    ]


def staleness_of(project: Project) -> list[str]:
    """A warning for each stale module of a project, a line each.

    What is wrong with the project is for other commands to report: then there is no warning.

    Args:
        project: The project.
    """
    if project.faults:
        return []
    try:
        return [str(each) for each in stale_modules(project)]
    except (StreamContractError, OSError):
        return []


def staleness_around(folder: Path | None = None) -> list[str]:
    """The warnings for the project that a folder belongs to; none where there is no project.

    Args:
        folder: The folder, or a file in it; the current one if left out.

    Example:
        >>> import tempfile
        >>> staleness_around(Path(tempfile.mkdtemp()))
        []
    """
    try:
        file = find_project_file(folder)
        return [] if file is None else staleness_of(load_project(file))
    except (StreamContractError, OSError):
        return []
