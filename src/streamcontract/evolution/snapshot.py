"""Snapshot of a project's schema files in a folder, and the matching of its contracts.

With a project file, the earlier contracts are known, and each matches at most one present contract:
the one of the same subject, else of the same name, else of the same file, else of the same root
type. A record that two contracts share does not make them match.

Without a project file, every schema file may match a contract: that of the same path, else of the
same root type (or one that the type has an alias for), else of the same file name.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import attrs

from streamcontract.errors import ConfigurationError, SchemaParseError
from streamcontract.evolution.candidates import Slot, slots
from streamcontract.project import load_project
from streamcontract.reporting import shown
from streamcontract.schema import (
    STORED,
    RecordType,
    SchemaFolders,
    parse_schema,
)
from streamcontract.schema.folders import schema_files_below
from streamcontract.schema.model import EnumType, FixedType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from streamcontract.evolution.candidates import Candidate
    from streamcontract.schema import Schema

__all__ = ["Match", "Snapshot"]


@attrs.frozen(kw_only=True)
class Match:
    """The earlier version of a present contract in a snapshot.

    Attributes:
        slot: The earlier contract, or only its file.
        schema: Its schema, or None if it could not be read, even leniently.
        faults: Its faults in that case.
    """

    slot: Slot
    schema: Schema | None
    faults: str = ""


class Snapshot:
    """The schema files below a folder.

    Args:
        folder: The folder, which corresponds to ``home``.
        home: The present folder that it is an earlier state of.
        project_file: The earlier project file, or None to take each schema file by itself.
        others: Present contracts that are not checked; their earlier versions match no other
        contract.
        folders: The present folders of types, which are used if the earlier project file is not
        known.
        has_layout: Whether files have the same paths in ``folder`` as in ``home``.

    Attributes:
        folder: The folder.
        slots: The earlier contracts; None if they are not known.
        project_fault: Why the project file could not be read, or None.
        borrowed: The folders and files of types outside the snapshot, used in their present state.
    """

    def __init__(
        self,
        folder: Path,
        home: Path,
        project_file: Path | None,
        others: Sequence[Slot] = (),
        folders: SchemaFolders | None = None,
        *,
        has_layout: bool = True,
    ) -> None:
        self.folder = folder
        self._home = home
        self._others = others
        self._has_layout = has_layout
        self.slots: tuple[Slot, ...] | None = None
        self.project_fault: str | None = None
        self._parsed: dict[Path, Schema | SchemaParseError] = {}
        relative = [] if folders is None else [_relative(each, home) for each in folders.paths]
        if project_file is not None and project_file.is_file():
            try:
                project = load_project(project_file, is_past=True)
                self.slots = tuple(slots(project.contracts))
                relative = [_relative(each, folder) for each in project.folders.paths]
            except ConfigurationError as error:
                # A broken earlier file must not prevent its fix.
                self.project_fault = str(error).replace(f"{folder}/", "")

        found = [each for path in relative if (each := self._folder_of_types(path)) is not None]
        self._folders = SchemaFolders(found)
        self.borrowed = tuple(each for each in found if not each.is_relative_to(folder))

    def _folder_of_types(self, relative: str) -> Path | None:
        """A folder of the snapshot; for one outside it, the present folder."""
        then = Path(os.path.normpath(self.folder / relative))
        if then.is_relative_to(self.folder) and then.is_dir():
            return then
        now = (self._home / relative).resolve()
        return now if now.is_dir() and not now.is_relative_to(self._home) else None

    def borrow(self, links: Iterable[PurePath]) -> None:
        """Restore links in the folders of types that lead out of the snapshot.

        Args:
            links: Their paths from the folder.
        """
        for link in links:
            then, now = self.folder / link, (self._home / link).resolve()
            is_of_types = any(then.is_relative_to(each) for each in self._folders.paths)
            if is_of_types and now.exists() and not now.is_relative_to(self._home):
                then.symlink_to(now)
                self.borrowed += (now,)

    def has(self, file: str | Path) -> bool:
        """Whether a file is in the snapshot, and not in a folder of types outside."""
        return (self.folder / file).is_relative_to(self.folder)

    def path(self, file: str | Path) -> str:
        """The path of one of its files, from its folder."""
        return self.folder.joinpath(file).relative_to(self.folder).as_posix()

    def compared_path(self, file: str | Path) -> str:
        """The part of the path of an earlier or present file that shows whether it was moved.

        A folder of single schema files may have another layout than the project.
        """
        path = Path(file)
        if not self._has_layout:
            return path.name
        return shown(path, self.folder if path.is_relative_to(self.folder) else self._home)

    def matches(self, candidates: Sequence[Candidate]) -> dict[str, Match]:
        """The earlier version of each contract, including unchecked ones, without new ones.

        Returns:
            By the contract's name.
        """
        listed = [each for each in candidates if each.slot.is_contract and self.slots is not None]
        found = self._among_slots(listed)
        for candidate in candidates:
            if candidate not in listed and (file := self._file_of(candidate)) is not None:
                found[candidate.slot.contract] = self._slot_of(file)
        if self.slots is None:
            for slot in self._others:
                if (file := self._counterpart(slot)).is_file():
                    found.setdefault(slot.contract, self._slot_of(file))
        return {name: self.match(slot) for name, slot in found.items()}

    def match(self, slot: Slot) -> Match:
        """An earlier contract with its schema."""
        parsed = self._parse(slot.file)
        if isinstance(parsed, SchemaParseError):
            return Match(slot=slot, schema=None, faults=str(parsed).replace(f"{self.folder}/", ""))
        return Match(slot=slot, schema=parsed)

    def unmatched_files(self, matched: Iterable[Match], known: Iterable[str]) -> list[Slot]:
        """The files that match no contract, and are not needed by another or in ``known``."""
        taken = {match.slot.file for match in matched}
        schemas = {file: schema for file in self._files if (schema := self._schema(file))}
        used = {
            each.source
            for schema in schemas.values()
            for each in schema.closure()
            if each is not schema
        }
        names = set(known)
        return [
            self._slot_of(file)
            for file, schema in schemas.items()
            if file not in taken and str(file) not in used and names.isdisjoint(schema.definitions)
        ]

    def _slot_of(self, file: Path) -> Slot:
        return Slot(contract=self.path(file), file=file, is_contract=False)

    def _among_slots(self, candidates: Sequence[Candidate]) -> dict[str, Slot]:
        left = list(self.slots or ())
        found: dict[str, Slot] = {}
        schemas = {candidate.slot.contract: candidate.schema for candidate in candidates}
        tests: tuple[Callable[[Slot, Slot], bool], ...] = (
            lambda now, was: now.subject is not None and now.subject == was.subject,
            lambda now, was: now.contract == was.contract,
            lambda now, was: self._counterpart(now) == was.file,
            lambda now, was: (
                now.contract in schemas
                and self._root_name(was.file) in _names(schemas[now.contract])
            ),
        )
        for test in tests:
            for now in (*(candidate.slot for candidate in candidates), *self._others):
                if now.contract in found:
                    continue
                for was in left:
                    if was.is_key == now.is_key and test(now, was):
                        found[now.contract] = was
                        left.remove(was)
                        break
        return found

    def _file_of(self, candidate: Candidate) -> Path | None:
        same_path = self._counterpart(candidate.slot)
        if same_path.is_file():
            return same_path
        files = self._files
        for name in _names(candidate.schema):
            for file in files:
                if self._root_name(file) == name:
                    return file
        same_name = [file for file in files if file.name == candidate.slot.file.name]
        return same_name[0] if len(same_name) == 1 else None

    def _counterpart(self, slot: Slot) -> Path:
        """The file of the same path; for one outside ``home``, the file of the same name."""
        file = slot.file
        if file.is_relative_to(self._home):
            return self.folder / file.relative_to(self._home)
        return self.folder / file.name

    @cached_property
    def _files(self) -> list[Path]:
        return sorted(schema_files_below(self.folder))

    def _root_name(self, file: Path) -> str | None:
        schema = self._schema(file)
        return None if schema is None else schema.name

    def _schema(self, file: Path) -> Schema | None:
        parsed = self._parse(file)
        return None if isinstance(parsed, SchemaParseError) else parsed

    def _parse(self, file: Path) -> Schema | SchemaParseError:
        if file not in self._parsed:
            try:
                self._parsed[file] = parse_schema(file, folders=self._folders, leniency=STORED)
            except SchemaParseError as error:
                self._parsed[file] = error
        return self._parsed[file]


def _relative(path: Path, folder: Path) -> str:
    return os.path.relpath(path, folder)


def _names(schema: Schema) -> list[str]:
    """The full name of a schema's root type, then its aliases; none for a type without a name."""
    match schema.root:
        case RecordType() | EnumType() | FixedType() as root:
            return [root.full_name, *root.aliases]
        case _:
            return []
