"""Sources of earlier versions, as given by ``--against``.

git:REF           the schema files of a commit; for transitive levels of all before it
registry[:URL]    the versions of the contracts' subjects
DIRECTORY         a copy of the project, or a folder of schema files
FILE              one schema file, for one contract
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from streamcontract.errors import ConfigurationError
from streamcontract.evolution.earlier import Source
from streamcontract.evolution.from_files import FileSource, FolderSource

__all__ = ["open_source"]

_GIT: Final = "git:"
_REGISTRY: Final = "registry"


def open_source(against: str) -> Source:
    """The source of ``--against``; it reads nothing before its first use.

    Args:
        against: ``git:REF``, ``registry``, ``registry:URL``, or the path of a folder or file. A
            folder named ``registry`` is ``./registry``.

    Raises:
        ConfigurationError: There is no such source.

    Example:
        >>> open_source("git:main").label
        'git:main'
    """
    # Git and the registry's client are imported only if used.
    if against.startswith(_GIT):
        from streamcontract.evolution.from_git import GitSource  # noqa: PLC0415

        return GitSource(against.removeprefix(_GIT))
    if against == _REGISTRY or against.startswith(f"{_REGISTRY}:"):
        from streamcontract.evolution.from_registry import RegistrySource  # noqa: PLC0415

        return RegistrySource(against.removeprefix(_REGISTRY).removeprefix(":") or None)
    path = Path(against)
    if path.is_dir():
        return FolderSource(path)
    if path.is_file():
        return FileSource(path)
    raise ConfigurationError(
        f"there is nothing {against!r} to compare with: give git:REF (such as git:origin/main), "
        f"registry, registry:URL, or the path of a folder or of an .avsc file"
    )
