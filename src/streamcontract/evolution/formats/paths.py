"""Paths as machines want them: from the root of the repository, with forward slashes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from streamcontract.evolution.candidates import shown

if TYPE_CHECKING:
    from streamcontract.evolution.report import Place

__all__ = ["repository_path"]


def repository_path(place: Place) -> str:
    """The path of a place's file from the root of its repository.

    The root is the nearest folder above that has a ``.git`` (a file in work trees and
    submodules); without one, the path is from the current folder. A place without a file gives
    its label.
    """
    if place.file is None:
        return place.label
    file = Path(place.file).resolve()
    for folder in file.parents:
        if (folder / ".git").exists():
            return shown(file, folder)
    return shown(file)
