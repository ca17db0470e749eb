"""Writer of a new project's files, which never overwrites an existing file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import attrs

from streamcontract.errors import ConfigurationError
from streamcontract.scaffold.made import Made

__all__ = ["Written", "write_project"]


@attrs.frozen
class Written:
    """The result of writing the files.

    Attributes:
        created: The paths of the new files.
        same: The existing files with the same text.
        kept: The existing files with another text, which are unchanged.
    """

    created: tuple[str, ...]
    same: tuple[str, ...]
    kept: tuple[str, ...]


def write_project(made: Made, root: Path, *, dry_run: bool = False) -> Written:
    """Write the missing files.

    Args:
        made: The project.
        root: Its folder, created if missing.
        dry_run: Write nothing.

    Raises:
        ConfigurationError: A file cannot be written. No file is written if a path of a folder is
        not a folder.
    """
    for path in made.files:
        _require_folder(root / path)
    found = {path: _write(root / path, text.encode(), dry_run) for path, text in made.files.items()}
    created, same, kept = (
        tuple(path for path, state in found.items() if state == each)
        for each in ("created", "same", "kept")
    )
    return Written(created, same, kept)


def _require_folder(file: Path) -> None:
    """Refuse a file whose folder does not exist and cannot be created."""
    try:
        above = next(each for each in file.parents if each.exists() or each.is_symlink())
        is_folder = above.is_dir()
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be written: {error.strerror}") from error
    if not is_folder:
        raise ConfigurationError(
            f"{file}: cannot be written: {above} is not a folder; move it, or choose another folder"
        )


def _write(file: Path, data: bytes, dry_run: bool) -> Literal["created", "same", "kept"]:  # noqa: FBT001
    try:
        if file.exists() or file.is_symlink():
            return "same" if file.is_file() and file.read_bytes() == data else "kept"
        if not dry_run:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("xb") as stream:  # fails if another process created it first
                stream.write(data)
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be written: {error.strerror}") from error
    return "created"
