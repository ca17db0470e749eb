"""A new project's files on disk: written where there is none, and never over another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs

from streamcontract.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from streamcontract.scaffold.made import Made

__all__ = ["Written", "write_project"]


@attrs.frozen
class Written:
    """What became of the files.

    Attributes:
        created: The paths of those that were written.
        same: Those that were there with the same text.
        kept: Those that were there with another text, which they still have.
    """

    created: tuple[str, ...]
    same: tuple[str, ...]
    kept: tuple[str, ...]


def write_project(made: Made, root: Path, *, dry_run: bool = False) -> Written:
    """Write the files that are not there.

    Args:
        made: The project.
        root: Its folder, made if it is not there.
        dry_run: Write nothing.

    Raises:
        ConfigurationError: A file cannot be written. Nothing is, where something else than a folder
            is in the place of one.
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
    """Refuse a file whose folder is not there and cannot be made."""
    try:
        above = next(each for each in file.parents if each.exists() or each.is_symlink())
        is_folder = above.is_dir()
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be written: {error.strerror}") from error
    if not is_folder:
        raise ConfigurationError(
            f"{file}: cannot be written: {above} is no folder; move it away, or name another folder"
        )


def _write(file: Path, data: bytes, dry_run: bool) -> Literal["created", "same", "kept"]:  # noqa: FBT001
    try:
        if file.exists() or file.is_symlink():
            return "same" if file.is_file() and file.read_bytes() == data else "kept"
        if not dry_run:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("xb") as stream:  # refused if another process was faster
                stream.write(data)
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be written: {error.strerror}") from error
    return "created"
