"""Request for a check: contracts of a project, or schema files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from streamcontract.errors import ConfigurationError, ProjectError, ProjectFault, SchemaParseError
from streamcontract.evolution.candidates import Candidate, Slot, slots
from streamcontract.levels import DEFAULT_LEVEL, compatibility_level
from streamcontract.project import Project, find_project
from streamcontract.reporting import shown
from streamcontract.schema import SchemaFolders, parse_schema

if TYPE_CHECKING:
    from collections.abc import Iterable


__all__ = ["Invalid", "Request", "request_files", "request_project"]


@attrs.frozen(kw_only=True)
class Invalid:
    """A present schema that cannot be checked.

    Attributes:
        slot: Its use.
        error: Its faults.
    """

    slot: Slot
    error: SchemaParseError


@attrs.frozen(kw_only=True)
class Request:
    """A request for the earlier versions of contracts.

    Attributes:
        candidates: The contracts to check.
        invalid: The requested contracts with invalid schemas, with their faults.
        faults: The faults of the project file. Contracts with invalid tables are neither
            candidates nor invalid.
        others: The project's other contracts, and those that cannot be checked.
        home: The folder of the project, or of the files.
        project_file: The project file, or None.
        level: The requested level, or None for each contract's own.
        folders: The project's folders of types.
        is_complete: Whether the candidates are all contracts of the project, so that a missing one
            was deleted.
    """

    candidates: Sequence[Candidate]
    invalid: Sequence[Invalid] = ()
    faults: Sequence[ProjectFault] = ()
    others: Sequence[Slot] = ()
    home: Path
    project_file: Path | None = None
    level: str | None = None
    folders: SchemaFolders = attrs.field(factory=SchemaFolders)
    is_complete: bool = False

    def level_of(self, asked: Candidate | Invalid) -> str:
        """The level of a contract, as far as it is known without a registry."""
        return self.level or asked.slot.level or DEFAULT_LEVEL

    def is_transitive(self, candidate: Candidate) -> bool:
        """Whether all earlier versions of a candidate count."""
        return compatibility_level(self.level_of(candidate)).is_transitive

    def require_valid(self) -> None:
        """Raise the faults of the project file or of the schemas, if there are any.

        Raises:
            ProjectError: The project file is wrong.
            SchemaParseError: A schema is not valid; the error has the faults of all schemas.
        """
        if self.faults:
            raise ProjectError(tuple(self.faults))
        faults = dict.fromkeys(fault for each in self.invalid for fault in each.error.faults)
        if faults:
            raise SchemaParseError(tuple(faults))


def request_project(
    project: Project, names: Sequence[str] = (), *, level: str | None = None
) -> Request:
    """Make a request for contracts of a project.

    Args:
        project: The project.
        names: The contracts' names; all contracts if there are none.
        level: The level to use instead of their own.

    Raises:
        ConfigurationError: There is no contract of such a name.
    """
    chosen = project.chosen(names)
    others = [each for each in (*project.contracts, *project.invalid) if each not in chosen]
    candidates, invalid = _parsed(slots(chosen), project.folders)
    return Request(
        candidates=candidates,
        invalid=invalid,
        faults=project.faults,
        others=[*slots(others), *(each.slot for each in invalid)],
        home=project.root,
        project_file=project.file,
        level=level,
        folders=project.folders,
        is_complete=not names and project.is_complete,
    )


def request_files(files: Sequence[Path], *, level: str | None = None) -> Request:
    """Make a request for schema files.

    A file that is the schema of a contract, in the project around it, is checked as that contract;
    any other file by itself, under its path.

    Args:
        files: The files.
        level: The level to use instead of their contracts' own.

    Raises:
        ConfigurationError: A file does not exist.
    """
    for file in files:
        if not file.is_file():
            raise ConfigurationError(f"there is no file {file}")
    absolute = list(dict.fromkeys(file.resolve() for file in files))
    home = Path(os.path.commonpath([file.parent for file in absolute]))
    project = find_project(home)
    known = [] if project is None else list(slots((*project.contracts, *project.invalid)))
    folders = SchemaFolders() if project is None else project.folders
    chosen = [
        slot
        for file in absolute
        for slot in [slot for slot in known if slot.file == file]
        or [Slot(contract=shown(file), file=file, is_contract=False)]
    ]
    candidates, invalid = _parsed(chosen, folders)
    return Request(
        candidates=candidates,
        invalid=invalid,
        faults=() if project is None else project.faults,
        others=[
            *(slot for slot in known if slot not in chosen),
            *(each.slot for each in invalid),
        ],
        home=home if project is None else project.root,
        project_file=None if project is None else project.file,
        level=level,
        folders=folders,
    )


def _parsed(asked: Iterable[Slot], folders: SchemaFolders) -> tuple[list[Candidate], list[Invalid]]:
    parsed = [_parse(slot, folders) for slot in asked]
    candidates = [each for each in parsed if isinstance(each, Candidate)]
    return candidates, [each for each in parsed if isinstance(each, Invalid)]


def _parse(slot: Slot, folders: SchemaFolders) -> Candidate | Invalid:
    try:
        return Candidate(slot=slot, schema=parse_schema(slot.file, folders=folders))
    except SchemaParseError as error:
        return Invalid(slot=slot, error=error)
