"""Folder of an export: its files, their offsets, and the one export that may write into it.

The rename of a data file is the commit. Its faults are renamed before it: a file of faults without
its data file was left by a kill, and is removed by the next export, as drafts are.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, Final

from streamcontract.atomic_file import DRAFT_SUFFIX, locked, write_atomically
from streamcontract.errors import ConfigurationError
from streamcontract.export.evolution import continued
from streamcontract.export.names import FileName, data_name_of, topic_in_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from streamcontract.export.target import Content

__all__ = ["CONTENT_FILE", "LOCK_FILE", "Folder"]

CONTENT_FILE: Final = "_streamcontract.json"
"""The file with the content of a folder: topic, format, columns and schema; and where partitions
begin, if that depends on the time of the first run."""

LOCK_FILE: Final = ".streamcontract-export.lock"


class Folder:
    """A folder that one export has for itself; it is made if there is none.

    Args:
        path: The folder.
        content: What its files have.
        resources: What releases it.

    Attributes:
        path: The folder.
        content: What its files have from now on.
        starts: Where partitions begin, as it was kept.

    Raises:
        ConfigurationError: Another export is writing into it, or it has files of something else.
        OSError: It cannot be made, read or written.
    """

    def __init__(self, path: Path, content: Content, resources: contextlib.ExitStack) -> None:
        self.path = path
        self.content = content
        if path.is_file():
            raise ConfigurationError(
                f"{path} is a file, and the format {content.format} needs a folder: export into "
                "another place"
            )
        path.mkdir(parents=True, exist_ok=True)
        try:
            resources.enter_context(locked(path / LOCK_FILE))
        except BlockingIOError:
            raise ConfigurationError(
                f"another export is writing into {path}: wait for its end, or export into "
                "another folder"
            ) from None
        self.starts: dict[int, int] = {}
        self._check_content()
        self._remove_leftovers()
        self._next_offsets = self._found_offsets()

    @property
    def next_offsets(self) -> dict[int, int]:
        """For each partition with a file, the offset after its last one."""
        return dict(self._next_offsets)

    def keep_starts(self, starts: Mapping[int, int]) -> None:
        """Keep where partitions begin."""
        if starts != self.starts:
            self.starts = dict(starts)
            self._write_content()

    def _write_content(self) -> None:
        document = json.dumps(self._document(), indent=2)
        write_atomically(self.path / CONTENT_FILE, f"{document}\n")

    def _document(self) -> dict[str, Any]:
        starts = {str(partition): start for partition, start in self.starts.items()}
        return self.content.document() | {"starts": starts}

    def _names(self) -> Iterator[FileName]:
        """The data files, by partition and offset."""
        found = (FileName.parse(each.name) for each in self.path.iterdir())
        names = (each for each in found if each is not None)
        yield from sorted(names, key=lambda each: (each.partition, each.first))

    def _check_content(self) -> None:
        """Check that the folder has this export or none; then it has this one from now on."""
        file = self.path / CONTENT_FILE
        try:
            found = json.loads(file.read_bytes())
            starts = {int(number): int(start) for number, start in found.get("starts", {}).items()}
        except FileNotFoundError:
            self._check_empty()
            self._write_content()
            return
        except (AttributeError, TypeError, ValueError) as error:
            raise ConfigurationError(
                f"{file} is damaged ({error!r}): export into another folder"
            ) from error
        self.content = continued(self.content, found, f"the folder {self.path}")
        self.starts = starts
        if self._document() != found:
            self._write_content()

    def _check_empty(self) -> None:
        """Check that there are no data files of unknown content.

        Raises:
            ConfigurationError: There is one.
        """
        for each in self.path.iterdir():
            is_data = each.suffix == f".{self.content.format}"
            if is_data or FileName.parse(each.name) is not None:
                raise ConfigurationError(
                    f"the folder {self.path} has {each.name}, and no {CONTENT_FILE} of an export: "
                    "export into another folder"
                )

    def _remove_leftovers(self) -> None:
        """Remove what a killed export left: drafts, and faults without their data."""
        for each in list(self.path.iterdir()):
            data = data_name_of(each.name, self.content.format)
            is_draft = each.name.endswith(DRAFT_SUFFIX)
            if is_draft or (data is not None and not (self.path / data).exists()):
                each.unlink()

    def _found_offsets(self) -> dict[int, int]:
        offsets: dict[int, int] = {}
        topic = topic_in_names(self.content.topic)
        for name in self._names():
            if name.topic != topic or name.extension != self.content.format:
                raise ConfigurationError(
                    f"the folder {self.path} has {name}, which is not of topic "
                    f"{self.content.topic!r} in format {self.content.format}: move it away"
                )
            if name.first < offsets.get(name.partition, 0) or name.last < name.first:
                raise ConfigurationError(
                    f"the folder {self.path} has {name}, whose offsets another file has too: "
                    "move one of them away"
                )
            offsets[name.partition] = name.last + 1
        return offsets
