"""Sources of earlier versions: a folder, and one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamcontract.errors import ConfigurationError
from streamcontract.evolution.compared import compare_snapshot, label_of
from streamcontract.evolution.earlier import Earlier, Version
from streamcontract.evolution.snapshot import Snapshot
from streamcontract.project import PROJECT_FILE
from streamcontract.reporting import shown
from streamcontract.schema import STORED, parse_schema

if TYPE_CHECKING:
    from pathlib import Path

    from streamcontract.evolution.check_request import Request

__all__ = ["FileSource", "FolderSource"]


class FileSource:
    """One schema file: the earlier version of one contract.

    Args:
        file: The file.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def label(self) -> str:
        """The file as given."""
        return self._file.as_posix()

    def earlier(self, request: Request) -> Earlier:
        """The file, as the one earlier version of the one contract.

        Raises:
            ConfigurationError: There is not exactly one contract to compare with it.
            SchemaParseError: The file is not a schema, even when read leniently.
        """
        asked = [each.slot.contract for each in request.candidates]
        asked += [each.slot.contract for each in request.invalid]
        if not asked and request.faults:
            return Earlier(versions={})  # it may belong to an invalid contract
        if len(asked) != 1:
            names = ", ".join(asked)
            raise ConfigurationError(
                f"{self.label} is one schema, and there are {len(asked)} to compare "
                f"with it ({names}): name the contract, or its .avsc file, that it belongs to"
            )
        if request.invalid:
            return Earlier(versions={})
        schema = parse_schema(self._file, folders=request.folders, leniency=STORED)
        sources = (each.source for each in schema.closure())
        labels = {source: shown(source) for source in sources if source is not None}
        version = Version(label=self.label, schema=schema, labels=labels)
        return Earlier(versions={request.candidates[0].slot.contract: [version]})


class FolderSource:
    """A copy of the project, or a folder of schema files.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def label(self) -> str:
        """The folder as given."""
        return self._folder.as_posix()

    def earlier(self, request: Request) -> Earlier:
        """The state of the contracts in the folder."""
        folder = self._folder.resolve()
        name = request.project_file.name if request.project_file else PROJECT_FILE
        project_file = folder / name
        snapshot = Snapshot(
            folder,
            request.home.resolve(),
            project_file,
            request.others,
            request.folders,
            has_layout=project_file.is_file(),
        )
        return compare_snapshot(
            snapshot, request, label=label_of(f"{self.label}/"), files_are_contracts=True
        )
