"""Project files: their search and their parsing."""

from __future__ import annotations

import re
import sys
from functools import cached_property
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.errors import ProjectError, ProjectFault
from streamcontract.project.positions import KeyPath, key_offsets
from streamcontract.schema.positions import line_and_column

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PROJECT_FILE", "PYPROJECT", "Document", "find_project_file", "named_schemas"]

PROJECT_FILE: Final = "streamcontract.toml"
PYPROJECT: Final = "pyproject.toml"
_TOOL: Final = ("tool", "streamcontract")

# Before Python 3.14 the standard library gives the position only in the message.
_AT: Final = re.compile(r" \(at line (\d+), column (\d+)\)$")


@attrs.frozen(slots=False)
class Document:
    """A project file that is TOML.

    Attributes:
        file: The file, absolute.
        text: Its text.
        root: All of it.
    """

    file: Path
    text: str
    root: Mapping[str, object]

    @property
    def prefix(self) -> tuple[str, ...]:
        """The table that holds the project's keys."""
        return _TOOL if self.file.name == PYPROJECT else ()

    @property
    def table(self) -> Mapping[str, object] | None:
        """The project's keys; None if the file has no table for them."""
        table: object = self.root
        for key in self.prefix:
            table = table.get(key) if isinstance(table, dict) else None
        return table if isinstance(table, dict) else None

    def place(self, path: KeyPath) -> tuple[int, int]:
        """Line and column of a key, or of the nearest table around a missing one."""
        path = (*self.prefix, *path)
        ends = range(len(path), 0, -1)
        known = (self._offsets[path[:end]] for end in ends if path[:end] in self._offsets)
        return line_and_column(self.text, next(known, 0))

    @cached_property
    def _offsets(self) -> Mapping[KeyPath, int]:
        return key_offsets(self.text)

    @classmethod
    def read(cls, file: Path) -> Document:
        """Read a file.

        Raises:
            ProjectError: It is not TOML, or cannot be read; with one fault.
        """
        line, column = 1, 1
        try:
            # Some editors write a byte order mark at the start, which TOML does not allow.
            text = file.read_text(encoding="utf-8-sig")
            return cls(file, text, tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            message = str(error)
            if at := _AT.search(message):
                line, column = int(at[1]), int(at[2])
                message = message[: at.start()]
            elif message.endswith("(at end of document)"):
                line, column = line_and_column(text, len(text))
                message = message.removesuffix(" (at end of document)")
            message = f"not TOML: {message}"
        except RecursionError:
            message = "not TOML that can be read: it is nested too deeply"
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            message = f"cannot be read: {error}"
        except OSError as error:
            message = f"cannot be read: {error}"
        fault = ProjectFault(path=(), message=message, file=str(file), line=line, column=column)
        raise ProjectError((fault,))


def find_project_file(start: Path | None = None) -> Path | None:
    """The project file of a folder: its own, or that of the nearest parent.

    Args:
        start: Folder to start from; the current one if left out.

    Returns:
        The path of a ``streamcontract.toml``, or of a ``pyproject.toml`` that has a
        ``[tool.streamcontract]`` table, or None if there is neither up to the root.

    Raises:
        ProjectError: A ``pyproject.toml`` on the way is not TOML.
    """
    folder = (start or Path.cwd()).resolve()
    for candidate in (folder, *folder.parents):
        own = candidate / PROJECT_FILE
        if own.is_file():
            return own
        pyproject = candidate / PYPROJECT
        if pyproject.is_file() and Document.read(pyproject).table is not None:
            return pyproject
    return None


def named_schemas(file: Path) -> set[PurePath]:
    """The paths of schemas in a project file, whether or not there are such files.

    Args:
        file: The project file; :func:`load_project` reports its other faults.
    """
    try:
        found = (Document.read(file).table or {}).get("contracts")
    except ProjectError:
        return set()
    contracts = found.values() if isinstance(found, dict) else ()
    tables = [table for table in contracts if isinstance(table, dict)]
    named = [table.get(key) for table in tables for key in ("schema", "key_schema")]
    return {PurePath(path) for path in named if isinstance(path, str)}
