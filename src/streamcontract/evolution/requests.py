"""What is to be checked: contracts of a project, or schema files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from streamcontract.errors import ConfigurationError
from streamcontract.evolution.candidates import Candidate, Slot, slots
from streamcontract.levels import DEFAULT_LEVEL, compatibility_level
from streamcontract.project import find_project_file, load_project
from streamcontract.reporting import shown
from streamcontract.schema import SchemaFolders, parse_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamcontract.project import Project

__all__ = ["Request", "request_files", "request_project"]


@attrs.frozen(kw_only=True)
class Request:
    """What earlier versions are asked for.

    Attributes:
        candidates: The contracts to find.
        others: The project's contracts that are not to be checked.
        home: The folder of the project, or of the files.
        project_file: The project file, or None.
        level: The level that was asked for, or None for each contract's own.
        folders: The project's folders of types.
        is_complete: Whether the candidates are all contracts of the project, so that one that is
            missing among them was deleted.
    """

    candidates: Sequence[Candidate]
    others: Sequence[Slot] = ()
    home: Path
    project_file: Path | None = None
    level: str | None = None
    folders: SchemaFolders = attrs.field(factory=SchemaFolders)
    is_complete: bool = False

    def level_of(self, candidate: Candidate) -> str:
        """The level that a candidate is held to, as far as it is known without asking."""
        return self.level or candidate.slot.level or DEFAULT_LEVEL

    def is_transitive(self, candidate: Candidate) -> bool:
        """Whether all earlier versions of a candidate count."""
        return compatibility_level(self.level_of(candidate)).is_transitive


def request_project(
    project: Project, names: Sequence[str] = (), *, level: str | None = None
) -> Request:
    """Ask about contracts of a project.

    Args:
        project: The project.
        names: The contracts' names; all contracts if there are none.
        level: The level to hold them to instead of their own.

    Raises:
        ConfigurationError: There is no contract of such a name.
        SchemaParseError: A schema is not valid.
    """
    chosen = [project.contract(name) for name in names] or list(project.contracts)
    others = [contract for contract in project.contracts if contract not in chosen]
    return Request(
        candidates=[_candidate(slot, project.folders) for slot in slots(chosen)],
        others=list(slots(others)),
        home=project.root,
        project_file=project.file,
        level=level,
        folders=project.folders,
        is_complete=not names,
    )


def request_files(files: Sequence[Path], *, level: str | None = None) -> Request:
    """Ask about schema files.

    A file that is the schema of a contract, in the project that it lies in, is checked as that
    contract; any other by itself, under its path.

    Args:
        files: The files.
        level: The level to hold them to instead of their contracts' own.

    Raises:
        ConfigurationError: A file is not there, or the project file around it is wrong.
        SchemaParseError: A schema is not valid.
    """
    for file in files:
        if not file.is_file():
            raise ConfigurationError(f"there is no file {file}")
    absolute = list(dict.fromkeys(file.resolve() for file in files))
    home = Path(os.path.commonpath([file.parent for file in absolute]))
    project_file = find_project_file(home)
    project = None if project_file is None else load_project(project_file)
    known = [] if project is None else list(slots(project.contracts))
    folders = SchemaFolders() if project is None else project.folders
    chosen = [
        slot
        for file in absolute
        for slot in [slot for slot in known if slot.file == file]
        or [Slot(contract=shown(file), file=file, is_contract=False)]
    ]
    return Request(
        candidates=[_candidate(slot, folders) for slot in chosen],
        others=[slot for slot in known if slot not in chosen],
        home=home if project_file is None else project_file.parent,
        project_file=project_file,
        level=level,
        folders=folders,
    )


def _candidate(slot: Slot, folders: SchemaFolders) -> Candidate:
    return Candidate(slot=slot, schema=parse_schema(slot.file, folders=folders))
