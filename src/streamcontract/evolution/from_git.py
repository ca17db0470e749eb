"""Source of earlier versions in git: a commit, and the history before it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import attrs

from streamcontract.errors import ConfigurationError
from streamcontract.evolution.compared import (
    compare_snapshot,
    label_of,
    unreadable_note,
    version_of,
)
from streamcontract.evolution.git import Repository
from streamcontract.evolution.snapshot import Snapshot
from streamcontract.project import named_schemas
from streamcontract.schema import SCHEMA_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streamcontract.evolution.candidates import Candidate
    from streamcontract.evolution.check_request import Request
    from streamcontract.evolution.earlier import Earlier, Version
    from streamcontract.evolution.git import GitFile
    from streamcontract.evolution.report import Note
    from streamcontract.evolution.snapshot import Match

__all__ = ["GitSource"]

_SHORT = 10
"""The number of digits of a commit's id that are shown."""


class GitSource:
    """The repository that the project is in.

    The contracts are compared with a commit. For a transitive level they are compared with every
    state in the first-parent history of that commit, because each may have been deployed; equal
    schemas count once.

    Args:
        ref: A commit for git: a branch, a tag, an id.
    """

    def __init__(self, ref: str) -> None:
        self._ref = ref

    @property
    def label(self) -> str:
        """The source as given."""
        return f"git:{self._ref}"

    def earlier(self, request: Request) -> Earlier:
        """The contracts in the commit, and for transitive levels in its history."""
        repository = Repository(request.home)
        for file in {each.slot.file.parent: each.slot.file for each in request.candidates}.values():
            _check_home(file, repository)
        commit = repository.commit(self._ref)
        reader = _Checkout(repository, request)
        transitive = [each for each in request.candidates if request.is_transitive(each)]
        with reader.empty_folder() as folder:
            snapshot = reader.snapshot(commit, folder)
            earlier = compare_snapshot(
                snapshot, request, label=label_of(f"{self.label}:"), files_are_contracts=False
            )
        if not transitive:
            return earlier
        versions = {name: list(own) for name, own in earlier.versions.items()}
        seen = {name: {version.schema for version in own} for name, own in versions.items()}
        notes = list(earlier.notes)
        for found in reader.history(commit, transitive):
            name = found.candidate.slot.contract
            if found.version is None:
                notes += _unreadable(found, notes)
            elif found.version.schema not in seen[name]:
                seen[name].add(found.version.schema)
                versions[name].append(found.version)
        # They came newest first.
        oldest_first = {name: own[::-1] for name, own in versions.items()}
        return attrs.evolve(earlier, versions=oldest_first, notes=notes)


@attrs.frozen
class _Found:
    """A contract in a commit; ``version`` is None if its schema cannot be read."""

    candidate: Candidate
    match: Match
    label: str
    version: Version | None


def _unreadable(found: _Found, notes: Sequence[Note]) -> Iterator[Note]:
    """The note about a version that cannot be read, unless a later one had the same faults."""
    note = unreadable_note(found.candidate, found.label, found.match)
    if not any(
        each.kind == note.kind
        and each.contract == note.contract
        and each.message.endswith(found.match.faults)
        for each in notes
    ):
        yield note


class _Checkout:
    """Writes commits to folders."""

    def __init__(self, repository: Repository, request: Request) -> None:
        self._repository = repository
        self._request = request
        project_file = request.project_file
        self._project_file = (
            PurePosixPath(project_file.resolve().relative_to(repository.top).as_posix())
            if project_file is not None and project_file.resolve().is_relative_to(repository.top)
            else None
        )
        self._also = () if self._project_file is None else (self._project_file,)
        slots = (*(each.slot for each in request.candidates), *request.others)
        self._suffixes = {SCHEMA_SUFFIX, *(slot.file.suffix for slot in slots)}

    @contextlib.contextmanager
    def empty_folder(self) -> Iterator[Path]:
        """A temporary folder for a commit.

        It is as deep below another one as the repository is below the root, so that a path out of
        the repository, such as ``../shared``, leads to nothing that happens to be in this machine's
        folder for temporary files.
        """
        top = self._repository.top
        with tempfile.TemporaryDirectory(prefix="streamcontract-") as outer:
            folder = Path(outer).resolve() / top.relative_to(top.anchor)
            folder.mkdir(parents=True)
            yield folder

    def snapshot(self, commit: str, folder: Path) -> Snapshot:
        """The snapshot of a commit's schema files and project file, written to an empty folder."""
        dangling = self._lay_out(folder, self._repository.files(commit, self._suffixes, self._also))
        project_file = None if self._project_file is None else folder / self._project_file
        if project_file is not None:
            # A project may have had other names for its schema files, or other suffixes than
            # Avro's.
            more = {path.suffix for path in named_schemas(project_file)} - self._suffixes
            self._lay_out(folder, self._repository.files(commit, more, ()))
            self._suffixes |= more
        snapshot = Snapshot(
            folder,
            self._repository.top,
            project_file,
            self._request.others,
            self._request.folders,
        )
        snapshot.borrow(dangling)
        return snapshot

    def _lay_out(self, folder: Path, files: Sequence[GitFile]) -> list[PurePosixPath]:
        """Write files; return the links to other folders, which are left out."""
        contents = self._repository.contents(files)
        return [file.path for file in files if not _write(folder, file, contents[file.blob])]

    def history(self, commit: str, candidates: Sequence[Candidate]) -> Iterator[_Found]:
        """The candidates' versions in each commit that changed such a file, newest first."""
        by_name = {candidate.slot.contract: candidate for candidate in candidates}
        for each in self._repository.commits(commit, self._suffixes, self._also):
            with self.empty_folder() as folder:
                snapshot = self.snapshot(each, folder)
                label = label_of(f"git:{each[:_SHORT]}:")
                for name, match in snapshot.matches(candidates).items():
                    if name not in by_name:
                        continue
                    version = version_of(snapshot, match, label)
                    path = snapshot.path(match.slot.file)
                    yield _Found(by_name[name], match, label(path), version)


def _check_home(file: Path, repository: Repository) -> None:
    own = Repository(file.parent).top
    if own != repository.top:
        raise ConfigurationError(
            f"{file} is in the git repository {own}, such as a submodule is, and the project in "
            f"{repository.top}, which has no earlier version of it: check the file where it "
            f"belongs, or against registry or a folder"
        )


def _write(folder: Path, file: GitFile, content: bytes) -> bool:
    """Write a file or a link; return False for a link out of the commit."""
    path = folder / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    if not file.is_link:
        path.write_bytes(content)
        return True
    target = Path(os.path.normpath(path.parent / os.fsdecode(content)))
    if not target.is_relative_to(folder):
        return False
    if not path.is_symlink():
        path.symlink_to(os.path.relpath(target, path.parent))
    return True
