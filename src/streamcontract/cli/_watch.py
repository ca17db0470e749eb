"""Watcher of files for ``generate --watch``, which runs an action after each change.

Files are polled, which needs no library and works on network drives and in containers.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from streamcontract.errors import StreamContractError
from streamcontract.project import find_project_file, load_project
from streamcontract.reporting.terminal import echo
from streamcontract.schema import SCHEMA_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["Watcher", "schema_files", "watch"]

_PAUSE: Final = 0.3  # seconds: soon enough after an editor saved, and no load on the machine

_Stamp = tuple[int, int]


class Watcher:
    """Runs an action whenever the content of files has changed.

    Args:
        files: Returns the files to watch; called each time.
        action: The action.
    """

    def __init__(self, files: Callable[[], Iterable[Path]], action: Callable[[], object]) -> None:
        self._files = files
        self._action = action
        self._stamps: Mapping[Path, _Stamp] | None = None
        self._contents: Mapping[Path, bytes | None] = {}

    def step(self) -> bool:
        """Check the files once, and run the action at the first check and after a change.

        An error is shown and does not end the watching.

        Returns:
            Whether the action was run.
        """
        stamps = dict(_stamps(self._files()))
        if stamps == self._stamps:
            return False
        is_first, self._stamps = self._stamps is None, stamps
        contents = {file: _digest(file) for file in stamps}
        if contents == self._contents and not is_first:
            return False  # saved, or checked out, without a change
        self._contents = contents
        try:
            self._action()
        except click.exceptions.Exit:
            pass  # its findings are shown already
        except click.ClickException as error:
            error.show()
        except StreamContractError as error:
            echo(f"Error: {error}", err=True)
        return True


def _stamps(files: Iterable[Path]) -> Iterator[tuple[Path, _Stamp]]:
    for file in files:
        try:
            status = file.stat()
        except OSError:
            continue  # removed meanwhile, or missing
        yield file, (status.st_mtime_ns, status.st_size)


def _digest(file: Path) -> bytes | None:
    try:
        return hashlib.sha256(file.read_bytes()).digest()
    except OSError:
        return None


def schema_files(schemas: Iterable[Path], project_file: Path | None) -> Callable[[], set[Path]]:
    """The function that returns the files that generated code depends on.

    Args:
        schemas: Single schema files; without any, those of the project.
        project_file: The project file, or a folder to look for one from.
    """
    alone = tuple(schemas)
    # Of the last valid project file: folders of contracts, and the files of types.
    known: set[Path] = set()
    of_types: set[Path] = set()

    def files() -> set[Path]:
        found = {file for schema in alone for file in _beside(schema)}
        if alone:
            return found
        start = project_file.resolve() if project_file is not None else None
        file = start if start is not None and start.is_file() else find_project_file(start)
        if file is None:
            return set()
        try:
            project = load_project(file)
        except StreamContractError:
            pass  # the action reports it; the file itself is watched
        else:
            known.clear()
            of_types.clear()
            for config in project.contracts:
                known.update(each.parent for each in (config.schema, config.key_schema) if each)
            of_types.update(project.folders.files)
        beside = (each for folder in known for each in folder.glob(f"*{SCHEMA_SUFFIX}"))
        return {file, *beside, *of_types}

    return files


def _beside(schema: Path) -> Iterator[Path]:
    yield schema
    yield from schema.parent.glob(f"*{SCHEMA_SUFFIX}")


def watch(watcher: Watcher) -> None:
    """Check the files repeatedly until Ctrl-C, which ends it cleanly."""
    try:
        while True:
            watcher.step()
            time.sleep(_PAUSE)
    except KeyboardInterrupt:
        click.echo("stopped")
