"""Folders of schema files, indexed by the named types that the files define."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.schema.definitions import definitions_in
from streamcontract.schema.document import SCHEMA_SUFFIX, read_document
from streamcontract.schema.leniency import NAME, Leniency
from streamcontract.schema.names import is_full_name

if TYPE_CHECKING:
    from streamcontract.schema.model import JsonValue

__all__ = [
    "Defined",
    "Index",
    "SchemaFolders",
    "difference",
    "is_passed_over",
    "schema_files_below",
]

_INSTALLED: Final = frozenset({"node_modules", "site-packages"})


@attrs.frozen(slots=False)
class Defined:
    """A definition of a named type in a file.

    Attributes:
        path: The file as it was found.
        file: The same without links.
        pointer: JSON pointer to the definition; ``""`` where it is the whole file.
        json: The definition.
    """

    path: Path
    file: Path
    pointer: str
    json: Mapping[str, JsonValue]

    @cached_property
    def meaning(self) -> str:
        """The definition as text, whatever the order of its keys and the form of its name."""
        return json.dumps(_unnamed(self.json), sort_keys=True)


def _unnamed(definition: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {key: value for key, value in definition.items() if key not in {"name", "namespace"}}


def difference(one: Defined, other: Defined) -> str:
    """The first difference of two definitions of a name: its pointer, and both sides."""
    pointer, *sides = next(_differences(_unnamed(one.json), _unnamed(other.json), ""))
    return f"{pointer or '/'}: {' and '.join(map(_clipped, sides))}"


def _differences(
    one: JsonValue, other: JsonValue, pointer: str
) -> Iterator[tuple[str, JsonValue | None, JsonValue | None]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            if key in one and key in other:
                yield from _differences(one[key], other[key], f"{pointer}/{key}")
            else:
                yield f"{pointer}/{key}", one.get(key, _NOTHING), other.get(key, _NOTHING)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other, strict=True)):
            yield from _differences(*pair, f"{pointer}/{index}")
    elif json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True):
        yield pointer, one, other


_NOTHING = "(nothing)"
_SHOWN = 80


def _clipped(value: JsonValue) -> str:
    text = _NOTHING if value is _NOTHING else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


@attrs.frozen
class Index:
    """The named types that some files define.

    Attributes:
        definitions: By full name, each file's definition of it, the nearest file first.
        unreadable: The files that are no JSON.
    """

    definitions: Mapping[str, list[Defined]]
    unreadable: list[Path]


class SchemaFolders:
    """Folders whose ``.avsc`` files define named types that every schema may use.

    Subfolders are included, and so are links; hidden folders and those of installed packages are
    not. Each folder and file is read once, when a name is first looked up.

    Args:
        paths: The folders.

    Attributes:
        paths: The folders.

    Example:
        >>> import tempfile
        >>> from streamcontract import parse_schema
        >>> home = Path(tempfile.mkdtemp())
        >>> for name in ("common", "orders"):
        ...     (home / name).mkdir()
        >>> _ = (home / "common/id.avsc").write_text('{"type": "fixed", "name": "Id", "size": 8}')
        >>> _ = (home / "orders/ids.avsc").write_text('{"type": "array", "items": "Id"}')
        >>> ids = parse_schema(home / "orders/ids.avsc", folders=SchemaFolders([home / "common"]))
        >>> [each.name for each in ids.references]
        ['Id']
    """

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self.paths = tuple(paths)
        self._indexes: dict[tuple[Path | None, Leniency], Index] = {}
        self._read: dict[tuple[Path, Leniency], Mapping[str, Defined] | None] = {}

    def around(self, folder: Path | None, leniency: Leniency) -> Index:
        """The types in the files of one folder, without subfolders, and in all of these folders.

        A link in the folder that leads out of it counts only if it leads to one of these.

        Args:
            folder: The folder; None for these folders alone.
            leniency: How the files are read.
        """
        key = folder, leniency
        if key not in self._indexes:
            self._indexes[key] = self._index(folder, leniency)
        return self._indexes[key]

    def _index(self, folder: Path | None, leniency: Leniency) -> Index:
        definitions: dict[str, list[Defined]] = {}
        unreadable: list[Path] = []
        own = () if folder is None else _files_in(folder)
        files: dict[Path, Path] = {}
        for path in (*own, *self.files):
            files.setdefault(path.resolve(), path)
        for file, path in files.items():
            found = self._definitions(path, file, leniency)
            if found is None:
                unreadable.append(path)
            for name, defined in (found or {}).items():
                definitions.setdefault(name, []).append(defined)
        return Index(definitions, unreadable)

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """The schema files below the folders, listed at the first call."""
        return tuple(path for folder in self.paths for path in schema_files_below(folder))

    def _definitions(
        self, path: Path, file: Path, leniency: Leniency
    ) -> Mapping[str, Defined] | None:
        key = file, leniency
        if key not in self._read:
            self._read[key] = _read(path, file, leniency)
        return self._read[key]


def _read(path: Path, file: Path, leniency: Leniency) -> Mapping[str, Defined] | None:
    """The definitions in a file by their full names; None where it is no JSON."""
    try:
        document = read_document(path.read_text("utf-8-sig"), leniency)
    except (OSError, UnicodeDecodeError):
        return None
    if not document.is_readable:
        return None
    found: dict[str, Defined] = {}
    for each in definitions_in(document.value):
        if is_full_name(each.full_name) or NAME in leniency:
            found.setdefault(each.full_name, Defined(path, file, each.pointer, each.json))
    return found


def is_passed_over(folder: Path) -> bool:
    """Whether a folder below another is hidden, a virtual environment, or of installed packages."""
    return (
        folder.name.startswith(".")
        or folder.name in _INSTALLED
        or (folder / "pyvenv.cfg").is_file()
    )


def _files_in(folder: Path) -> Iterator[Path]:
    """The schema files of one folder, without links that lead out of it."""
    home = folder.resolve()
    for path in sorted(folder.glob(f"*{SCHEMA_SUFFIX}")):
        if path.is_file() and path.resolve().parent == home:
            yield path


def schema_files_below(folder: Path) -> Iterator[Path]:
    """The schema files below a folder, through links too, each folder once."""
    seen: set[Path] = set()
    for root, folders, files in os.walk(folder, followlinks=True):
        here = Path(root)
        if here.resolve() in seen:
            folders.clear()  # a link to a folder that was visited already
            continue
        seen.add(here.resolve())
        folders[:] = sorted(name for name in folders if not is_passed_over(here / name))
        for name in sorted(files):
            if name.endswith(SCHEMA_SUFFIX) and (here / name).is_file():
                yield here / name
